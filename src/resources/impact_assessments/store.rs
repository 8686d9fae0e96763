use super::{ImpactAssessment, ImpactDerived, ImpactFacts, ImpactRating, ImpactStatus, ImpactTerms};
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, StringEnum};
use crate::resources::business_processes::BusinessProcess;
use crate::resources::contacts::store::people;
use crate::resources::settings;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ResourceTable, write_consequence};

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{BigInt, Nullable, Text};
    impact_assessments (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        business_process_id -> Identity,
        assessed_on -> Text,
        assessor_id -> Nullable<Identity>,
        ratings -> Json,
        peak_periods -> Nullable<Text>,
        manual_workaround -> Nullable<Text>,
        rto_seconds -> Nullable<BigInt>,
        rpo_seconds -> Nullable<BigInt>,
        wrt_seconds -> Nullable<BigInt>,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_changed_at -> Instant,
    }
}

row! {
    pub struct ImpactAssessmentRow in impact_assessments {
        organization_id: DbId,
        id: DbId,
        business_process_id: DbId,
        assessed_on: DbDate,
        assessor_id: Option<DbId>,
        ratings: Json<Vec<ImpactRating>>,
        peak_periods: Option<String>,
        manual_workaround: Option<String>,
        rto_seconds: Option<i64>,
        rpo_seconds: Option<i64>,
        wrt_seconds: Option<i64>,
        status: DbEnum<ImpactStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &ImpactAssessment) -> ImpactAssessmentRow {
    let ImpactAssessment {
        business_process,
        assessed_on,
        assessor,
        ratings,
        peak_periods,
        manual_workaround,
        rto_seconds,
        rpo_seconds,
        wrt_seconds,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    ImpactAssessmentRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        business_process_id: DbId::of(business_process),
        assessed_on: DbDate(*assessed_on),
        assessor_id: assessor.as_ref().map(DbId::of),
        ratings: Json(ratings.clone()),
        peak_periods: peak_periods.clone(),
        manual_workaround: manual_workaround.clone(),
        rto_seconds: *rto_seconds,
        rpo_seconds: *rpo_seconds,
        wrt_seconds: *wrt_seconds,
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<ImpactAssessmentRow> for ImpactAssessment {
    fn from(row: ImpactAssessmentRow) -> ImpactAssessment {
        ImpactAssessment {
            business_process: row.business_process_id.link(),
            assessed_on: row.assessed_on.0,
            assessor: row.assessor_id.map(DbId::link),
            ratings: row.ratings.0,
            peak_periods: row.peak_periods,
            manual_workaround: row.manual_workaround,
            rto_seconds: row.rto_seconds,
            rpo_seconds: row.rpo_seconds,
            wrt_seconds: row.wrt_seconds,
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(
    ImpactAssessment,
    ImpactAssessmentRow,
    [("impact_assessments", "business_process_id", "id"), ("impact_assessments", "assessor_id", "id")]
);

/// The approved assessments of business processes.
///
/// # Errors
/// When the database does not answer.
pub async fn approved(conn: &mut Conn<'_>, org: Id, processes: &[Id]) -> Result<Vec<Object<ImpactAssessment>>> {
    let statement = Fragment::default()
        .sql("SELECT id FROM impact_assessments WHERE status = 'approved' AND organization_id = ")
        .id(org)
        .sql(" AND business_process_id")
        .among(processes);
    let ids: Vec<DbId> = on!(&mut *conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    let ids: Vec<Id> = ids.into_iter().map(Id::from).collect();
    ImpactAssessment::find_all(conn, org, &ids).await
}

/// The business processes with an approved assessment.
///
/// # Errors
/// When the database does not answer.
pub async fn assessed(conn: &mut Conn<'_>, org: Id) -> Result<Vec<Id>> {
    let statement = Fragment::default()
        .sql("SELECT business_process_id FROM impact_assessments WHERE status = 'approved' AND organization_id = ")
        .id(org);
    let ids: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(ids.into_iter().map(Id::from).collect())
}

impl ResourceHooks for ImpactAssessment {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// What has been approved stays as it was approved.
    async fn validate_set(_tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let Some(old) = &one.old else { continue };
            let fixed = matches!(old.body.status, ImpactStatus::Approved | ImpactStatus::Superseded);
            let mut same = one.new.body.clone();
            same.status = old.body.status;
            same.status_reason.clone_from(&old.body.status_reason);
            same.status_changed_at = old.body.status_changed_at;
            if fixed && same != old.body {
                let detail =
                    format!("the assessment is {}: create another, whose approval supersedes it", old.body.status.as_str());
                one.fault = Some(Error::conflict("append_only", detail));
            }
        }
        Ok(())
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let level = settings::store::in_force(conn, snapshot).await?.intolerable_level;
        for object in objects {
            object.derived = ImpactDerived { derived_mtpd_seconds: object.body.mtpd(level) };
        }
        Ok(())
    }
}

impl TransitionHooks for ImpactAssessment {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, caller: Caller<'_>) -> Result<ImpactFacts> {
        let assessed = people::was(conn, org, caller, object.body.assessor.as_ref()).await?;
        Ok(ImpactFacts {
            intolerable_level: settings::store::now(conn, org).await?.intolerable_level,
            own: assessed || people::wrote(conn, org, caller, object).await?,
        })
    }

    /// An approval supersedes the assessment approved before, and may set the objectives of the process.
    async fn after_transition(tx: &mut Tx, new: &mut Object<Self>, terms: &ImpactTerms) -> Result<ObjectiveChanges> {
        let mut moves = ObjectiveChanges::default();
        let (org, now) = (tx.organization(), tx.context().now);
        let Some(process) = new.body.business_process.id().filter(|_| new.body.status == ImpactStatus::Approved) else {
            return Ok(moves);
        };
        let earlier: Vec<DbId> = on!(&mut tx.conn()?, |c| impact_assessments::table
            .filter(impact_assessments::organization_id.eq(DbId(org)))
            .filter(impact_assessments::business_process_id.eq(DbId(process)))
            .filter(impact_assessments::status.eq(ImpactStatus::Approved.as_str()))
            .filter(impact_assessments::id.ne(DbId(new.meta.id)))
            .select(impact_assessments::id)
            .load(c))
        .map_db_error()?;
        let earlier: Vec<Id> = earlier.into_iter().map(Id::from).collect();
        for old in ImpactAssessment::find_all(&mut tx.conn()?, org, &earlier).await? {
            let mut body = old.body.clone();
            body.status = ImpactStatus::Superseded;
            body.status_reason = Some(format!("superseded by {}", new.meta.key));
            body.status_changed_at = now;
            write_consequence(tx, old, body).await?;
        }
        if terms.set_objectives {
            set_objectives(tx, process, &new.body).await?;
            moves.others.insert(process);
        }
        Ok(moves)
    }
}

/// Gives the process the objectives that an assessment concludes; those it does not speak of stay.
async fn set_objectives(tx: &mut Tx, process: Id, assessment: &ImpactAssessment) -> Result<()> {
    let org = tx.organization();
    let level = settings::store::now(&mut tx.conn()?, org).await?.intolerable_level;
    let Some(process) = BusinessProcess::find(&mut tx.conn()?, org, process).await? else { return Ok(()) };
    let mut body = process.body.clone();
    body.rto_seconds = assessment.rto_seconds.or(body.rto_seconds);
    body.rpo_seconds = assessment.rpo_seconds.or(body.rpo_seconds);
    body.wrt_seconds = assessment.wrt_seconds.or(body.wrt_seconds);
    body.mtpd_seconds = assessment.mtpd(level).or(body.mtpd_seconds);
    let faults = body.contradictions();
    if !faults.is_empty() {
        let detail = format!("the objectives do not fit the process {}", process.meta.key);
        return Err(Error::Conflict { code: "objectives_inconsistent", detail, faults: faults.into_vec() });
    }
    write_consequence(tx, process, body).await.map(drop)
}
