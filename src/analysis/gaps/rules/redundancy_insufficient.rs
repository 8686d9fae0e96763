//! A redundancy group has at least as many members as must be up (k of n): otherwise its dependent is never up.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::model::Id;

pub const REMEDY: &str = "Map the members that are missing, or require as many of the group as there are.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let mut gaps: Vec<GapMatch> = Vec::new();
    let mut told = None;
    for group in facts.landscape.parts().short_groups() {
        // An item has one gap of a rule: the first of its groups tells it.
        if told.replace(group.dependent) == Some(group.dependent) {
            continue;
        }
        let (name, required, members) = (group.name, group.required, group.members.len());
        let words = format!("Of the redundancy group {name:?} {required} members must be up, and it has {members}.");
        let severity = if facts.is_critical(group.dependent) { GapSeverity::Critical } else { GapSeverity::Major };
        let ids: Vec<Id> = group.members.iter().map(|node| items[*node].id).collect();
        gaps.push(GapMatch::new(severity, items[group.dependent].reference(), words).details(Details::These(ids)));
    }
    gaps
}
