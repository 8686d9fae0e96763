//! How soon everything is back after a loss: when each item that is down can start again, what it waits for, which items
//! wait for each other in circles and never start, what would bring one back in time, and how much data is missing then.
//!
//! An item waits for every provider it needs at start-up, and of a redundancy group for as many members as it requires.
//! It is back its own duration after the last of those:
//!
//! ```text
//! end(x) = max over what x waits for of end + duration(x)
//! ```
//!
//! No end comes before one it was made of, so that Dijkstra's sweep carries over (Knuth 1977, "A generalization of
//! Dijkstra's algorithm"): items become final in ascending order of their ends. What never does is stuck.

use super::net::{Graph, Neighbour, State};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

mod circles;
mod data;
mod improvement;
#[cfg(test)]
mod tests;
mod trial;

pub use data::data_losses;
pub use improvement::{Improvement, cheapest_improvement};

/// What an item can do about a loss, in seconds. What is not known counts as nothing, and negative values do too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecoveryCapability {
    /// How long it takes to rebuild the item when it is lost itself.
    pub recovery: Option<i64>,
    /// How long it takes to start again when only something it depends on was lost.
    pub restart: Option<i64>,
    /// How far back the data lies that the item is rebuilt from.
    pub data_loss: Option<i64>,
}

/// When an item is back. Times are seconds after the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// When everything it waits for is back.
    pub start: i64,
    /// When it is back itself.
    pub end: i64,
    /// The provider that came last, its bottleneck. None when it waits for nobody who is down.
    pub waits_for: Option<usize>,
    /// One for what waits for nobody who is down, else one more than the largest wave among the providers it waited for.
    pub wave: u32,
    /// Whether all durations that led here are known; otherwise `end` is only the earliest it can be.
    pub known: bool,
    /// Whether it was lost itself.
    pub lost: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It never went down, and is available at once.
    Unharmed,
    /// It waits for something that waits for it, or for something stuck.
    Stuck,
    Back(Time),
}

/// The earliest restoration after a loss.
#[derive(Debug, Clone)]
pub struct Recovery {
    outcomes: Vec<Outcome>,
    /// Of each redundancy group that somebody waits for: how many more members it would take.
    missing: Vec<u32>,
}

impl Recovery {
    /// When a node is back. None for nodes that are stuck or were never down.
    pub fn time(&self, node: usize) -> Option<Time> {
        match self.outcomes[node] {
            Outcome::Back(time) => Some(time),
            Outcome::Unharmed | Outcome::Stuck => None,
        }
    }

    /// Whether a node never starts, because of a circle.
    pub fn is_stuck(&self, node: usize) -> bool {
        self.outcomes[node] == Outcome::Stuck
    }

    /// The nodes that never start, in ascending order.
    pub fn stuck(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.outcomes.len()).filter(|node| self.is_stuck(*node))
    }

    /// The bottlenecks that decide when a node is back: from the one restored first up to the node itself. Empty when the
    /// node does not come back or was never down.
    pub fn chain(&self, node: usize) -> Vec<usize> {
        let mut chain: Vec<usize> = self.bottlenecks(node).collect();
        chain.reverse();
        chain
    }

    /// The same in the opposite order: the node, what it waits for longest, and so on. Chains may be long.
    pub fn bottlenecks(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.time(node).map(|_| node);
        std::iter::successors(first, |node| self.time(*node)?.waits_for)
    }

    /// The nodes that come back, each with its wave: ordered by wave, start and node.
    pub fn waves(&self) -> Vec<(usize, u32)> {
        let mut back: Vec<(u32, i64, usize)> =
            (0..self.outcomes.len()).filter_map(|node| self.time(node).map(|time| (time.wave, time.start, node))).collect();
        back.sort_unstable();
        back.into_iter().map(|(wave, _, node)| (node, wave)).collect()
    }
}

/// Whether the dependent waits for the provider when it starts. A dependency without any effect is not waited for, needed
/// or not. In a redundancy group one such step is enough for the whole group to count.
fn waits(step: &Neighbour) -> bool {
    step.needed && step.effect != State::Up
}

/// Computes the earliest restoration. `abilities` and `states` have one entry per node of the graph; `states` tells what the
/// loss of `lost` made of each. Everything that is not down is available at once.
pub fn recover(graph: &Graph, capabilities: &[RecoveryCapability], states: &[State], lost: &[usize]) -> Recovery {
    let mut sweep = Sweep::new(graph, capabilities, states, lost);
    while let Some(Reverse((_, node))) = sweep.queue.pop() {
        sweep.settle(node);
    }
    Recovery { outcomes: sweep.outcomes, missing: sweep.missing }
}

/// What is known so far of a node that is down.
#[derive(Debug, Clone, Copy)]
struct Draft {
    /// How many providers and groups it still waits for. Each step counts, even when several have the same provider.
    pending: u32,
    duration: i64,
    /// The restoration so far; its end is set when it is final.
    time: Time,
}

/// What a redundancy group means to its dependent at start-up.
#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    dependent: usize,
    /// How many members are down.
    down: usize,
    spare: usize,
    /// Whether the dependent waits for it at all.
    waited_for: bool,
}

impl Gate {
    /// How many of the members that are down have to come back: those beyond the ones it can spare.
    fn missing(&self) -> u32 {
        let missing = if self.waited_for { self.down.saturating_sub(self.spare) } else { 0 };
        u32::try_from(missing).unwrap_or(u32::MAX)
    }
}

struct Sweep<'a> {
    graph: &'a Graph,
    drafts: Vec<Draft>,
    outcomes: Vec<Outcome>,
    missing: Vec<u32>,
    /// Nodes that wait for nobody any more, by their ends.
    queue: BinaryHeap<Reverse<(i64, usize)>>,
}

impl<'a> Sweep<'a> {
    fn new(graph: &'a Graph, capabilities: &[RecoveryCapability], states: &[State], lost: &[usize]) -> Sweep<'a> {
        let blank = Time { start: 0, end: 0, waits_for: None, wave: 1, known: true, lost: false };
        let mut drafts = vec![Draft { pending: 0, duration: 0, time: blank }; graph.nodes()];
        for node in lost {
            drafts[*node].time.lost = true;
        }
        let mut gates = vec![Gate::default(); graph.groups()];
        for node in (0..graph.nodes()).filter(|node| states[*node] == State::Down) {
            let draft = &mut drafts[node];
            let duration = if draft.time.lost { capabilities[node].recovery } else { capabilities[node].restart };
            draft.duration = duration.unwrap_or(0).max(0);
            draft.time.known = duration.is_some();
            draft.pending = waited_for(graph, states, node, &mut gates);
        }
        let missing: Vec<u32> = gates.iter().map(Gate::missing).collect();
        for gate in gates.iter().filter(|gate| gate.missing() > 0) {
            drafts[gate.dependent].pending += 1;
        }
        // Stuck until the sweep reaches them.
        let outcome = |state: &State| if *state == State::Down { Outcome::Stuck } else { Outcome::Unharmed };
        let outcomes = states.iter().map(outcome).collect();
        let mut sweep = Sweep { graph, drafts, outcomes, missing, queue: BinaryHeap::new() };
        for node in (0..graph.nodes()).filter(|node| states[*node] == State::Down) {
            sweep.start_if_ready(node);
        }
        sweep
    }

    fn start_if_ready(&mut self, node: usize) {
        let draft = &mut self.drafts[node];
        if draft.pending == 0 {
            draft.time.end = draft.time.start.saturating_add(draft.duration);
            self.queue.push(Reverse((draft.time.end, node)));
        }
    }

    /// Makes a node final, and starts the dependents that waited for it last.
    fn settle(&mut self, node: usize) {
        let provider = self.drafts[node].time;
        self.outcomes[node] = Outcome::Back(provider);
        for step in self.graph.dependents(node) {
            let dependent = step.node as usize;
            let waited = self.counts(step);
            let draft = &mut self.drafts[dependent];
            // What is not down has nothing pending.
            if !waited || draft.pending == 0 {
                continue;
            }
            // Providers arrive in ascending order of their ends: the last is the bottleneck.
            draft.time.start = provider.end;
            draft.time.waits_for = Some(node);
            draft.time.wave = draft.time.wave.max(provider.wave + 1);
            draft.time.known &= provider.known;
            if step.group.is_none_or(|group| self.missing[group.index()] == 0) {
                draft.pending -= 1;
                self.start_if_ready(dependent);
            }
        }
    }

    /// Whether the dependent of a step waited for the provider that is back now. In a group that is so until it has enough.
    fn counts(&mut self, step: &Neighbour) -> bool {
        match step.group {
            None => waits(step),
            Some(group) => {
                let missing = &mut self.missing[group.index()];
                let waited = *missing > 0;
                *missing = missing.saturating_sub(1);
                waited
            }
        }
    }
}

/// How many single providers a node waits for. Its groups are noted in `gates`.
fn waited_for(graph: &Graph, states: &[State], node: usize, gates: &mut [Gate]) -> u32 {
    let mut pending = 0;
    for step in graph.providers(node) {
        let down = states[step.node as usize] == State::Down;
        match step.group {
            None => pending += u32::from(down && waits(step)),
            Some(group) => {
                let gate = &mut gates[group.index()];
                gate.dependent = node;
                gate.down += usize::from(down);
                gate.spare = graph.group(group).tolerated_losses();
                gate.waited_for |= waits(step);
            }
        }
    }
    pending
}
