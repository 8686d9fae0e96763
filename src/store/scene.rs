//! From where objects are looked at: all that derived fields may depend on besides the objects.
use super::conn::Conn;
use super::resolve;
use crate::graph::load::graphs::Graphs;
use crate::model::{Id, Reference, Result, Timestamp};
use std::collections::{HashMap, HashSet};

/// Where in the ledger somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At what is committed.
    Now,
    /// In the middle of a change, with the newest entry so far that changed the dependency graph.
    Within(i64),
    /// At the past.
    Past(i64),
}

/// A view of one organisation, now or at a place in its ledger.
pub struct Scene<'a> {
    pub organization: Id,
    /// The moment looked at.
    pub now: Timestamp,
    pub place: Place,
    pub graphs: &'a Graphs,
}

impl Scene<'_> {
    /// How objects stand in answers, with the names of the moment looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn references(&self, conn: &mut Conn<'_>, ids: &HashSet<Id>) -> Result<HashMap<Id, Reference>> {
        match self.place {
            Place::Now | Place::Within(_) => resolve::references(conn, self.organization, ids).await,
            Place::Past(seq) => resolve::past_references(conn, self.organization, seq, ids).await,
        }
    }
}
