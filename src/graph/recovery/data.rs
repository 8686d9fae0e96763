//! How much data is missing once everything is back.

use crate::graph::net::{Graph, GroupId, Neighbour, State};
use crate::graph::recovery::RecoveryCapability;
use std::cmp::Reverse;

/// How many seconds' worth of data each node that is down lacks once it is back, largest first; only those that lack any.
///
/// What was lost lacks its own `data_loss`. What goes down with a provider works on that provider's data, and lacks as much
/// as the worst of them. A group has its data as long as enough members have it: with `s` members to spare it lacks what
/// the member at place `s + 1` from the worst lacks. Nobody lacks anything without a loss that leads there.
///
/// Only maxima and places in an order are taken, so every result is one of the losses put in. Hence one sweep from the
/// largest loss down: whatever a loss reaches, and no larger one did, lacks just as much.
pub fn data_losses(graph: &Graph, capabilities: &[RecoveryCapability], states: &[State], lost: &[usize]) -> Vec<(usize, i64)> {
    let mut sources: Vec<(i64, usize)> =
        lost.iter().filter_map(|node| Some((capabilities[*node].data_loss.filter(|loss| *loss > 0)?, *node))).collect();
    sources.sort_unstable_by_key(|(loss, node)| (Reverse(*loss), *node));
    let mut spread = Spread {
        graph,
        // What is not down lacks nothing, and needs no visit.
        settled: states.iter().map(|state| *state != State::Down).collect(),
        members: vec![0; graph.groups()],
        cascading: cascading(graph),
    };
    let mut losses = Vec::new();
    let mut reached = Vec::new();
    for (loss, source) in sources {
        spread.settle(source, &mut reached);
        while let Some(node) = reached.pop() {
            losses.push((node, loss));
            for step in graph.dependents(node) {
                if spread.passes(step) {
                    spread.settle(step.node as usize, &mut reached);
                }
            }
        }
    }
    losses.sort_unstable_by_key(|(node, loss)| (Reverse(*loss), *node));
    losses
}

struct Spread<'a> {
    graph: &'a Graph,
    settled: Vec<bool>,
    /// How many members of each group are settled with a loss.
    members: Vec<usize>,
    cascading: Vec<bool>,
}

impl Spread<'_> {
    fn settle(&mut self, node: usize, reached: &mut Vec<usize>) {
        if !std::mem::replace(&mut self.settled[node], true) {
            reached.push(node);
        }
    }

    /// Whether the loss of a provider, just settled, goes on to the dependent of this step.
    fn passes(&mut self, step: &Neighbour) -> bool {
        step.group.map_or(step.effect == State::Down, |group| self.fills(group))
    }

    /// Counts one more member of a group. Whether the group has none left to spare.
    fn fills(&mut self, group: GroupId) -> bool {
        self.members[group.index()] += 1;
        self.cascading[group.index()] && self.members[group.index()] > self.graph.group(group).tolerated_losses()
    }
}

/// Of each group, whether its dependent goes down with it: one member whose loss has that effect is enough.
fn cascading(graph: &Graph) -> Vec<bool> {
    let mut cascading = vec![false; graph.groups()];
    for step in (0..graph.nodes()).flat_map(|node| graph.providers(node)) {
        if let Some(group) = step.group {
            cascading[group.index()] |= step.effect == State::Down;
        }
    }
    cascading
}
