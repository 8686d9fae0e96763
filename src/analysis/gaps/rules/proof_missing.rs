//! What a vital business function depends on has been shown to come back.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};

pub const REMEDY: &str = "Measure its restoration in an exercise or a restore test.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let unmeasured = |node: &usize| facts.supports_vital(*node) && !facts.proofs.contains_key(&items[*node].id);
    let words = "The service supports a vital business function, and it was never measured how fast it is back.";
    let gap = |node: usize| GapMatch::new(GapSeverity::Major, items[node].reference(), words);
    facts.live.iter().copied().filter(unmeasured).map(gap).collect()
}
