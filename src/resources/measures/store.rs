use super::{Implementer, Measure, MeasureDerived, MeasureFacts, MeasureStatus, Nature, Purpose};
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Link, Money, NoTerms, StringEnum, is_past};
use crate::resources::change_requests::ChangeRequest;
use crate::resources::contacts::store::people;
use crate::resources::measure_tasks;
use crate::resources::measure_tasks::TaskStatus;
use crate::store::prelude::*;
use crate::store::{ResourceTable, links, write_consequence};
use std::collections::{BTreeSet, HashMap};

row! {
    pub struct MeasureRow in measures {
        organization_id: DbId,
        id: DbId,
        nature: DbEnum<Nature>,
        purpose: DbEnum<Purpose>,
        risks: Json<Vec<Id>>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        likelihood_reduction: Option<i64>,
        impact_reduction: Option<i64>,
        cost_amount: Option<String>,
        cost_currency: Option<String>,
        owner_id: Option<DbId>,
        implementer: DbEnum<Implementer>,
        due_on: Option<DbDate>,
        implementation_plan: Option<String>,
        backout_plan: Option<String>,
        test_plan: Option<String>,
        status: DbEnum<MeasureStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Measure) -> MeasureRow {
    let Measure {
        nature,
        purpose,
        risks,
        services,
        components,
        likelihood_reduction,
        impact_reduction,
        cost,
        owner,
        implementer,
        due_on,
        implementation_plan,
        backout_plan,
        test_plan,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    MeasureRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        nature: DbEnum(*nature),
        purpose: DbEnum(*purpose),
        risks: Json::ids(risks),
        services: Json::ids(services),
        components: Json::ids(components),
        likelihood_reduction: *likelihood_reduction,
        impact_reduction: *impact_reduction,
        cost_amount: cost.as_ref().map(|money| money.amount.clone()),
        cost_currency: cost.as_ref().map(|money| money.currency.clone()),
        owner_id: owner.as_ref().map(DbId::of),
        implementer: DbEnum(*implementer),
        due_on: due_on.map(DbDate),
        implementation_plan: implementation_plan.clone(),
        backout_plan: backout_plan.clone(),
        test_plan: test_plan.clone(),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<MeasureRow> for Measure {
    fn from(row: MeasureRow) -> Measure {
        Measure {
            nature: row.nature.0,
            purpose: row.purpose.0,
            risks: row.risks.links(),
            services: row.services.links(),
            components: row.components.links(),
            likelihood_reduction: row.likelihood_reduction,
            impact_reduction: row.impact_reduction,
            cost: row.cost_amount.zip(row.cost_currency).map(|(amount, currency)| Money { amount, currency }),
            owner: row.owner_id.map(DbId::link),
            implementer: row.implementer.0,
            due_on: row.due_on.map(|date| date.0),
            implementation_plan: row.implementation_plan,
            backout_plan: row.backout_plan,
            test_plan: row.test_plan,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(Measure, MeasureRow, [("measures", "owner_id", "id")]);

impl ResourceHooks for Measure {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// Those who carry measures out write them from their commission until they are implemented.
    async fn is_assigned(_conn: &mut Conn<'_>, _org: Id, identity: &Identity, objects: &[&Object<Self>]) -> Result<Vec<bool>> {
        Ok(objects.iter().map(|object| object.body.is_commissioned_to(&identity.roles)).collect())
    }

    async fn compute_derived(_conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let today = snapshot.now.day();
        for object in objects {
            let late = is_past(object.body.due_on, &today);
            object.derived = MeasureDerived { overdue: late && !object.body.status.is_done() };
        }
        Ok(())
    }
}

impl TransitionHooks for Measure {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<MeasureFacts> {
        let changes = carrying(conn, org, &[object.meta.id]).await?;
        let tasks = measure_tasks::store::of_measures(conn, org, &[object.meta.id]).await?;
        let tasks: Vec<_> = tasks.iter().filter(|task| task.body.status != TaskStatus::Cancelled).collect();
        let assigned = tasks.iter().filter(|task| task.body.assignee.is_some() && task.body.due_on.is_some());
        let owned = people::was(conn, org, caller, object.body.owner.as_ref()).await?;
        Ok(MeasureFacts {
            own: owned || people::wrote(conn, org, caller, object).await?,
            changes: changes.iter().map(|(_, change)| change.body.status).collect(),
            tasks: tasks.len(),
            assigned_tasks: assigned.count(),
            open_tasks: tasks.iter().filter(|task| task.body.is_open()).count(),
        })
    }

    /// A measure whose request for change is raised when it has been cleared already is approved at once.
    async fn after_transition(tx: &mut Tx, new: &mut Object<Self>, _terms: &NoTerms) -> Result<ObjectiveChanges> {
        if new.body.status == MeasureStatus::RfcRaised {
            let org = tx.organization();
            let changes = carrying(&mut tx.conn()?, org, &[new.meta.id]).await?;
            if let Some((_, cleared)) = changes.iter().find(|(_, change)| change.body.status.is_cleared()) {
                *new = follow(tx, new.clone(), MeasureStatus::Approved, cleared).await?;
            }
        }
        Ok(ObjectiveChanges::default())
    }
}

/// The change requests that carry measures out, each with the measure.
///
/// # Errors
/// When the database does not answer.
async fn carrying(conn: &mut Conn<'_>, org: Id, measures: &[Id]) -> Result<Vec<(Id, Object<ChangeRequest>)>> {
    let pairs = links::owners(conn, org, "measures", measures).await?;
    let mut ids: Vec<Id> = pairs.iter().map(|(change, _)| *change).collect();
    ids.dedup();
    let found = ChangeRequest::find_all(conn, org, &ids).await?;
    let found: HashMap<Id, Object<ChangeRequest>> = found.into_iter().map(|change| (change.meta.id, change)).collect();
    Ok(pairs.iter().filter_map(|(change, measure)| Some((*measure, found.get(change)?.clone()))).collect())
}

/// Moves measures on that wait for change requests which were just written.
///
/// # Errors
/// When the database does not answer.
pub async fn after_changes(tx: &mut Tx, written: &[&Object<ChangeRequest>]) -> Result<()> {
    let org = tx.organization();
    let ids: BTreeSet<Id> = written.iter().flat_map(|change| change.body.measures.iter().filter_map(Link::id)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<Id> = ids.into_iter().collect();
    let carriers = carrying(&mut tx.conn()?, org, &ids).await?;
    for mut measure in Measure::find_all(&mut tx.conn()?, org, &ids).await? {
        let id = measure.meta.id;
        for change in written.iter().filter(|change| change.body.measures.iter().any(|link| link.id() == Some(id))) {
            let others = carriers.iter().filter(|(of, other)| *of == id && other.meta.id != change.meta.id);
            let others: Vec<_> = others.map(|(_, other)| other.body.status).collect();
            let Some(to) = measure.body.after_change(change.body.status, &others) else { continue };
            // Nothing is approved that was not raised: both stand in the history.
            if (measure.body.status, to) == (MeasureStatus::Proposed, MeasureStatus::Approved) {
                measure = follow(tx, measure, MeasureStatus::RfcRaised, change).await?;
            }
            measure = follow(tx, measure, to, change).await?;
        }
    }
    Ok(())
}

async fn follow(
    tx: &mut Tx,
    measure: Object<Measure>,
    to: MeasureStatus,
    change: &Object<ChangeRequest>,
) -> Result<Object<Measure>> {
    let (known, status) = (change.meta.external_refs.first(), change.body.status.as_str());
    // Who may not read change requests reads this.
    let name = known.map_or_else(|| "that carries it out".into(), |known| format!("{}:{}", known.system, known.id));
    let why = change.body.status_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut body = measure.body.clone();
    body.status = to;
    body.status_reason = Some(format!("change request {name} is {status}{why}").chars().take(500).collect());
    body.status_changed_at = tx.context().now;
    write_consequence(tx, measure, body).await
}
