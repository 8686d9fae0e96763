//! From where objects are looked at: all that derived fields may depend on besides the objects.
use super::change::WriteContext;
use super::conn::Conn;
use super::resolve;
use crate::graph::landscape::Landscape;
use crate::graph::objectives::ObjectiveChanges;
use crate::graph::region::{Direction, Extent, PreloadedRegion, Region};
use crate::model::{Id, Objectives, Reference, Result, Timestamp, Visibility};
use futures_util::future::LocalBoxFuture;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Where in the ledger somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadPoint {
    /// At what is committed.
    Now,
    /// In the middle of a change, with the newest entry so far that changed the dependency graph.
    Within(i64),
    /// At the past.
    Past(i64),
}

/// What the landscape of an organisation answers to the rooms below it. Every answer fails when the database does not
/// answer.
pub trait Landscapes: Send + Sync {
    /// The whole landscape as a scene sees it.
    fn at<'a>(&'a self, conn: &'a mut Conn<'_>, snapshot: &'a Snapshot) -> LocalBoxFuture<'a, Result<Arc<Landscape>>>;
    /// A landscape that answers for these objects: the whole one, or what lies above them.
    fn covering<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        items: &'a HashSet<Id>,
    ) -> LocalBoxFuture<'a, Result<Arc<Landscape>>>;
    /// The landscape as it is, with the end of the ledger it is true at.
    fn current<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id) -> LocalBoxFuture<'a, Result<(Arc<Landscape>, i64)>>;
    /// The region around an object, level by level.
    fn region<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        root: Id,
        direction: Direction,
        extent: Extent,
    ) -> LocalBoxFuture<'a, Result<Region>>;
    /// What lies beneath some objects, down to a depth.
    fn beneath<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        roots: &'a [Id],
        depth: usize,
    ) -> LocalBoxFuture<'a, Result<PreloadedRegion>>;
    /// What besides their dependencies tells how components and services recover: lifecycle and recovery option, in words.
    fn traits<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id, ids: &'a [Id]) -> LocalBoxFuture<'a, Result<HashMap<Id, String>>>;
    /// Brings effective objectives up to date, in the change that moved them, and tells which changed.
    fn refresh_objectives<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        changes: ObjectiveChanges,
    ) -> LocalBoxFuture<'a, Result<HashMap<Id, Objectives>>>;
    /// How many landscapes are kept in memory, and about how many bytes they take.
    fn kept(&self) -> (u64, u64);
    /// The effective objectives that are not what follows from own ones and mappings, with what they should be.
    fn wrong_objectives<'a>(&'a self, conn: &'a mut Conn<'_>, org: Id) -> LocalBoxFuture<'a, Result<Vec<(Id, Objectives)>>>;
    /// Effective objectives at a place in the ledger, of which so many entries are looked at.
    fn objectives_as_of<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        seq: i64,
        objects: &'a [(Id, Objectives)],
        most: i64,
    ) -> LocalBoxFuture<'a, Result<HashMap<Id, Objectives>>>;
}

/// A view of one organisation, now or at a place in its ledger.
#[derive(Clone)]
pub struct Snapshot {
    pub organization: Id,
    /// The moment looked at.
    pub now: Timestamp,
    pub place: ReadPoint,
    pub landscapes: Arc<dyn Landscapes>,
    /// What of it may be shown.
    pub visibility: Visibility,
}

impl Snapshot {
    /// As a change sees its organisation.
    pub fn within(change: &WriteContext, place: ReadPoint, landscapes: &Arc<dyn Landscapes>) -> Snapshot {
        let (landscapes, visibility) = (Arc::clone(landscapes), change.visibility.clone());
        Snapshot { organization: change.organization, now: change.now, place, landscapes, visibility }
    }

    /// How objects stand in answers, with the names of the moment looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn references(&self, conn: &mut Conn<'_>, ids: &HashSet<Id>) -> Result<HashMap<Id, Reference>> {
        match self.place {
            ReadPoint::Now | ReadPoint::Within(_) => resolve::references(conn, self.organization, ids).await,
            ReadPoint::Past(seq) => resolve::past_references(conn, self.organization, seq, ids).await,
        }
    }
}
