//! What goes down when something is lost, respecting k-of-n groups. Iterative and near-linear: a node goes down once, an
//! edge is looked at once for each state of its provider.
use super::net::{Graph, GroupId, State};

/// No node.
const NOBODY: u32 = u32::MAX;

/// Working memory of a question, as large as the graph; cleared by what was touched, so that small questions stay cheap.
#[derive(Debug, Default)]
pub struct Scratch {
    states: Vec<State>,
    ways: Vec<Way>,
    fallen: Vec<(u32, State)>,
    touched: Vec<usize>,
    /// Groups with a member that is down, and whose they are.
    touched_groups: Vec<(usize, usize)>,
    /// First come, first served: so the first to reach a node has come the shortest way.
    open: Vec<(usize, State)>,
}

/// How a node was reached.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// The provider that brought it into its state.
    by: u32,
    /// The lost node it all began with.
    root: u32,
    /// How many steps that is away.
    steps: u32,
}

impl Way {
    const NONE: Way = Way { by: NOBODY, root: NOBODY, steps: 0 };
}

/// Why a node is not up.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// The way from a lost node, or its first node and the last ones.
    pub way: Vec<usize>,
    /// How many nodes are left out after the first.
    pub omitted: usize,
}

impl Graph {
    pub fn scratch(&self) -> Scratch {
        let (states, ways) = (vec![State::Up; self.nodes()], vec![Way::NONE; self.nodes()]);
        Scratch { states, ways, fallen: vec![(0, State::Up); self.groups()], ..Scratch::default() }
    }

    /// Finds what is not up when `lost` are down. A dependent is down when a cascading provider outside any group is down,
    /// or when fewer members of a group are up than required; it is degraded when that befalls a partial one, or when a
    /// cascading provider is degraded.
    pub fn impact<'s>(&self, scratch: &'s mut Scratch, lost: &[usize]) -> Impact<'s> {
        scratch.clear();
        for node in lost {
            scratch.raise(*node, State::Down, NOBODY);
        }
        let mut next = 0;
        while let Some((node, state)) = scratch.open.get(next).copied() {
            next += 1;
            for step in self.dependents(node) {
                let reached = match (state, step.group) {
                    (State::Down, None) => step.effect,
                    (State::Down, Some(group)) => scratch.fall(self, group, step.node as usize, step.effect),
                    (State::Degraded, None) if step.effect == State::Down => State::Degraded,
                    _ => State::Up,
                };
                scratch.raise(step.node as usize, reached, u32::try_from(node).unwrap_or(NOBODY));
            }
        }
        Impact(scratch)
    }
}

impl Scratch {
    fn clear(&mut self) {
        self.open.clear();
        for node in self.touched.drain(..) {
            (self.states[node], self.ways[node]) = (State::Up, Way::NONE);
        }
        self.touched_groups.drain(..).for_each(|(group, _)| self.fallen[group] = (0, State::Up));
    }

    /// The state of a node after the last question.
    pub fn state(&self, node: usize) -> State {
        self.states[node]
    }

    fn raise(&mut self, node: usize, state: State, by: u32) {
        if state > self.states[node] {
            if self.states[node] == State::Up {
                self.touched.push(node);
            }
            self.states[node] = state;
            self.ways[node] = match self.ways.get(by as usize) {
                Some(way) => Way { by, root: way.root, steps: way.steps + 1 },
                None => Way { by, root: u32::try_from(node).unwrap_or(NOBODY), steps: 0 },
            };
            self.open.push((node, state));
        }
    }

    /// One member more of a group is down: what that does to the dependent.
    fn fall(&mut self, graph: &Graph, group: GroupId, dependent: usize, effect: State) -> State {
        let (count, worst) = &mut self.fallen[group.index()];
        if *count == 0 {
            self.touched_groups.push((group.index(), dependent));
        }
        (*count, *worst) = (*count + 1, effect.max(*worst));
        if *count as usize > graph.group(group).tolerated_losses() { *worst } else { State::Up }
    }
}

/// What a loss does.
pub struct Impact<'s>(&'s Scratch);

impl Impact<'_> {
    /// The nodes that are not up, the lost ones first, those reached in fewer steps before others.
    pub fn nodes(&self) -> impl Iterator<Item = (usize, State)> + '_ {
        self.0.touched.iter().map(|node| (*node, self.0.states[*node]))
    }
    pub fn state(&self, node: usize) -> State {
        self.0.states[node]
    }
    /// The state of every node.
    pub fn states(&self) -> &[State] {
        &self.0.states
    }
    /// A shortest way from a lost node to this one, both included: each brought the next into its state. Where a group
    /// had to fall, it leads through the member whose loss was one too many. Of more than `most` nodes the first is told and
    /// those before this one.
    pub fn cause(&self, node: usize, most: usize) -> Cause {
        let Way { root, steps, .. } = self.0.ways[node];
        let length = steps as usize + 1;
        let back = |at: &usize| Some(self.0.ways[*at].by).filter(|by| *by != NOBODY).map(|by| by as usize);
        let told = if length > most { most.saturating_sub(1) } else { length };
        let mut way: Vec<usize> = std::iter::successors(Some(node), back).take(told).collect();
        if told < length {
            way.push(root as usize);
        }
        way.reverse();
        Cause { omitted: length.saturating_sub(way.len()), way }
    }
    /// The nodes that are up though members of their redundancy groups are down whose loss would be felt without the others, each
    /// once.
    pub fn protected(&self) -> Vec<usize> {
        let felt = |group: usize| self.0.fallen[group].1 != State::Up;
        let up = |(group, node): &(usize, usize)| (felt(*group) && self.0.states[*node] == State::Up).then_some(*node);
        let mut saved: Vec<usize> = self.0.touched_groups.iter().filter_map(up).collect();
        saved.sort_unstable();
        saved.dedup();
        saved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::net::{Edge, Group};
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// The definition, applied until nothing changes.
    fn brute(nodes: usize, edges: &[Edge], groups: &[Group], lost: &[usize]) -> Vec<State> {
        let mut states = vec![State::Up; nodes];
        lost.iter().for_each(|node| states[*node] = State::Down);
        for _ in 0..nodes * 2 {
            for edge in edges {
                // All of a group that can lose none are simply depended on.
                let reached = match edge.group.filter(|group| groups[*group].tolerated_losses() > 0) {
                    None if states[edge.provider] == State::Down => edge.effect,
                    None if states[edge.provider] == State::Degraded && edge.effect == State::Down => State::Degraded,
                    Some(group) if states[edge.provider] == State::Down => {
                        let all: Vec<_> = edges.iter().filter(|e| e.group == Some(group)).collect();
                        let up = all.iter().filter(|e| states[e.provider] != State::Down).count();
                        if up < groups[group].required { edge.effect } else { State::Up }
                    }
                    _ => State::Up,
                };
                states[edge.dependent] = states[edge.dependent].max(reached);
            }
        }
        states
    }

    /// Any graph of 8 nodes; a group belongs to one dependent.
    fn graphs() -> impl Strategy<Value = (Vec<Edge>, Vec<Group>)> {
        let edge = (0..8usize, 0..8usize, 0..3usize, prop::option::of(0..2usize));
        (prop::collection::vec(edge, 0..30), prop::collection::vec(1..4usize, 16)).prop_map(|(raw, required)| {
            let mut seen = HashSet::new();
            let edges: Vec<Edge> = raw
                .into_iter()
                .map(|(dependent, provider, effect, group)| {
                    let (group, effect) = (group.map(|g| dependent * 2 + g), [State::Up, State::Degraded, State::Down][effect]);
                    Edge { dependent, provider, effect, group, needed: true, place: false }
                })
                .filter(|e| seen.insert((e.dependent, e.provider, e.group)))
                .collect();
            let members = |group| edges.iter().filter(|e| e.group == Some(group)).count();
            let groups = (0..16).map(|g| Group { members: members(g), required: required[g] }).collect();
            (edges, groups)
        })
    }

    proptest! {
        #[test]
        fn equals_the_definition_on_any_graph(
            (edges, groups) in graphs(), lost in prop::collection::vec(0..8usize, 1..3),
        ) {
            let graph = Graph::new(8, &edges, groups.clone());
            let mut scratch = graph.scratch();
            // Twice with the same memory: what one question leaves behind must not reach the next.
            for lost in [&lost[..1], &lost] {
                let told = brute(8, &edges, &groups, lost);
                let impact = graph.impact(&mut scratch, lost);
                prop_assert_eq!(impact.states(), &told);
                let up = |node: &usize| told[*node] == State::Up && edges.iter().any(|e| {
                    e.dependent == *node && e.group.is_some_and(|g| groups[g].tolerated_losses() > 0) && told[e.provider] == State::Down && e.effect != State::Up
                });
                prop_assert_eq!(impact.protected(), (0..8).filter(up).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_cause_leads_from_what_was_lost_step_by_step(
            (edges, groups) in graphs(), lost in prop::collection::vec(0..8usize, 1..3), plain in any::<bool>(),
        ) {
            let edges: Vec<Edge> = edges.into_iter().filter(|e| !plain || e.group.is_none()).collect();
            let graph = Graph::new(8, &edges, groups);
            let mut scratch = graph.scratch();
            let impact = graph.impact(&mut scratch, &lost);
            for (node, state) in impact.nodes() {
                let Cause { way, omitted } = impact.cause(node, usize::MAX);
                prop_assert!(omitted == 0 && lost.contains(&way[0]) && way[way.len() - 1] == node);
                for most in 2..9 {
                    let cut = impact.cause(node, most);
                    let first = way.len().saturating_sub(most);
                    let rest = [&way[..1], &way[1 + first.min(way.len() - 1)..]].concat();
                    prop_assert_eq!(cut, Cause { way: rest, omitted: first });
                }
                for pair in way.windows(2) {
                    prop_assert!(edges.iter().any(|e| e.provider == pair[0] && e.dependent == pair[1]));
                }
                // Without groups: no shorter one leads there.
                if plain && state == State::Down {
                    let mut reached: HashSet<usize> = lost.iter().copied().collect();
                    for _ in 0..way.len().saturating_sub(2) {
                        let more: Vec<usize> = edges
                            .iter()
                            .filter(|e| e.effect == State::Down && reached.contains(&e.provider))
                            .map(|e| e.dependent)
                            .collect();
                        reached.extend(more);
                    }
                    prop_assert!(way.len() == 1 || !reached.contains(&node));
                }
            }
        }
    }
}
