//! Whether an RTO can be met is known only where all durations on the way are declared.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::analysis::recovery::Verdict;

pub const REMEDY: &str = "Declare the recovery and restart times of what it depends on: GET /services/{id}/recovery names them.";

/// So many items of the chain are looked at, those next to the service.
const LONGEST: usize = 1000;

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let (items, able) = (facts.landscape.items(), facts.landscape.capabilities());
    let unknown = facts.live.iter().copied().filter(|node| facts.recovery_verdict(*node).verdict == Verdict::Unknown);
    let gap = |node: usize| {
        let chain = facts.loss.restoration.recovery.bottlenecks(node).take(LONGEST);
        let undeclared = chain.filter(|node| able[*node].recovery.is_none()).map(|node| items[node].id).collect();
        let words = "How fast the service can be back is not known: durations on its way are not declared.";
        GapMatch::new(GapSeverity::Minor, items[node].reference(), words).details(Details::These(undeclared))
    };
    unknown.map(gap).collect()
}
