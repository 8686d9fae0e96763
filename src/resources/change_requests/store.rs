use super::{ChangeAssessment, ChangeFacts, ChangeRequest, ChangeStatus};
use crate::model::Timestamp;
use crate::resources::contacts::store::people;
use crate::resources::measures;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{Bind, audit::from_record_of, ledger, past};
use std::collections::{BTreeSet, HashSet};

row! {
    pub struct ChangeRequestRow in change_requests {
        organization_id: DbId,
        id: DbId,
        measures: Json<Vec<Id>>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        planned_start: Option<DbTime>,
        planned_end: Option<DbTime>,
        status: DbEnum<ChangeStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
        assessment: Option<Json<ChangeAssessment>>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &ChangeRequest) -> ChangeRequestRow {
    let ChangeRequest {
        measures,
        services,
        components,
        planned_start,
        planned_end,
        status,
        status_reason,
        status_changed_at,
        assessment,
    } = resource;
    ChangeRequestRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        measures: Json::ids(measures),
        services: Json::ids(services),
        components: Json::ids(components),
        planned_start: planned_start.map(DbTime),
        planned_end: planned_end.map(DbTime),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(status_changed_at.unwrap_or(meta.created_at)),
        assessment: assessment.clone().map(Json),
    }
}

impl From<ChangeRequestRow> for ChangeRequest {
    fn from(row: ChangeRequestRow) -> ChangeRequest {
        ChangeRequest {
            measures: row.measures.links(),
            services: row.services.links(),
            components: row.components.links(),
            planned_start: row.planned_start.map(|time| time.0),
            planned_end: row.planned_end.map(|time| time.0),
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: Some(row.status_changed_at.0),
            assessment: row.assessment.map(|assessment| assessment.0),
        }
    }
}

stored!(ChangeRequest, ChangeRequestRow, []);

impl ResourceHooks for ChangeRequest {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    async fn after_write(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        measures::store::after_changes(tx, written).await
    }
}

impl TransitionHooks for ChangeRequest {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<ChangeFacts> {
        Ok(ChangeFacts { own: people::wrote(conn, org, caller, object).await? })
    }
}

/// The change requests that touch any of these and were implemented after a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn implemented_after(conn: &mut Conn<'_>, org: Id, touched: &[Id], after: Timestamp) -> Result<Vec<Id>> {
    let mut found = BTreeSet::new();
    for touched in touched.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql(
                "SELECT c.id FROM links l JOIN change_requests c ON c.organization_id = l.organization_id AND c.id = l.owner_id \
                 WHERE c.status IN ('implemented', 'verified', 'closed') AND l.field IN ('services', 'components') \
                 AND l.organization_id = ",
            )
            .id(org)
            .sql(" AND l.target_id")
            .among(touched)
            .sql(" AND c.status_changed_at > ")
            .bind(Bind::Time(Some(DbTime(after))));
        let ids: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
        found.extend(ids.into_iter().map(Id::from));
    }
    let found: Vec<Id> = found.into_iter().collect();
    let before = implemented_by(conn, org, &found, after).await?;
    Ok(found.into_iter().filter(|id| !before.contains(id)).collect())
}

/// Those of which it was known at a moment that they were implemented; since then they have only been verified or closed.
async fn implemented_by(conn: &mut Conn<'_>, org: Id, changes: &[Id], moment: Timestamp) -> Result<HashSet<Id>> {
    if changes.is_empty() {
        return Ok(HashSet::new());
    }
    let seq = ledger::seq_at(conn, org, moment).await?;
    let mut known = HashSet::new();
    for entry in past::entries_of_as_of(conn, org, changes, seq).await? {
        let then = from_record_of::<ChangeRequest>(entry.body.as_deref().unwrap_or("null"))?;
        if then.body.status.is_implemented() {
            known.insert(then.meta.id);
        }
    }
    Ok(known)
}
