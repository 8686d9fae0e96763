//! A plan nobody has tried is a hope (ISO 22301, 8.5).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Found, GapSeverity};
use crate::analysis::schedule::of;

pub const REMEDY: &str = "Hold an exercise that names the plan.";

pub fn find(facts: &Facts) -> Vec<Found> {
    let untried = facts.plans.iter().filter(|plan| !facts.is_exercised(plan.head.id));
    untried.map(|plan| Found::new(GapSeverity::Major, of(plan), "The plan is in force and was never exercised.")).collect()
}
