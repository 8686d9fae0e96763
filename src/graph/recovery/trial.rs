//! What a recovery becomes when some items are faster, without computing all of it again.

use super::{Recovery, Time, waits};
use crate::graph::net::{Graph, GroupId};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A recovery with some durations shortened.
///
/// Only what changes is kept, and followed from provider to dependent in ascending order of the new ends. This is right
/// with circles too. What comes back by the sweep has a finite derivation from items that wait for nobody, and the end the
/// sweep finds is the earliest over all derivations: the limit of applying the equations over and over to "never". Shorter
/// durations give a smaller solution in the same way, the present ends lie between it and "never", and the equations are
/// monotone: applied over and over to the present ends they are squeezed to that same limit. What is stuck has no
/// derivation, whatever the durations are, and stays stuck.
pub(super) struct Trial<'a> {
    graph: &'a Graph,
    recovery: &'a Recovery,
    /// The node whose end is in question.
    target: usize,
    /// The nodes whose start or duration differs from the recovery.
    changed: FxHashMap<usize, Change>,
    /// How many changes there were.
    changes: usize,
    /// How many of them a dependent had seen when it was last looked at: those it need not be looked at for again.
    seen: FxHashMap<usize, usize>,
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    /// Room for the members of a node's groups.
    members: Vec<Member>,
}

/// The latest change of a node.
#[derive(Debug, Clone, Copy)]
struct Change {
    start: i64,
    duration: i64,
    /// Counted from 1; 0 for what is as it was.
    number: usize,
}

impl Change {
    fn end(&self) -> i64 {
        self.start + self.duration
    }
}

/// A member of a redundancy group that went down.
#[derive(Debug, Clone, Copy)]
struct Member {
    group: GroupId,
    /// `NEVER` when it is stuck.
    end: i64,
    node: usize,
    /// Whether its step makes the dependent wait for the group.
    waited_for: bool,
}

const NEVER: i64 = i64::MAX;

impl<'a> Trial<'a> {
    pub(super) fn new(graph: &'a Graph, recovery: &'a Recovery, target: usize) -> Trial<'a> {
        let (changed, seen) = (FxHashMap::default(), FxHashMap::default());
        Trial { graph, recovery, target, changed, changes: 0, seen, queue: BinaryHeap::new(), members: Vec::new() }
    }

    /// When the target is back with these durations, none of them longer than now.
    pub(super) fn end_with(&mut self, durations: impl IntoIterator<Item = (usize, i64)>) -> i64 {
        self.changed.clear();
        self.changes = 0;
        self.seen.clear();
        self.queue.clear();
        for (node, duration) in durations {
            self.change(node, self.present(node).start, duration);
        }
        while let Some(Reverse((end, node))) = self.queue.pop() {
            if end >= self.present(self.target).start {
                // Whatever changes from here on is back too late to let the target start earlier.
                break;
            }
            let provider = self.present(node);
            if end == provider.end() {
                self.follow(node, provider);
            }
        }
        self.present(self.target).end()
    }

    /// Looks at the dependents of a node that is back earlier now. A dependent can gain only when it does not start before
    /// the node is back now, nor after the node was back before.
    fn follow(&mut self, node: usize, provider: Change) {
        let before = self.recovery.time(node).map_or(NEVER, |time| time.end);
        for step in self.graph.dependents(node) {
            let dependent = step.node as usize;
            let present = self.present(dependent);
            if provider.end() >= present.start || present.start > before {
                continue;
            }
            let seen = self.seen.entry(dependent).or_default();
            if *seen < provider.number {
                *seen = self.changes;
                let start = self.start(dependent);
                if start < present.start {
                    self.change(dependent, start, present.duration);
                }
            }
        }
    }

    fn change(&mut self, node: usize, start: i64, duration: i64) {
        self.changes += 1;
        self.changed.insert(node, Change { start, duration, number: self.changes });
        self.queue.push(Reverse((start + duration, node)));
    }

    /// How things stand with a node. One that does not come back, or was never down, stands at zero and cannot gain.
    fn present(&self, node: usize) -> Change {
        let change = |time: Time| Change { start: time.start, duration: time.end - time.start, number: 0 };
        let untouched = || self.recovery.time(node).map_or(Change { start: 0, duration: 0, number: 0 }, change);
        self.changed.get(&node).copied().unwrap_or_else(untouched)
    }

    /// When a node is back; None when it never went down.
    fn end(&self, node: usize) -> Option<i64> {
        if self.recovery.is_stuck(node) {
            return Some(NEVER);
        }
        self.recovery.time(node)?;
        Some(self.present(node).end())
    }

    /// When a node can start, from all it waits for.
    fn start(&mut self, node: usize) -> i64 {
        let single = self.gather(node).map_or(0, |(end, _)| end);
        self.groups().filter_map(|members| self.turn(members)).fold(single, i64::max)
    }

    /// The providers of which one has to be back earlier if a node that starts at `start` shall start earlier: a single one
    /// that comes last, or else the members of a group that comes last, without those that are back before it has enough.
    pub(super) fn last_providers(&mut self, node: usize, start: i64) -> Vec<usize> {
        match self.gather(node) {
            _ if start == 0 => Vec::new(),
            Some((end, provider)) if end == start => vec![provider],
            _ => {
                let last = self.groups().find(|members| self.turn(members) == Some(start)).unwrap_or_default();
                let late = last.iter().filter(|member| member.end >= start && member.end < NEVER);
                late.map(|member| member.node).collect()
            }
        }
    }

    /// Collects the members of a node's groups that went down, group by group and by their ends. Returns the single provider
    /// that comes last, with its end.
    fn gather(&mut self, node: usize) -> Option<(i64, usize)> {
        let mut last = None;
        self.members.clear();
        for step in self.graph.providers(node) {
            let provider = step.node as usize;
            let Some(end) = self.end(provider) else { continue };
            match step.group {
                Some(group) => self.members.push(Member { group, end, node: provider, waited_for: waits(step) }),
                None if waits(step) => last = last.max(Some((end, provider))),
                None => {}
            }
        }
        self.members.sort_unstable_by_key(|member| (member.group.index(), member.end));
        last
    }

    fn groups(&self) -> impl Iterator<Item = &[Member]> {
        self.members.chunk_by(|one, other| one.group == other.group)
    }

    /// When a group has enough members, given those that went down by their ends. None when it is not waited for.
    fn turn(&self, members: &[Member]) -> Option<i64> {
        let spare = self.graph.group(members.first()?.group).tolerated_losses();
        let missing = members.len().checked_sub(spare + 1)?;
        members.iter().any(|member| member.waited_for).then(|| members[missing].end)
    }
}
