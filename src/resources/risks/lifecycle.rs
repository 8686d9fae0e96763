//! The life of a risk: identified → assessed → in_treatment → monitored → closed; accepted for a while by somebody who
//! does not own it.
use super::{Risk, RiskStatus, Treatment};
use crate::model::{Action, Date, Faults, Id, Lifecycle, Link, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
use RiskStatus::{Accepted, Assessed, Closed, Identified, InTreatment, Monitored};
use serde::{Deserialize, Serialize};

/// What the acceptance of a risk says besides its reason, which is the comment.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskTerms {
    /// For `accepted`: who bears it, not its owner: the contact of the caller, whether it is named or left out.
    #[serde(default)]
    pub approver: Option<Link>,
    /// The contacts of the caller; not asked where the service moves it by itself.
    #[serde(skip)]
    pub own: Option<Vec<Id>>,
    /// For `accepted`: the last day on which the acceptance holds.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub accepted_until: Option<Date>,
}

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct RiskFacts {
    /// Whether the risk has been assessed.
    pub assessed: bool,
    /// Whether the caller is the risk's owner.
    pub owned_by_caller: bool,
    /// Measures that treat the risk and are not done with.
    pub unfinished_measures: usize,
}

impl Lifecycle for Risk {
    type Status = RiskStatus;
    type Terms = RiskTerms;
    type GuardFacts = RiskFacts;
    const TRANSITIONS: &'static [Transition<RiskStatus>] = &[
        Transition::ordinary(&[Identified, InTreatment, Monitored, Accepted], Assessed),
        Transition::ordinary(&[Assessed, Monitored, Accepted], InTreatment),
        Transition::ordinary(&[Assessed, InTreatment, Accepted], Monitored),
        Transition { from: &[Assessed, InTreatment, Monitored, Accepted], to: Accepted, action: Action::Accept },
        Transition::ordinary(&[Identified, Assessed, InTreatment, Monitored, Accepted], Closed),
    ];

    status_fields!();
    fn apply(&mut self, to: RiskStatus, terms: &RiskTerms, context: &TransitionContext) {
        self.set_status(to, context.comment.clone(), context.now);
        let accepts = to == Accepted;
        self.approver = if accepts { terms.approver.clone() } else { None };
        self.accepted_until = if accepts { terms.accepted_until } else { None };
    }
    fn guards(&self, to: RiskStatus, facts: &RiskFacts) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if matches!(to, Assessed | InTreatment | Monitored | Accepted) && !facts.assessed {
            reasons.push(Reason::new("not_assessed", "the risk has no assessment: create one in risk-assessments"));
        }
        if to == InTreatment && matches!(self.treatment, Treatment::Open | Treatment::Accept) {
            let detail = "the treatment is not decided: set it to reduce, avoid or transfer";
            reasons.push(Reason::new("no_treatment", detail));
        }
        if to == Accepted && facts.owned_by_caller {
            reasons.push(Reason::new("owner_cannot_accept", "whoever owns a risk does not accept it"));
        }
        if to == Closed && facts.unfinished_measures > 0 {
            let detail = format!("{} measures that treat it are not done with", facts.unfinished_measures);
            reasons.push(Reason::new("unfinished_measures", detail));
        }
        reasons
    }
    fn check_terms(&self, to: RiskStatus, terms: &RiskTerms, context: &TransitionContext, faults: &mut Faults) {
        if to != Accepted {
            for (given, name) in [(terms.approver.is_some(), "approver"), (terms.accepted_until.is_some(), "accepted_until")] {
                if given {
                    faults.add(format!("/{name}"), "not_allowed", format!("{name} belongs to the move to accepted"));
                }
            }
            return;
        }
        match self.accepted_until {
            None => faults.add("/accepted_until", "required", "the last day of the acceptance is wanted"),
            Some(until) if until.to_string() < context.now.day() => {
                faults.add("/accepted_until", "out_of_range", "an acceptance cannot have run out before it begins");
            }
            Some(_) => {}
        }
        if context.comment.is_none() {
            faults.add("/comment", "required", "the reason of the acceptance is wanted");
        }
        match &self.approver {
            None => faults.add("/approver", "required", "you are no contact: have your subject put into yours"),
            approver if self.owner.is_some() && *approver == self.owner => {
                faults.add("/approver", "approver_is_owner", "whoever owns a risk does not accept it");
            }
            Some(approver) if terms.own.as_ref().is_some_and(|own| approver.id().is_some_and(|id| !own.contains(&id))) => {
                faults.add("/approver", "not_own_contact", "nobody accepts a risk in the name of somebody else");
            }
            Some(_) => {}
        }
    }
}
