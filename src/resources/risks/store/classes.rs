//! What ratings there are, and the class that the matrix gives to each.
use crate::model::StringEnum;
use crate::resources::risk_matrix::{Rating, RiskMatrix};
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use diesel::sql_types::{BigInt, Untyped};

/// Writes the classes of risks, or of all of them, as a matrix has them: one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn classify(tx: &mut Tx, matrix: &RiskMatrix, only: Option<&[Id]>) -> Result<()> {
    let org = tx.organization();
    let mut statement = Fragment::default().sql("UPDATE risks SET class = CASE current_likelihood * 10 + current_impact");
    for (likelihood, row) in (1..).zip(&matrix.classes) {
        for (impact, class) in (1..).zip(&row.0) {
            statement = statement.sql(&format!(" WHEN {} THEN '{}'", likelihood * 10 + impact, class.as_str()));
        }
    }
    statement = statement.sql(" END WHERE organization_id = ").id(org);
    if let Some(ids) = only {
        statement = statement.sql(" AND id").among(ids);
    }
    let statement = statement.rows::<Untyped>();
    on!(&mut tx.conn()?, |c| statement.execute(c)).map_db_error()?;
    Ok(())
}

/// The highest levels in use; 0 where nothing is rated.
///
/// # Errors
/// When the database does not answer.
pub async fn highest_levels(conn: &mut Conn<'_>, org: Id) -> Result<Rating> {
    let columns =
        |what: &str| ["inherent", "current", "target"].map(|rating| format!("coalesce(max({rating}_{what}), 0)")).join(", ");
    let statement = Fragment::default()
        .sql(&format!("SELECT {}, {} FROM risks WHERE organization_id = ", columns("likelihood"), columns("impact")))
        .id(org);
    let (a, b, c, d, e, f): (i64, i64, i64, i64, i64, i64) =
        on!(conn, |c| statement.rows::<(BigInt, BigInt, BigInt, BigInt, BigInt, BigInt)>().get_result(c)).map_db_error()?;
    let statement = Fragment::default()
        .sql("SELECT coalesce(max(likelihood), 0), coalesce(max(impact), 0) FROM risk_assessments WHERE organization_id = ")
        .id(org);
    let (g, h): (i64, i64) = on!(conn, |c| statement.rows::<(BigInt, BigInt)>().get_result(c)).map_db_error()?;
    Ok(Rating { likelihood: a.max(b).max(c).max(g), impact: d.max(e).max(f).max(h) })
}
