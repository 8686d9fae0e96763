//! The life of an impact assessment: draft → in_review → approved → superseded, the last by its successor's approval.
use super::{ImpactAssessment, ImpactStatus};
use crate::model::{Action, Faults, Lifecycle, Reason, Timestamp, Transition, TransitionContext};
use crate::status_fields;
use ImpactStatus::{Approved, Draft, InReview};
use serde::{Deserialize, Serialize};

/// What the approval of an assessment may bring about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImpactTerms {
    /// For `approved`: the process gets the objectives the assessment concludes, and its derived MTPD.
    #[serde(default)]
    #[schema(default = false)]
    pub set_objectives: bool,
}

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct ImpactFacts {
    /// The organisation's intolerable level.
    pub intolerable_level: i64,
    /// Whether the caller has written it or is its assessor.
    pub own: bool,
}

impl Lifecycle for ImpactAssessment {
    type Status = ImpactStatus;
    type Terms = ImpactTerms;
    type GuardFacts = ImpactFacts;
    const TRANSITIONS: &'static [Transition<ImpactStatus>] = &[
        Transition { from: &[Draft], to: InReview, action: Action::Write },
        Transition { from: &[InReview], to: Draft, action: Action::Write },
        Transition { from: &[InReview], to: Approved, action: Action::Approve },
    ];

    status_fields!();
    fn guards(&self, to: ImpactStatus, facts: &ImpactFacts) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if matches!(to, InReview | Approved) && self.ratings.is_empty() {
            reasons.push(Reason::new("not_rated", "the assessment has no ratings"));
        }
        let needed = self.rto_seconds.unwrap_or(0) + self.wrt_seconds.unwrap_or(0);
        if let (Approved, Some(mtpd)) = (to, self.mtpd(facts.intolerable_level))
            && needed > mtpd
        {
            let detail = format!("rto_seconds and wrt_seconds make {needed}, more than the derived MTPD of {mtpd}");
            reasons.push(Reason::new("objectives_too_late", detail));
        }
        if to == Approved && facts.own {
            reasons.push(Reason::new("four_eyes", "whoever has written or made an assessment does not approve it"));
        }
        reasons
    }
    fn check_terms(&self, to: ImpactStatus, terms: &ImpactTerms, _context: &TransitionContext, faults: &mut Faults) {
        if terms.set_objectives && to != Approved {
            faults.add("/set_objectives", "not_allowed", "set_objectives belongs to the move to approved");
        }
    }
}
