//! What goes down when something is lost, respecting k-of-n groups. Iterative and near-linear: a node goes down once, an
//! edge is looked at once for each state of its provider.

/// What happens to an object when others are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum State {
    #[default]
    Up,
    Degraded,
    Down,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Up => "up",
            State::Degraded => "degraded",
            State::Down => "down",
        }
    }
}

/// One dependency between nodes.
#[derive(Debug, Clone)]
pub struct Edge {
    pub dependent: usize,
    pub provider: usize,
    /// The state of the dependent when the provider is down: `Down` for cascade, `Degraded` for partial, `Up` for none.
    pub effect: State,
    /// The redundancy group, an index into [`Graph::groups`].
    pub group: Option<usize>,
}

/// A redundancy group: so many of its members must be up. Each member is the provider of one edge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Group {
    pub members: usize,
    pub required: usize,
}

/// A dependency graph, or a part of one that holds everything the answer depends on.
#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: usize,
    pub edges: Vec<Edge>,
    pub groups: Vec<Group>,
}

impl Graph {
    /// For every node the edges in which it is the provider.
    pub fn dependents(&self) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new(); self.nodes];
        for (index, edge) in self.edges.iter().enumerate() {
            all[edge.provider].push(index);
        }
        all
    }

    /// The state of every node when `lost` are down. A dependent is down when a cascading provider outside any group is
    /// down, or when fewer members of a group are up than required; it is degraded when that befalls a partial one, or
    /// when a cascading provider is degraded.
    pub fn impact(&self, dependents: &[Vec<usize>], lost: &[usize]) -> Vec<State> {
        let mut states = vec![State::Up; self.nodes];
        let mut fallen = vec![(0usize, State::Up); self.groups.len()];
        let mut open: Vec<(usize, State)> = Vec::new();
        for node in lost {
            raise(&mut states, &mut open, *node, State::Down);
        }
        while let Some((node, state)) = open.pop() {
            for index in &dependents[node] {
                let edge = &self.edges[*index];
                let reached = match (state, edge.group) {
                    (State::Down, None) => edge.effect,
                    (State::Down, Some(group)) => {
                        let Group { members, required } = self.groups[group];
                        let (count, worst) = &mut fallen[group];
                        (*count, *worst) = (*count + 1, edge.effect.max(*worst));
                        // More required than there are members is read as all of them.
                        if members - *count < required.min(members) { *worst } else { State::Up }
                    }
                    (State::Degraded, None) if edge.effect == State::Down => State::Degraded,
                    _ => State::Up,
                };
                raise(&mut states, &mut open, edge.dependent, reached);
            }
        }
        states
    }
}

fn raise(states: &mut [State], open: &mut Vec<(usize, State)>, node: usize, state: State) {
    if state > states[node] {
        states[node] = state;
        open.push((node, state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, applied until nothing changes.
    fn brute(graph: &Graph, lost: &[usize]) -> Vec<State> {
        let mut states = vec![State::Up; graph.nodes];
        lost.iter().for_each(|node| states[*node] = State::Down);
        for _ in 0..graph.nodes * 2 {
            for edge in &graph.edges {
                let reached = match edge.group {
                    None if states[edge.provider] == State::Down => edge.effect,
                    None if states[edge.provider] == State::Degraded && edge.effect == State::Down => State::Degraded,
                    Some(group) if states[edge.provider] == State::Down => {
                        let all: Vec<_> = graph.edges.iter().filter(|e| e.group == Some(group)).collect();
                        let up = all.iter().filter(|e| states[e.provider] != State::Down).count();
                        if up < graph.groups[group].required.min(all.len()) { edge.effect } else { State::Up }
                    }
                    _ => State::Up,
                };
                states[edge.dependent] = states[edge.dependent].max(reached);
            }
        }
        states
    }

    proptest! {
        #[test]
        fn equals_the_definition_on_any_graph(
            raw in prop::collection::vec((0..8usize, 0..8usize, 0..3usize, prop::option::of(0..2usize)), 0..30),
            required in prop::collection::vec(1..4usize, 16),
            lost in prop::collection::vec(0..8usize, 1..3),
        ) {
            // A group belongs to one dependent.
            let edges: Vec<Edge> = raw.iter().map(|(dependent, provider, effect, group)| {
                let group = group.map(|g| dependent * 2 + g);
                Edge { dependent: *dependent, provider: *provider, effect: [State::Up, State::Degraded, State::Down][*effect], group }
            }).collect();
            let mut seen = std::collections::HashSet::new();
            let edges: Vec<Edge> = edges.into_iter().filter(|e| seen.insert((e.dependent, e.provider, e.group))).collect();
            let groups = (0..16).map(|g| Group { members: edges.iter().filter(|e| e.group == Some(g)).count(), required: required[g] }).collect();
            let graph = Graph { nodes: 8, edges, groups };
            prop_assert_eq!(graph.impact(&graph.dependents(), &lost), brute(&graph, &lost));
        }
    }
}
