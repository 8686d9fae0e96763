//! The life of an exercise: planned → approved → in_progress → completed → reported → closed; postponed and cancelled
//! before it is completed.
use super::{Exercise, ExerciseStatus};
use crate::model::{Action, Faults, Lifecycle, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
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

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct ExerciseFacts {
    /// Findings of the exercise and its runs that are neither resolved nor verified.
    pub open_findings: usize,
    /// Its runs that go on.
    pub running: usize,
    /// Whether the caller has planned it.
    pub own: bool,
}

impl Lifecycle for Exercise {
    type Status = ExerciseStatus;
    type Terms = ExerciseTerms;
    type GuardFacts = ExerciseFacts;
    const TRANSITIONS: &'static [Transition<ExerciseStatus>] = &[
        Transition { from: &[Planned], to: Approved, action: Action::Approve },
        Transition::ordinary(&[Approved], InProgress),
        Transition::ordinary(&[InProgress], Completed),
        Transition::ordinary(&[Completed], Reported),
        Transition::ordinary(&[Reported], Closed),
        Transition::ordinary(&[Planned, Approved], Postponed),
        Transition::ordinary(&[Approved, Postponed], Planned),
        Transition::ordinary(&[Planned, Approved, InProgress, Postponed], Cancelled),
    ];

    status_fields!();
    fn guards(&self, to: ExerciseStatus, facts: &ExerciseFacts) -> Vec<Reason> {
        if to == Approved && facts.own {
            return vec![Reason::new("four_eyes", "whoever has planned an exercise does not approve it")];
        }
        if to == Completed && facts.running > 0 {
            let detail = format!("{} runs go on: complete or abort them", facts.running);
            return vec![Reason::new("runs_go_on", detail)];
        }
        Vec::new()
    }
    /// Findings may take longer than the exercise is talked about.
    fn warnings(&self, to: ExerciseStatus, facts: &ExerciseFacts) -> Vec<Reason> {
        if to == Closed && facts.open_findings > 0 {
            let detail = format!("{} findings are neither resolved nor verified", facts.open_findings);
            return vec![Reason::new("open_findings", detail)];
        }
        Vec::new()
    }
    fn check_terms(&self, to: ExerciseStatus, terms: &ExerciseTerms, context: &TransitionContext, faults: &mut Faults) {
        if terms.ends_series && !matches!(to, Completed | Cancelled) {
            faults.add("/ends_series", "not_allowed", "ends_series belongs to the moves to completed and cancelled");
        }
        if matches!(to, Cancelled | Postponed) && context.comment.is_none() {
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
