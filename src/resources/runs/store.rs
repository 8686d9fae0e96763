pub mod status;

use super::{Note, Run, RunDerived, RunFacts, RunMode, RunStatus, course};
use crate::model::{Error, Faults, Lifecycle, Link, Timestamp};
use crate::resources::disruptions::{Disruption, DisruptionStatus};
use crate::resources::exercises::{Exercise, ExerciseStatus};
use crate::resources::plan_versions::{self, PlanVersion, VersionStatus};
use crate::resources::run_steps;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ResourceTable, write_consequence};
use diesel::sql_types::BigInt as Count;
use std::collections::HashMap;

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{Nullable, Text};
    runs (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        plan_id -> Nullable<Identity>,
        plan_version_id -> Nullable<Identity>,
        exercise_id -> Nullable<Identity>,
        disruption_id -> Nullable<Identity>,
        lead_id -> Nullable<Identity>,
        mode -> Text,
        started_at -> Instant,
        clock_started_at -> Instant,
        ended_at -> Nullable<Instant>,
        notes -> Json,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_changed_at -> Instant,
    }
}

row! {
    pub struct RunRow in runs {
        organization_id: DbId,
        id: DbId,
        plan_id: Option<DbId>,
        plan_version_id: Option<DbId>,
        exercise_id: Option<DbId>,
        disruption_id: Option<DbId>,
        lead_id: Option<DbId>,
        mode: DbEnum<RunMode>,
        started_at: DbTime,
        clock_started_at: DbTime,
        ended_at: Option<DbTime>,
        notes: Json<Vec<Note>>,
        status: DbEnum<RunStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Run) -> RunRow {
    let Run {
        plan,
        plan_version,
        exercise,
        disruption,
        lead,
        mode,
        started_at,
        clock_started_at,
        ended_at,
        notes,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    RunRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        plan_id: plan.as_ref().map(DbId::of),
        plan_version_id: plan_version.as_ref().map(DbId::of),
        exercise_id: exercise.as_ref().map(DbId::of),
        disruption_id: disruption.as_ref().map(DbId::of),
        lead_id: lead.as_ref().map(DbId::of),
        mode: DbEnum(*mode),
        started_at: DbTime(*started_at),
        clock_started_at: DbTime(*clock_started_at),
        ended_at: ended_at.map(DbTime),
        notes: Json(notes.clone()),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Run {
        Run {
            plan: row.plan_id.map(DbId::link),
            plan_version: row.plan_version_id.map(DbId::link),
            exercise: row.exercise_id.map(DbId::link),
            disruption: row.disruption_id.map(DbId::link),
            lead: row.lead_id.map(DbId::link),
            mode: row.mode.0,
            started_at: row.started_at.0,
            clock_started_at: row.clock_started_at.0,
            ended_at: row.ended_at.map(|time| time.0),
            notes: row.notes.0,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(
    Run,
    RunRow,
    [
        ("runs", "plan_id", "id"),
        ("runs", "plan_version_id", "id"),
        ("runs", "exercise_id", "id"),
        ("runs", "disruption_id", "id"),
        ("runs", "lead_id", "id")
    ]
);

impl ResourceHooks for Run {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// A run is started on the active version of a plan, in an exercise under way or a disruption that was declared; from
    /// then on what it is a run of stays.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let mut faults = Faults::default();
            match &one.old {
                Some(old) => fixed(&old.body, &one.new.body, &mut faults),
                None => begin(tx, &mut one.new.body, &mut faults).await?,
            }
            one.fault = faults.into_result().err();
        }
        Ok(())
    }

    /// A new run has its steps from the start, and a declared disruption is being recovered from.
    async fn after_audit(tx: &mut Tx, created: &[&Object<Self>]) -> Result<()> {
        let org = tx.organization();
        for run in created {
            let version = run.body.plan_version.as_ref().and_then(Link::id);
            let version = version.ok_or_else(|| Error::Internal("a run of nothing".into()))?;
            let version = PlanVersion::find(&mut tx.conn()?, org, version).await?.ok_or(Error::NotFound)?;
            run_steps::store::begin(tx, run, &version.body).await?;
            let disruption = run.body.disruption.as_ref().and_then(Link::id);
            let Some(disruption) = disruption else { continue };
            let old = Disruption::find(&mut tx.conn()?, org, disruption).await?.ok_or(Error::NotFound)?;
            if old.body.status == DisruptionStatus::Declared {
                let mut body = old.body.clone();
                let now = tx.context().now;
                body.set_status(DisruptionStatus::Recovering, Some("a run has started".into()), now);
                write_consequence(tx, old, body).await?;
            }
        }
        Ok(())
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        for object in objects {
            let view = course::progress_of(conn, snapshot, object).await?;
            object.derived = RunDerived { progress: view.map(|view| view.progress()) };
        }
        Ok(())
    }
}

fn fixed(old: &Run, new: &Run, faults: &mut Faults) {
    let pairs = [
        ("/plan", old.plan == new.plan),
        ("/plan_version", old.plan_version == new.plan_version),
        ("/exercise", old.exercise == new.exercise),
        ("/disruption", old.disruption == new.disruption),
    ];
    for (pointer, _) in pairs.into_iter().filter(|(_, same)| !same) {
        faults.add(pointer, "read_only", "what a run is a run of stays from its start");
    }
}

async fn begin(tx: &mut Tx, run: &mut Run, faults: &mut Faults) -> Result<()> {
    let org = tx.organization();
    let mut conn = tx.conn()?;
    if run.plan_version.is_none()
        && let Some(plan) = run.plan.as_ref().and_then(Link::id)
    {
        let active = plan_versions::store::active_now(&mut conn, org, &[plan]).await?;
        run.plan_version = active.get(&plan).map(|(version, _)| Link::To(*version));
        if run.plan_version.is_none() {
            faults.add("/plan", "not_active", "the plan has no active version: approve and activate one");
        }
    }
    if let Some(id) = run.plan_version.as_ref().and_then(Link::id) {
        let version = PlanVersion::find(&mut conn, org, id).await?.ok_or(Error::NotFound)?;
        if version.body.status != VersionStatus::Active {
            faults.add("/plan_version", "not_active", "only an active version is run");
        }
        if run.plan.is_some() && run.plan != Some(version.body.plan.clone()) {
            faults.add("/plan_version", "inconsistent", "it is a version of another plan");
        }
        run.plan = Some(version.body.plan);
    }
    if let Some(id) = run.exercise.as_ref().and_then(Link::id) {
        let exercise = Exercise::find(&mut conn, org, id).await?.ok_or(Error::NotFound)?;
        run.mode = RunMode::Exercise;
        if exercise.body.status != ExerciseStatus::InProgress {
            faults.add("/exercise", "not_in_progress", "the exercise is not in progress");
        }
        if !exercise.body.plans.is_empty() && run.plan.as_ref().is_some_and(|plan| !exercise.body.plans.contains(plan)) {
            faults.add("/plan", "not_allowed", "the exercise does not try this plan");
        }
    }
    if let Some(id) = run.disruption.as_ref().and_then(Link::id) {
        let disruption = Disruption::find(&mut conn, org, id).await?.ok_or(Error::NotFound)?;
        run.mode = RunMode::Actual;
        if !matches!(disruption.body.status, DisruptionStatus::Declared | DisruptionStatus::Recovering) {
            faults.add("/disruption", "not_declared", "the disruption is not declared, or over");
        }
        run.clock_started_at = disruption.body.occurred_at.unwrap_or(run.started_at);
    }
    Ok(())
}

impl TransitionHooks for Run {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, _caller: Caller<'_>) -> Result<RunFacts> {
        let steps = run_steps::store::outlines(conn, org, object.meta.id).await?;
        Ok(RunFacts { open_steps: steps.iter().filter(|step| !step.status.is_over()).count() })
    }
}

/// The runs of an exercise (`exercise_id`) or a disruption (`disruption_id`).
///
/// # Errors
/// When the database does not answer.
pub async fn of(conn: &mut Conn<'_>, org: Id, column: &str, whose: Id) -> Result<Vec<Id>> {
    let statement = Fragment::default()
        .sql("SELECT id FROM runs WHERE organization_id = ")
        .id(org)
        .sql(&format!(" AND {column} = "))
        .id(whose)
        .sql(" ORDER BY id");
    let ids: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(ids.into_iter().map(Id::from).collect())
}

/// How many of them go on.
///
/// # Errors
/// When the database does not answer.
pub async fn running(conn: &mut Conn<'_>, org: Id, column: &str, whose: Id) -> Result<usize> {
    let statement = Fragment::default()
        .sql("SELECT count(*) FROM runs WHERE status = 'running' AND organization_id = ")
        .id(org)
        .sql(&format!(" AND {column} = "))
        .id(whose);
    let number: i64 = on!(conn, |c| statement.rows::<Count>().get_result(c)).map_db_error()?;
    Ok(usize::try_from(number).unwrap_or_default())
}

/// When the first run for each of these disruptions was started.
///
/// # Errors
/// When the database does not answer.
pub async fn first_started(conn: &mut Conn<'_>, org: Id, disruptions: &[Id]) -> Result<HashMap<Id, Timestamp>> {
    let statement = Fragment::default()
        .sql("SELECT disruption_id, min(started_at) FROM runs WHERE organization_id = ")
        .id(org)
        .sql(" AND disruption_id")
        .among(disruptions)
        .sql(" GROUP BY disruption_id");
    let rows: Vec<(DbId, DbTime)> = on!(conn, |c| statement.rows::<(sql::Identity, sql::Instant)>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(|(id, at)| (id.0, at.0)).collect())
}
