//! What the business cannot do without has a plan in force that brings it back (ISO 22301, 8.4).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};

pub const REMEDY: &str = "Write a continuity plan that covers the service, and activate it.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let covered = |node: usize| facts.plans_of(items[node].id).next().is_some();
    let lacking = facts.live.iter().copied().filter(|node| facts.is_critical(*node) && !covered(*node));
    let gap = |node: usize| {
        let (severity, why) = if facts.supports_vital(node) {
            (GapSeverity::Critical, "supports a vital business function")
        } else {
            (GapSeverity::Major, "is critical")
        };
        GapMatch::new(severity, items[node].reference(), format!("The service {why}, and no plan in force brings it back."))
    };
    lacking.map(gap).collect()
}
