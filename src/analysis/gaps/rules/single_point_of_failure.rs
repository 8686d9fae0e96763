//! No single component, site or supplier takes a vital business function down (component failure impact analysis, ITIL).
//! A service that does is none: it is what the function uses, and what it stands on is looked at instead.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::model::Kind;

pub const REMEDY: &str = "Add a second one in a redundancy group, or make the dependency one that the loss does not pass.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let taken_down = facts.landscape.loss_counts();
    let mut gaps = Vec::new();
    for (node, item) in facts.landscape.items().iter().enumerate() {
        let [services, vital] = taken_down[node];
        let looked_at = matches!(item.kind, Kind::Component | Kind::Site | Kind::Supplier) && facts.supports_vital(node);
        if looked_at && vital > 0 {
            let words = format!("Its loss alone takes down vital business functions: {vital}, services: {services}.");
            gaps.push(GapMatch::new(GapSeverity::Major, item.reference(), words).details(Details::TakenDownBy(node)));
        }
    }
    gaps
}
