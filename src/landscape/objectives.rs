//! Keeps effective objectives up to date.
//!
//! They are materialised in `objects`, so that lists can be filtered and sorted by them, and refreshed before the commit of
//! a write that moved them; version and ledger stay. What may have become laxer (providers of changed or deleted mappings,
//! objects whose own objectives changed) is computed anew, with all below it that may have its objectives from there. What
//! became stricter is carried down level by level, and after 32 levels as a whole, so the number of statements is bounded
//! however long the chains are.
use super::rows;
use crate::graph::objectives::{ObjectiveChanges, effective};
use crate::model::{Id, Objectives, Result, StringEnum};
use crate::on;
use crate::resources::KINDS;
use crate::store::fragment::Fragment;
use crate::store::types::{DbId, sql::Identity};
use crate::store::{Conn, KindInfo, MapDbError, object_meta};
use diesel::sql_types::{BigInt, Bool, Nullable};
use std::collections::{HashMap, HashSet};

type Seconds = Nullable<BigInt>;
type Three = (Option<i64>, Option<i64>, Option<i64>);

/// Ids bound by one statement.
const CHUNK: usize = 2000;

/// After so many levels of falling objectives the rest is computed as a whole: chains may be long.
const MAX_LEVELS: usize = 32;

/// So many objects are asked one by one where else their objectives come from.
const MAX_ASKED: usize = 8;

/// Brings effective objectives up to date, in the change that moved them, and tells which changed.
pub async fn refresh(conn: &mut Conn<'_>, org: Id, changes: ObjectiveChanges) -> Result<HashMap<Id, Objectives>> {
    let mut moved = changes.others;
    moved.extend(rows::naming_tiers(conn, org, &changes.tiers).await?.into_iter().map(|(_, id)| id));
    moved.extend(providers_of(conn, org, &changes.toggled).await?);
    moved.extend(changes.toggled);
    let stale = stale_objectives(conn, org, moved).await?;
    let mut changed = recompute(conn, org, &stale, Region::Carried).await?;
    let mut stricter = carried(conn, org, &changes.edges).await?;
    for (id, objectives) in stricter_below(conn, org, &changed.keys().copied().collect::<Vec<_>>()).await? {
        let known = stricter.entry(id).or_insert(objectives);
        *known = known.strictest(objectives);
    }
    for _ in 0..MAX_LEVELS {
        if stricter.is_empty() {
            return Ok(changed);
        }
        let list: Vec<(Id, Objectives)> = stricter.iter().map(|(id, objectives)| (*id, *objectives)).collect();
        object_meta::set_effective(conn, org, &list).await?;
        let frontier: Vec<Id> = stricter.keys().copied().collect();
        changed.extend(stricter);
        stricter = stricter_below(conn, org, &frontier).await?;
    }
    changed.extend(recompute(conn, org, &stricter.into_keys().collect(), Region::Everything).await?);
    Ok(changed)
}

/// The effective objectives of an organisation that are not what follows from own ones and mappings, with what they should be.
pub async fn wrong(conn: &mut Conn<'_>, org: Id) -> Result<Vec<(Id, Objectives)>> {
    // What is no node, as a recovery tier, has objectives that are in force nowhere by themselves.
    let kinds = KINDS.which(KindInfo::is_node).into_iter().map(|kind| format!("'{}'", kind.as_str()));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let statement = Fragment::default().sql(&format!("SELECT id FROM objects WHERE kind IN ({kinds}) AND organization_id = "));
    let statement = statement.id(org);
    let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
    let all: HashSet<Id> = rows.into_iter().map(Id::from).collect();
    let edges = edges_into(conn, org, &all).await?;
    let values = values(conn, org, &all).await?;
    Ok(settle(&values, &edges, |value| value.own))
}

/// Those of some objects that may have other objectives now, and what is below them with them. A few are asked one by one
/// whether what they have still comes from somebody; of many it is cheaper to compute all anew.
async fn stale_objectives(conn: &mut Conn<'_>, org: Id, moved: HashSet<Id>) -> Result<HashSet<Id>> {
    if moved.is_empty() || moved.len() > MAX_ASKED {
        return Ok(moved);
    }
    let edges = edges_into(conn, org, &moved).await?;
    let around: HashSet<Id> = moved.iter().copied().chain(edges.iter().map(|(dependent, _)| *dependent)).collect();
    let values = values(conn, org, &around).await?;
    let anew = settle(&values, &edges, |value| if moved.contains(&value.id) { value.own } else { value.now });
    let mut stale: HashSet<Id> = anew.into_iter().map(|(id, _)| id).collect();
    for Value { id, now, .. } in values.iter().filter(|value| moved.contains(&value.id)) {
        for (field, seconds) in [("rto", now.rto), ("rpo", now.rpo), ("mtpd", now.mtpd)] {
            // What its dependents have may be what it gave them itself, around a circle.
            let Some(seconds) = seconds.filter(|_| !stale.contains(id)) else { continue };
            if !still_carried(conn, org, *id, field, seconds).await? {
                stale.insert(*id);
            }
        }
    }
    Ok(stale)
}

/// Whether an objective leads down to an object from somebody who has set it, through objects for which it is in force.
async fn still_carried(conn: &mut Conn<'_>, org: Id, object: Id, field: &str, seconds: i64) -> Result<bool> {
    let statement = Fragment::default()
        .sql("WITH RECURSIVE above(id) AS (SELECT id FROM objects WHERE organization_id = ")
        .id(org)
        .sql(" AND id = ")
        .id(object)
        .sql(
            " UNION SELECT m.dependent_id FROM above CROSS JOIN mappings m CROSS JOIN objects d CROSS JOIN objects p \
             WHERE m.provider_id = above.id AND m.effect = 'cascade' AND d.organization_id = m.organization_id \
             AND d.id = m.dependent_id AND d.live AND p.organization_id = m.organization_id AND p.id = above.id AND p.live \
             AND m.organization_id = ",
        )
        .id(org)
        .sql(&format!(" AND d.effective_{field}_seconds = "))
        .integer(Some(seconds))
        .sql(") SELECT above.id FROM above JOIN objects o ON o.id = above.id AND o.organization_id = ")
        .id(org)
        .sql(&format!(" {} WHERE coalesce(o.own_{field}_seconds, tier.own_{field}_seconds) = ", rows::TIER))
        .integer(Some(seconds))
        .sql(" LIMIT 1");
    let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
    Ok(!rows.is_empty())
}

/// What may change with an object.
#[derive(Clone, Copy)]
enum Region {
    /// All it depends on.
    Everything,
    /// Only that for which as much is in force as for what it is carried down from. What has stricter objectives has them
    /// from elsewhere, and keeps them when those above become laxer.
    Carried,
}

/// What is to be in force for the objects that new edges alone make stricter.
async fn carried(conn: &mut Conn<'_>, org: Id, edges: &[(Id, Id)]) -> Result<HashMap<Id, Objectives>> {
    let ends: HashSet<Id> = edges.iter().flat_map(|(dependent, provider)| [*dependent, *provider]).collect();
    let values = values(conn, org, &ends).await?;
    Ok(settle(&values, edges, |value| value.now).into_iter().collect())
}

/// What changes when the values of these sources have gone down these edges.
fn settle(values: &[Value], edges: &[(Id, Id)], source: impl Fn(&Value) -> Objectives) -> Vec<(Id, Objectives)> {
    let place: HashMap<Id, usize> = values.iter().enumerate().map(|(index, value)| (value.id, index)).collect();
    let sources: Vec<Objectives> = values.iter().map(source).collect();
    let ends = edges.iter().filter_map(|(d, p)| Some((*place.get(d)?, *place.get(p)?)));
    let edges: Vec<(usize, usize)> = ends.filter(|(d, p)| values[*d].live && values[*p].live).collect();
    let settled = values.iter().zip(effective(&sources, &edges));
    settled.filter(|(value, settled)| value.now != *settled).map(|(value, settled)| (value.id, settled)).collect()
}

/// The providers of these objects for which less is in force than the objects carry down, with what is to be.
async fn stricter_below(conn: &mut Conn<'_>, org: Id, dependents: &[Id]) -> Result<HashMap<Id, Objectives>> {
    let stricter = |field: &str| format!("d.effective_{field}_seconds < coalesce(p.effective_{field}_seconds, {})", i64::MAX);
    let mut found: HashMap<Id, Objectives> = HashMap::new();
    for dependents in dependents.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql(
                "SELECT m.provider_id, d.effective_rto_seconds, d.effective_rpo_seconds, d.effective_mtpd_seconds, \
                 p.effective_rto_seconds, p.effective_rpo_seconds, p.effective_mtpd_seconds FROM mappings m \
                 JOIN objects d ON d.organization_id = m.organization_id AND d.id = m.dependent_id \
                 JOIN objects p ON p.organization_id = m.organization_id AND p.id = m.provider_id \
                 WHERE m.effect = 'cascade' AND m.organization_id = ",
            )
            .id(org)
            .sql(&format!(" AND d.live AND p.live AND ({} OR {} OR {})", stricter("rto"), stricter("rpo"), stricter("mtpd")))
            .sql(" AND m.dependent_id IN (")
            .ids(dependents)
            .sql(")");
        for (id, carried, now) in pairs(conn, statement).await? {
            let known = found.entry(id).or_insert(now);
            *known = known.strictest(carried);
        }
    }
    Ok(found)
}

/// Computes some objects and a region below them anew: a fixed number of statements, however long the chains.
async fn recompute(conn: &mut Conn<'_>, org: Id, seeds: &HashSet<Id>, region: Region) -> Result<HashMap<Id, Objectives>> {
    if seeds.is_empty() {
        return Ok(HashMap::new());
    }
    let below = below(conn, org, seeds, region).await?;
    let edges = edges_into(conn, org, &below).await?;
    let mut around: HashSet<Id> = below.clone();
    around.extend(edges.iter().map(|(dependent, _)| *dependent));
    let values = values(conn, org, &around).await?;

    // Outside the region below the seeds nothing has changed: what is in force there is a source like any other.
    let changed = settle(&values, &edges, |value| if below.contains(&value.id) { value.own } else { value.now });
    object_meta::set_effective(conn, org, &changed).await?;
    Ok(changed.into_iter().collect())
}

/// The seeds and what they depend on through cascading mappings, as far as the region goes.
async fn below(conn: &mut Conn<'_>, org: Id, seeds: &HashSet<Id>, region: Region) -> Result<HashSet<Id>> {
    let seeds: Vec<Id> = seeds.iter().copied().collect();
    // SQLite takes tables that are crossed in the order in which they stand.
    let (both, carried) = match region {
        Region::Everything => ("", String::new()),
        Region::Carried => {
            let equal = |field: &str| format!("d.effective_{field}_seconds = p.effective_{field}_seconds");
            let places = "d.organization_id = m.organization_id AND d.id = m.dependent_id \
                          AND p.organization_id = m.organization_id AND p.id = m.provider_id";
            let same = format!(" AND {places} AND ({} OR {} OR {})", equal("rto"), equal("rpo"), equal("mtpd"));
            (" CROSS JOIN objects d CROSS JOIN objects p", same)
        }
    };
    let mut found = HashSet::new();
    for seeds in seeds.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql("WITH RECURSIVE below(id) AS (SELECT id FROM objects WHERE organization_id = ")
            .id(org)
            .sql(" AND id IN (")
            .ids(seeds)
            .sql(&format!(
                ") UNION SELECT m.provider_id FROM below CROSS JOIN mappings m{both} \
                 WHERE m.dependent_id = below.id AND m.effect = 'cascade'{carried} AND m.organization_id = "
            ))
            .id(org)
            .sql(") SELECT id FROM below");
        let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(Id::from));
    }
    Ok(found)
}

/// What some objects depend on by cascading mappings.
async fn providers_of(conn: &mut Conn<'_>, org: Id, dependents: &HashSet<Id>) -> Result<Vec<Id>> {
    let dependents: Vec<Id> = dependents.iter().copied().collect();
    let mut found = Vec::new();
    for dependents in dependents.chunks(CHUNK) {
        let statement = Fragment::default().sql("SELECT provider_id FROM mappings WHERE organization_id = ").id(org);
        let statement = statement.sql(" AND effect = 'cascade' AND dependent_id IN (").ids(dependents).sql(")");
        let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(Id::from));
    }
    Ok(found)
}

async fn edges_into(conn: &mut Conn<'_>, org: Id, providers: &HashSet<Id>) -> Result<Vec<(Id, Id)>> {
    let providers: Vec<Id> = providers.iter().copied().collect();
    let mut found = Vec::new();
    for providers in providers.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql("SELECT dependent_id, provider_id FROM mappings WHERE organization_id = ")
            .id(org)
            .sql(" AND effect = 'cascade' AND provider_id IN (")
            .ids(providers)
            .sql(")");
        let rows: Vec<(DbId, DbId)> = on!(conn, |c| statement.rows::<(Identity, Identity)>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(|(dependent, provider)| (dependent.0, provider.0)));
    }
    Ok(found)
}

struct Value {
    id: Id,
    live: bool,
    own: Objectives,
    now: Objectives,
}

async fn values(conn: &mut Conn<'_>, org: Id, ids: &HashSet<Id>) -> Result<Vec<Value>> {
    type Row = (DbId, Three, Three, bool);
    type Columns = (Identity, (Seconds, Seconds, Seconds), (Seconds, Seconds, Seconds), Bool);
    let ids: Vec<Id> = ids.iter().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql(&format!(
                "SELECT o.id, {}, o.effective_rto_seconds, o.effective_rpo_seconds, o.effective_mtpd_seconds, o.live FROM objects o {} \
                 WHERE o.organization_id = ",
                rows::OWN,
                rows::TIER
            ))
            .id(org)
            .sql(" AND o.id IN (")
            .ids(ids)
            .sql(")");
        let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(|(id, own, now, live)| Value {
            id: id.0,
            live,
            own: objectives(own),
            now: objectives(now),
        }));
    }
    Ok(found)
}

fn objectives((rto, rpo, mtpd): Three) -> Objectives {
    Objectives { rto, rpo, mtpd }
}

/// The rows of a statement that gives an id and twice three objectives.
async fn pairs(conn: &mut Conn<'_>, statement: Fragment) -> Result<Vec<(Id, Objectives, Objectives)>> {
    type Columns = (Identity, (Seconds, Seconds, Seconds), (Seconds, Seconds, Seconds));
    let rows: Vec<(DbId, Three, Three)> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(|(id, one, other)| (id.0, objectives(one), objectives(other))).collect())
}
