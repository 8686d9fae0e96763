//! The cheapest way to have something back in time: which single item has to be faster, and by how much.

use super::Recovery;
use super::trial::Trial;
use crate::graph::net::Graph;
use rustc_hash::FxHashSet;

/// One item made faster. All values are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Improvement {
    pub node: usize,
    /// How long the item takes now.
    pub from: i64,
    /// The longest it may take.
    pub to: i64,
    /// When the node in question is back then.
    pub end: i64,
}

impl Improvement {
    fn reduction(&self) -> i64 {
        self.from - self.to
    }
}

/// The smallest reduction of a single duration that brings a node back at `target` or before. Among equal ones the item
/// restored first. None when no single item suffices, or the node is stuck, not down, or in time anyway.
///
/// An end never grows when a duration shrinks, and shrinks by no more than that. So no reduction smaller than the gap can
/// do, and the search ends where one as small as the gap does. And when a whole range of items cannot do together, none of
/// them can alone: ranges are halved only as long as they can.
pub fn cheapest_improvement(graph: &Graph, recovery: &Recovery, node: usize, target: i64) -> Option<Improvement> {
    let end = recovery.time(node)?.end;
    if target < 0 || end <= target {
        return None;
    }
    let gap = end - target;
    let mut trial = Trial::new(graph, recovery, node);
    let items = candidates(recovery, &mut trial, node, gap);
    let mut best: Option<Improvement> = None;
    let mut ranges = vec![items.as_slice()];
    while let Some(range) = ranges.pop() {
        // Only what beats the best so far is of interest.
        let worthwhile = best.map_or(i64::MAX, |best| best.reduction() - 1);
        if worthwhile < gap {
            break;
        }
        let least = range.iter().map(|item| (item.node, (item.duration - worthwhile).max(0)));
        if range.is_empty() || trial.end_with(least) > target {
            continue;
        }
        if let [item] = range {
            best = Some(longest(&mut trial, *item, worthwhile, gap, target));
        } else {
            let (former, latter) = range.split_at(range.len() / 2);
            ranges.extend([latter, former]);
        }
    }
    best
}

/// The longest an item may take, knowing that `worthwhile` seconds less suffice and anything less than `gap` does not.
/// Halves what is in question. A trial that misses the target by some seconds rules out as many more below it.
fn longest(trial: &mut Trial, item: Item, worthwhile: i64, gap: i64, target: i64) -> Improvement {
    let mut suffices = (item.duration - worthwhile).max(0);
    let mut most = item.duration - gap;
    let mut attempt = most;
    while suffices < most {
        let end = trial.end_with([(item.node, attempt)]);
        if end <= target {
            suffices = attempt;
        } else {
            most = attempt - (end - target);
        }
        attempt = most - (most - suffices) / 2;
    }
    let end = trial.end_with([(item.node, suffices)]);
    Improvement { node: item.node, from: item.duration, to: suffices, end }
}

/// An item that may help, and how long it takes.
#[derive(Debug, Clone, Copy)]
struct Item {
    node: usize,
    duration: i64,
}

/// The items of which one alone may bring a node back earlier, in the order they are restored: those that take
/// at least as long as what has to be saved.
///
/// A node starts earlier only when all providers that are back last would be earlier, so that any one of them may be
/// followed. Where a group is back last, each member counts that is back no earlier: one that now comes too late to matter
/// may come before the others when it is faster.
fn candidates(recovery: &Recovery, trial: &mut Trial, target: usize, gap: i64) -> Vec<Item> {
    let mut items = Vec::new();
    let mut seen = FxHashSet::from_iter([target]);
    let mut open = vec![target];
    while let Some(node) = open.pop() {
        let Some(time) = recovery.time(node) else { continue };
        if time.end - time.start >= gap {
            items.push((time.end, Item { node, duration: time.end - time.start }));
        }
        open.extend(trial.last_providers(node, time.start).into_iter().filter(|provider| seen.insert(*provider)));
    }
    items.sort_unstable_by_key(|(end, item)| (*end, item.node));
    items.into_iter().map(|(_, item)| item).collect()
}
