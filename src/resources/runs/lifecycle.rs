//! The life of a run: running → completed | aborted.
use super::{Run, RunStatus};
use crate::model::{Faults, Lifecycle, NoTerms, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
use RunStatus::{Aborted, Completed, Running};

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// Steps that are neither done nor skipped.
    pub open_steps: usize,
}

impl Lifecycle for Run {
    type Status = RunStatus;
    type Terms = NoTerms;
    type GuardFacts = RunFacts;
    const TRANSITIONS: &'static [Transition<RunStatus>] =
        &[Transition::ordinary(&[Running], Completed), Transition::ordinary(&[Running], Aborted)];

    status_fields!();
    fn apply(&mut self, to: RunStatus, _terms: &NoTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        self.ended_at = Some(context.now);
    }
    fn guards(&self, to: RunStatus, facts: &RunFacts) -> Vec<Reason> {
        if to == Completed && facts.open_steps > 0 {
            let detail = format!("{} steps are neither done nor skipped", facts.open_steps);
            return vec![Reason::new("open_steps", detail)];
        }
        Vec::new()
    }
    fn check_terms(&self, to: RunStatus, _terms: &NoTerms, context: &TransitionContext, faults: &mut Faults) {
        if to == Aborted && context.comment.is_none() {
            faults.add("/comment", "required", "the reason is wanted");
        }
    }
}
