use super::{Component, ComponentKind, ComponentLifecycle, RecoveryOption};
use crate::model::Link;
use crate::store::prelude::*;

row! {
    pub struct ComponentRow in components {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<ComponentKind>,
        site_id: Option<DbId>,
        supplier_id: Option<DbId>,
        owner_id: Option<DbId>,
        lifecycle: DbEnum<ComponentLifecycle>,
        recovery_option: Option<DbEnum<RecoveryOption>>,
        recovery_time_seconds: Option<i64>,
        restart_seconds: Option<i64>,
        data_loss_seconds: Option<i64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Component) -> ComponentRow {
    let Component {
        kind,
        site,
        supplier,
        owner,
        lifecycle,
        recovery_option,
        recovery_time_seconds,
        restart_seconds,
        data_loss_seconds,
    } = resource;
    ComponentRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        site_id: site.as_ref().map(DbId::of),
        supplier_id: supplier.as_ref().map(DbId::of),
        owner_id: owner.as_ref().map(DbId::of),
        lifecycle: DbEnum(*lifecycle),
        recovery_option: recovery_option.map(DbEnum),
        recovery_time_seconds: *recovery_time_seconds,
        restart_seconds: *restart_seconds,
        data_loss_seconds: *data_loss_seconds,
    }
}

impl From<ComponentRow> for Component {
    fn from(row: ComponentRow) -> Component {
        Component {
            kind: row.kind.0,
            site: row.site_id.map(DbId::link),
            supplier: row.supplier_id.map(DbId::link),
            owner: row.owner_id.map(DbId::link),
            lifecycle: row.lifecycle.0,
            recovery_option: row.recovery_option.map(|word| word.0),
            recovery_time_seconds: row.recovery_time_seconds,
            restart_seconds: row.restart_seconds,
            data_loss_seconds: row.data_loss_seconds,
        }
    }
}

stored!(
    Component,
    ComponentRow,
    [("components", "site_id", "id"), ("components", "supplier_id", "id"), ("components", "owner_id", "id")]
);

impl ResourceHooks for Component {
    const NODE: NodeColumns = NodeColumns {
        site: "t.site_id",
        owner: "t.owner_id",
        recovery_seconds: "t.recovery_time_seconds",
        restart_seconds: "t.restart_seconds",
        data_loss_seconds: "t.data_loss_seconds",
        keeps_data: "t.kind IN ('database', 'storage', 'data_set')",
        ..NodeColumns::BARE
    };
    fn fill_node(&self, item: &mut Item) {
        item.place = self.site.as_ref().and_then(Link::id);
        item.owner = self.owner.as_ref().and_then(Link::id);
        item.capability.recovery = self.recovery_time_seconds;
        item.capability.restart = self.restart_seconds;
        item.capability.data_loss = self.data_loss_seconds;
        item.keeps_data = self.kind.keeps_data();
    }
}
