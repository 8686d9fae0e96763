//! Objects and dependencies as the graph wants them, read from their tables or from the ledger.
use crate::graph::builder::{GraphBuilder, Item, MappingEdge};
use crate::graph::net::State;
use crate::graph::recovery::RecoveryCapability;
use crate::model::{Id, Kind, Objectives, Resource, Result, StringEnum};
use crate::on;
use crate::resources::business_processes::{BusinessProcess, ProcessStatus};
use crate::resources::components::{Component, ComponentKind};
use crate::resources::mappings::{Effect, Mapping};
use crate::resources::services::{Criticality, Service};
use crate::resources::sites::Site;
use crate::resources::suppliers::Supplier;
use crate::store::fragment::Fragment;
use crate::store::ledger::AuditEntry;
use crate::store::types::{DbEnum, DbId, sql::Identity};
use crate::store::{Conn, MapDbError, Object, audit};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use std::sync::Arc;

/// Rows of one statement: what it gives is read in some milliseconds, and others get their turn between.
const PAGE: usize = 20_000;
/// Ids of one statement.
const CHUNK: usize = 1000;

/// The kinds that stand in the graph, besides mappings, each with its table and what the graph wants of it: place, owner,
/// RTO, RPO, MTPD, WRT, recovery, restart, data loss, vital, criticality, kind.
const TABLES: [(Kind, &str, &str); 5] = [
    (
        Kind::BusinessProcess,
        "business_processes",
        "CAST(NULL AS uuid), t.owner_id, t.rto_seconds, t.rpo_seconds, t.mtpd_seconds, t.wrt_seconds, CAST(NULL AS BIGINT), \
         CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), t.vital AND t.status <> 'retired', t.criticality, ''",
    ),
    (
        Kind::Service,
        "services",
        "CAST(NULL AS uuid), t.owner_id, t.rto_seconds, t.rpo_seconds, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), \
         t.recovery_time_seconds, t.restart_seconds, t.data_loss_seconds, FALSE, t.criticality, ''",
    ),
    (
        Kind::Component,
        "components",
        "t.site_id, t.owner_id, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), \
         t.recovery_time_seconds, t.restart_seconds, t.data_loss_seconds, FALSE, '', t.kind",
    ),
    (
        Kind::Site,
        "sites",
        "t.parent_id, CAST(NULL AS uuid), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), \
         CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), FALSE, '', ''",
    ),
    (
        Kind::Supplier,
        "suppliers",
        "CAST(NULL AS uuid), CAST(NULL AS uuid), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), \
         CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), FALSE, '', ''",
    ),
];

type Seconds = Nullable<BigInt>;
type Columns = (
    Identity,
    Text,
    Text,
    Nullable<Identity>,
    Nullable<Identity>,
    (Seconds, Seconds, Seconds, Seconds),
    (Seconds, Seconds, Seconds),
    Bool,
    Text,
    Text,
);
type Four = (Option<i64>, Option<i64>, Option<i64>, Option<i64>);
type Three = (Option<i64>, Option<i64>, Option<i64>);
type Row = (DbId, String, String, Option<DbId>, Option<DbId>, Four, Three, bool, String, String);

fn as_item(kind: Kind, row: Row) -> Item {
    let (id, key, name, place, owner, (rto, rpo, mtpd, wrt), (recovery, restart, data_loss), vital, criticality, word) = row;
    Item {
        key: Arc::from(key),
        name: Some(name).filter(|name| !name.is_empty()).map(Arc::from),
        place: place.map(|place| place.0),
        owner: owner.map(|owner| owner.0),
        own: Objectives { rto, rpo, mtpd },
        wrt,
        capability: RecoveryCapability { recovery, restart, data_loss },
        vital,
        criticality: Criticality::from_word(&criticality).map_or(0, rank),
        keeps_data: ComponentKind::from_word(&word).is_some_and(keeps_data),
        ..Item::bare(id.0, kind)
    }
}

fn rank(criticality: Criticality) -> u8 {
    match criticality {
        Criticality::Marginal => 0,
        Criticality::Normal => 1,
        Criticality::Critical => 2,
        Criticality::HighlyCritical => 3,
    }
}

fn keeps_data(kind: ComponentKind) -> bool {
    matches!(kind, ComponentKind::Database | ComponentKind::Storage | ComponentKind::DataSet)
}

pub(super) fn state(effect: Effect) -> State {
    match effect {
        Effect::Cascade => State::Down,
        Effect::Partial => State::Degraded,
        Effect::None => State::Up,
    }
}

fn select(kind: Kind, table: &str, columns: &str, org: Id) -> Fragment {
    Fragment::default()
        .sql(&format!(
            "SELECT t.id, o.key, o.name, {columns} FROM {table} t \
             JOIN objects o ON o.organization_id = t.organization_id AND o.id = t.id WHERE o.kind = '{}' AND t.organization_id = ",
            kind.as_str()
        ))
        .id(org)
}

const TIES: &str = "SELECT id, dependent_id, provider_id, effect, redundancy_group, required, needed_to_start FROM mappings \
                    WHERE organization_id = ";
type TieColumns = (Identity, Identity, Identity, Text, Text, Nullable<BigInt>, Bool);
type TieRow = (DbId, DbId, DbId, DbEnum<Effect>, String, Option<i64>, bool);

fn tie(parts: &mut GraphBuilder, (id, dependent, provider, effect, group, required, needed): &TieRow) {
    parts.add_mapping(&MappingEdge {
        mapping: Some(id.0),
        dependent: dependent.0,
        provider: provider.0,
        effect: state(effect.0),
        group: Some(group.as_str()).filter(|group| !group.is_empty()),
        required: *required,
        needed: *needed,
    });
}

/// Reads everything.
pub(super) async fn load_all(conn: &mut Conn<'_>, org: Id) -> Result<GraphBuilder> {
    let mut parts = GraphBuilder::default();
    for (kind, table, columns) in TABLES {
        let mut last = None;
        loop {
            let statement = paged(select(kind, table, columns, org), "t.id", last).rows::<Columns>();
            let rows: Vec<Row> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
            let (read, end) = (rows.len(), rows.last().map(|row| row.0.0));
            rows.into_iter().for_each(|row| parts.upsert_node(as_item(kind, row)));
            last = end;
            if read < PAGE {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let mut last = None;
    loop {
        let statement = paged(Fragment::default().sql(TIES).id(org), "id", last).rows::<TieColumns>();
        let rows: Vec<TieRow> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
        rows.iter().for_each(|row| tie(&mut parts, row));
        last = rows.last().map(|row| row.0.0);
        if rows.len() < PAGE {
            return Ok(parts);
        }
        tokio::task::yield_now().await;
    }
}

fn paged(statement: Fragment, id: &str, after: Option<Id>) -> Fragment {
    let statement = match after {
        Some(after) => statement.sql(&format!(" AND {id} > ")).id(after),
        None => statement,
    };
    statement.sql(&format!(" ORDER BY {id} LIMIT {PAGE}"))
}

/// Brings what is known of some objects up to date: what is not there any more is taken out.
pub(super) async fn reload(conn: &mut Conn<'_>, org: Id, parts: &mut GraphBuilder, changed: &[(Kind, Id)]) -> Result<()> {
    let of = |kind: Kind| changed.iter().filter(move |(own, _)| *own == kind).map(|(_, id)| *id).collect::<Vec<Id>>();
    for (kind, table, columns) in TABLES {
        let ids = of(kind);
        let mut gone: std::collections::HashSet<Id> = ids.iter().copied().collect();
        for ids in ids.chunks(CHUNK) {
            let statement = select(kind, table, columns, org).sql(" AND t.id").among(ids).rows::<Columns>();
            let rows: Vec<Row> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
            for row in rows {
                gone.remove(&row.0.0);
                parts.upsert_node(as_item(kind, row));
            }
        }
        if !gone.is_empty() {
            parts.remove_nodes(&gone);
        }
    }
    let ids = of(Kind::Mapping);
    if ids.is_empty() {
        return Ok(());
    }
    parts.remove_mappings(&ids.iter().copied().collect());
    for ids in ids.chunks(CHUNK) {
        let statement = Fragment::default().sql(TIES).id(org).sql(" AND id").among(ids).rows::<TieColumns>();
        let rows: Vec<TieRow> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
        rows.iter().for_each(|row| tie(parts, row));
    }
    Ok(())
}

/// Adds what an entry of the ledger says of an object that was there.
pub(super) fn apply_entry(parts: &mut GraphBuilder, entry: &AuditEntry) -> Result<()> {
    let body = entry.body.as_deref().unwrap_or("null");
    match entry.kind.0 {
        Kind::Mapping => {
            let Object { meta, body: mapping, .. } = audit::from_record_of::<Mapping>(body)?;
            if let Some((dependent, provider)) = mapping.dependent.id().zip(mapping.provider.id()) {
                parts.add_mapping(&MappingEdge {
                    mapping: Some(meta.id),
                    dependent,
                    provider,
                    effect: state(mapping.effect),
                    group: mapping.redundancy_group.as_deref(),
                    required: mapping.required,
                    needed: mapping.needed_to_start,
                });
            }
        }
        Kind::BusinessProcess => {
            let object = audit::from_record_of::<BusinessProcess>(body)?;
            let one = &object.body;
            let item = Item {
                owner: one.owner.as_ref().and_then(|owner| owner.id()),
                own: one.objectives(),
                wrt: one.wrt_seconds,
                vital: one.vital && one.status != ProcessStatus::Retired,
                criticality: rank(one.criticality),
                ..known(&object)
            };
            parts.upsert_node(item);
        }
        Kind::Service => {
            let object = audit::from_record_of::<Service>(body)?;
            let one = &object.body;
            let (recovery, restart, data_loss) = (one.recovery_time_seconds, one.restart_seconds, one.data_loss_seconds);
            let item = Item {
                owner: one.owner.as_ref().and_then(|owner| owner.id()),
                own: one.objectives(),
                capability: RecoveryCapability { recovery, restart, data_loss },
                criticality: rank(one.criticality),
                ..known(&object)
            };
            parts.upsert_node(item);
        }
        Kind::Component => {
            let object = audit::from_record_of::<Component>(body)?;
            let one = &object.body;
            let (recovery, restart, data_loss) = (one.recovery_time_seconds, one.restart_seconds, one.data_loss_seconds);
            let item = Item {
                owner: one.owner.as_ref().and_then(|owner| owner.id()),
                place: one.site.as_ref().and_then(|site| site.id()),
                capability: RecoveryCapability { recovery, restart, data_loss },
                keeps_data: keeps_data(one.kind),
                ..known(&object)
            };
            parts.upsert_node(item);
        }
        Kind::Site => {
            let object = audit::from_record_of::<Site>(body)?;
            let place = object.body.parent.as_ref().and_then(|parent| parent.id());
            parts.upsert_node(Item { place, ..known(&object) });
        }
        Kind::Supplier => parts.upsert_node(known(&audit::from_record_of::<Supplier>(body)?)),
        _ => {}
    }
    Ok(())
}

/// What is known of any object.
fn known<R: Resource>(object: &Object<R>) -> Item {
    let meta = &object.meta;
    let name = meta.name.as_deref().map(Arc::from);
    Item { key: Arc::from(meta.key.as_str()), name, ..Item::bare(meta.id, R::KIND) }
}
