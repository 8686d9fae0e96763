//! Loads the region around an object, level by level: a fixed number of statements a level.
use super::rows;
use crate::graph::region::{Dependency, Direction, Extent, PreloadedRegion, Region, located_at, recovery_label};
use crate::model::{Id, Result, StringEnum};
use crate::on;
use crate::resources::mappings::{Effect, Relation};
use crate::store::fragment::Fragment;
use crate::store::types::{DbEnum, DbId, sql::Identity};
use crate::store::{Conn, MapDbError};
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use std::collections::{HashMap, HashSet};

/// Ids bound by one statement.
const CHUNK: usize = 1000;
/// Walks from the root to a depth, or to the level at which the region holds more objects or dependencies than it may.
///
/// # Errors
/// When the database does not answer.
pub async fn region(conn: &mut Conn<'_>, org: Id, root: Id, direction: Direction, extent: Extent) -> Result<Region> {
    let Extent { depth, nodes: most, edges: most_edges } = extent;
    let mut distances = vec![(root, 0)];
    let mut seen = HashSet::from([root]);
    let mut found: HashMap<(Id, Id, Option<Id>), Dependency> = HashMap::new();
    let mut frontier = vec![root];
    let mut more = false;
    for distance in 1..=depth + 1 {
        let edges = edges_within(conn, org, direction, &frontier, most_edges.saturating_add(1)).await?;
        frontier.clear();
        for edge in edges {
            let next = if direction == Direction::Down { edge.provider } else { edge.dependent };
            let known = seen.contains(&next);
            if distance > depth && !known {
                more = true;
                continue;
            }
            if !known {
                seen.insert(next);
                distances.push((next, distance));
                frontier.push(next);
            }
            found.insert((edge.dependent, edge.provider, edge.mapping), edge);
        }
        if seen.len() > most || found.len() > most_edges {
            more = true;
            break;
        }
        if frontier.is_empty() {
            break;
        }
    }
    // Whether a group holds depends on all of its members, also on those elsewhere.
    let grouped: HashSet<Id> = found.values().filter(|edge| edge.group.is_some()).map(|edge| edge.dependent).collect();
    let grouped: Vec<Id> = grouped.into_iter().collect();
    for edge in mappings(conn, org, "dependent_id", &grouped, most_edges).await?.into_iter().filter(|edge| edge.group.is_some()) {
        found.insert((edge.dependent, edge.provider, edge.mapping), edge);
    }
    let mut dependencies: Vec<Dependency> = found.into_values().collect();
    dependencies.sort_by_key(|edge| (edge.dependent, edge.provider, edge.mapping));
    Ok(Region { distances, dependencies, more })
}

/// Reads as far down as a depth: a fixed number of statements a level, however many objects it begins with.
///
/// # Errors
/// When the database does not answer.
pub async fn beneath(conn: &mut Conn<'_>, org: Id, roots: &[Id], depth: usize) -> Result<PreloadedRegion> {
    let mut ground = PreloadedRegion::default();
    let mut seen: HashSet<Id> = roots.iter().copied().collect();
    let mut frontier: Vec<Id> = seen.iter().copied().collect();
    for _ in 0..=depth {
        if frontier.is_empty() {
            break;
        }
        let edges = edges_at(conn, org, Direction::Down, &frontier).await?;
        frontier = edges.iter().map(|edge| edge.provider).filter(|id| seen.insert(*id)).collect();
        edges.into_iter().for_each(|edge| ground.add(edge));
    }
    Ok(ground)
}

/// The dependencies that lead on from some objects, places included.
///
/// # Errors
/// When the database does not answer.
pub async fn edges_at(conn: &mut Conn<'_>, org: Id, direction: Direction, frontier: &[Id]) -> Result<Vec<Dependency>> {
    edges_within(conn, org, direction, frontier, usize::MAX).await
}

/// The same, no more mappings than so many.
async fn edges_within(
    conn: &mut Conn<'_>,
    org: Id,
    direction: Direction,
    frontier: &[Id],
    most: usize,
) -> Result<Vec<Dependency>> {
    let (own, sites, parents) = match direction {
        Direction::Down => ("dependent_id", "id", "id"),
        Direction::Up => ("provider_id", "site_id", "parent_id"),
    };
    let mut all = mappings(conn, org, own, frontier, most).await?;
    all.extend(load_locations(conn, org, "components", "site_id", sites, frontier).await?);
    all.extend(load_locations(conn, org, "sites", "parent_id", parents, frontier).await?);
    Ok(all)
}

/// The mappings between live objects in which any of these stands in a column, no more than so many.
///
/// # Errors
/// When the database does not answer.
pub async fn mappings(conn: &mut Conn<'_>, org: Id, column: &str, ids: &[Id], most: usize) -> Result<Vec<Dependency>> {
    type Columns = (Identity, Identity, Identity, Text, Text, Text, Nullable<BigInt>, Bool);
    type Row = (DbId, DbId, DbId, DbEnum<Relation>, DbEnum<Effect>, String, Option<i64>, bool);
    let mut found = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let rest = i64::try_from(most.saturating_sub(found.len())).unwrap_or(i64::MAX);
        let statement = Fragment::default()
            .sql(
                "SELECT m.id, m.dependent_id, m.provider_id, m.relation, m.effect, m.redundancy_group, m.required, m.needed_to_start \
                 FROM mappings m JOIN objects d ON d.organization_id = m.organization_id AND d.id = m.dependent_id AND d.live \
                 JOIN objects p ON p.organization_id = m.organization_id AND p.id = m.provider_id AND p.live \
                 WHERE m.organization_id = ",
            )
            .id(org)
            .sql(&format!(" AND m.{column} IN ("))
            .ids(ids)
            .sql(&format!(") LIMIT {rest}"));
        let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(|(id, dependent, provider, relation, effect, group, required, needed)| Dependency {
            mapping: Some(id.0),
            dependent: dependent.0,
            provider: provider.0,
            relation: relation.0.as_str(),
            effect: rows::state(effect.0),
            group: Some(group).filter(|group| !group.is_empty()),
            required,
            needed_to_start: needed,
        }));
    }
    // The databases give them in orders of their own.
    found.sort_by_key(|edge| (edge.dependent, edge.provider, edge.mapping));
    Ok(found)
}

/// What lies in places: live components at sites, sites in others.
///
/// # Errors
/// When the database does not answer.
pub async fn load_locations(
    conn: &mut Conn<'_>,
    org: Id,
    table: &str,
    place: &str,
    column: &str,
    ids: &[Id],
) -> Result<Vec<Dependency>> {
    let mut found = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql(&format!(
                "SELECT t.id, t.{place} FROM {table} t \
                 JOIN objects o ON o.organization_id = t.organization_id AND o.id = t.id AND o.live WHERE t.organization_id = "
            ))
            .id(org)
            .sql(&format!(" AND t.{place} IS NOT NULL AND t.{column} IN ("))
            .ids(ids)
            .sql(")");
        let rows: Vec<(DbId, DbId)> = on!(conn, |c| statement.rows::<(Identity, Identity)>().load(c)).map_db_error()?;
        found.extend(rows.into_iter().map(|(dependent, provider)| located_at(dependent.0, provider.0)));
    }
    Ok(found)
}

/// What besides their dependencies tells how components and services recover: lifecycle and recovery option, in words.
///
/// # Errors
/// When the database does not answer.
pub async fn node_attributes(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<HashMap<Id, String>> {
    let mut found = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        for (table, option) in [("components", "coalesce(recovery_option, '')"), ("services", "''")] {
            let statement = Fragment::default()
                .sql(&format!("SELECT id, lifecycle, {option} FROM {table} WHERE organization_id = "))
                .id(org)
                .sql(" AND id IN (")
                .ids(ids)
                .sql(")");
            let rows: Vec<(DbId, String, String)> =
                on!(conn, |c| statement.rows::<(Identity, Text, Text)>().load(c)).map_db_error()?;
            found.extend(rows.into_iter().map(|(id, lifecycle, option)| (id.0, recovery_label(&lifecycle, &option))));
        }
    }
    Ok(found)
}
