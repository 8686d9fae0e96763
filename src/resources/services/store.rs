use super::{Criticality, Service, ServiceKind, ServiceLifecycle};
use crate::model::Link;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;

row! {
    pub struct ServiceRow in services {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<ServiceKind>,
        criticality: DbEnum<Criticality>,
        lifecycle: DbEnum<ServiceLifecycle>,
        owner_id: Option<DbId>,
        recovery_tier_id: Option<DbId>,
        rto_seconds: Option<i64>,
        rpo_seconds: Option<i64>,
        restart_seconds: Option<i64>,
        recovery_time_seconds: Option<i64>,
        data_loss_seconds: Option<i64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Service) -> ServiceRow {
    let Service {
        kind,
        criticality,
        lifecycle,
        owner,
        recovery_tier,
        rto_seconds,
        rpo_seconds,
        restart_seconds,
        recovery_time_seconds,
        data_loss_seconds,
    } = resource;
    ServiceRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        criticality: DbEnum(*criticality),
        lifecycle: DbEnum(*lifecycle),
        owner_id: owner.as_ref().map(DbId::of),
        recovery_tier_id: recovery_tier.as_ref().map(DbId::of),
        rto_seconds: *rto_seconds,
        rpo_seconds: *rpo_seconds,
        restart_seconds: *restart_seconds,
        recovery_time_seconds: *recovery_time_seconds,
        data_loss_seconds: *data_loss_seconds,
    }
}

impl From<ServiceRow> for Service {
    fn from(row: ServiceRow) -> Service {
        Service {
            kind: row.kind.0,
            criticality: row.criticality.0,
            lifecycle: row.lifecycle.0,
            owner: row.owner_id.map(DbId::link),
            recovery_tier: row.recovery_tier_id.map(DbId::link),
            rto_seconds: row.rto_seconds,
            rpo_seconds: row.rpo_seconds,
            restart_seconds: row.restart_seconds,
            recovery_time_seconds: row.recovery_time_seconds,
            data_loss_seconds: row.data_loss_seconds,
        }
    }
}

stored!(Service, ServiceRow, [("services", "owner_id", "id"), ("services", "recovery_tier_id", "id")]);

/// [`Criticality::rank`] of the column.
pub const CRITICALITY_RANK: &str = "CAST(CASE t.criticality WHEN 'highly_critical' THEN 3 WHEN 'critical' THEN 2 \
                                    WHEN 'normal' THEN 1 ELSE 0 END AS BIGINT)";

impl ResourceHooks for Service {
    const NODE: NodeColumns = NodeColumns {
        owner: "t.owner_id",
        recovery_seconds: "t.recovery_time_seconds",
        restart_seconds: "t.restart_seconds",
        data_loss_seconds: "t.data_loss_seconds",
        criticality: CRITICALITY_RANK,
        ..NodeColumns::BARE
    };
    fn fill_node(&self, item: &mut Item) {
        item.owner = self.owner.as_ref().and_then(Link::id);
        item.capability.recovery = self.recovery_time_seconds;
        item.capability.restart = self.restart_seconds;
        item.capability.data_loss = self.data_loss_seconds;
        item.criticality = self.criticality.rank();
    }
}

/// The services that are live.
///
/// # Errors
/// When the database does not answer.
pub async fn live(conn: &mut Conn<'_>, org: Id) -> Result<Vec<Id>> {
    let statement = Fragment::default().sql("SELECT id FROM services WHERE lifecycle = 'live' AND organization_id = ").id(org);
    let ids: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(ids.into_iter().map(Id::from).collect())
}
