use super::{Level, RiskClass, RiskMatrix, Row};
use crate::model::{Error, Faults};
use crate::resources::risks::store::classes;
use crate::store::prelude::*;
use crate::store::singleton;

row! {
    pub struct RiskMatrixRow in risk_matrices {
        organization_id: DbId,
        id: DbId,
        likelihood_levels: Json<Vec<Level>>,
        impact_levels: Json<Vec<Level>>,
        classes: Json<Vec<Row>>,
        appetite: DbEnum<RiskClass>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &RiskMatrix) -> RiskMatrixRow {
    let RiskMatrix { likelihood_levels, impact_levels, classes, appetite } = resource;
    RiskMatrixRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        likelihood_levels: Json(likelihood_levels.clone()),
        impact_levels: Json(impact_levels.clone()),
        classes: Json(classes.clone()),
        appetite: DbEnum(*appetite),
    }
}

impl From<RiskMatrixRow> for RiskMatrix {
    fn from(row: RiskMatrixRow) -> RiskMatrix {
        RiskMatrix {
            likelihood_levels: row.likelihood_levels.0,
            impact_levels: row.impact_levels.0,
            classes: row.classes.0,
            appetite: row.appetite.0,
        }
    }
}

stored!(RiskMatrix, RiskMatrixRow, []);

/// The matrix in force.
///
/// # Errors
/// When the database does not answer.
pub async fn in_force(conn: &mut Conn<'_>, snapshot: &Snapshot) -> Result<RiskMatrix> {
    Ok(singleton::of::<RiskMatrix>(conn, snapshot).await?.map(|object| object.body).unwrap_or_default())
}

/// The matrix in force, as a change sees it.
///
/// # Errors
/// When the database does not answer.
pub async fn now(tx: &mut Tx) -> Result<RiskMatrix> {
    let org = tx.organization();
    Ok(singleton::now::<RiskMatrix>(&mut tx.conn()?, org).await?.map(|object| object.body).unwrap_or_default())
}

impl ResourceHooks for RiskMatrix {
    /// Nothing that has been rated may fall off the matrix.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let org = tx.organization();
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let matrix = &one.new.body;
            let mut faults = Faults::default();
            let used = classes::highest_levels(&mut tx.conn()?, org).await?;
            let levels = [
                ("likelihood_levels", used.likelihood, matrix.likelihood_levels.len()),
                ("impact_levels", used.impact, matrix.impact_levels.len()),
            ];
            for (name, used, there) in levels {
                if usize::try_from(used).is_ok_and(|used| used > there) {
                    faults.add(format!("/{name}"), "rating_off_matrix", format!("level {used} is in use"));
                }
            }
            if !faults.is_empty() {
                let detail = "risks or assessments have ratings that the new matrix does not have".into();
                one.fault = Some(Error::Conflict { code: "rating_off_matrix", detail, faults: faults.into_vec() });
            }
        }
        Ok(())
    }

    /// All risks get their class anew.
    async fn after_write(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        for object in written {
            classes::classify(tx, &object.body, None).await?;
        }
        Ok(())
    }
}
