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
    /// The redundancy group, an index into the graph's groups.
    pub group: Option<usize>,
}

/// A redundancy group: so many of its members must be up. Each member is the provider of one edge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Group {
    pub members: usize,
    pub required: usize,
}

/// An edge as seen from its provider.
#[derive(Debug, Clone, Copy)]
struct Step {
    dependent: u32,
    /// [`ALONE`] outside any group.
    group: u32,
    effect: State,
}

const ALONE: u32 = u32::MAX;

/// A dependency graph, or a part of one that holds everything the answer depends on, in compressed rows: the edges of a
/// provider lie side by side.
#[derive(Debug, Default)]
pub struct Graph {
    /// Where the edges of each provider begin; one more than there are nodes.
    starts: Vec<u32>,
    steps: Vec<Step>,
    groups: Vec<Group>,
}

/// Working memory of a question, as large as the graph; cleared by what was touched, so that small questions stay cheap.
#[derive(Debug, Default)]
pub struct Scratch {
    states: Vec<State>,
    fallen: Vec<(u32, State)>,
    touched: Vec<usize>,
    touched_groups: Vec<usize>,
    open: Vec<(usize, State)>,
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(ALONE)
}

impl Graph {
    pub fn new(nodes: usize, edges: &[Edge], groups: Vec<Group>) -> Graph {
        let mut starts = vec![0u32; nodes + 1];
        for edge in edges {
            starts[edge.provider + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut steps = vec![Step { dependent: 0, group: ALONE, effect: State::Up }; edges.len()];
        for edge in edges {
            let group = edge.group.map_or(ALONE, narrow);
            steps[next[edge.provider] as usize] = Step { dependent: narrow(edge.dependent), group, effect: edge.effect };
            next[edge.provider] += 1;
        }
        Graph { starts, steps, groups }
    }

    pub fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
    pub fn scratch(&self) -> Scratch {
        let (states, fallen) = (vec![State::Up; self.nodes()], vec![(0, State::Up); self.groups.len()]);
        Scratch { states, fallen, ..Scratch::default() }
    }

    /// The nodes that are not up when `lost` are down, in no order. A dependent is down when a cascading provider outside
    /// any group is down, or when fewer members of a group are up than required; it is degraded when that befalls a partial
    /// one, or when a cascading provider is degraded.
    pub fn impact<'s>(&self, scratch: &'s mut Scratch, lost: &[usize]) -> impl Iterator<Item = (usize, State)> + 's {
        scratch.clear();
        for node in lost {
            scratch.raise(*node, State::Down);
        }
        while let Some((node, state)) = scratch.open.pop() {
            for step in &self.steps[self.starts[node] as usize..self.starts[node + 1] as usize] {
                let reached = match (state, step.group) {
                    (State::Down, ALONE) => step.effect,
                    (State::Down, group) => scratch.fall(group as usize, self.groups[group as usize], step.effect),
                    (State::Degraded, ALONE) if step.effect == State::Down => State::Degraded,
                    _ => State::Up,
                };
                scratch.raise(step.dependent as usize, reached);
            }
        }
        scratch.touched.iter().map(|node| (*node, scratch.states[*node]))
    }
}

impl Scratch {
    fn clear(&mut self) {
        self.touched.drain(..).for_each(|node| self.states[node] = State::Up);
        self.touched_groups.drain(..).for_each(|group| self.fallen[group] = (0, State::Up));
    }

    fn raise(&mut self, node: usize, state: State) {
        if state > self.states[node] {
            if self.states[node] == State::Up {
                self.touched.push(node);
            }
            self.states[node] = state;
            self.open.push((node, state));
        }
    }

    /// One member more of a group is down: what that does to the dependent.
    fn fall(&mut self, index: usize, group: Group, effect: State) -> State {
        let (count, worst) = &mut self.fallen[index];
        if *count == 0 {
            self.touched_groups.push(index);
        }
        (*count, *worst) = (*count + 1, effect.max(*worst));
        // More required than there are members is read as all of them.
        if group.members - (*count as usize) < group.required.min(group.members) { *worst } else { State::Up }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, applied until nothing changes.
    fn brute(nodes: usize, edges: &[Edge], groups: &[Group], lost: &[usize]) -> Vec<State> {
        let mut states = vec![State::Up; nodes];
        lost.iter().for_each(|node| states[*node] = State::Down);
        for _ in 0..nodes * 2 {
            for edge in edges {
                let reached = match edge.group {
                    None if states[edge.provider] == State::Down => edge.effect,
                    None if states[edge.provider] == State::Degraded && edge.effect == State::Down => State::Degraded,
                    Some(group) if states[edge.provider] == State::Down => {
                        let all: Vec<_> = edges.iter().filter(|e| e.group == Some(group)).collect();
                        let up = all.iter().filter(|e| states[e.provider] != State::Down).count();
                        if up < groups[group].required.min(all.len()) { edge.effect } else { State::Up }
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
            let groups: Vec<Group> = (0..16).map(|g| Group { members: edges.iter().filter(|e| e.group == Some(g)).count(), required: required[g] }).collect();
            let graph = Graph::new(8, &edges, groups.clone());
            let mut scratch = graph.scratch();
            // Twice with the same memory: what one question leaves behind must not reach the next.
            for lost in [&lost[..1], &lost] {
                let mut states = vec![State::Up; 8];
                graph.impact(&mut scratch, lost).for_each(|(node, state)| states[node] = state);
                prop_assert_eq!(states, brute(8, &edges, &groups, lost));
            }
        }
    }
}
