//! The life of an exercise: planned → approved → in_progress → completed → reported → closed; postponed and cancelled
//! before it is completed.
use super::{Exercise, ExerciseStatus};
use crate::auth::Action;
use crate::model::{Faults, Timestamp};
use crate::resources::{Lifecycle, Move, Moved};
use crate::standing;
use ExerciseStatus::{Approved, Cancelled, Closed, Completed, InProgress, Planned, Postponed, Reported};
use serde::{Deserialize, Serialize};

/// What the end of an exercise that is held again says besides its comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExerciseTerms {
    /// For `completed` and `cancelled`: it is not held again, whatever its rule says.
    #[serde(default)]
    #[schema(default = false)]
    pub ends_series: bool,
}

impl Lifecycle for Exercise {
    type Status = ExerciseStatus;
    type Terms = ExerciseTerms;
    type Facts = ();
    const MOVES: &'static [Move<ExerciseStatus>] = &[
        Move { from: &[Planned], to: Approved, action: Action::Approve },
        Move::ordinary(&[Approved], InProgress),
        Move::ordinary(&[InProgress], Completed),
        Move::ordinary(&[Completed], Reported),
        Move::ordinary(&[Reported], Closed),
        Move::ordinary(&[Planned, Approved], Postponed),
        Move::ordinary(&[Approved, Postponed], Planned),
        Move::ordinary(&[Planned, Approved, InProgress, Postponed], Cancelled),
    ];

    standing!();
    fn check_terms(&self, to: ExerciseStatus, terms: &ExerciseTerms, moved: &Moved, faults: &mut Faults) {
        if terms.ends_series && !matches!(to, Completed | Cancelled) {
            faults.add("/ends_series", "not_allowed", "ends_series belongs to the moves to completed and cancelled");
        }
        if matches!(to, Cancelled | Postponed) && moved.comment.is_none() {
            faults.add("/comment", "required", "the reason is wanted");
        }
    }
}

impl ExerciseStatus {
    /// Whether it can still be changed.
    pub fn is_open(self) -> bool {
        !matches!(self, Reported | Closed | Cancelled)
    }
}
