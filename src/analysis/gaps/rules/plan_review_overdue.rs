//! Plans in force are reviewed by the day that was agreed (ISO 22301, 8.6).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Found, GapSeverity};
use crate::analysis::schedule::of;
use crate::model::is_past;

pub const REMEDY: &str = "Review the plan; the activation of a version sets the next day by its review cycle.";

pub fn find(facts: &Facts) -> Vec<Found> {
    let late = facts.plans.iter().filter(|plan| is_past(plan.body.review_due, &facts.today));
    let gap = |plan| Found::new(GapSeverity::Major, of(plan), "The plan is in force and its review is overdue.");
    late.map(|plan| gap(plan).due(plan.body.review_due)).collect()
}
