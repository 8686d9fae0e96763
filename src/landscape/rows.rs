//! Objects and dependencies as the graph wants them, read from their tables or from the ledger.
use crate::graph::builder::{GraphBuilder, Item, MappingEdge};
use crate::graph::net::State;
use crate::graph::recovery::RecoveryCapability;
use crate::model::{Id, Kind, Objectives, Result, StringEnum};
use crate::on;
use crate::resources::KINDS;
use crate::resources::mappings::{Effect, Mapping};
use crate::store::fragment::Fragment;
use crate::store::ledger::AuditEntry;
use crate::store::types::{DbEnum, DbId, sql::Identity};
use crate::store::{AnyKind, Conn, KindInfo, MapDbError, Object, audit};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows of one statement: what it gives is read in some milliseconds, and others get their turn between.
const PAGE: usize = 20_000;
/// Ids of one statement.
const CHUNK: usize = 1000;

/// The recovery tier of an object `o`.
pub(super) const TIER: &str =
    "LEFT JOIN objects tier ON tier.organization_id = o.organization_id AND tier.id = o.recovery_tier_id";
/// The objectives of an object `o` itself: those it sets, or else those of its tier.
pub(super) const OWN: &str = "coalesce(o.own_rto_seconds, tier.own_rto_seconds), \
                              coalesce(o.own_rpo_seconds, tier.own_rpo_seconds), \
                              coalesce(o.own_mtpd_seconds, tier.own_mtpd_seconds)";

type Seconds = Nullable<BigInt>;
type Columns = (
    Identity,
    Text,
    Text,
    (Seconds, Seconds, Seconds),
    (Nullable<Identity>, Nullable<Identity>),
    (Seconds, Seconds, Seconds, Seconds),
    (Bool, BigInt, Bool, Bool),
);
type Three = (Option<i64>, Option<i64>, Option<i64>);
type Four = (Option<i64>, Option<i64>, Option<i64>, Option<i64>);
type Row = (DbId, String, String, Three, (Option<DbId>, Option<DbId>), Four, (bool, i64, bool, bool));

fn as_item(kind: Kind, row: Row) -> Item {
    let (id, key, name, (rto, rpo, mtpd), (place, owner), times, (vital, criticality, keeps_data, live)) = row;
    let (wrt, recovery, restart, data_loss) = times;
    Item {
        key: Arc::from(key),
        name: Some(name).filter(|name| !name.is_empty()).map(Arc::from),
        place: place.map(|place| place.0),
        owner: owner.map(|owner| owner.0),
        own: Objectives { rto, rpo, mtpd },
        wrt,
        capability: RecoveryCapability { recovery, restart, data_loss },
        vital,
        criticality: u8::try_from(criticality).unwrap_or(0),
        keeps_data,
        live,
        ..Item::bare(id.0, kind)
    }
}

/// The kinds whose objects are the nodes.
fn nodes() -> impl Iterator<Item = &'static KindInfo> {
    KINDS.all().map(AnyKind::info).filter(|info| info.is_node())
}

pub(super) fn state(effect: Effect) -> State {
    match effect {
        Effect::Cascade => State::Down,
        Effect::Partial => State::Degraded,
        Effect::None => State::Up,
    }
}

fn select(info: &KindInfo, org: Id) -> Fragment {
    let (table, columns, kind) = (info.table.name, info.node.all().join(", "), info.kind.as_str());
    Fragment::default()
        .sql(&format!(
            "SELECT t.id, o.key, o.name, {OWN}, {columns}, o.live FROM {table} t \
             JOIN objects o ON o.organization_id = t.organization_id AND o.id = t.id {TIER} \
             WHERE o.kind = '{kind}' AND t.organization_id = "
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
    for info in nodes() {
        let mut last = None;
        loop {
            let statement = paged(select(info, org), "t.id", last).rows::<Columns>();
            let rows: Vec<Row> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
            let (read, end) = (rows.len(), rows.last().map(|row| row.0.0));
            rows.into_iter().for_each(|row| parts.upsert_node(as_item(info.kind, row)));
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
    let tiers = changed.iter().filter(|(kind, _)| *kind != Kind::Mapping && !KINDS.of(*kind).info().is_node());
    let named = naming_tiers(conn, org, &tiers.map(|(_, id)| *id).collect()).await?;
    let changed = || changed.iter().chain(&named);
    let of = |kind: Kind| changed().filter(|(own, _)| *own == kind).map(|(_, id)| *id).collect::<HashSet<Id>>();
    for info in nodes() {
        let mut gone = of(info.kind);
        let ids: Vec<Id> = gone.iter().copied().collect();
        for ids in ids.chunks(CHUNK) {
            let statement = select(info, org).sql(" AND t.id").among(ids).rows::<Columns>();
            let rows: Vec<Row> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
            for row in rows {
                gone.remove(&row.0.0);
                parts.upsert_node(as_item(info.kind, row));
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
    parts.remove_mappings(&ids);
    for ids in ids.into_iter().collect::<Vec<Id>>().chunks(CHUNK) {
        let statement = Fragment::default().sql(TIES).id(org).sql(" AND id").among(ids).rows::<TieColumns>();
        let rows: Vec<TieRow> = on!(&mut *conn, |c| statement.load(c)).map_db_error()?;
        rows.iter().for_each(|row| tie(parts, row));
    }
    Ok(())
}

/// The objects that name any of some recovery tiers.
pub(super) async fn naming_tiers(conn: &mut Conn<'_>, org: Id, tiers: &HashSet<Id>) -> Result<Vec<(Kind, Id)>> {
    let tiers: Vec<Id> = tiers.iter().copied().collect();
    let mut found = Vec::new();
    for tiers in tiers.chunks(CHUNK) {
        let statement = Fragment::default().sql("SELECT kind, id FROM objects WHERE organization_id = ").id(org);
        let statement = statement.sql(" AND recovery_tier_id").among(tiers);
        let rows: Vec<(DbEnum<Kind>, DbId)> = on!(&mut *conn, |c| statement.rows::<(Text, Identity)>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(|(kind, id)| (kind.0, id.0)));
    }
    Ok(found)
}

/// The graph as entries of the ledger tell it.
pub(super) fn from_entries(entries: Vec<AuditEntry>) -> Result<GraphBuilder> {
    let mut parts = GraphBuilder::default();
    let mut tiers: HashMap<Id, Objectives> = HashMap::new();
    let mut nodes = Vec::new();
    for entry in entries {
        let body = entry.body.as_deref().unwrap_or("null");
        let kind = KINDS.of(entry.kind.0);
        match entry.kind.0 {
            Kind::Mapping => add_mapping(&mut parts, &audit::from_record_of::<Mapping>(body)?),
            _ if kind.info().is_node() => nodes.push((kind, audit::from_audit_body(kind, body)?)),
            _ => drop(tiers.insert(entry.object_id.0, audit::from_audit_body(kind, body)?.objectives())),
        }
    }
    for (kind, object) in nodes {
        let meta = object.meta();
        let tier = object.recovery_tier().and_then(|tier| tiers.get(&tier).copied());
        let mut item = Item {
            key: Arc::from(meta.key.as_str()),
            name: meta.name.as_deref().map(Arc::from),
            live: object.is_live(),
            own: object.objectives().or(tier.unwrap_or(Objectives::NONE)),
            ..Item::bare(meta.id, kind.info().kind)
        };
        kind.fill_node(&object, &mut item)?;
        parts.upsert_node(item);
    }
    Ok(parts)
}

fn add_mapping(parts: &mut GraphBuilder, Object { meta, body, .. }: &Object<Mapping>) {
    if let Some((dependent, provider)) = body.dependent.id().zip(body.provider.id()) {
        parts.add_mapping(&MappingEdge {
            mapping: Some(meta.id),
            dependent,
            provider,
            effect: state(body.effect),
            group: body.redundancy_group.as_deref(),
            required: body.required,
            needed: body.needed_to_start,
        });
    }
}
