use super::content::{Message, PlanStep, Seat, Section};
use super::{Approval, ApproverRole, PlanVersion, VersionFacts, VersionStatus};
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Date, Error, Lifecycle, NoTerms, Resource, StringEnum};
use crate::resources::plans::Plan;
use crate::resources::settings;
use crate::store::audit::{from_record_of, links_by_id};
use crate::store::prelude::*;
use crate::store::{ReadPoint, ResourceTable, past, write_consequence};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{BigInt, Nullable, Text};
    plan_versions (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        plan_id -> Identity,
        number -> BigInt,
        content -> Json,
        content_sha256 -> Text,
        authors -> Json,
        approvals -> Json,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_changed_at -> Instant,
    }
}

/// What never changes once it is approved, in one column that the database guards; links by id.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Content {
    objectives: Option<String>,
    scope: Option<String>,
    assumptions: Option<String>,
    activation_criteria: Option<String>,
    deactivation_criteria: Option<String>,
    invocation: Option<String>,
    success_criteria: Option<String>,
    sections: Vec<Section>,
    team: Vec<Seat>,
    communications: Vec<Message>,
    steps: Vec<PlanStep>,
}

row! {
    pub struct PlanVersionRow in plan_versions {
        organization_id: DbId,
        id: DbId,
        plan_id: DbId,
        number: i64,
        content: Json<Content>,
        content_sha256: String,
        authors: Json<Vec<String>>,
        approvals: Json<Vec<Approval>>,
        status: DbEnum<VersionStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &PlanVersion) -> PlanVersionRow {
    let mut resource = resource.clone();
    links_by_id(resource.links());
    let PlanVersion {
        plan,
        number,
        objectives,
        scope,
        assumptions,
        activation_criteria,
        deactivation_criteria,
        invocation,
        success_criteria,
        sections,
        team,
        communications,
        steps,
        content_sha256,
        authors,
        approvals,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    let content = Content {
        objectives,
        scope,
        assumptions,
        activation_criteria,
        deactivation_criteria,
        invocation,
        success_criteria,
        sections,
        team,
        communications,
        steps,
    };
    PlanVersionRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        plan_id: DbId::of(&plan),
        number,
        content: Json(content),
        content_sha256,
        authors: Json(authors),
        approvals: Json(approvals),
        status: DbEnum(status),
        status_reason,
        status_changed_at: DbTime(status_changed_at),
    }
}

impl From<PlanVersionRow> for PlanVersion {
    fn from(row: PlanVersionRow) -> PlanVersion {
        let Content {
            objectives,
            scope,
            assumptions,
            activation_criteria,
            deactivation_criteria,
            invocation,
            success_criteria,
            sections,
            team,
            communications,
            steps,
        } = row.content.0;
        let mut version = PlanVersion {
            plan: row.plan_id.link(),
            number: row.number,
            objectives,
            scope,
            assumptions,
            activation_criteria,
            deactivation_criteria,
            invocation,
            success_criteria,
            sections,
            team,
            communications,
            steps,
            content_sha256: row.content_sha256,
            authors: row.authors.0,
            approvals: row.approvals.0,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        };
        links_by_id(version.links());
        version
    }
}

stored!(PlanVersion, PlanVersionRow, [("plan_versions", "plan_id", "id")]);

impl ResourceHooks for PlanVersion {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// Gives new versions their numbers and every one its digest; only drafts have another content than before.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let mut numbers: HashMap<Id, i64> = HashMap::new();
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let Some(plan) = one.new.body.plan.id() else { continue };
            match &one.old {
                Some(old) if old.body.plan != one.new.body.plan => {
                    one.fault = Some(Error::invalid("/plan", "read_only", "a version stays with its plan"));
                }
                Some(old) if old.body.status != VersionStatus::Draft && !one.new.body.same_content(&old.body) => {
                    let detail = format!("the version is {}: move it back to draft or copy it", old.body.status.as_str());
                    one.fault = Some(Error::conflict("content_fixed", detail));
                }
                Some(_) => {}
                None => {
                    let last = match numbers.get(&plan) {
                        Some(last) => *last,
                        None => last_number(tx, plan).await?,
                    };
                    one.new.body.number = last + 1;
                    numbers.insert(plan, last + 1);
                }
            }
            one.new.body.content_sha256 = one.new.body.digest();
        }
        Ok(())
    }

    /// What has been decided on is kept.
    async fn before_delete(tx: &mut Tx, ids: &[Id]) -> Result<()> {
        let org = tx.organization();
        for version in PlanVersion::find_all(&mut tx.conn()?, org, ids).await? {
            let status = version.body.status;
            if !matches!(status, VersionStatus::Draft | VersionStatus::InReview) {
                let detail = format!("version {} is {}: it is kept", version.body.number, status.as_str());
                return Err(Error::conflict("content_fixed", detail));
            }
        }
        Ok(())
    }
}

async fn last_number(tx: &mut Tx, plan: Id) -> Result<i64> {
    let org = tx.organization();
    let last: Option<i64> = on!(&mut tx.conn()?, |c| plan_versions::table
        .filter(plan_versions::organization_id.eq(DbId(org)))
        .filter(plan_versions::plan_id.eq(DbId(plan)))
        .select(diesel::dsl::max(plan_versions::number))
        .get_result(c))
    .map_db_error()?;
    Ok(last.unwrap_or(0))
}

impl TransitionHooks for PlanVersion {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<VersionFacts> {
        let plan = match object.body.plan.id() {
            Some(id) => Plan::find(conn, org, id).await?,
            None => None,
        };
        let wanted = settings::store::now(conn, org).await?.plan_approvals;
        let own = plan.and_then(|plan| wanted.into_iter().find(|one| one.kind == plan.body.kind)).map(|one| one.roles);
        Ok(VersionFacts {
            required: own.unwrap_or_else(|| vec![ApproverRole::ItServiceContinuityManager]),
            case_sensitive: caller.is_some_and(|caller| caller.case_sensitive),
        })
    }

    /// The version in force so far is superseded, and the plan has been reviewed.
    async fn after_transition(tx: &mut Tx, new: &mut Object<Self>, _terms: &NoTerms) -> Result<ObjectiveChanges> {
        let (org, now) = (tx.organization(), tx.context().now);
        let Some(plan) = new.body.plan.id().filter(|_| new.body.status == VersionStatus::Active) else {
            return Ok(ObjectiveChanges::default());
        };
        let active: Vec<DbId> = on!(&mut tx.conn()?, |c| plan_versions::table
            .filter(plan_versions::organization_id.eq(DbId(org)))
            .filter(plan_versions::plan_id.eq(DbId(plan)))
            .filter(plan_versions::status.eq(VersionStatus::Active.as_str()))
            .filter(plan_versions::id.ne(DbId(new.meta.id)))
            .select(plan_versions::id)
            .load(c))
        .map_db_error()?;
        let active: Vec<Id> = active.into_iter().map(Id::from).collect();
        for old in PlanVersion::find_all(&mut tx.conn()?, org, &active).await? {
            let mut body = old.body.clone();
            body.set_status(VersionStatus::Superseded, Some(format!("superseded by version {}", new.body.number)), now);
            write_consequence(tx, old, body).await?;
        }
        if let Some(plan) = Plan::find(&mut tx.conn()?, org, plan).await?
            && let Some(months) = plan.body.review_cycle_months
        {
            let mut body = plan.body.clone();
            body.review_due = Date::parse(&now.day()).and_then(|today| today.after_months(months)).or(body.review_due);
            write_consequence(tx, plan, body).await?;
        }
        Ok(ObjectiveChanges::default())
    }
}

/// The active versions of plans, with their numbers, from where the snapshot looks.
///
/// # Errors
/// When the database does not answer.
pub async fn active(conn: &mut Conn<'_>, snapshot: &Snapshot, plans: &[Id]) -> Result<HashMap<Id, (Id, i64)>> {
    let ReadPoint::Past(seq) = snapshot.place else { return active_now(conn, snapshot.organization, plans).await };
    // A version that was ever active is never deleted.
    let all = versions(conn, snapshot.organization, plans, None).await?;
    let ids: Vec<Id> = all.into_iter().map(|(_, id, _)| id).collect();
    let mut found = HashMap::new();
    for entry in past::entries_of_as_of(conn, snapshot.organization, &ids, seq).await? {
        let version = from_record_of::<PlanVersion>(entry.body.as_deref().unwrap_or("null"))?;
        if let (VersionStatus::Active, Some(plan)) = (version.body.status, version.body.plan.id()) {
            found.insert(plan, (version.meta.id, version.body.number));
        }
    }
    Ok(found)
}

/// The active versions of plans, with their numbers.
///
/// # Errors
/// When the database does not answer.
pub async fn active_now(conn: &mut Conn<'_>, org: Id, plans: &[Id]) -> Result<HashMap<Id, (Id, i64)>> {
    let rows = versions(conn, org, plans, Some(VersionStatus::Active)).await?;
    Ok(rows.into_iter().map(|(plan, id, number)| (plan, (id, number))).collect())
}

/// Plan, id and number of the versions of plans.
async fn versions(conn: &mut Conn<'_>, org: Id, plans: &[Id], status: Option<VersionStatus>) -> Result<Vec<(Id, Id, i64)>> {
    let mut found = Vec::new();
    for plans in plans.chunks(CHUNK) {
        let plans: Vec<DbId> = plans.iter().copied().map(DbId).collect();
        let words: Vec<&str> =
            VersionStatus::ALL.iter().filter(|one| status.is_none_or(|s| s == **one)).map(|s| s.as_str()).collect();
        let rows: Vec<(DbId, DbId, i64)> = on!(conn, |c| plan_versions::table
            .filter(plan_versions::organization_id.eq(DbId(org)))
            .filter(plan_versions::plan_id.eq_any(plans))
            .filter(plan_versions::status.eq_any(words))
            .select((plan_versions::plan_id, plan_versions::id, plan_versions::number))
            .load(c))
        .map_db_error()?;
        found.extend(rows.into_iter().map(|(plan, id, number)| (plan.0, id.0, number)));
    }
    Ok(found)
}

/// The version of a plan with a number; the newest where none is given.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn numbered(conn: &mut Conn<'_>, org: Id, plan: Id, number: Option<i64>) -> Result<Id> {
    let all = versions(conn, org, &[plan], None).await?;
    let wanted = number.or_else(|| all.iter().map(|(_, _, own)| *own).max());
    all.into_iter().find(|(_, _, own)| Some(*own) == wanted).map(|(_, id, _)| id).ok_or(Error::NotFound)
}
