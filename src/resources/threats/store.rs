use super::{Threat, ThreatCategory};
use crate::store::prelude::*;

row! {
    pub struct ThreatRow in threats {
        organization_id: DbId,
        id: DbId,
        category: DbEnum<ThreatCategory>,
        yearly_frequency: Option<f64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Threat) -> ThreatRow {
    let Threat { category, yearly_frequency } = resource;
    ThreatRow { organization_id: DbId(org), id: DbId(meta.id), category: DbEnum(*category), yearly_frequency: *yearly_frequency }
}

impl From<ThreatRow> for Threat {
    fn from(row: ThreatRow) -> Threat {
        Threat { category: row.category.0, yearly_frequency: row.yearly_frequency }
    }
}

stored!(Threat, ThreatRow, []);

impl ResourceHooks for Threat {}
