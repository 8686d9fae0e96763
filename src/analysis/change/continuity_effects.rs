//! What of the continuity work a change concerns: plans, proofs, tests and exercises.
use super::answer::{Collision, PlanTouched, ProofAtStake, TestToRepeat};
use crate::model::Reference;
use crate::resources::change_requests::{AssessedReason, ChangeVerdict};

const MAX_NAMED: usize = 20;

/// What a change concerns.
#[derive(Default)]
pub struct ContinuityEffects {
    pub plans: Vec<PlanTouched>,
    pub proofs: Vec<ProofAtStake>,
    pub tests: Vec<TestToRepeat>,
    pub collisions: Vec<Collision>,
}

impl ContinuityEffects {
    /// Adds what is to be looked at.
    pub fn judge(&self, reasons: &mut Vec<AssessedReason>, edited: bool) {
        let mut give = |code: &str, detail: &str, items: Vec<Reference>| {
            if !items.is_empty() {
                let names: Vec<&str> = items.iter().take(MAX_NAMED).map(|item| item.key.as_str()).collect();
                let more = items.len() - names.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let detail = format!("{detail}: {}{more}", names.join(", "));
                let items = items.into_iter().take(MAX_NAMED).collect();
                reasons.push(AssessedReason { code: code.to_owned(), severity: ChangeVerdict::Warn, detail, items });
            }
        };
        let subjects = self.proofs.iter().map(|proof| proof.subject.clone()).collect();
        give("proof_becomes_stale", "what has been proven is to be proven again", subjects);
        if edited {
            let plans = self.plans.iter().map(|plan| plan.plan.clone()).collect();
            give("plan_to_review", "plans in force cover what changes", plans);
        }
        let exercises = self.collisions.iter().map(|one| one.exercise.clone()).collect();
        give("exercise_collides", "exercises of the same services lie within the window", exercises);
    }
}
