//! The life of a run: running → completed | aborted.
use super::{Run, RunStatus};
use crate::model::{Faults, Timestamp};
use crate::model::{Lifecycle, Move, Moved, NoTerms, Reason};
use crate::standing;
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
    type Facts = RunFacts;
    const MOVES: &'static [Move<RunStatus>] = &[Move::ordinary(&[Running], Completed), Move::ordinary(&[Running], Aborted)];

    standing!();
    fn enter(&mut self, to: RunStatus, _terms: &NoTerms, moved: &Moved) {
        self.stand(to, moved.comment.clone(), moved.now);
        self.ended_at = Some(moved.now);
    }
    fn barred(&self, to: RunStatus, facts: &RunFacts) -> Vec<Reason> {
        if to == Completed && facts.open_steps > 0 {
            let detail = format!("{} steps are neither done nor skipped", facts.open_steps);
            return vec![Reason::new("open_steps", detail)];
        }
        Vec::new()
    }
    fn check_terms(&self, to: RunStatus, _terms: &NoTerms, moved: &Moved, faults: &mut Faults) {
        if to == Aborted && moved.comment.is_none() {
            faults.add("/comment", "required", "the reason is wanted");
        }
    }
}
