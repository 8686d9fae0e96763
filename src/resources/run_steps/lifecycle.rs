//! The life of a step: pending → ready, as soon as what comes before it is over → in_progress → done; failed and begun
//! again; skipped, with a reason.
use super::{RunStep, StepStatus};
use crate::model::{Faults, Lifecycle, NoTerms, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
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
    type GuardFacts = StepFacts;
    const TRANSITIONS: &'static [Transition<StepStatus>] = &[
        Transition::ordinary(&[Ready, Failed], InProgress),
        Transition::ordinary(&[InProgress], Ready),
        Transition::ordinary(&[InProgress], Done),
        Transition::ordinary(&[InProgress], Failed),
        Transition::ordinary(&[Pending, Ready, InProgress, Failed], Skipped),
    ];

    status_fields!();
    fn apply(&mut self, to: StepStatus, _terms: &NoTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        match to {
            InProgress => {
                (self.started_at, self.started_by) = (Some(context.now), Some(context.actor.clone()));
                (self.ended_at, self.ended_by) = (None, None);
            }
            Done | Failed | Skipped => (self.ended_at, self.ended_by) = (Some(context.now), Some(context.actor.clone())),
            Ready => (self.started_at, self.started_by) = (None, None),
            Pending => {}
        }
        self.failures += i64::from(to == Failed);
    }
    fn guards(&self, _to: StepStatus, facts: &StepFacts) -> Vec<Reason> {
        if facts.run_over { vec![Reason::new("run_over", "the run is over")] } else { Vec::new() }
    }
    fn check_terms(&self, to: StepStatus, _terms: &NoTerms, context: &TransitionContext, faults: &mut Faults) {
        if to == Skipped && context.comment.is_none() {
            faults.add("/comment", "required", "the reason why it is left out is wanted");
        }
    }
}
