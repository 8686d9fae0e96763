//! The life of a finding: open → in_progress → resolved → verified, the last by another exercise where it is grave.
use super::{Finding, FindingStatus};
use crate::model::{Action, Faults, Lifecycle, Link, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
use FindingStatus::{InProgress, Open, Resolved, Verified};
use serde::{Deserialize, Serialize};

/// What the verification of a finding says besides its comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FindingTerms {
    /// For `verified`: the exercise that has shown it to be put right; wanted for major and minor findings.
    #[serde(default)]
    pub retest: Option<Link>,
}

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct FindingFacts {
    /// Whether its corrective measure is not done with.
    pub unfinished_measure: bool,
    /// Whether the caller sees to it, or said that it is resolved.
    pub own: bool,
}

impl Lifecycle for Finding {
    type Status = FindingStatus;
    type Terms = FindingTerms;
    type GuardFacts = FindingFacts;
    const TRANSITIONS: &'static [Transition<FindingStatus>] = &[
        Transition::ordinary(&[Open, Resolved], InProgress),
        Transition::ordinary(&[InProgress], Open),
        Transition::ordinary(&[Open, InProgress], Resolved),
        Transition { from: &[Resolved], to: Verified, action: Action::Approve },
    ];

    status_fields!();
    fn apply(&mut self, to: FindingStatus, terms: &FindingTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        if to == Verified {
            self.retest.clone_from(&terms.retest);
        }
    }
    fn guards(&self, to: FindingStatus, facts: &FindingFacts) -> Vec<Reason> {
        if matches!(to, Resolved | Verified) && facts.unfinished_measure {
            return vec![Reason::new("unfinished_measure", "its corrective measure is not done with")];
        }
        if to == Verified && facts.own {
            return vec![Reason::new("four_eyes", "whoever owns or has resolved a finding does not verify it")];
        }
        Vec::new()
    }
    fn check_terms(&self, to: FindingStatus, terms: &FindingTerms, _context: &TransitionContext, faults: &mut Faults) {
        if to != Verified && terms.retest.is_some() {
            faults.add("/retest", "not_allowed", "retest belongs to the move to verified");
        }
        if to == Verified && self.is_grave() && terms.retest.is_none() {
            let detail = "name the exercise that has shown a major or minor finding to be put right";
            faults.add("/retest", "required", detail);
        }
    }
}
