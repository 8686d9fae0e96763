use super::{Threat, ThreatCategory};
use crate::store::prelude::*;

diesel::table! {
    use crate::store::types::sql::{Identity};
    use diesel::sql_types::{Double, Nullable, Text};
    threats (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        category -> Text,
        yearly_frequency -> Nullable<Double>,
    }
}

row! {
    pub struct ThreatRow in threats {
        organization_id: DbId,
        id: DbId,
        category: DbWord<ThreatCategory>,
        yearly_frequency: Option<f64>,
    }
}

fn row(org: Id, head: &Head, resource: &Threat) -> ThreatRow {
    let Threat { category, yearly_frequency } = resource;
    ThreatRow { organization_id: DbId(org), id: DbId(head.id), category: DbWord(*category), yearly_frequency: *yearly_frequency }
}

impl From<ThreatRow> for Threat {
    fn from(row: ThreatRow) -> Threat {
        Threat { category: row.category.0, yearly_frequency: row.yearly_frequency }
    }
}

stored!(Threat, ThreatRow, []);

impl Stored for Threat {}
