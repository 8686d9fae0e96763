//! Every business process has a business impact analysis that somebody has approved (ISO 22301, 8.2.2).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::graph::builder::Item;

pub const REMEDY: &str = "Assess the impact of an interruption and have the assessment approved.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let lacking = facts.active.iter().map(|node| &items[*node]).filter(|item| !facts.assessed.contains(&item.id));
    let gap = |item: &Item| {
        let severity = if item.is_vital() { GapSeverity::Major } else { GapSeverity::Minor };
        GapMatch::new(severity, item.reference(), "The business process has no approved impact assessment.")
    };
    lacking.map(gap).collect()
}
