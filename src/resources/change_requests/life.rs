//! The life of a request for change that no tool tells about: the same states, moved here.
use super::{ChangeRequest, ChangeStatus};
use crate::model::Action;
use crate::model::Timestamp;
use crate::model::{Lifecycle, Move, NoTerms};
use ChangeStatus::{Approved, Cancelled, Closed, Draft, Implemented, Rejected, Scheduled, Submitted, UnderReview, Verified};

impl Lifecycle for ChangeRequest {
    type Status = ChangeStatus;
    type Terms = NoTerms;
    type Facts = ();
    const MOVES: &'static [Move<ChangeStatus>] = &[
        Move::ordinary(&[Draft], Submitted),
        Move::ordinary(&[Submitted], UnderReview),
        Move { from: &[Submitted, UnderReview], to: Approved, action: Action::Approve },
        Move { from: &[Submitted, UnderReview], to: Rejected, action: Action::Approve },
        Move::ordinary(&[Approved], Scheduled),
        Move::ordinary(&[Approved, Scheduled], Implemented),
        Move::ordinary(&[Implemented], Verified),
        Move::ordinary(&[Implemented, Verified], Closed),
        Move::ordinary(&[Draft, Submitted, UnderReview, Approved, Scheduled], Cancelled),
    ];

    fn status(&self) -> ChangeStatus {
        self.status
    }
    fn stand(&mut self, status: ChangeStatus, reason: Option<String>, changed_at: Timestamp) {
        self.status = status;
        self.status_reason = reason;
        self.status_changed_at = Some(changed_at);
    }
    fn stand_as(&mut self, other: &ChangeRequest) {
        self.status = other.status;
        self.status_reason.clone_from(&other.status_reason);
        self.status_changed_at = other.status_changed_at;
    }
}
