//! Plans in force are reviewed by the day that was agreed (ISO 22301, 8.6).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::is_past;

pub const REMEDY: &str = "Review the plan; the activation of a version sets the next day by its review cycle.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let late = facts.plans.iter().filter(|plan| is_past(plan.body.review_due, &facts.today));
    let gap = |plan| GapMatch::new(GapSeverity::Major, reference_of(plan), "The plan is in force and its review is overdue.");
    late.map(|plan| gap(plan).due(plan.body.review_due)).collect()
}
