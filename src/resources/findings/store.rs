use super::{Finding, FindingDerived, FindingFacts, FindingSeverity, FindingSource, FindingStatus};
use crate::model::{Error, Link, is_past};
use crate::resources::contacts::store::people;
use crate::resources::exercises::{Exercise, ExerciseResult, ExerciseStatus};
use crate::resources::measures::Measure;
use crate::resources::runs::Run;
use crate::store::audit::from_record_of;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ReadPoint, ResourceTable, past};
use diesel::sql_types::BigInt as Count;
use std::collections::{HashMap, HashSet};

row! {
    pub struct FindingRow in findings {
        organization_id: DbId,
        id: DbId,
        severity: DbEnum<FindingSeverity>,
        source: DbEnum<FindingSource>,
        exercise_id: Option<DbId>,
        run_id: Option<DbId>,
        disruption_id: Option<DbId>,
        source_reference: Option<String>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        owner_id: Option<DbId>,
        due_on: Option<DbDate>,
        measure_id: Option<DbId>,
        retest_id: Option<DbId>,
        status: DbEnum<FindingStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Finding) -> FindingRow {
    let Finding {
        severity,
        source,
        exercise,
        run,
        disruption,
        source_reference,
        services,
        components,
        owner,
        due_on,
        measure,
        retest,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    FindingRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        severity: DbEnum(*severity),
        source: DbEnum(*source),
        exercise_id: exercise.as_ref().map(DbId::of),
        run_id: run.as_ref().map(DbId::of),
        disruption_id: disruption.as_ref().map(DbId::of),
        source_reference: source_reference.clone(),
        services: Json::ids(services),
        components: Json::ids(components),
        owner_id: owner.as_ref().map(DbId::of),
        due_on: due_on.map(DbDate),
        measure_id: measure.as_ref().map(DbId::of),
        retest_id: retest.as_ref().map(DbId::of),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<FindingRow> for Finding {
    fn from(row: FindingRow) -> Finding {
        Finding {
            severity: row.severity.0,
            source: row.source.0,
            exercise: row.exercise_id.map(DbId::link),
            run: row.run_id.map(DbId::link),
            disruption: row.disruption_id.map(DbId::link),
            source_reference: row.source_reference,
            services: row.services.links(),
            components: row.components.links(),
            owner: row.owner_id.map(DbId::link),
            due_on: row.due_on.map(|date| date.0),
            measure: row.measure_id.map(DbId::link),
            retest: row.retest_id.map(DbId::link),
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(
    Finding,
    FindingRow,
    [
        ("findings", "exercise_id", "id"),
        ("findings", "run_id", "id"),
        ("findings", "disruption_id", "id"),
        ("findings", "owner_id", "id"),
        ("findings", "measure_id", "id"),
        ("findings", "retest_id", "id")
    ]
);

impl ResourceHooks for Finding {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// An exercise shows a finding to be put right when it is another than the one it was made in, is over, and was
    /// successful.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let org = tx.organization();
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let verified = one.new.body.status == FindingStatus::Verified;
            let was = one.old.as_ref().is_some_and(|old| old.body.status == FindingStatus::Verified);
            let Some(retest) = one.new.body.retest.as_ref().and_then(Link::id).filter(|_| verified && !was) else { continue };
            if made_in(&mut tx.conn()?, org, &one.new.body).await? == Some(retest) {
                let detail = "the finding was made in this exercise: another has to show it to be put right";
                one.fault = Some(Error::invalid("/retest", "not_proven", detail));
                continue;
            }
            let exercise = Exercise::find(&mut tx.conn()?, org, retest).await?;
            let shown = exercise.is_some_and(|one| {
                let over =
                    matches!(one.body.status, ExerciseStatus::Completed | ExerciseStatus::Reported | ExerciseStatus::Closed);
                let good = [ExerciseResult::Successful, ExerciseResult::SuccessfulWithIssues];
                over && one.body.result.is_some_and(|result| good.contains(&result))
            });
            if !shown {
                let detail = "the exercise is not over, or was not successful: it shows nothing to be put right";
                one.fault = Some(Error::invalid("/retest", "not_proven", detail));
            }
        }
        Ok(())
    }

    async fn compute_derived(_conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let today = snapshot.now.day();
        for object in objects {
            object.derived = FindingDerived { overdue: is_past(object.body.due_on, &today) && object.body.is_open() };
        }
        Ok(())
    }
}

/// The exercise a finding was made in, by itself or by its run.
async fn made_in(conn: &mut Conn<'_>, org: Id, finding: &Finding) -> Result<Option<Id>> {
    let run = match (&finding.exercise, finding.run.as_ref().and_then(Link::id)) {
        (None, Some(id)) => Run::find(conn, org, id).await?,
        _ => None,
    };
    let exercise = finding.exercise.clone().or(run.and_then(|run| run.body.exercise));
    Ok(exercise.as_ref().and_then(Link::id))
}

impl TransitionHooks for Finding {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<FindingFacts> {
        let measure = match object.body.measure.as_ref().and_then(Link::id) {
            Some(id) => Measure::find(conn, org, id).await?,
            None => None,
        };
        let resolved = object.body.status == FindingStatus::Resolved && people::moved(conn, org, caller, object).await?;
        Ok(FindingFacts {
            unfinished_measure: measure.is_some_and(|measure| !measure.body.status.is_done()),
            own: resolved || people::was(conn, org, caller, object.body.owner.as_ref()).await?,
        })
    }
}

/// How many major and minor findings an exercise and its runs have brought.
///
/// # Errors
/// When the database does not answer.
pub async fn grave(conn: &mut Conn<'_>, org: Id, exercise: Id, runs: &[Id]) -> Result<usize> {
    let statement = Fragment::default()
        .sql("SELECT count(*) FROM findings WHERE organization_id = ")
        .id(org)
        .sql(" AND severity IN ('major', 'minor') AND (exercise_id = ")
        .id(exercise)
        .sql(" OR run_id")
        .among(runs)
        .sql(")");
    let number: i64 = on!(conn, |c| statement.rows::<Count>().get_result(c)).map_db_error()?;
    Ok(usize::try_from(number).unwrap_or_default())
}

/// How many findings of each exercise and of its runs are neither resolved nor verified.
///
/// # Errors
/// When the database does not answer.
pub async fn open(conn: &mut Conn<'_>, org: Id, exercises: &[Id]) -> Result<HashMap<Id, usize>> {
    let found = of_exercises(conn, org, exercises).await?;
    let ids: Vec<Id> = found.iter().map(|(_, finding)| *finding).collect();
    let findings = Finding::find_all(conn, org, &ids).await?;
    Ok(counted(&found, &findings))
}

/// As [`open`], from where the snapshot looks.
///
/// # Errors
/// When the database does not answer.
pub async fn open_in(conn: &mut Conn<'_>, snapshot: &Snapshot, exercises: &[Id]) -> Result<HashMap<Id, usize>> {
    let ReadPoint::Past(seq) = snapshot.place else { return open(conn, snapshot.organization, exercises).await };
    let found = of_exercises(conn, snapshot.organization, exercises).await?;
    let ids: Vec<Id> = found.iter().map(|(_, finding)| *finding).collect();
    let entries = past::entries_of_as_of(conn, snapshot.organization, &ids, seq).await?;
    let then: Result<Vec<_>> = entries.iter().map(|entry| from_record_of(entry.body.as_deref().unwrap_or("null"))).collect();
    Ok(counted(&found, &then?))
}

fn counted(found: &[(Id, Id)], findings: &[Object<Finding>]) -> HashMap<Id, usize> {
    let open: HashSet<Id> = findings.iter().filter(|one| one.body.is_open()).map(|one| one.meta.id).collect();
    let mut counts = HashMap::new();
    for (exercise, _) in found.iter().filter(|(_, finding)| open.contains(finding)) {
        *counts.entry(*exercise).or_insert(0) += 1;
    }
    counts
}

/// Exercises with the findings of theirs and of their runs.
async fn of_exercises(conn: &mut Conn<'_>, org: Id, exercises: &[Id]) -> Result<Vec<(Id, Id)>> {
    let statement = Fragment::default()
        .sql("SELECT exercise_id, id FROM findings WHERE organization_id = ")
        .id(org)
        .sql(" AND exercise_id")
        .among(exercises)
        .sql(
            " UNION SELECT r.exercise_id, f.id FROM runs r JOIN findings f \
             ON f.organization_id = r.organization_id AND f.run_id = r.id WHERE r.organization_id = ",
        )
        .id(org)
        .sql(" AND r.exercise_id")
        .among(exercises);
    let rows: Vec<(DbId, DbId)> = on!(conn, |c| statement.rows::<(sql::Identity, sql::Identity)>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(|(exercise, finding)| (exercise.0, finding.0)).collect())
}
