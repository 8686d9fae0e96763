use super::outcome::{Evidence, outcome};
use super::{
    Exercise, ExerciseCategory, ExerciseKind, ExerciseResult, ExerciseStatus, Inject, LossScenario, Objective, Participant,
};
use super::{ExerciseDerived, ExerciseFacts, ExerciseTerms};
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, Link, Resource, StringEnum, Timestamp};
use crate::planning::recurrence::following;
use crate::resources::contacts::store::people;
use crate::resources::run_steps::{RunStep, StepStatus};
use crate::resources::runs::{Run, RunStatus};
use crate::resources::{findings, measurements, run_steps, runs};
use crate::store::audit::links_by_id;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{Bind, ResourceTable, create};

row! {
    pub struct ExerciseRow in exercises {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<ExerciseKind>,
        category: DbEnum<ExerciseCategory>,
        announced: bool,
        trigger_text: Option<String>,
        plans: Json<Vec<Id>>,
        services: Json<Vec<Id>>,
        scenarios: Json<Vec<LossScenario>>,
        scenario: Option<String>,
        objectives: Json<Vec<Objective>>,
        injects: Json<Vec<Inject>>,
        participants: Json<Vec<Participant>>,
        scheduled_start: DbTime,
        scheduled_end: DbTime,
        recurrence: Option<String>,
        time_zone: String,
        previous_id: Option<DbId>,
        result: Option<DbEnum<ExerciseResult>>,
        result_reasons: Json<Vec<String>>,
        status: DbEnum<ExerciseStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Exercise) -> ExerciseRow {
    let mut resource = resource.clone();
    links_by_id(resource.links());
    let Exercise {
        kind,
        category,
        announced,
        trigger,
        plans,
        services,
        scenarios,
        scenario,
        objectives,
        injects,
        participants,
        scheduled_start,
        scheduled_end,
        recurrence,
        time_zone,
        previous,
        result,
        result_reasons,
        status,
        status_reason,
        status_changed_at,
    } = &resource;
    ExerciseRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        category: DbEnum(*category),
        announced: *announced,
        trigger_text: trigger.clone(),
        plans: Json::ids(plans),
        services: Json::ids(services),
        scenarios: Json(scenarios.clone()),
        scenario: scenario.clone(),
        objectives: Json(objectives.clone()),
        injects: Json(injects.clone()),
        participants: Json(participants.clone()),
        scheduled_start: DbTime(*scheduled_start),
        scheduled_end: DbTime(*scheduled_end),
        recurrence: recurrence.clone(),
        time_zone: time_zone.clone(),
        previous_id: previous.as_ref().map(DbId::of),
        result: result.map(DbEnum),
        result_reasons: Json(result_reasons.clone()),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<ExerciseRow> for Exercise {
    fn from(row: ExerciseRow) -> Exercise {
        let mut exercise = Exercise {
            kind: row.kind.0,
            category: row.category.0,
            announced: row.announced,
            trigger: row.trigger_text,
            plans: row.plans.links(),
            services: row.services.links(),
            scenarios: row.scenarios.0,
            scenario: row.scenario,
            objectives: row.objectives.0,
            injects: row.injects.0,
            participants: row.participants.0,
            scheduled_start: row.scheduled_start.0,
            scheduled_end: row.scheduled_end.0,
            recurrence: row.recurrence,
            time_zone: row.time_zone,
            previous: row.previous_id.map(DbId::link),
            result: row.result.map(|word| word.0),
            result_reasons: row.result_reasons.0,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        };
        links_by_id(exercise.links());
        exercise
    }
}

stored!(Exercise, ExerciseRow, [("exercises", "previous_id", "id")]);

impl ResourceHooks for Exercise {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// What has been reported stays as it was reported; the result is found when the exercise is completed, and again when
    /// it is reported.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let Some(old) = &one.old else { continue };
            let mut same = one.new.body.clone();
            crate::model::Lifecycle::copy_status(&mut same, &old.body);
            if !old.body.status.is_open() && same != old.body {
                let detail = format!("the exercise is {}: its content stays as it is", old.body.status.as_str());
                one.fault = Some(Error::conflict("content_fixed", detail));
                continue;
            }
            let (from, to) = (old.body.status, one.new.body.status);
            if from != to && matches!(to, ExerciseStatus::Completed | ExerciseStatus::Reported) {
                let evidence = evidence(tx, one.new.meta.id).await?;
                let (result, reasons) = outcome(&one.new.body, &evidence);
                (one.new.body.result, one.new.body.result_reasons) = (Some(result), reasons);
            }
        }
        Ok(())
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let ids: Vec<Id> = objects.iter().map(|object| object.meta.id).collect();
        let open = findings::store::open_in(conn, snapshot, &ids).await?;
        for object in objects {
            let open = open.get(&object.meta.id).copied().unwrap_or(0);
            object.derived = ExerciseDerived { open_findings: i64::try_from(open).unwrap_or(i64::MAX) };
        }
        Ok(())
    }
}

impl TransitionHooks for Exercise {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<ExerciseFacts> {
        let open = findings::store::open(conn, org, &[object.meta.id]).await?;
        let running = runs::store::running(conn, org, "exercise_id", object.meta.id).await?;
        let own = people::wrote(conn, org, caller, object).await?;
        Ok(ExerciseFacts { open_findings: open.get(&object.meta.id).copied().unwrap_or(0), running, own })
    }

    /// The end of an exercise that is held again plans the next one.
    async fn after_transition(tx: &mut Tx, new: &mut Object<Self>, terms: &ExerciseTerms) -> Result<ObjectiveChanges> {
        let over = matches!(new.body.status, ExerciseStatus::Completed | ExerciseStatus::Cancelled);
        if over
            && !terms.ends_series
            && let Some(next) = next(&new.body, new.meta.id, tx.context().now)
        {
            create(tx, vec![(new.meta.name.clone(), next)]).await?;
        }
        Ok(ObjectiveChanges::default())
    }
}

/// The exercise that follows by the rule.
fn next(exercise: &Exercise, id: Id, now: Timestamp) -> Option<Exercise> {
    let rule = exercise.rule()?;
    let start = rule.after(exercise.scheduled_start.max(now))?;
    let passed = rule.between(exercise.scheduled_start, start, 1000).len();
    let lasts = exercise.scheduled_end.micros() - exercise.scheduled_start.micros();
    let mut next = exercise.clone();
    next.scheduled_start = start;
    next.scheduled_end = Timestamp::from_micros(start.micros() + lasts)?;
    next.recurrence = exercise.recurrence.as_deref().map(|rule| following(rule, passed));
    next.objectives.iter_mut().for_each(|one| (one.met, one.comment) = (None, None));
    next.participants.iter_mut().for_each(|one| one.attended = None);
    next.previous = Some(Link::To(id));
    (next.result, next.result_reasons) = (None, Vec::new());
    crate::model::Lifecycle::set_status(&mut next, ExerciseStatus::Planned, None, now);
    Some(next)
}

/// What an exercise has shown so far.
async fn evidence(tx: &mut Tx, exercise: Id) -> Result<Evidence> {
    let org = tx.organization();
    let mut conn = tx.conn()?;
    let (measured, missed) = measurements::store::against_objectives(&mut conn, org, exercise).await?;
    let ids = runs::store::of(&mut conn, org, "exercise_id", exercise).await?;
    let runs = Run::find_all(&mut conn, org, &ids).await?;
    let mut steps: Vec<Object<RunStep>> = Vec::new();
    for id in &ids {
        steps.extend(run_steps::store::of_run(&mut conn, org, *id).await?);
    }
    Ok(Evidence {
        measured,
        missed,
        aborted_runs: runs.iter().filter(|run| run.body.status == RunStatus::Aborted).count(),
        failed_steps: steps.iter().filter(|step| step.body.failures > 0).count(),
        skipped_steps: steps.iter().filter(|step| step.body.status == StepStatus::Skipped).count(),
        grave_findings: findings::store::grave(&mut conn, org, exercise, &ids).await?,
    })
}

/// The exercises that are planned or held within a time.
///
/// # Errors
/// When the database does not answer.
pub async fn within(conn: &mut Conn<'_>, org: Id, from: Timestamp, to: Timestamp) -> Result<Vec<Object<Exercise>>> {
    let statement = Fragment::default()
        .sql("SELECT id FROM exercises WHERE organization_id = ")
        .id(org)
        .sql(" AND scheduled_start <= ")
        .bind(Bind::Time(Some(DbTime(to))))
        .sql(" AND scheduled_end >= ")
        .bind(Bind::Time(Some(DbTime(from))));
    let ids: Vec<DbId> = on!(&mut *conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    let ids: Vec<Id> = ids.into_iter().map(Id::from).collect();
    Exercise::find_all(conn, org, &ids).await
}
