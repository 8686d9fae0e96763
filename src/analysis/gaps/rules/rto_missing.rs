//! Every live service has a recovery time objective, its own or one that what depends on it hands down.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};

pub const REMEDY: &str = "Set an RTO on the service, or on the business processes that depend on it.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let lacking = facts.live.iter().copied().filter(|node| facts.landscape.objectives()[*node].rto.is_none());
    let gap = |node: usize| {
        let severity = if facts.is_critical(node) { GapSeverity::Major } else { GapSeverity::Minor };
        GapMatch::new(severity, items[node].reference(), "No recovery time objective is in force for the service.")
    };
    lacking.map(gap).collect()
}
