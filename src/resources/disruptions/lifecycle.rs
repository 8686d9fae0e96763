//! The life of a disruption: reported → assessed → declared → recovering → restored → closed; dismissed when it is none.
use super::{Disruption, DisruptionStatus};
use crate::model::{Action, Faults, Lifecycle, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
use DisruptionStatus::{Assessed, Closed, Declared, Dismissed, Recovering, Reported, Restored};
use serde::{Deserialize, Serialize};

/// What a move says besides its comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisruptionTerms {
    /// For `declared` and `restored`: when it really happened. The moment of the move when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct DisruptionFacts {
    /// Its runs that go on.
    pub running: usize,
}

const fn decided(from: &'static [DisruptionStatus], to: DisruptionStatus) -> Transition<DisruptionStatus> {
    Transition { from, to, action: Action::Approve }
}

impl Lifecycle for Disruption {
    type Status = DisruptionStatus;
    type Terms = DisruptionTerms;
    type GuardFacts = DisruptionFacts;
    const TRANSITIONS: &'static [Transition<DisruptionStatus>] = &[
        decided(&[Reported], Assessed),
        decided(&[Reported, Assessed], Declared),
        decided(&[Declared, Restored], Recovering),
        decided(&[Reported, Assessed, Declared, Recovering], Restored),
        decided(&[Restored], Closed),
        decided(&[Reported, Assessed], Dismissed),
    ];

    status_fields!();
    fn apply(&mut self, to: DisruptionStatus, terms: &DisruptionTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        match to {
            Declared => self.declared_at = terms.at.or(Some(context.now)),
            Restored => self.restored_at = terms.at.or(Some(context.now)),
            // It was not over after all.
            Recovering => self.restored_at = None,
            _ => {}
        }
    }
    fn guards(&self, to: DisruptionStatus, facts: &DisruptionFacts) -> Vec<Reason> {
        if to == Closed && facts.running > 0 {
            let detail = format!("{} runs go on: complete or abort them", facts.running);
            return vec![Reason::new("runs_go_on", detail)];
        }
        Vec::new()
    }
    fn check_terms(&self, to: DisruptionStatus, terms: &DisruptionTerms, context: &TransitionContext, faults: &mut Faults) {
        if to == Dismissed && context.comment.is_none() {
            faults.add("/comment", "required", "the reason is wanted");
        }
        let Some(at) = terms.at else { return };
        if !matches!(to, Declared | Restored) {
            faults.add("/at", "not_allowed", "at belongs to the moves to declared and restored");
        } else if at > context.now {
            faults.add("/at", "out_of_range", "it lies in the future");
        } else if self.occurred_at.is_some_and(|occurred| at < occurred) {
            faults.add("/at", "out_of_range", "it lies before the disruption began");
        } else if to == Restored && self.declared_at.is_some_and(|declared| at < declared) {
            faults.add("/at", "out_of_range", "it lies before the disruption was declared");
        }
    }
}
