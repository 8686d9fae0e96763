//! The dependency graph itself, in compressed rows both ways: what an object depends on lies side by side, and so does
//! what depends on it.

/// What happens to an object when others are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    pub dependent: usize,
    pub provider: usize,
    /// The state of the dependent when the provider is down: `Down` for cascade, `Degraded` for partial, `Up` for none.
    pub effect: State,
    /// The redundancy group, an index into the graph's groups.
    pub group: Option<usize>,
    /// Whether the dependent waits for the provider when it starts.
    pub needed: bool,
    /// Whether it says where the dependent stands.
    pub place: bool,
}

/// A redundancy group: so many of its members must be up. Each member is the provider of one edge, all edges have the
/// same dependent, and a provider stands in a group once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Group {
    pub members: usize,
    pub required: usize,
}

impl Group {
    /// How many members it can lose. More required than there are members is read as all of them.
    pub fn tolerated_losses(self) -> usize {
        self.members - self.required.min(self.members)
    }
}

/// An edge as seen from one of its ends.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    /// The other end.
    pub node: u32,
    /// Where several of a group may stand in for each other.
    pub group: Option<GroupId>,
    pub effect: State,
    pub needed: bool,
    pub place: bool,
}

/// The number of a redundancy group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupId(std::num::NonZeroU32);

impl GroupId {
    fn new(index: usize) -> Option<GroupId> {
        u32::try_from(index + 1).ok().and_then(std::num::NonZeroU32::new).map(GroupId)
    }
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A dependency graph, or a part of one that holds everything the answer depends on.
#[derive(Debug, Default, Clone)]
pub struct Graph {
    up: AdjacencyRows,
    down: AdjacencyRows,
    groups: Vec<Group>,
}

/// The steps of each node, one node after the other.
#[derive(Debug, Default, Clone)]
struct AdjacencyRows {
    /// Where those of each node begin; one more than there are nodes.
    starts: Vec<u32>,
    steps: Vec<Neighbour>,
}

impl AdjacencyRows {
    fn new(nodes: usize, ends: impl Iterator<Item = (usize, Neighbour)> + Clone) -> AdjacencyRows {
        let mut starts = vec![0u32; nodes + 1];
        let mut count = 0;
        for (node, _) in ends.clone() {
            starts[node + 1] += 1;
            count += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let blank = Neighbour { node: 0, group: None, effect: State::Up, needed: false, place: false };
        let mut steps = vec![blank; count];
        for (node, step) in ends {
            steps[next[node] as usize] = step;
            next[node] += 1;
        }
        AdjacencyRows { starts, steps }
    }

    fn of(&self, node: usize) -> &[Neighbour] {
        &self.steps[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

fn distinct(steps: &[Neighbour]) -> usize {
    let mut nodes: Vec<u32> = steps.iter().map(|step| step.node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes.len()
}

impl Graph {
    /// Groups that can lose no member are none: every member of theirs is simply depended on.
    pub fn new(nodes: usize, edges: &[Edge], groups: Vec<Group>) -> Graph {
        let step = |edge: &Edge, node: usize| Neighbour {
            node: u32::try_from(node).unwrap_or(u32::MAX),
            group: edge.group.filter(|group| groups[*group].tolerated_losses() > 0).and_then(GroupId::new),
            effect: edge.effect,
            needed: edge.needed,
            place: edge.place,
        };
        let up = AdjacencyRows::new(nodes, edges.iter().map(|edge| (edge.provider, step(edge, edge.dependent))));
        let down = AdjacencyRows::new(nodes, edges.iter().map(|edge| (edge.dependent, step(edge, edge.provider))));
        Graph { up, down, groups }
    }

    pub fn nodes(&self) -> usize {
        self.up.starts.len().saturating_sub(1)
    }
    pub fn edges(&self) -> usize {
        self.up.steps.len()
    }
    /// What depends on a node.
    pub fn dependents(&self, node: usize) -> &[Neighbour] {
        self.up.of(node)
    }
    /// What a node depends on.
    pub fn providers(&self, node: usize) -> &[Neighbour] {
        self.down.of(node)
    }
    /// How many objects depend on a node, however many dependencies that are.
    pub fn dependents_count(&self, node: usize) -> usize {
        distinct(self.dependents(node))
    }
    /// How many objects a node depends on.
    pub fn providers_count(&self, node: usize) -> usize {
        distinct(self.providers(node))
    }
    pub fn group(&self, shared: GroupId) -> Group {
        self.groups[shared.index()]
    }
    pub fn groups(&self) -> usize {
        self.groups.len()
    }
}
