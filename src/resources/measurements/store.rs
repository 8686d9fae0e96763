use super::{Fingerprint, Measurement, MeasurementSource, ProofLevel, fingerprint};
use crate::model::{Faults, Link, Timestamp};
use crate::resources::runs::{Run, RunMode};
use crate::store::ResourceTable;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use diesel::sql_types::{BigInt as Number, Nullable as Maybe, Text as Words};

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{BigInt, Nullable, Text};
    measurements (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        subject_id -> Identity,
        source -> Text,
        run_id -> Nullable<Identity>,
        exercise_id -> Nullable<Identity>,
        restoration_seconds -> Nullable<BigInt>,
        data_loss_seconds -> Nullable<BigInt>,
        measured_at -> Nullable<Instant>,
        measured_by_id -> Nullable<Identity>,
        evidence -> Nullable<Text>,
        level -> Text,
        fingerprint -> Json,
    }
}

row! {
    pub struct MeasurementRow in measurements {
        organization_id: DbId,
        id: DbId,
        subject_id: DbId,
        source: DbEnum<MeasurementSource>,
        run_id: Option<DbId>,
        exercise_id: Option<DbId>,
        restoration_seconds: Option<i64>,
        data_loss_seconds: Option<i64>,
        measured_at: Option<DbTime>,
        measured_by_id: Option<DbId>,
        evidence: Option<String>,
        level: DbEnum<ProofLevel>,
        fingerprint: Json<Fingerprint>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Measurement) -> MeasurementRow {
    let Measurement {
        subject,
        source,
        run,
        exercise,
        restoration_seconds,
        data_loss_seconds,
        measured_at,
        measured_by,
        evidence,
        level,
        fingerprint,
    } = resource;
    MeasurementRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        subject_id: DbId::of(subject),
        source: DbEnum(*source),
        run_id: run.as_ref().map(DbId::of),
        exercise_id: exercise.as_ref().map(DbId::of),
        restoration_seconds: *restoration_seconds,
        data_loss_seconds: *data_loss_seconds,
        measured_at: measured_at.map(DbTime),
        measured_by_id: measured_by.as_ref().map(DbId::of),
        evidence: evidence.clone(),
        level: DbEnum(*level),
        fingerprint: Json(fingerprint.clone()),
    }
}

impl From<MeasurementRow> for Measurement {
    fn from(row: MeasurementRow) -> Measurement {
        Measurement {
            subject: row.subject_id.link(),
            source: row.source.0,
            run: row.run_id.map(DbId::link),
            exercise: row.exercise_id.map(DbId::link),
            restoration_seconds: row.restoration_seconds,
            data_loss_seconds: row.data_loss_seconds,
            measured_at: row.measured_at.map(|time| time.0),
            measured_by: row.measured_by_id.map(DbId::link),
            evidence: row.evidence,
            level: row.level.0,
            fingerprint: row.fingerprint.0,
        }
    }
}

stored!(
    Measurement,
    MeasurementRow,
    [
        ("measurements", "subject_id", "id"),
        ("measurements", "run_id", "id"),
        ("measurements", "exercise_id", "id"),
        ("measurements", "measured_by_id", "id")
    ]
);

impl ResourceHooks for Measurement {
    /// A measurement is kept with what its subject depends on, and counts for what it was taken in.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let (org, now, snapshot) = (tx.organization(), tx.context().now, tx.snapshot());
        for one in planned.iter_mut().filter(|one| one.fault.is_none() && one.old.is_none()) {
            let body = &mut one.new.body;
            let mut faults = Faults::default();
            if body.measured_at.is_some_and(|at| at > now) {
                faults.add("/measured_at", "out_of_range", "it lies in the future");
            }
            let run = match body.run.as_ref().and_then(Link::id) {
                Some(id) => Run::find(&mut tx.conn()?, org, id).await?,
                None => None,
            };
            if let Some(run) = &run {
                if body.exercise.is_some() && body.exercise != run.body.exercise {
                    faults.add("/exercise", "inconsistent", "the run belongs to another exercise, or to none");
                }
                body.exercise = run.body.exercise.clone();
            }
            let earnest = run.is_some_and(|run| run.body.mode == RunMode::Actual);
            body.level = if earnest { ProofLevel::Proven } else { ProofLevel::Exercised };
            if let Some(subject) = body.subject.id() {
                body.fingerprint = fingerprint::of(&mut tx.conn()?, &snapshot, subject).await?;
            }
            one.fault = faults.into_result().err();
        }
        Ok(())
    }
}

/// How many measurements an exercise has brought, and in words those that missed the effective objectives of their subjects.
///
/// # Errors
/// When the database does not answer.
pub async fn against_objectives(conn: &mut Conn<'_>, org: Id, exercise: Id) -> Result<(usize, Vec<String>)> {
    type Columns = (Words, Maybe<Number>, Maybe<Number>, Maybe<Number>, Maybe<Number>);
    type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    let statement = Fragment::default()
        .sql(
            "SELECT o.key, m.restoration_seconds, m.data_loss_seconds, o.effective_rto_seconds, o.effective_rpo_seconds \
             FROM measurements m JOIN objects o ON o.organization_id = m.organization_id AND o.id = m.subject_id \
             WHERE m.organization_id = ",
        )
        .id(org)
        .sql(" AND m.exercise_id = ")
        .id(exercise)
        .sql(" ORDER BY o.key, m.id");
    let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    let mut missed = Vec::new();
    for (key, restoration, loss, rto, rpo) in &rows {
        for (what, took, most) in [("restoration", restoration, rto), ("data loss", loss, rpo)] {
            if let (Some(took), Some(most)) = (took, most)
                && took > most
            {
                missed.push(format!("{key}: {what} of {took} s, {most} s at most"));
            }
        }
    }
    Ok((rows.len(), missed))
}

/// Which of these have been measured.
///
/// # Errors
/// When the database does not answer.
pub async fn measured(conn: &mut Conn<'_>, org: Id, subjects: &[Id]) -> Result<Vec<Id>> {
    let statement = Fragment::default()
        .sql("SELECT DISTINCT subject_id FROM measurements WHERE organization_id = ")
        .id(org)
        .sql(" AND subject_id")
        .among(subjects);
    let found: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(found.into_iter().map(Id::from).collect())
}

/// The newest measurement of each of these that has been measured.
///
/// # Errors
/// When the database does not answer.
pub async fn newest(conn: &mut Conn<'_>, org: Id, subjects: &[Id]) -> Result<Vec<Object<Measurement>>> {
    let statement = Fragment::default()
        .sql(
            "SELECT m.id FROM measurements m WHERE NOT EXISTS (SELECT 1 FROM measurements n \
             WHERE n.organization_id = m.organization_id AND n.subject_id = m.subject_id \
             AND (n.measured_at > m.measured_at OR (n.measured_at = m.measured_at AND n.id > m.id))) AND m.organization_id = ",
        )
        .id(org)
        .sql(" AND m.subject_id")
        .among(subjects);
    let ids: Vec<DbId> = on!(&mut *conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    let ids: Vec<Id> = ids.into_iter().map(Id::from).collect();
    Measurement::find_all(conn, org, &ids).await
}

/// A measurement without what it was kept with.
#[derive(Debug, Clone)]
pub struct Taken {
    pub id: Id,
    pub subject: Id,
    pub at: Option<Timestamp>,
    pub level: ProofLevel,
    pub restoration: Option<i64>,
    pub data_loss: Option<i64>,
    /// The digest of what the subject depended on.
    pub sha256: String,
}

impl From<&Object<Measurement>> for Taken {
    fn from(one: &Object<Measurement>) -> Taken {
        let body = &one.body;
        Taken {
            id: one.meta.id,
            subject: body.subject.id().unwrap_or(Id::SYSTEM),
            at: body.measured_at,
            level: body.level,
            restoration: body.restoration_seconds,
            data_loss: body.data_loss_seconds,
            sha256: body.fingerprint.sha256.clone(),
        }
    }
}

/// Everything that has been measured.
///
/// # Errors
/// When the database does not answer.
pub async fn taken(conn: &mut Conn<'_>, org: Id) -> Result<Vec<Taken>> {
    type Columns = (sql::Identity, sql::Identity, Maybe<sql::Instant>, Words, Maybe<Number>, Maybe<Number>, Maybe<Words>);
    type Row = (DbId, DbId, Option<DbTime>, DbEnum<ProofLevel>, Option<i64>, Option<i64>, Option<String>);
    let statement = Fragment::default()
        .sql(
            "SELECT id, subject_id, measured_at, level, restoration_seconds, data_loss_seconds, fingerprint ->> 'sha256' \
             FROM measurements WHERE organization_id = ",
        )
        .id(org);
    let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    let one = |(id, subject, at, level, restoration, data_loss, sha256): Row| Taken {
        id: id.0,
        subject: subject.0,
        at: at.map(|at| at.0),
        level: level.0,
        restoration,
        data_loss,
        sha256: sha256.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// The measurements of a subject, the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_subject(conn: &mut Conn<'_>, org: Id, subject: Id, most: i64) -> Result<Vec<Object<Measurement>>> {
    let ids: Vec<DbId> = on!(conn, |c| measurements::table
        .filter(measurements::organization_id.eq(DbId(org)))
        .filter(measurements::subject_id.eq(DbId(subject)))
        .order((measurements::measured_at.desc(), measurements::id.desc()))
        .limit(most)
        .select(measurements::id)
        .load(c))
    .map_db_error()?;
    let ids: Vec<Id> = ids.into_iter().map(Id::from).collect();
    let mut found = Measurement::find_all(conn, org, &ids).await?;
    found.sort_by_key(|one| std::cmp::Reverse((one.body.measured_at, one.meta.id)));
    Ok(found)
}
