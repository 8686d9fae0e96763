//! States and the moves between them. A status changes by a move and in no other way.
use super::{Action, Faults, Made, Resource, Timestamp, Word};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

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
    /// Who makes it.
    pub actor: String,
    pub now: Timestamp,
}

/// The fields in which a kind keeps its status; only moves write them.
pub const STANDING: &[&str] = &["status", "status_reason", "status_changed_at"];

/// Reads and writes the fields of [`STANDING`]; stands in every `impl Lifecycle` whose kind has them.
#[macro_export]
macro_rules! standing {
    () => {
        fn status(&self) -> Self::Status {
            self.status
        }
        fn stand(&mut self, status: Self::Status, reason: Option<String>, changed_at: Timestamp) {
            self.status = status;
            self.status_reason = reason;
            self.status_changed_at = changed_at;
        }
        fn stand_as(&mut self, other: &Self) {
            self.stand(other.status, other.status_reason.clone(), other.status_changed_at);
        }
    };
}

/// Keeps a new version in the status of the one before; a new object begins in its first one.
pub fn stay<R: Lifecycle>(mut new: R, made: &Made<'_, R>) -> R {
    match made.old {
        Some(old) => new.stand_as(old),
        None => new.stand(new.status(), None, made.now),
    }
    new
}

/// A move that carries nothing but its status and comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoTerms {}

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
    /// Sets the fields of [`STANDING`].
    fn stand(&mut self, status: Self::Status, reason: Option<String>, changed_at: Timestamp);
    /// Takes them over from another version.
    fn stand_as(&mut self, other: &Self);
    /// Puts the object into the status. Links among the terms become links of the object, to be looked up.
    fn enter(&mut self, to: Self::Status, _terms: &Self::Terms, moved: &Moved) {
        self.stand(to, moved.comment.clone(), moved.now);
    }
    /// What is missing for a move that the states allow.
    fn barred(&self, _to: Self::Status, _facts: &Self::Facts) -> Vec<Reason> {
        Vec::new()
    }
    /// What does not hinder a move that is open, but should be known before it is made.
    fn warned(&self, _to: Self::Status, _facts: &Self::Facts) -> Vec<Reason> {
        Vec::new()
    }
    /// What is wrong with the terms of a move; `self` is the object after it.
    fn check_terms(&self, _to: Self::Status, _terms: &Self::Terms, _moved: &Moved, _faults: &mut Faults) {}
}

/// The move from one status to another, if there is one.
pub fn find<R: Lifecycle>(from: R::Status, to: R::Status) -> Option<&'static Move<R::Status>> {
    R::MOVES.iter().find(|one| one.to == to && one.from.contains(&from))
}
