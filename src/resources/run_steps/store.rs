use super::{Execution, Outline, RunStep, StepFacts, StepPhase, StepStatus, over};
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, Lifecycle, Link, Timestamp};
use crate::resources::contacts::store::people;
use crate::resources::measurements::{Fingerprint, Measurement, MeasurementSource, ProofLevel};
use crate::resources::plan_versions::{PlanVersion, staffing};
use crate::resources::runs::store::status::status;
use crate::resources::runs::{Run, RunStatus};
use crate::store::audit::from_record_of;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ReadPoint, ResourceTable, create, past, write_consequences};
use std::collections::HashSet;

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{BigInt, Nullable, Text};
    run_steps (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        run_id -> Identity,
        step -> Text,
        responsible_id -> Nullable<Identity>,
        position -> BigInt,
        phase -> Text,
        execution -> Text,
        role -> Nullable<Text>,
        depends_on -> Json,
        recovers -> Json,
        expected_seconds -> BigInt,
        planned_start_seconds -> BigInt,
        planned_end_seconds -> BigInt,
        started_at -> Nullable<Instant>,
        started_by -> Nullable<Text>,
        ended_at -> Nullable<Instant>,
        ended_by -> Nullable<Text>,
        failures -> BigInt,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_changed_at -> Instant,
    }
}

row! {
    pub struct RunStepRow in run_steps {
        organization_id: DbId,
        id: DbId,
        run_id: DbId,
        step: String,
        responsible_id: Option<DbId>,
        position: i64,
        phase: DbEnum<StepPhase>,
        execution: DbEnum<Execution>,
        role: Option<String>,
        depends_on: Json<Vec<String>>,
        recovers: Json<Vec<Id>>,
        expected_seconds: i64,
        planned_start_seconds: i64,
        planned_end_seconds: i64,
        started_at: Option<DbTime>,
        started_by: Option<String>,
        ended_at: Option<DbTime>,
        ended_by: Option<String>,
        failures: i64,
        status: DbEnum<StepStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &RunStep) -> RunStepRow {
    let RunStep {
        run,
        step,
        responsible,
        position,
        phase,
        execution,
        role,
        depends_on,
        recovers,
        expected_seconds,
        planned_start_seconds,
        planned_end_seconds,
        started_at,
        started_by,
        ended_at,
        ended_by,
        failures,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    RunStepRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        run_id: DbId::of(run),
        step: step.clone(),
        responsible_id: responsible.as_ref().map(DbId::of),
        position: *position,
        phase: DbEnum(*phase),
        execution: DbEnum(*execution),
        role: role.clone(),
        depends_on: Json(depends_on.clone()),
        recovers: Json::ids(recovers),
        expected_seconds: *expected_seconds,
        planned_start_seconds: *planned_start_seconds,
        planned_end_seconds: *planned_end_seconds,
        started_at: started_at.map(DbTime),
        started_by: started_by.clone(),
        ended_at: ended_at.map(DbTime),
        ended_by: ended_by.clone(),
        failures: *failures,
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<RunStepRow> for RunStep {
    fn from(row: RunStepRow) -> RunStep {
        RunStep {
            run: row.run_id.link(),
            step: row.step,
            responsible: row.responsible_id.map(DbId::link),
            position: row.position,
            phase: row.phase.0,
            execution: row.execution.0,
            role: row.role,
            depends_on: row.depends_on.0,
            recovers: row.recovers.links(),
            expected_seconds: row.expected_seconds,
            planned_start_seconds: row.planned_start_seconds,
            planned_end_seconds: row.planned_end_seconds,
            started_at: row.started_at.map(|time| time.0),
            started_by: row.started_by,
            ended_at: row.ended_at.map(|time| time.0),
            ended_by: row.ended_by,
            failures: row.failures,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(RunStep, RunStepRow, [("run_steps", "run_id", "id"), ("run_steps", "responsible_id", "id")]);

impl ResourceHooks for RunStep {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// A step that is over, or of a run that is, is given to nobody else.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let org = tx.organization();
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let Some(old) = one.old.as_ref().filter(|old| old.body.responsible != one.new.body.responsible) else { continue };
            if old.body.status.is_over() || !running(&mut tx.conn()?, org, &old.body).await? {
                one.fault = Some(Error::conflict("content_fixed", "the step or its run is over"));
            }
        }
        Ok(())
    }
}

async fn running(conn: &mut Conn<'_>, org: Id, step: &RunStep) -> Result<bool> {
    let Some(run) = step.run.id() else { return Ok(false) };
    Ok(status(conn, org, run).await? == Some(RunStatus::Running))
}

impl TransitionHooks for RunStep {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, _caller: Caller<'_>) -> Result<StepFacts> {
        Ok(StepFacts { run_over: !running(conn, org, &object.body).await? })
    }

    /// What waited for a step that is over becomes ready, and what it has brought back is measured.
    async fn after_transition(tx: &mut Tx, new: &mut Object<Self>, _terms: &crate::model::NoTerms) -> Result<ObjectiveChanges> {
        if !new.body.status.is_over() {
            return Ok(ObjectiveChanges::default());
        }
        let (org, now) = (tx.organization(), tx.context().now);
        let Some(run) = new.body.run.id() else { return Ok(ObjectiveChanges::default()) };
        if any_pending(&mut tx.conn()?, org, run).await? {
            let steps = outlines(&mut tx.conn()?, org, run).await?;
            let over: HashSet<&str> = over(&steps).into_iter().map(|place| steps[place].step.as_str()).collect();
            let waits_for_nothing = |step: &Outline| step.depends_on.iter().all(|key| over.contains(key.as_str()));
            let ready = |step: &&Outline| step.status == StepStatus::Pending && waits_for_nothing(step);
            let ready: Vec<Id> = steps.iter().filter(ready).map(|step| step.id).collect();
            let mut revised = Vec::with_capacity(ready.len());
            for step in RunStep::find_all(&mut tx.conn()?, org, &ready).await? {
                let mut body = step.body.clone();
                body.set_status(StepStatus::Ready, None, now);
                revised.push((step, body));
            }
            write_consequences(tx, revised).await?;
        }
        if new.body.status == StepStatus::Done && !new.body.recovers.is_empty() {
            let steps = of_run(&mut tx.conn()?, org, run).await?;
            measure(tx, run, &new.body, &steps).await?;
        }
        Ok(ObjectiveChanges::default())
    }
}

/// Takes down how long it took to bring back what the step was the last to bring back.
async fn measure(tx: &mut Tx, run: Id, last: &RunStep, steps: &[Object<RunStep>]) -> Result<()> {
    let org = tx.organization();
    let unfinished =
        |item: &Link| steps.iter().any(|step| step.body.recovers.contains(item) && step.body.status != StepStatus::Done);
    let back: Vec<Link> = last.recovers.iter().filter(|item| !unfinished(item)).cloned().collect();
    let (Some(ended), false) = (last.ended_at, back.is_empty()) else { return Ok(()) };
    let Some(run) = Run::find(&mut tx.conn()?, org, run).await? else { return Ok(()) };
    let caller = tx.context().identity.clone();
    let by = people::own(&mut tx.conn()?, org, caller.as_deref()).await?.first().copied().map(Link::To);
    let took = ended.seconds() - run.body.clock_started_at.seconds();
    let taken = |subject: Link| Measurement {
        subject,
        source: MeasurementSource::Run,
        run: Some(Link::To(run.meta.id)),
        exercise: run.body.exercise.clone(),
        restoration_seconds: Some(took.max(0)),
        data_loss_seconds: None,
        measured_at: Some(ended),
        measured_by: by.clone(),
        evidence: Some(format!("step {} of the run", last.step)),
        level: ProofLevel::Exercised,
        fingerprint: Fingerprint::default(),
    };
    create(tx, back.into_iter().map(|subject| (None, taken(subject))).collect()).await.map(drop)
}

/// Whether any step of a run waits for others.
async fn any_pending(conn: &mut Conn<'_>, org: Id, run: Id) -> Result<bool> {
    // The status stands in the text: only so the planners see that the index of waiting steps serves.
    let statement = Fragment::default()
        .sql("SELECT id FROM run_steps WHERE status = 'pending' AND organization_id = ")
        .id(org)
        .sql(" AND run_id = ")
        .id(run)
        .sql(" LIMIT 1");
    let found: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(!found.is_empty())
}

/// The steps of a run in outline, in the order of the plan.
///
/// # Errors
/// When the database does not answer.
pub async fn outlines(conn: &mut Conn<'_>, org: Id, run: Id) -> Result<Vec<Outline>> {
    type Row = (DbId, String, DbEnum<StepStatus>, Json<Vec<String>>);
    let rows: Vec<Row> = on!(conn, |c| run_steps::table
        .filter(run_steps::organization_id.eq(DbId(org)))
        .filter(run_steps::run_id.eq(DbId(run)))
        .order(run_steps::position)
        .select((run_steps::id, run_steps::step, run_steps::status, run_steps::depends_on))
        .load(c))
    .map_db_error()?;
    let outline = |(id, step, status, depends_on): Row| Outline { id: id.0, step, status: status.0, depends_on: depends_on.0 };
    Ok(rows.into_iter().map(outline).collect())
}

/// The steps of a run, in the order of the plan.
///
/// # Errors
/// When the database does not answer.
pub async fn of_run(conn: &mut Conn<'_>, org: Id, run: Id) -> Result<Vec<Object<RunStep>>> {
    let steps = Fragment::default().sql("run_steps.organization_id = ").id(org).sql(" AND run_steps.run_id = ").id(run);
    RunStep::matching(conn, org, steps.sql(" ORDER BY run_steps.position")).await
}

/// As [`of_run`], from where the snapshot looks.
///
/// # Errors
/// When the database does not answer.
pub async fn seen(conn: &mut Conn<'_>, snapshot: &Snapshot, run: Id) -> Result<Vec<Object<RunStep>>> {
    let now = of_run(conn, snapshot.organization, run).await?;
    let ReadPoint::Past(seq) = snapshot.place else { return Ok(now) };
    // Steps are made with their run and never deleted.
    let ids: Vec<Id> = now.iter().map(|step| step.meta.id).collect();
    let entries = past::entries_of_as_of(conn, snapshot.organization, &ids, seq).await?;
    let mut then = entries
        .iter()
        .map(|entry| from_record_of::<RunStep>(entry.body.as_deref().unwrap_or("null")))
        .collect::<Result<Vec<_>>>()?;
    then.sort_by_key(|step| step.body.position);
    Ok(then)
}

/// The run's step with a key of the plan.
///
/// # Errors
/// When the database does not answer.
pub async fn keyed(conn: &mut Conn<'_>, org: Id, run: Id, step: &str) -> Result<Option<Id>> {
    let id: Option<DbId> = on!(conn, |c| run_steps::table
        .filter(run_steps::organization_id.eq(DbId(org)))
        .filter(run_steps::run_id.eq(DbId(run)))
        .filter(run_steps::step.eq(step))
        .select(run_steps::id)
        .get_result(c))
    .optional()
    .map_db_error()?;
    Ok(id.map(Id::from))
}

/// Makes the steps of a run as its version plans them.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(tx: &mut Tx, run: &Object<Run>, version: &PlanVersion) -> Result<()> {
    let table = staffing::timetable(version, run.body.mode);
    let now: Timestamp = tx.context().now;
    let mut steps = Vec::with_capacity(table.kept.len());
    for (place, index) in table.kept.iter().enumerate() {
        let (step, span) = (&version.steps[*index], &table.spans[place]);
        let depends_on: Vec<String> =
            table.tasks[place].after.iter().map(|before| version.steps[table.kept[*before]].key.clone()).collect();
        let responsible = step.responsible.clone().or_else(|| table.crew.contact(span.by));
        let status = if depends_on.is_empty() { StepStatus::Ready } else { StepStatus::Pending };
        let body = RunStep {
            run: Link::To(run.meta.id),
            step: step.key.clone(),
            responsible,
            position: i64::try_from(place).unwrap_or_default(),
            phase: step.phase,
            execution: step.execution,
            role: step.role.clone(),
            depends_on,
            recovers: step.recovers.clone(),
            expected_seconds: step.expected_seconds,
            planned_start_seconds: span.start,
            planned_end_seconds: span.end,
            started_at: None,
            started_by: None,
            ended_at: None,
            ended_by: None,
            failures: 0,
            status,
            status_reason: None,
            status_changed_at: now,
        };
        steps.push((Some(step.title.clone()), body));
    }
    create(tx, steps).await.map(drop)
}
