pub mod classes;

use super::{Risk, RiskFacts, RiskStatus, RiskTerms, Treatment};
use crate::graph::landscape::Providers;
use crate::model::{Error, Faults, Link, Money, RenderedReference};
use crate::resources::contacts::store::people;
use crate::resources::measures::Measure;
use crate::resources::risk_matrix::{self, Rating};
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ResourceTable, links};
use classes::classify;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, HashSet};

row! {
    pub struct RiskRow in risks {
        organization_id: DbId,
        id: DbId,
        recorded_at: DbTime,
        identified_on: DbDate,
        threat_id: Option<DbId>,
        vulnerabilities: Json<Vec<Id>>,
        business_processes: Json<Vec<Id>>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        owner_id: Option<DbId>,
        treatment: DbEnum<Treatment>,
        inherent_likelihood: Option<i64>,
        inherent_impact: Option<i64>,
        current_likelihood: Option<i64>,
        current_impact: Option<i64>,
        target_likelihood: Option<i64>,
        target_impact: Option<i64>,
        assessed_at: Option<DbTime>,
        yearly_rate: Option<f64>,
        single_loss_amount: Option<String>,
        single_loss_currency: Option<String>,
        review_due: Option<DbDate>,
        approver_id: Option<DbId>,
        accepted_until: Option<DbDate>,
        status: DbEnum<RiskStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
        score: Option<i64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Risk) -> RiskRow {
    let Risk {
        identified_on,
        threat,
        vulnerabilities,
        business_processes,
        services,
        components,
        owner,
        treatment,
        inherent,
        current,
        target,
        assessed_at,
        yearly_rate,
        single_loss,
        review_due,
        approver,
        accepted_until,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    RiskRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        recorded_at: DbTime(meta.created_at),
        identified_on: identified_on.map_or_else(|| DbDate::of(meta.created_at), DbDate),
        threat_id: threat.as_ref().map(DbId::of),
        vulnerabilities: Json::ids(vulnerabilities),
        business_processes: Json::ids(business_processes),
        services: Json::ids(services),
        components: Json::ids(components),
        owner_id: owner.as_ref().map(DbId::of),
        treatment: DbEnum(*treatment),
        inherent_likelihood: inherent.map(|rating| rating.likelihood),
        inherent_impact: inherent.map(|rating| rating.impact),
        current_likelihood: current.map(|rating| rating.likelihood),
        current_impact: current.map(|rating| rating.impact),
        target_likelihood: target.map(|rating| rating.likelihood),
        target_impact: target.map(|rating| rating.impact),
        assessed_at: assessed_at.map(DbTime),
        yearly_rate: *yearly_rate,
        single_loss_amount: single_loss.as_ref().map(|money| money.amount.clone()),
        single_loss_currency: single_loss.as_ref().map(|money| money.currency.clone()),
        review_due: review_due.map(DbDate),
        approver_id: approver.as_ref().map(DbId::of),
        accepted_until: accepted_until.map(DbDate),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
        score: current.map(Rating::score),
    }
}

impl From<RiskRow> for Risk {
    fn from(row: RiskRow) -> Risk {
        Risk {
            identified_on: Some(row.identified_on.0),
            threat: row.threat_id.map(DbId::link),
            vulnerabilities: row.vulnerabilities.links(),
            business_processes: row.business_processes.links(),
            services: row.services.links(),
            components: row.components.links(),
            owner: row.owner_id.map(DbId::link),
            treatment: row.treatment.0,
            inherent: Rating::of(row.inherent_likelihood, row.inherent_impact),
            current: Rating::of(row.current_likelihood, row.current_impact),
            target: Rating::of(row.target_likelihood, row.target_impact),
            assessed_at: row.assessed_at.map(|time| time.0),
            yearly_rate: row.yearly_rate,
            single_loss: row
                .single_loss_amount
                .zip(row.single_loss_currency)
                .map(|(amount, currency)| Money { amount, currency }),
            review_due: row.review_due.map(|date| date.0),
            approver: row.approver_id.map(DbId::link),
            accepted_until: row.accepted_until.map(|date| date.0),
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(Risk, RiskRow, [("risks", "threat_id", "id"), ("risks", "owner_id", "id"), ("risks", "approver_id", "id")]);

impl ResourceHooks for Risk {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    async fn exposing(conn: &mut Conn<'_>, snapshot: &Snapshot, processes: &[Id]) -> Result<Vec<Id>> {
        exposing(conn, snapshot, processes).await
    }

    /// Ratings lie on the organisation's matrix.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        if planned.iter().all(|one| one.new.body.inherent.is_none() && one.new.body.target.is_none()) {
            return Ok(());
        }
        let matrix = risk_matrix::store::now(tx).await?;
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let mut faults = Faults::default();
            for (pointer, rating) in [("/inherent", one.new.body.inherent), ("/target", one.new.body.target)] {
                rating.into_iter().for_each(|rating| matrix.check(pointer, rating, &mut faults));
            }
            one.fault = faults.into_result().err();
        }
        Ok(())
    }

    async fn after_write(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        let rated: Vec<Id> = written.iter().filter(|risk| risk.body.current.is_some()).map(|risk| risk.meta.id).collect();
        if rated.is_empty() {
            return Ok(());
        }
        let matrix = risk_matrix::store::now(tx).await?;
        classify(tx, &matrix, Some(&rated)).await
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let matrix = risk_matrix::store::in_force(conn, snapshot).await?;
        let affected: Vec<Vec<Id>> = objects.iter().map(|object| affected(&object.body)).collect();
        let items: HashSet<Id> = affected.iter().flatten().copied().collect();
        let landscape = if items.is_empty() { None } else { Some(snapshot.landscapes.covering(conn, snapshot, &items).await?) };
        let exposed = |items: &[Id], processes: &[Link]| -> Vec<Id> {
            let mut reached = landscape.as_ref().map(|landscape| landscape.exposed(items).to_vec()).unwrap_or_default();
            // What is affected itself is exposed, whether it stands in a mapping or not.
            if !processes.is_empty() {
                reached.extend(processes.iter().filter_map(Link::id));
                reached.sort_unstable();
                reached.dedup();
            }
            reached
        };
        let exposed: Vec<Vec<Id>> =
            objects.iter().zip(&affected).map(|(object, items)| exposed(items, &object.body.business_processes)).collect();
        let names = snapshot.references(conn, &exposed.iter().flatten().copied().collect()).await?;
        let shared = names.into_iter().map(|(id, known)| Ok((id, RenderedReference::new(known).map_err(Error::internal)?)));
        let names = shared.collect::<Result<FxHashMap<Id, RenderedReference>>>()?;
        let today = snapshot.now.day();
        for (object, exposed) in objects.iter_mut().zip(exposed) {
            let exposed = exposed.iter().filter_map(|id| names.get(id).cloned()).collect();
            object.derived = object.body.derived(&matrix, exposed, &today);
        }
        Ok(())
    }
}

/// What a risk affects directly.
fn affected(risk: &Risk) -> Vec<Id> {
    let all = [&risk.business_processes, &risk.services, &risk.components];
    all.into_iter().flatten().filter_map(Link::id).collect()
}

impl TransitionHooks for Risk {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<RiskFacts> {
        let treating = links::owners(conn, org, "risks", &[object.meta.id]).await?;
        let ids: Vec<Id> = treating.into_iter().map(|(measure, _)| measure).collect();
        let measures = Measure::find_all(conn, org, &ids).await?;
        Ok(RiskFacts {
            assessed: object.body.current.is_some(),
            owned_by_caller: people::was(conn, org, caller, object.body.owner.as_ref()).await?,
            unfinished_measures: measures.iter().filter(|measure| !measure.body.status.is_done()).count(),
        })
    }

    /// Whoever accepts is the approver, by a contact of its own.
    async fn default_terms(
        conn: &mut Conn<'_>,
        org: Id,
        to: RiskStatus,
        terms: &mut RiskTerms,
        caller: Caller<'_>,
    ) -> Result<()> {
        if to == RiskStatus::Accepted {
            let own = people::own(conn, org, caller).await?;
            terms.approver = terms.approver.take().or_else(|| own.first().copied().map(Link::To));
            terms.own = caller.map(|_| own);
        }
        Ok(())
    }
}

/// The risks that expose any of these business processes.
///
/// # Errors
/// When the database does not answer.
async fn exposing(conn: &mut Conn<'_>, snapshot: &Snapshot, processes: &[Id]) -> Result<Vec<Id>> {
    let landscape = snapshot.landscapes.at(conn, snapshot).await?;
    let Providers { certain, possible } = landscape.transitive_providers(processes);
    let all: Vec<Id> = certain.iter().chain(&possible).copied().collect();
    let statement = Fragment::default()
        .sql(
            "SELECT l.owner_id, l.target_id FROM links l \
             JOIN risks r ON r.organization_id = l.organization_id AND r.id = l.owner_id WHERE l.organization_id = ",
        )
        .id(snapshot.organization)
        .sql(" AND l.field IN ('business_processes', 'services', 'components') AND l.target_id")
        .among(&all);
    let rows: Vec<(DbId, DbId)> = on!(conn, |c| statement.rows::<(sql::Identity, sql::Identity)>().load(c)).map_db_error()?;
    let mut exposing: BTreeSet<Id> = BTreeSet::new();
    let mut doubtful: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for (risk, item) in rows {
        if certain.contains(&item.0) {
            exposing.insert(risk.0);
        } else {
            doubtful.entry(risk.0).or_default().push(item.0);
        }
    }
    // What affects several members of a group may expose where each alone would not.
    for (risk, items) in doubtful {
        if exposing.contains(&risk) {
            continue;
        }
        let exposed = landscape.exposed(&items);
        if processes.iter().any(|process| exposed.contains(process)) {
            exposing.insert(risk);
        }
    }
    Ok(exposing.into_iter().collect())
}
