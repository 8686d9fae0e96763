//! States and the moves between them. A status changes by a move and in no other way.
use super::Resource;
use crate::auth::Action;
use crate::model::{Faults, Timestamp, Word};
use serde::de::DeserializeOwned;

/// One move that a kind knows.
#[derive(Debug)]
pub struct Move<S: 'static> {
    pub from: &'static [S],
    pub to: S,
    /// What somebody must be permitted to make it.
    pub action: Action,
}

impl<S: Copy> Move<S> {
    /// A move for whoever may write.
    pub const fn ordinary(from: &'static [S], to: S) -> Move<S> {
        Move { from, to, action: Action::Write }
    }
}

/// Why a move is closed that the states alone would allow.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// A stable code.
    pub code: &'static str,
    pub detail: String,
}

impl Reason {
    pub fn new(code: &'static str, detail: impl Into<String>) -> Reason {
        Reason { code, detail: detail.into() }
    }
}

/// Under what circumstances a move is made.
#[derive(Debug, Clone)]
pub struct Moved {
    pub comment: Option<String>,
    pub now: Timestamp,
}

/// A kind whose objects have a status.
pub trait Lifecycle: Resource {
    type Status: Word + PartialEq + std::fmt::Debug + Send + Sync;
    /// What a move may carry besides the status to go to.
    type Terms: DeserializeOwned + Default + utoipa::ToSchema + Send + Sync + 'static;
    /// What the conditions look at besides the object itself.
    type Facts: Default + Send;
    /// Every move there is.
    const MOVES: &'static [Move<Self::Status>];

    fn status(&self) -> Self::Status;
    /// Puts the object into the status. Links among the terms become links of the object, to be looked up.
    fn enter(&mut self, to: Self::Status, terms: &Self::Terms, moved: &Moved);
    /// What is missing for a move that the states allow.
    fn barred(&self, _to: Self::Status, _facts: &Self::Facts) -> Vec<Reason> {
        Vec::new()
    }
    /// What is wrong with the terms of a move; `self` is the object after it.
    fn check_terms(&self, _to: Self::Status, _terms: &Self::Terms, _moved: &Moved, _faults: &mut Faults) {}
}

/// The move from one status to another, if there is one.
pub fn find<R: Lifecycle>(from: R::Status, to: R::Status) -> Option<&'static Move<R::Status>> {
    R::MOVES.iter().find(|one| one.to == to && one.from.contains(&from))
}
