//! The life of a measure: proposed → rfc_raised → approved → commissioned → in_progress → implemented → verified; rejected
//! and cancelled from the states in which something is still to be done. A technical measure waits for its request for
//! change; what the change tool says of that moves it on.
//!
//! `Measure::after_change` is the one rule for that. It looks only at what is, so news may come in any order and again.
use super::{Measure, MeasureStatus, Nature};
use crate::model::{Action, Lifecycle, NoTerms, Reason, Timestamp, Transition};
use crate::resources::change_requests::ChangeStatus;
use crate::status_fields;
use MeasureStatus::{
    Approved, Cancelled, Commissioned, Implemented, InProgress, Proposed, Rejected, RfcRaised, VerifiedEffective,
    VerifiedIneffective,
};

/// What the conditions look at.
#[derive(Debug, Clone, Default)]
pub struct MeasureFacts {
    /// The states of the change requests that carry it out.
    pub changes: Vec<ChangeStatus>,
    /// Tasks that are not cancelled.
    pub tasks: usize,
    /// Of these, those with an assignee and a due date.
    pub assigned_tasks: usize,
    /// Of these, those not done.
    pub open_tasks: usize,
    /// Whether the caller has written or owns it.
    pub own: bool,
}

const OPEN: &[MeasureStatus] = &[Proposed, RfcRaised, Approved, Commissioned, InProgress];

impl Lifecycle for Measure {
    type Status = MeasureStatus;
    type Terms = NoTerms;
    type GuardFacts = MeasureFacts;
    const TRANSITIONS: &'static [Transition<MeasureStatus>] = &[
        Transition::ordinary(&[Proposed], RfcRaised),
        Transition { from: &[Proposed, RfcRaised], to: Approved, action: Action::Approve },
        Transition { from: &[RfcRaised], to: Proposed, action: Action::Write },
        Transition::ordinary(&[Approved], Commissioned),
        Transition::ordinary(&[Commissioned], InProgress),
        Transition::ordinary(&[InProgress], Implemented),
        Transition { from: &[Implemented], to: VerifiedEffective, action: Action::Approve },
        Transition { from: &[Implemented], to: VerifiedIneffective, action: Action::Approve },
        Transition { from: OPEN, to: Rejected, action: Action::Approve },
        Transition::ordinary(OPEN, Cancelled),
    ];

    status_fields!();
    fn guards(&self, to: MeasureStatus, facts: &MeasureFacts) -> Vec<Reason> {
        let mut reasons = missing(self.nature, self.status, to, facts);
        if facts.own && matches!(to, Approved | VerifiedEffective | VerifiedIneffective) {
            reasons.push(Reason::new("four_eyes", "whoever has written or owns a measure neither approves nor verifies it"));
        }
        reasons
    }
}

/// What a measure lacks for a move that the states allow.
pub fn missing(nature: Nature, from: MeasureStatus, to: MeasureStatus, facts: &MeasureFacts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut lacks = |lacks: bool, code, detail: &str| {
        if lacks {
            reasons.push(Reason::new(code, detail));
        }
    };
    let technical = nature == Nature::Technical;
    match to {
        RfcRaised => lacks(!technical, "no_rfc_needed", "an organisational measure is approved without a request for change"),
        Approved if technical => {
            let cleared = facts.changes.iter().any(|change| change.is_cleared());
            lacks(!cleared, "change_not_cleared", "no change request that carries it out has been approved");
            lacks(from == Proposed, "rfc_not_raised", "a technical measure goes through rfc_raised");
        }
        Commissioned if technical => {
            lacks(facts.assigned_tasks == 0, "no_assigned_task", "no task has an assignee and a due date");
        }
        Implemented => {
            let detail = format!("{} tasks are neither done nor cancelled", facts.open_tasks);
            lacks(facts.open_tasks > 0, "open_tasks", &detail);
        }
        _ => {}
    }
    reasons
}

impl MeasureStatus {
    /// The step that brings a measure on, while there is one.
    pub fn next(self, nature: Nature) -> Option<MeasureStatus> {
        match self {
            Proposed if nature == Nature::Technical => Some(RfcRaised),
            Proposed | RfcRaised => Some(Approved),
            Approved => Some(Commissioned),
            Commissioned => Some(InProgress),
            InProgress => Some(Implemented),
            _ => None,
        }
    }
}

impl Measure {
    /// What a change request that carries it out makes of its status; with why.
    pub fn after_change(&self, change: ChangeStatus, others: &[ChangeStatus]) -> Option<MeasureStatus> {
        if self.nature != Nature::Technical {
            return None;
        }
        let pending = |all: &[ChangeStatus]| all.iter().any(|other| other.is_raised() || other.is_cleared());
        match self.status {
            Proposed | RfcRaised if change.is_cleared() => Some(Approved),
            Proposed if change.is_raised() => Some(RfcRaised),
            RfcRaised if change.is_refused() && !pending(others) => Some(Proposed),
            _ => None,
        }
    }
}
