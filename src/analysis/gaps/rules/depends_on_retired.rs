//! What is live depends on nothing that is planned, a draft or retired: that is not there, whatever the mapping says.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::model::Id;

pub const REMEDY: &str = "Map what serves in its place, or remove the mapping; or bring the life cycle up to date.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let idle = facts.landscape.parts().idle_providers();
    let gap = |of: &[(usize, usize)]| {
        let (dependent, ids): (usize, Vec<Id>) = (of[0].0, of.iter().map(|(_, provider)| items[*provider].id).collect());
        let keys: Vec<&str> = of.iter().take(5).map(|(_, provider)| &*items[*provider].key).collect();
        let more = if of.len() > keys.len() { format!(" and {} more", of.len() - keys.len()) } else { String::new() };
        let words = format!("It depends on what is not in service: {}{more}.", keys.join(", "));
        let severity = if facts.is_critical(dependent) { GapSeverity::Critical } else { GapSeverity::Major };
        GapMatch::new(severity, items[dependent].reference(), words).details(Details::These(ids))
    };
    idle.chunk_by(|one, other| one.0 == other.0).map(gap).collect()
}
