//! The open risks counted by the cells of the matrix.
use crate::model::Timestamp;
use crate::resources::risk_matrix::{Rating, RiskClass, RiskMatrix};
use crate::string_enum;
use serde::Serialize;
use std::collections::BTreeMap;

string_enum! {
    /// Which rating of the risks is counted.
    pub enum Which {
        Current = "current",
        Inherent = "inherent",
        Target = "target",
    }
}

/// The report.
#[derive(Serialize)]
pub struct Counted {
    pub seq: i64,
    pub at: Timestamp,
    pub rating: Which,
    #[serde(flatten, serialize_with = "without_classes")]
    pub matrix: RiskMatrix,
    pub cells: Vec<Cell>,
    /// Open risks without the rating.
    pub unrated: i64,
    pub total: i64,
    pub classes: BTreeMap<&'static str, i64>,
}

/// Levels and appetite: what class a cell has stands in the cell.
fn without_classes<S: serde::Serializer>(matrix: &RiskMatrix, out: S) -> std::result::Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut out = out.serialize_struct("RiskMatrix", 3)?;
    out.serialize_field("likelihood_levels", &matrix.likelihood_levels)?;
    out.serialize_field("impact_levels", &matrix.impact_levels)?;
    out.serialize_field("appetite", &matrix.appetite)?;
    out.end()
}

/// One cell of the matrix.
#[derive(Serialize)]
pub struct Cell {
    #[serde(flatten)]
    pub rating: Rating,
    pub class: RiskClass,
    pub count: i64,
    /// Where the risks of the cell are listed.
    pub href: String,
}
