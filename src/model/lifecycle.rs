//! States and the transitions between them. A status changes by a transition and in no other way.
use super::{Action, Faults, Resource, StringEnum, Timestamp, VersionInput};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One transition that a kind knows.
#[derive(Debug)]
pub struct Transition<S: 'static> {
    pub from: &'static [S],
    pub to: S,
    /// What somebody must be permitted to make it.
    pub action: Action,
}

impl<S: Copy> Transition<S> {
    /// A transition for whoever may write.
    pub const fn ordinary(from: &'static [S], to: S) -> Transition<S> {
        Transition { from, to, action: Action::Write }
    }
}

/// Why a transition is closed that the states alone would allow.
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

/// Under what circumstances a transition is made.
#[derive(Debug, Clone)]
pub struct TransitionContext {
    pub comment: Option<String>,
    /// Who makes it.
    pub actor: String,
    pub now: Timestamp,
}

/// The fields in which a kind keeps its status; only transitions write them.
pub const STATUS_FIELDS: &[&str] = &["status", "status_reason", "status_changed_at"];

/// Reads and writes the fields of [`STATUS_FIELDS`]; stands in every `impl Lifecycle` whose kind has them.
#[macro_export]
macro_rules! status_fields {
    () => {
        fn status(&self) -> Self::Status {
            self.status
        }
        fn set_status(&mut self, status: Self::Status, reason: Option<String>, changed_at: Timestamp) {
            self.status = status;
            self.status_reason = reason;
            self.status_changed_at = changed_at;
        }
        fn copy_status(&mut self, other: &Self) {
            self.set_status(other.status, other.status_reason.clone(), other.status_changed_at);
        }
    };
}

/// Keeps a new version in the status of the one before; a new object begins in its first one.
pub fn keep_status<R: Lifecycle>(mut new: R, input: &VersionInput<'_, R>) -> R {
    match input.old {
        Some(old) => new.copy_status(old),
        None => new.set_status(new.status(), None, input.now),
    }
    new
}

/// A transition that carries nothing but its status and comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoTerms {}

/// A kind whose objects have a status.
pub trait Lifecycle: Resource {
    type Status: StringEnum + PartialEq + std::fmt::Debug + Send + Sync;
    /// What a transition may carry besides the status to go to.
    type Terms: DeserializeOwned + Default + utoipa::ToSchema + Send + Sync + 'static;
    /// What the conditions look at besides the object itself.
    type GuardFacts: Default + Send;
    /// Every transition there is.
    const TRANSITIONS: &'static [Transition<Self::Status>];

    fn status(&self) -> Self::Status;
    /// Sets the fields of [`STATUS_FIELDS`].
    fn set_status(&mut self, status: Self::Status, reason: Option<String>, changed_at: Timestamp);
    /// Takes them over from another version.
    fn copy_status(&mut self, other: &Self);
    /// Puts the object into the status. Links among the terms become links of the object, to be looked up.
    fn apply(&mut self, to: Self::Status, _terms: &Self::Terms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
    }
    /// What is missing for a transition that the states allow.
    fn guards(&self, _to: Self::Status, _facts: &Self::GuardFacts) -> Vec<Reason> {
        Vec::new()
    }
    /// What does not hinder a transition that is open, but should be known before it is made.
    fn warnings(&self, _to: Self::Status, _facts: &Self::GuardFacts) -> Vec<Reason> {
        Vec::new()
    }
    /// What is wrong with the terms of a transition; `self` is the object after it.
    fn check_terms(&self, _to: Self::Status, _terms: &Self::Terms, _context: &TransitionContext, _faults: &mut Faults) {}
}

/// The transition from one status to another, if there is one.
pub fn find_transition<R: Lifecycle>(from: R::Status, to: R::Status) -> Option<&'static Transition<R::Status>> {
    R::TRANSITIONS.iter().find(|one| one.to == to && one.from.contains(&from))
}
