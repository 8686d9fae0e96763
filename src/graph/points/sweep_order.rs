//! What can take some objects Down, laid out in the order in which a loss runs through it.

use super::super::scc::strongly_connected_components;
use crate::graph::net::{Graph, GroupId, Neighbour, State};

/// The places a loss can come to, providers before dependents as far as circles allow. A place is either the objects that
/// take each other Down by cascade alone, or a redundancy group that is Down once too many of its members are.
#[derive(Debug)]
pub(super) struct SweepOrder {
    /// The objects at each place: none at a group, nor at the goal.
    objects: AdjacencyRows<u32>,
    /// What a place takes Down whenever it is Down itself.
    cascades: AdjacencyRows<u32>,
    /// The groups a place is a member of.
    groups: AdjacencyRows<u32>,
    /// The members of the group at a place.
    members: AdjacencyRows<Member>,
    /// How many members the group at a place can lose; nothing where there are objects.
    spares: Vec<u32>,
    /// The circle a place is on, circles through groups included: those of one circle lie side by side.
    circles: Vec<u32>,
    /// Where the object stands that all is about, together with everything that is certain to take it Down.
    goal: Option<u32>,
}

/// A member of a redundancy group.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Member {
    pub place: u32,
    /// Whether losing it is felt: a group without a felt loss is not Down.
    pub felt: bool,
}

impl SweepOrder {
    /// All that can take any of some objects Down.
    pub fn below(graph: &Graph, tops: impl Iterator<Item = usize>) -> SweepOrder {
        let mut ties = Ties::new(graph);
        for top in tops {
            ties.number(top as u32);
        }
        ties.follow();
        SweepOrder::new(&ties, false)
    }

    /// All that can take an object Down beside what is certain to, which is given and includes the object.
    ///
    /// Once anything certain is Down the question is answered, so all of it is one place, and nothing follows from it.
    pub fn toward(graph: &Graph, certain: &[usize]) -> SweepOrder {
        let mut ties = Ties::new(graph);
        let goal = ties.place(0);
        for node in certain {
            ties.numbers[*node] = SETTLED;
        }
        for node in certain {
            ties.tie(*node, goal);
        }
        ties.follow();
        SweepOrder::new(&ties, true)
    }

    fn new(ties: &Ties, goal: bool) -> SweepOrder {
        let count = ties.spares.len();
        let alone = AdjacencyRows::new(count, ties.cascades.iter().map(|(provider, dependent)| (*dependent, *provider)));
        let whole = strongly_connected_components(count, |number| alone.of(number).iter().map(|provider| *provider as usize));
        let cascades =
            ties.cascades.iter().map(|(provider, dependent)| (whole.of[*provider as usize], whole.of[*dependent as usize]));
        let cascades = cascades.filter(|(provider, dependent)| provider != dependent);
        let shared = ties.members.iter().map(|(group, member)| (whole.of[member.place as usize], whole.of[*group as usize]));
        let both = AdjacencyRows::new(
            whole.count,
            cascades.clone().chain(shared.clone()).map(|(provider, dependent)| (dependent, provider)),
        );
        let order =
            strongly_connected_components(whole.count, |number| both.of(number).iter().map(|provider| *provider as usize));

        let mut places = vec![0u32; whole.count];
        for (place, number) in order.order.iter().enumerate() {
            places[*number as usize] = place as u32;
        }
        let place = |number: u32| places[whole.of[number as usize] as usize];
        let between = |(provider, dependent): (u32, u32)| (places[provider as usize], places[dependent as usize]);
        let mut spares = vec![0; whole.count];
        for (number, spare) in ties.spares.iter().enumerate().filter(|(_, spare)| **spare > 0) {
            spares[place(number as u32) as usize] = *spare;
        }
        SweepOrder {
            objects: AdjacencyRows::new(whole.count, ties.objects.iter().map(|(number, node)| (place(*number), *node))),
            cascades: AdjacencyRows::new(whole.count, cascades.map(between)),
            groups: AdjacencyRows::new(whole.count, shared.map(between)),
            members: AdjacencyRows::new(
                whole.count,
                ties.members.iter().map(|(group, member)| (place(*group), Member { place: place(member.place), ..*member })),
            ),
            spares,
            circles: order.order.iter().map(|number| order.of[*number as usize]).collect(),
            goal: goal.then(|| place(0)),
        }
    }

    pub fn places(&self) -> usize {
        self.spares.len()
    }
    /// How many steps a loss can take.
    pub fn steps(&self) -> usize {
        self.cascades.ends.len() + self.groups.ends.len()
    }
    pub fn goal(&self) -> Option<u32> {
        self.goal
    }
    pub fn objects(&self, place: u32) -> &[u32] {
        self.objects.of(place as usize)
    }
    pub fn cascades(&self, place: u32) -> &[u32] {
        self.cascades.of(place as usize)
    }
    pub fn groups(&self, place: u32) -> &[u32] {
        self.groups.of(place as usize)
    }
    pub fn members(&self, place: u32) -> &[Member] {
        self.members.of(place as usize)
    }
    pub fn spare(&self, place: u32) -> u32 {
        self.spares[place as usize]
    }
    pub fn circle(&self, place: u32) -> u32 {
        self.circles[place as usize]
    }
    /// The places where something can be lost.
    pub fn stands(&self) -> impl Iterator<Item = u32> {
        (0..self.places() as u32).filter(|place| !self.objects(*place).is_empty())
    }
}

/// What takes what Down, objects and groups numbered in the order they are come upon.
struct Ties<'a> {
    graph: &'a Graph,
    /// The number of each node of the graph.
    numbers: Vec<u32>,
    /// How many it can lose, by number; nothing for objects.
    spares: Vec<u32>,
    /// The node of each number that stands for an object.
    objects: Vec<(u32, u32)>,
    /// From provider to dependent, a group being the provider of whoever it belongs to.
    cascades: Vec<(u32, u32)>,
    /// The members of each group, by number for now.
    members: Vec<(u32, Member)>,
}

/// The number of a node that has not been come upon.
const UNKNOWN: u32 = u32::MIN;
/// The number of a node nothing has to be followed for.
const SETTLED: u32 = u32::MAX;

impl Ties<'_> {
    fn new(graph: &Graph) -> Ties<'_> {
        let numbers = vec![UNKNOWN; graph.nodes()];
        Ties { graph, numbers, spares: Vec::new(), objects: Vec::new(), cascades: Vec::new(), members: Vec::new() }
    }

    /// One more number.
    fn place(&mut self, spare: u32) -> u32 {
        self.spares.push(spare);
        self.spares.len() as u32 - 1
    }

    /// The number of a node, unless it is settled.
    fn number(&mut self, node: u32) -> Option<u32> {
        match self.numbers[node as usize] {
            SETTLED => None,
            UNKNOWN => {
                let number = self.place(0);
                // One higher, so that a blank list says that nothing is known.
                self.numbers[node as usize] = number + 1;
                self.objects.push((number, node));
                Some(number)
            }
            known => Some(known - 1),
        }
    }

    /// Ties all objects come upon, and those come upon by that.
    fn follow(&mut self) {
        let mut next = 0;
        while let Some((number, node)) = self.objects.get(next).copied() {
            self.tie(node as usize, number);
            next += 1;
        }
    }

    /// Ties a number to what can take a node Down.
    fn tie(&mut self, node: usize, number: u32) {
        let graph = self.graph;
        let mut shared: Vec<&Neighbour> = Vec::new();
        for step in graph.providers(node) {
            if step.group.is_some() {
                shared.push(step);
            } else if step.effect == State::Down
                && let Some(provider) = self.number(step.node)
            {
                self.cascades.push((provider, number));
            }
        }
        shared.sort_unstable_by_key(|step| step.group.map(GroupId::index));
        for members in shared.chunk_by(|one, other| one.group == other.group) {
            self.tie_group(members, number);
        }
    }

    /// A group that can lose all its members, or that feels none of the losses, takes nothing Down.
    fn tie_group(&mut self, members: &[&Neighbour], dependent: u32) {
        let spare = members.first().and_then(|step| step.group).map_or(0, |group| self.graph.group(group).tolerated_losses());
        if members.len() <= spare || members.iter().all(|step| step.effect != State::Down) {
            return;
        }
        let group = self.place(spare as u32);
        self.cascades.push((group, dependent));
        for step in members {
            if let Some(place) = self.number(step.node) {
                self.members.push((group, Member { place, felt: step.effect == State::Down }));
            }
        }
    }
}

/// Lists of different length, one after the other.
#[derive(Debug)]
struct AdjacencyRows<T> {
    /// Where each begins; one more than there are lists.
    starts: Vec<u32>,
    ends: Vec<T>,
}

impl<T: Copy + Default> AdjacencyRows<T> {
    fn new(count: usize, ends: impl Iterator<Item = (u32, T)> + Clone) -> AdjacencyRows<T> {
        let mut starts = vec![0u32; count + 1];
        let mut total = 0;
        for (row, _) in ends.clone() {
            starts[row as usize + 1] += 1;
            total += 1;
        }
        for row in 0..count {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut placed = vec![T::default(); total];
        for (row, end) in ends {
            placed[next[row as usize] as usize] = end;
            next[row as usize] += 1;
        }
        AdjacencyRows { starts, ends: placed }
    }

    fn of(&self, row: usize) -> &[T] {
        &self.ends[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}
