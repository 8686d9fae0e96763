//! The life of a version: draft → in_review → approved → active → superseded, the last by its successor's activation;
//! withdrawn from approval or force.
use super::{Approval, ApproverRole, Decision, PlanVersion, VersionStatus};
use crate::model::{Action, Lifecycle, NoTerms, Reason, StringEnum, Timestamp, Transition, TransitionContext, same_person};
use crate::status_fields;
use VersionStatus::{Active, Approved, Draft, InReview, Withdrawn};

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct VersionFacts {
    /// The roles whose approval the organisation wants for plans of this kind.
    pub required: Vec<ApproverRole>,
    /// Whether subjects that differ in case only are two persons.
    pub case_sensitive: bool,
}

impl Lifecycle for PlanVersion {
    type Status = VersionStatus;
    type Terms = NoTerms;
    type GuardFacts = VersionFacts;
    const TRANSITIONS: &'static [Transition<VersionStatus>] = &[
        Transition::ordinary(&[Draft], InReview),
        Transition::ordinary(&[InReview], Draft),
        Transition { from: &[InReview], to: Approved, action: Action::Approve },
        Transition { from: &[Approved], to: Active, action: Action::Approve },
        Transition { from: &[Approved, Active], to: Withdrawn, action: Action::Approve },
    ];

    status_fields!();
    fn apply(&mut self, to: VersionStatus, _terms: &NoTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        // What was decided was decided on content that may change from here.
        if to == Draft {
            self.approvals.clear();
        }
    }
    fn guards(&self, to: VersionStatus, facts: &VersionFacts) -> Vec<Reason> {
        match to {
            InReview if self.steps.is_empty() && self.sections.is_empty() => {
                vec![Reason::new("empty", "the version has neither sections nor steps")]
            }
            Approved => self.unapproved(facts),
            _ => Vec::new(),
        }
    }
}

impl PlanVersion {
    /// What is missing for an approval: nobody may have rejected it, every required role has approved it, and somebody
    /// who has not written it.
    fn unapproved(&self, facts: &VersionFacts) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for one in self.approvals.iter().filter(|one| one.decision == Decision::Rejected) {
            reasons.push(Reason::new("rejected", format!("{} has rejected it: move it back to draft", one.approver)));
        }
        let approved = || self.approvals.iter().filter(|one| one.decision == Decision::Approved);
        for role in facts.required.iter().filter(|role| !approved().any(|one| one.role == **role)) {
            reasons.push(Reason::new("approval_missing", format!("no {} has approved it", role.as_str())));
        }
        let wrote = |author: &String, one: &Approval| same_person(author, &one.approver, facts.case_sensitive);
        let foreign = |one: &Approval| !self.authors.iter().any(|author| wrote(author, one));
        if !approved().any(foreign) {
            reasons.push(Reason::new("four_eyes", "nobody but its authors has approved it"));
        }
        reasons
    }
}
