//! The life of a step: pending → ready, as soon as what comes before it is over → in_progress → done; failed and begun
//! again; skipped, with a reason.
use super::{RunStep, StepStatus};
use crate::model::{Faults, Timestamp};
use crate::model::{Lifecycle, Move, Moved, NoTerms, Reason};
use crate::standing;
use StepStatus::{Done, Failed, InProgress, Pending, Ready, Skipped};

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct StepFacts {
    /// Whether the run is over.
    pub run_over: bool,
}

impl Lifecycle for RunStep {
    type Status = StepStatus;
    type Terms = NoTerms;
    type Facts = StepFacts;
    const MOVES: &'static [Move<StepStatus>] = &[
        Move::ordinary(&[Ready, Failed], InProgress),
        Move::ordinary(&[InProgress], Ready),
        Move::ordinary(&[InProgress], Done),
        Move::ordinary(&[InProgress], Failed),
        Move::ordinary(&[Pending, Ready, InProgress, Failed], Skipped),
    ];

    standing!();
    fn enter(&mut self, to: StepStatus, _terms: &NoTerms, moved: &Moved) {
        self.stand(to, moved.comment.clone(), moved.now);
        match to {
            InProgress => {
                (self.started_at, self.started_by) = (Some(moved.now), Some(moved.actor.clone()));
                (self.ended_at, self.ended_by) = (None, None);
            }
            Done | Failed | Skipped => (self.ended_at, self.ended_by) = (Some(moved.now), Some(moved.actor.clone())),
            Ready => (self.started_at, self.started_by) = (None, None),
            Pending => {}
        }
        self.failures += i64::from(to == Failed);
    }
    fn barred(&self, _to: StepStatus, facts: &StepFacts) -> Vec<Reason> {
        if facts.run_over { vec![Reason::new("run_over", "the run is over")] } else { Vec::new() }
    }
    fn check_terms(&self, to: StepStatus, _terms: &NoTerms, moved: &Moved, faults: &mut Faults) {
        if to == Skipped && moved.comment.is_none() {
            faults.add("/comment", "required", "the reason why it is left out is wanted");
        }
    }
}
