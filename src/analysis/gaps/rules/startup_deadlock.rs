//! Nothing waits, by way of others, for itself to start.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::model::Id;

pub const REMEDY: &str =
    "Find a dependency of the circle that is not needed to start, and say so in its mapping (needed_to_start).";
/// So many circles are told.
const MAX: usize = 100;

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let circles = facts.loss.restoration.recovery.circles(facts.landscape.graph(), MAX);
    let gap = |mut circle: Vec<usize>| {
        // The numbers of nodes are not for good: the circle begins with the oldest object in it.
        let first = (0..circle.len()).min_by_key(|place| items[circle[*place]].id)?;
        circle.rotate_left(first);
        let ids: Vec<Id> = circle.iter().map(|node| items[*node].id).collect();
        let keys: Vec<&str> = circle.iter().chain(&circle[..1]).take(8).map(|node| &*items[*node].key).collect();
        let words = format!("After the loss of everything it never starts, for it waits for itself: {}.", keys.join(" → "));
        Some(GapMatch::new(GapSeverity::Critical, items[circle[0]].reference(), words).details(Details::These(ids)))
    };
    circles.into_iter().filter_map(gap).collect()
}
