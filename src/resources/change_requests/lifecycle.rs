//! The life of a request for change that no tool tells about: the same states, moved here.
use super::{ChangeRequest, ChangeStatus};
use crate::model::{Action, Lifecycle, NoTerms, Reason, Timestamp, Transition};
use ChangeStatus::{Approved, Cancelled, Closed, Draft, Implemented, Rejected, Scheduled, Submitted, UnderReview, Verified};

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct ChangeFacts {
    /// Whether the caller has written it.
    pub own: bool,
}

impl Lifecycle for ChangeRequest {
    type Status = ChangeStatus;
    type Terms = NoTerms;
    type GuardFacts = ChangeFacts;
    const TRANSITIONS: &'static [Transition<ChangeStatus>] = &[
        Transition::ordinary(&[Draft], Submitted),
        Transition::ordinary(&[Submitted], UnderReview),
        Transition { from: &[Submitted, UnderReview], to: Approved, action: Action::Approve },
        Transition { from: &[Submitted, UnderReview], to: Rejected, action: Action::Approve },
        Transition::ordinary(&[Approved], Scheduled),
        Transition::ordinary(&[Approved, Scheduled], Implemented),
        Transition::ordinary(&[Implemented], Verified),
        Transition::ordinary(&[Implemented, Verified], Closed),
        Transition::ordinary(&[Draft, Submitted, UnderReview, Approved, Scheduled], Cancelled),
    ];

    fn status(&self) -> ChangeStatus {
        self.status
    }
    fn set_status(&mut self, status: ChangeStatus, reason: Option<String>, changed_at: Timestamp) {
        self.status = status;
        self.status_reason = reason;
        self.status_changed_at = Some(changed_at);
    }
    fn guards(&self, to: ChangeStatus, facts: &ChangeFacts) -> Vec<Reason> {
        if to == Approved && facts.own {
            return vec![Reason::new("four_eyes", "whoever has written a request for change does not approve it")];
        }
        Vec::new()
    }
    fn copy_status(&mut self, other: &ChangeRequest) {
        self.status = other.status;
        self.status_reason.clone_from(&other.status_reason);
        self.status_changed_at = other.status_changed_at;
    }
}
