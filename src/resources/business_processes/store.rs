use super::{BusinessProcess, ProcessStatus};
use crate::model::{Date, Link};
use crate::resources::services::Criticality;
use crate::resources::services::store::CRITICALITY_RANK;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;

row! {
    pub struct BusinessProcessRow in business_processes {
        organization_id: DbId,
        id: DbId,
        owner_id: Option<DbId>,
        vital: bool,
        parent_id: Option<DbId>,
        recovery_tier_id: Option<DbId>,
        rto_seconds: Option<i64>,
        rpo_seconds: Option<i64>,
        mtpd_seconds: Option<i64>,
        wrt_seconds: Option<i64>,
        minimum_service_level: Option<String>,
        criticality: DbEnum<Criticality>,
        status: DbEnum<ProcessStatus>,
        review_due: Option<String>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &BusinessProcess) -> BusinessProcessRow {
    let BusinessProcess {
        owner,
        vital,
        parent,
        recovery_tier,
        rto_seconds,
        rpo_seconds,
        mtpd_seconds,
        wrt_seconds,
        minimum_service_level,
        criticality,
        status,
        review_due,
    } = resource;
    BusinessProcessRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        owner_id: owner.as_ref().map(DbId::of),
        vital: *vital,
        parent_id: parent.as_ref().map(DbId::of),
        recovery_tier_id: recovery_tier.as_ref().map(DbId::of),
        rto_seconds: *rto_seconds,
        rpo_seconds: *rpo_seconds,
        mtpd_seconds: *mtpd_seconds,
        wrt_seconds: *wrt_seconds,
        minimum_service_level: minimum_service_level.clone(),
        criticality: DbEnum(*criticality),
        status: DbEnum(*status),
        review_due: review_due.map(|day| day.to_string()),
    }
}

impl From<BusinessProcessRow> for BusinessProcess {
    fn from(row: BusinessProcessRow) -> BusinessProcess {
        BusinessProcess {
            owner: row.owner_id.map(DbId::link),
            vital: row.vital,
            parent: row.parent_id.map(DbId::link),
            recovery_tier: row.recovery_tier_id.map(DbId::link),
            rto_seconds: row.rto_seconds,
            rpo_seconds: row.rpo_seconds,
            mtpd_seconds: row.mtpd_seconds,
            wrt_seconds: row.wrt_seconds,
            minimum_service_level: row.minimum_service_level,
            criticality: row.criticality.0,
            status: row.status.0,
            review_due: row.review_due.as_deref().and_then(Date::parse),
        }
    }
}

stored!(
    BusinessProcess,
    BusinessProcessRow,
    [
        ("business_processes", "owner_id", "id"),
        ("business_processes", "recovery_tier_id", "id"),
        ("business_processes", "parent_id", "id")
    ]
);

impl ResourceHooks for BusinessProcess {
    const NODE: NodeColumns = NodeColumns {
        owner: "t.owner_id",
        wrt_seconds: "t.wrt_seconds",
        vital: "t.vital",
        criticality: CRITICALITY_RANK,
        ..NodeColumns::BARE
    };
    fn fill_node(&self, item: &mut Item) {
        item.owner = self.owner.as_ref().and_then(Link::id);
        item.wrt = self.wrt_seconds;
        item.vital = self.vital;
        item.criticality = self.criticality.rank();
    }
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        crate::store::hierarchy::reject_cycles(tx, planned, "business_processes", |process| process.parent.as_ref()).await
    }
}

/// The business processes that are active.
///
/// # Errors
/// When the database does not answer.
pub async fn active(conn: &mut Conn<'_>, org: Id) -> Result<Vec<Id>> {
    let statement =
        Fragment::default().sql("SELECT id FROM business_processes WHERE status = 'active' AND organization_id = ").id(org);
    let ids: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    Ok(ids.into_iter().map(Id::from).collect())
}
