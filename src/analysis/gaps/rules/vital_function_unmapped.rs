//! It is known which services a vital business function uses.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::model::Kind;

pub const REMEDY: &str = "Map the business process to the services it uses.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let uses = |node: usize| facts.landscape.graph().providers(node).iter().map(|step| items[step.node as usize].kind);
    let unmapped = |node: &usize| facts.is_vital(*node) && !uses(*node).any(|kind| kind == Kind::Service);
    let words = "The vital business function is mapped to no service: nothing is known of what it depends on.";
    let gap = |node: usize| GapMatch::new(GapSeverity::Critical, items[node].reference(), words);
    facts.active.iter().copied().filter(unmapped).map(gap).collect()
}
