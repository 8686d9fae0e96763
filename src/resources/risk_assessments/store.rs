use super::RiskAssessment;
use crate::model::Faults;
use crate::resources::risk_matrix;
use crate::resources::risk_matrix::Rating;
use crate::resources::risks::Risk;
use crate::store::prelude::*;
use crate::store::{ResourceTable, write_consequences};
use std::collections::BTreeMap;

row! {
    pub struct RiskAssessmentRow in risk_assessments {
        organization_id: DbId,
        id: DbId,
        recorded_at: DbTime,
        risk_id: DbId,
        likelihood: i64,
        impact: i64,
        assessed_at: DbTime,
        assessor_id: Option<DbId>,
        rationale: Option<String>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &RiskAssessment) -> RiskAssessmentRow {
    let RiskAssessment { risk, likelihood, impact, assessed_at, assessor, rationale } = resource;
    RiskAssessmentRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        recorded_at: DbTime(meta.created_at),
        risk_id: DbId::of(risk),
        likelihood: *likelihood,
        impact: *impact,
        assessed_at: DbTime(assessed_at.unwrap_or(meta.created_at)),
        assessor_id: assessor.as_ref().map(DbId::of),
        rationale: rationale.clone(),
    }
}

impl From<RiskAssessmentRow> for RiskAssessment {
    fn from(row: RiskAssessmentRow) -> RiskAssessment {
        RiskAssessment {
            risk: row.risk_id.link(),
            likelihood: row.likelihood,
            impact: row.impact,
            assessed_at: Some(row.assessed_at.0),
            assessor: row.assessor_id.map(DbId::link),
            rationale: row.rationale,
        }
    }
}

stored!(RiskAssessment, RiskAssessmentRow, [("risk_assessments", "risk_id", "id"), ("risk_assessments", "assessor_id", "id")]);

impl ResourceHooks for RiskAssessment {
    /// Ratings lie on the organisation's matrix, and nobody assesses in the future.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let (matrix, now) = (risk_matrix::store::now(tx).await?, tx.context().now);
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let mut faults = Faults::default();
            let RiskAssessment { likelihood, impact, assessed_at, .. } = &one.new.body;
            matrix.check("", Rating { likelihood: *likelihood, impact: *impact }, &mut faults);
            if assessed_at.is_some_and(|at| at > now) {
                faults.add("/assessed_at", "out_of_range", "nobody has assessed in the future");
            }
            one.fault = faults.into_result().err();
        }
        Ok(())
    }

    /// The newest assessment of a risk is its current rating; of several of one moment the one recorded last.
    async fn after_write(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        let mut newest: BTreeMap<Id, &RiskAssessment> = BTreeMap::new();
        for one in written {
            let Some(risk) = one.body.risk.id() else { continue };
            let known = newest.entry(risk).or_insert(&one.body);
            if one.body.assessed_at >= known.assessed_at {
                *known = &one.body;
            }
        }
        let org = tx.organization();
        let ids: Vec<Id> = newest.keys().copied().collect();
        let mut revised = Vec::with_capacity(ids.len());
        for risk in Risk::find_all(&mut tx.conn()?, org, &ids).await? {
            let Some(newest) = newest.get(&risk.meta.id).filter(|one| one.assessed_at >= risk.body.assessed_at) else { continue };
            let mut body = risk.body.clone();
            body.current = Some(Rating { likelihood: newest.likelihood, impact: newest.impact });
            body.assessed_at = newest.assessed_at;
            revised.push((risk, body));
        }
        write_consequences(tx, revised).await.map(drop)
    }
}
