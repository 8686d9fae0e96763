use super::{Site, SiteKind};
use crate::model::Link;
use crate::store::prelude::*;

row! {
    pub struct SiteRow in sites {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<SiteKind>,
        parent_id: Option<DbId>,
        address: Option<String>,
        country: Option<String>,
        latitude: Option<f64>,
        longitude: Option<f64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Site) -> SiteRow {
    let Site { kind, parent, address, country, latitude, longitude } = resource;
    SiteRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        parent_id: parent.as_ref().map(DbId::of),
        address: address.clone(),
        country: country.clone(),
        latitude: *latitude,
        longitude: *longitude,
    }
}

impl From<SiteRow> for Site {
    fn from(row: SiteRow) -> Site {
        Site {
            kind: row.kind.0,
            parent: row.parent_id.map(DbId::link),
            address: row.address,
            country: row.country,
            latitude: row.latitude,
            longitude: row.longitude,
        }
    }
}

stored!(Site, SiteRow, [("sites", "parent_id", "id")]);

impl ResourceHooks for Site {
    const NODE: NodeColumns = NodeColumns { site: "t.parent_id", ..NodeColumns::BARE };
    fn fill_node(&self, item: &mut Item) {
        item.place = self.parent.as_ref().and_then(Link::id);
    }
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        crate::store::hierarchy::reject_cycles(tx, planned, "sites", |site| site.parent.as_ref()).await
    }
}
