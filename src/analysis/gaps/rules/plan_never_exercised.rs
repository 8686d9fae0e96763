//! A plan nobody has tried is a hope (ISO 22301, 8.5).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;

pub const REMEDY: &str = "Hold an exercise that names the plan.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let untried = facts.plans.iter().filter(|plan| !facts.is_exercised(plan.meta.id));
    untried
        .map(|plan| GapMatch::new(GapSeverity::Major, reference_of(plan), "The plan is in force and was never exercised."))
        .collect()
}
