//! Landscapes of organisations, kept as long as what they hold stays what it is.
//!
//! A landscape is valid while `tenants.graph_seq`, the newest ledger entry of a kind that is in the graph, is the one it was
//! read at. When that has moved, the ledger names the objects written since and only these are read again; beyond 5,000 of
//! them everything is. One request loads, others for the same organisation wait for it. Nodes are never taken out of the
//! arrays, so their numbers last until the next whole load. Landscapes of the past and of hypothetical changes are not kept.
//! A question about few objects reads what lies above them instead of loading everything.
use super::{objectives, past_objectives, region, rows};
use crate::graph::builder::{GraphBuilder, Item};
use crate::graph::landscape::Landscape;
use crate::graph::objectives::ObjectiveChanges;
use crate::graph::region::{Direction, Extent, PreloadedRegion, Region};
use crate::model::{Error, Id, Kind, Objectives, Result};
use crate::on;
use crate::resources::KINDS;
use crate::store::fragment::Fragment;
use crate::store::types::{DbId, sql::Identity};
use crate::store::{Conn, Landscapes, MapDbError, ReadPoint, Snapshot, ledger, past};
use futures_util::future::LocalBoxFuture;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Memory for kept landscapes, in KiB.
const MAX_KIB: u64 = 512 << 10;
/// A landscape in which no more than so many objects have changed is brought up to date instead of read anew.
const MAX_CHANGED: usize = 5000;
/// A question about few objects loads what lies above them, unless that is more than so many mappings.
const MAX_AROUND: usize = 5000;
/// Objects that count as few.
const FEW: usize = 20;

/// A landscape and the place in the ledger it was read at.
struct CachedLandscape {
    /// The end of the ledger then, and its newest entry that had changed the graph.
    seq: i64,
    graph_seq: i64,
    landscape: Arc<Landscape>,
}

/// Landscapes by organisation.
pub struct LandscapeCache {
    kept: moka::sync::Cache<Id, Arc<CachedLandscape>>,
    /// Whoever loads the landscape of an organisation; others wait for it.
    loading: moka::sync::Cache<Id, Arc<Mutex<()>>>,
}

impl Default for LandscapeCache {
    fn default() -> LandscapeCache {
        let weigher = |_: &Id, kept: &Arc<CachedLandscape>| kept.landscape.weight();
        LandscapeCache {
            kept: moka::sync::Cache::builder().max_capacity(MAX_KIB).weigher(weigher).build(),
            loading: moka::sync::Cache::new(10_000),
        }
    }
}

impl LandscapeCache {
    /// The whole landscape, with the end of the ledger it was true at.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn load_whole(&self, conn: &mut Conn<'_>, snapshot: &Snapshot) -> Result<Arc<Landscape>> {
        match snapshot.place {
            ReadPoint::Now => self.load_newest(conn, snapshot.organization).await.map(|(landscape, _)| landscape),
            ReadPoint::Past(seq) => past(conn, snapshot.organization, seq).await.map(Arc::new),
            ReadPoint::Within(graph_seq) => match self.kept(snapshot.organization, graph_seq) {
                Some(kept) => Ok(Arc::clone(&kept.landscape)),
                // What a change sees may yet be taken back.
                None => built(rows::load_all(conn, snapshot.organization).await?).await.map(Arc::new),
            },
        }
    }

    /// The landscape as it is, with the end of the ledger it is true at.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn load_newest(&self, conn: &mut Conn<'_>, org: Id) -> Result<(Arc<Landscape>, i64)> {
        let (seq, graph_seq) = end(conn, org).await?;
        if let Some(kept) = self.kept(org, graph_seq) {
            return Ok((Arc::clone(&kept.landscape), seq));
        }
        let turn = self.loading.get_with(org, Arc::default);
        let _turn = turn.lock().await;
        // What is written from here on may be in it already: then it is only read once more than need be.
        let (seq, graph_seq) = end(conn, org).await?;
        if let Some(kept) = self.kept(org, graph_seq) {
            return Ok((Arc::clone(&kept.landscape), seq));
        }
        let changed = match self.kept.get(&org) {
            Some(kept) => changes(conn, org, kept.seq).await?.map(|changed| (kept, changed)),
            None => None,
        };
        let parts = match changed {
            Some((kept, changed)) => {
                let mut parts = kept.landscape.parts().clone();
                rows::reload(conn, org, &mut parts, &changed).await?;
                parts
            }
            None => rows::load_all(conn, org).await?,
        };
        let landscape = Arc::new(built(parts).await?);
        self.kept.insert(org, Arc::new(CachedLandscape { seq, graph_seq, landscape: Arc::clone(&landscape) }));
        Ok((landscape, seq))
    }

    /// A landscape that answers for these objects: the whole one, or when that is not at hand what lies above them.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn load_around(&self, conn: &mut Conn<'_>, snapshot: &Snapshot, items: &HashSet<Id>) -> Result<Arc<Landscape>> {
        if !matches!(snapshot.place, ReadPoint::Past(_)) && items.len() <= FEW {
            let graph_seq = match snapshot.place {
                ReadPoint::Within(graph_seq) => graph_seq,
                _ => end(conn, snapshot.organization).await?.1,
            };
            if let Some(kept) = self.kept(snapshot.organization, graph_seq) {
                return Ok(Arc::clone(&kept.landscape));
            }
            if let Some(landscape) = above(conn, snapshot.organization, items).await? {
                return Ok(Arc::new(landscape));
            }
        }
        self.load_whole(conn, snapshot).await
    }

    fn kept(&self, organization: Id, graph_seq: i64) -> Option<Arc<CachedLandscape>> {
        self.kept.get(&organization).filter(|kept| kept.graph_seq == graph_seq)
    }
}

impl Landscapes for LandscapeCache {
    fn at<'a>(&'a self, conn: &'a mut Conn<'_>, snapshot: &'a Snapshot) -> LocalBoxFuture<'a, Result<Arc<Landscape>>> {
        Box::pin(self.load_whole(conn, snapshot))
    }
    fn covering<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        items: &'a HashSet<Id>,
    ) -> LocalBoxFuture<'a, Result<Arc<Landscape>>> {
        Box::pin(self.load_around(conn, snapshot, items))
    }
    fn current<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id) -> LocalBoxFuture<'a, Result<(Arc<Landscape>, i64)>> {
        Box::pin(self.load_newest(conn, org))
    }
    fn region<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        root: Id,
        direction: Direction,
        extent: Extent,
    ) -> LocalBoxFuture<'a, Result<Region>> {
        Box::pin(region::region(conn, org, root, direction, extent))
    }
    fn beneath<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        roots: &'a [Id],
        depth: usize,
    ) -> LocalBoxFuture<'a, Result<PreloadedRegion>> {
        Box::pin(region::beneath(conn, org, roots, depth))
    }
    fn traits<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id, ids: &'a [Id]) -> LocalBoxFuture<'a, Result<HashMap<Id, String>>> {
        Box::pin(region::node_attributes(conn, org, ids))
    }
    fn refresh_objectives<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        changes: ObjectiveChanges,
    ) -> LocalBoxFuture<'a, Result<HashMap<Id, Objectives>>> {
        Box::pin(objectives::refresh(conn, org, changes))
    }
    fn kept(&self) -> (u64, u64) {
        (self.kept.entry_count(), self.kept.weighted_size() << 10)
    }
    fn wrong_objectives<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id) -> LocalBoxFuture<'a, Result<Vec<(Id, Objectives)>>> {
        Box::pin(objectives::wrong(conn, org))
    }
    fn objectives_as_of<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        seq: i64,
        objects: &'a [(Id, Objectives)],
        most: i64,
    ) -> LocalBoxFuture<'a, Result<HashMap<Id, Objectives>>> {
        Box::pin(past_objectives::as_of(conn, org, seq, objects, most))
    }
}

/// The end of the ledger, and its newest entry that changed the graph.
async fn end(conn: &mut Conn<'_>, org: Id) -> Result<(i64, i64)> {
    Ok(ledger::head(conn, org).await?.map_or((0, 0), |head| (head.seq, head.graph_seq)))
}

/// Puts a landscape together where nobody waits for the thread.
async fn built(parts: GraphBuilder) -> Result<Landscape> {
    tokio::task::spawn_blocking(move || Landscape::new(parts)).await.map_err(Error::internal)
}

/// What of the graph has changed since a place in the ledger; `None` when it is too much.
async fn changes(conn: &mut Conn<'_>, org: Id, seq: i64) -> Result<Option<Vec<(Kind, Id)>>> {
    let limit = i64::try_from(MAX_CHANGED).unwrap_or(i64::MAX);
    let changed = ledger::objects_after(conn, org, seq, &KINDS.which(|info| info.in_graph), limit + 1).await?;
    Ok(Some(changed).filter(|changed| changed.len() <= MAX_CHANGED))
}

/// What lies above some objects, level by level, with all members of the groups met; `None` when it is too much.
async fn above(conn: &mut Conn<'_>, org: Id, items: &HashSet<Id>) -> Result<Option<Landscape>> {
    let mut seen = items.clone();
    let mut frontier: Vec<Id> = items.iter().copied().collect();
    let mut found = Vec::new();
    while !frontier.is_empty() {
        let edges = region::edges_at(conn, org, Direction::Up, &frontier).await?;
        frontier = edges.iter().map(|edge| edge.dependent).filter(|id| seen.insert(*id)).collect();
        found.extend(edges);
        if found.len() > MAX_AROUND {
            return Ok(None);
        }
    }
    let grouped: HashSet<Id> = found.iter().filter(|edge| edge.group.is_some()).map(|edge| edge.dependent).collect();
    let grouped: Vec<Id> = grouped.into_iter().collect();
    let known: HashSet<Option<Id>> = found.iter().map(|edge| edge.mapping).collect();
    let mates = region::mappings(conn, org, "dependent_id", &grouped, usize::MAX).await?;
    found.extend(mates.into_iter().filter(|edge| edge.group.is_some() && !known.contains(&edge.mapping)));
    let seen: Vec<Id> = seen.into_iter().collect();
    let statement = Fragment::default().sql("SELECT id FROM business_processes WHERE organization_id = ").id(org);
    let statement = statement.sql(" AND id").among(&seen);
    let processes: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
    let mut parts = GraphBuilder::default();
    found.iter().for_each(|edge| parts.add_mapping(&edge.mapped()));
    processes.into_iter().for_each(|id| parts.upsert_node(Item::bare(id.0, Kind::BusinessProcess)));
    Ok(Some(Landscape::new(parts)))
}

/// The landscape as it was at a place in the ledger.
async fn past(conn: &mut Conn<'_>, org: Id, seq: i64) -> Result<Landscape> {
    let entries = past::as_of(conn, org, &KINDS.which(|info| info.in_graph), seq, i64::MAX).await?;
    built(rows::from_entries(entries)?).await
}
