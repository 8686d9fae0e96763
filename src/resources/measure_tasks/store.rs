use super::{MeasureTask, TaskDerived, TaskStatus};
use crate::model::is_past;
use crate::resources::measures::Measure;
use crate::store::ResourceTable;
use crate::store::prelude::*;
use std::collections::HashSet;

diesel::table! {
    use crate::store::types::sql::{Identity, Instant};
    use diesel::sql_types::{Nullable, Text};
    measure_tasks (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        measure_id -> Identity,
        assignee_id -> Nullable<Identity>,
        assignment_group -> Nullable<Text>,
        due_on -> Nullable<Text>,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_changed_at -> Instant,
    }
}

row! {
    pub struct MeasureTaskRow in measure_tasks {
        organization_id: DbId,
        id: DbId,
        measure_id: DbId,
        assignee_id: Option<DbId>,
        assignment_group: Option<String>,
        due_on: Option<DbDate>,
        status: DbEnum<TaskStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &MeasureTask) -> MeasureTaskRow {
    let MeasureTask { measure, assignee, assignment_group, due_on, status, status_reason, status_changed_at } = resource;
    MeasureTaskRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        measure_id: DbId::of(measure),
        assignee_id: assignee.as_ref().map(DbId::of),
        assignment_group: assignment_group.clone(),
        due_on: due_on.map(DbDate),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<MeasureTaskRow> for MeasureTask {
    fn from(row: MeasureTaskRow) -> MeasureTask {
        MeasureTask {
            measure: row.measure_id.link(),
            assignee: row.assignee_id.map(DbId::link),
            assignment_group: row.assignment_group,
            due_on: row.due_on.map(|date| date.0),
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(MeasureTask, MeasureTaskRow, [("measure_tasks", "measure_id", "id"), ("measure_tasks", "assignee_id", "id")]);

/// The tasks of measures.
///
/// # Errors
/// When the database does not answer.
pub async fn of_measures(conn: &mut Conn<'_>, org: Id, measures: &[Id]) -> Result<Vec<Object<MeasureTask>>> {
    let mut ids: Vec<Id> = Vec::new();
    for measures in measures.chunks(CHUNK) {
        let measures: Vec<DbId> = measures.iter().copied().map(DbId).collect();
        let rows: Vec<DbId> = on!(conn, |c| measure_tasks::table
            .filter(measure_tasks::organization_id.eq(DbId(org)))
            .filter(measure_tasks::measure_id.eq_any(measures))
            .select(measure_tasks::id)
            .order(measure_tasks::id)
            .load(c))
        .map_db_error()?;
        ids.extend(rows.into_iter().map(Id::from));
    }
    MeasureTask::find_all(conn, org, &ids).await
}

impl ResourceHooks for MeasureTask {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// Those who carry a measure out write its tasks.
    async fn is_assigned(conn: &mut Conn<'_>, org: Id, identity: &Identity, objects: &[&Object<Self>]) -> Result<Vec<bool>> {
        let ids: Vec<Id> = objects.iter().filter_map(|task| task.body.measure.id()).collect();
        let measures = Measure::find_all(conn, org, &ids).await?;
        let assigned: HashSet<Id> =
            measures.iter().filter(|one| one.body.is_commissioned_to(&identity.roles)).map(|one| one.meta.id).collect();
        Ok(objects.iter().map(|task| task.body.measure.id().is_some_and(|id| assigned.contains(&id))).collect())
    }

    async fn compute_derived(_conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let today = snapshot.now.day();
        for object in objects {
            let late = is_past(object.body.due_on, &today);
            object.derived = TaskDerived { overdue: late && object.body.is_open() };
        }
        Ok(())
    }
}

impl TransitionHooks for MeasureTask {}
