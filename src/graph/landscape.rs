//! The dependencies of an organisation as one graph, and the business processes that losses in it reach.
use super::build::Builder;
use super::impact::{Graph, Scratch, State};
use crate::model::Id;
use rustc_hash::FxHashMap;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// So many ids are remembered in answers, 16 MiB; then it begins anew.
const MOST_REMEMBERED: usize = 1_000_000;

/// Answers given so far.
#[derive(Default)]
struct Remembered {
    /// Lost nodes, in order, and the business processes that reaches.
    answers: HashMap<Box<[usize]>, Arc<[Id]>>,
    ids: usize,
}

/// One dependency as it is kept.
pub struct Mapped<'a> {
    pub dependent: Id,
    pub provider: Id,
    pub effect: State,
    pub group: Option<&'a str>,
    pub required: Option<i64>,
}

/// A provider as its dependent sees it.
#[derive(Debug, Clone, Copy)]
struct Need {
    provider: u32,
    /// What its loss does to the dependent.
    effect: State,
    /// Whether others of a redundancy group may stand in.
    grouped: bool,
}

/// What lies beneath some objects.
#[derive(Debug, Default)]
pub struct Beneath {
    /// Whose loss reaches them whatever else is up.
    pub certain: HashSet<Id>,
    /// Whose loss may reach them, for it meets redundancy groups on its way.
    pub possible: HashSet<Id>,
}

/// The mappings of an organisation, or those above some objects, and which objects are business processes.
pub struct Landscape {
    ids: Vec<Id>,
    nodes: FxHashMap<Id, usize>,
    graph: Graph,
    processes: Vec<bool>,
    /// For each node its providers, without those that mean nothing to it.
    below: Vec<Vec<Need>>,
    remembered: Mutex<Remembered>,
    spare: Mutex<Vec<Scratch>>,
}

impl Landscape {
    pub fn new<'a>(mappings: impl Iterator<Item = Mapped<'a>>, processes: impl Iterator<Item = Id>) -> Landscape {
        let mut builder = Builder::default();
        for Mapped { dependent, provider, effect, group, required } in mappings {
            builder.add(dependent, provider, effect, group, required);
        }
        let mut is_process = HashSet::new();
        for id in processes {
            is_process.insert(builder.node(id));
        }
        let mut below: Vec<Vec<Need>> = Vec::new();
        for edge in builder.edges().iter().filter(|edge| edge.effect != State::Up) {
            below.resize_with(below.len().max(edge.dependent + 1), Vec::new);
            let provider = u32::try_from(edge.provider).unwrap_or(u32::MAX);
            below[edge.dependent].push(Need { provider, effect: edge.effect, grouped: edge.group.is_some() });
        }
        let (nodes, graph) = builder.finish();
        below.resize_with(nodes.len(), Vec::new);
        let mut ids = vec![Id::SYSTEM; nodes.len()];
        nodes.iter().for_each(|(id, node)| ids[*node] = *id);
        let processes = (0..ids.len()).map(|node| is_process.contains(&node)).collect();
        Landscape { ids, nodes, graph, processes, below, remembered: Mutex::default(), spare: Mutex::default() }
    }

    /// How much memory it takes, roughly, in KiB.
    pub fn weight(&self) -> u32 {
        let edges: usize = self.below.iter().map(Vec::len).sum();
        u32::try_from((self.ids.len() * 120 + edges * 20) / 1024 + 1).unwrap_or(u32::MAX)
    }

    /// The business processes that are down or degraded when all of these objects are lost, in the order of their ids.
    pub fn exposed(&self, items: &[Id]) -> Arc<[Id]> {
        let mut lost: Vec<usize> = items.iter().filter_map(|id| self.nodes.get(id).copied()).collect();
        lost.sort_unstable();
        lost.dedup();
        let lost = lost.into_boxed_slice();
        if let Some(known) = self.remembered.lock().unwrap_or_else(|e| e.into_inner()).answers.get(&lost) {
            return Arc::clone(known);
        }
        let spare = self.spare.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let mut scratch = spare.unwrap_or_else(|| self.graph.scratch());
        let reached = self.graph.impact(&mut scratch, &lost);
        let mut found: Vec<Id> = reached.filter(|(node, _)| self.processes[*node]).map(|(node, _)| self.ids[node]).collect();
        self.spare.lock().unwrap_or_else(|e| e.into_inner()).push(scratch);
        found.sort_unstable();
        let found: Arc<[Id]> = found.into();
        let mut remembered = self.remembered.lock().unwrap_or_else(|e| e.into_inner());
        let size = found.len() + lost.len();
        if remembered.ids + size > MOST_REMEMBERED {
            *remembered = Remembered::default();
        }
        remembered.ids += size;
        remembered.answers.insert(lost, Arc::clone(&found));
        found
    }

    /// Everything that is down or degraded when all of these objects are lost.
    pub fn affected(&self, items: &[Id]) -> HashMap<Id, State> {
        let lost: Vec<usize> = items.iter().filter_map(|id| self.nodes.get(id).copied()).collect();
        let mut scratch = self.graph.scratch();
        self.graph.impact(&mut scratch, &lost).map(|(node, state)| (self.ids[node], state)).collect()
    }

    /// Everything whose loss reaches any of these objects, themselves included.
    pub fn beneath(&self, roots: &[Id]) -> Beneath {
        let mut found = Beneath { certain: roots.iter().copied().collect(), possible: HashSet::new() };
        let roots: Vec<usize> = roots.iter().filter_map(|id| self.nodes.get(id).copied()).collect();
        for (nodes, all) in [(&mut found.certain, false), (&mut found.possible, true)] {
            nodes.extend(self.walk_down(&roots, all).map(|node| self.ids[node]));
        }
        found.possible.retain(|id| !found.certain.contains(id));
        found
    }

    /// The nodes below, each walked at most twice: a dependent is touched by a provider that is down, and through a
    /// cascading mapping also by one that is degraded.
    fn walk_down(&self, roots: &[usize], grouped: bool) -> impl Iterator<Item = usize> {
        let mut seen: FxHashMap<usize, State> = FxHashMap::default();
        let mut open: Vec<(usize, State)> = roots.iter().map(|node| (*node, State::Degraded)).collect();
        while let Some((node, needs)) = open.pop() {
            // What is touched by a degraded provider is touched by one that is down.
            if seen.get(&node).is_some_and(|known| *known <= needs) {
                continue;
            }
            seen.insert(node, needs);
            for need in self.below[node].iter().filter(|need| grouped || !need.grouped) {
                match (needs, need.effect) {
                    // A member of a group counts only when it is down.
                    (State::Degraded, State::Down) if !need.grouped => open.push((need.provider as usize, State::Degraded)),
                    (State::Degraded, _) | (State::Down, State::Down) => open.push((need.provider as usize, State::Down)),
                    _ => {}
                }
            }
        }
        seen.into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tail: u8) -> Id {
        Id(uuid::Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tail]))
    }
    fn needs(dependent: u8, provider: u8, group: Option<&str>) -> Mapped<'_> {
        let required = group.map(|_| 1);
        Mapped { dependent: id(dependent), provider: id(provider), effect: State::Down, group, required }
    }

    /// Process 1 needs service 2, which needs one of servers 3 and 4; process 9 needs server 4.
    fn landscape() -> Landscape {
        let mappings = [needs(1, 2, None), needs(2, 3, Some("db")), needs(2, 4, Some("db")), needs(9, 4, None)];
        Landscape::new(mappings.into_iter(), [id(1), id(9), id(7)].into_iter())
    }

    #[test]
    fn losing_one_of_two_exposes_nothing_and_losing_both_does() {
        let landscape = landscape();
        assert!(landscape.exposed(&[id(3)]).is_empty());
        assert_eq!(*landscape.exposed(&[id(4)]), [id(9)]);
        assert_eq!(*landscape.exposed(&[id(3), id(4), id(3)]), [id(1), id(9)]);
        assert_eq!(*landscape.exposed(&[id(2)]), [id(1)]);
    }

    #[test]
    fn a_process_that_is_lost_itself_is_exposed_and_what_is_unknown_reaches_nothing() {
        assert_eq!(*landscape().exposed(&[id(7)]), [id(7)]);
        assert!(landscape().exposed(&[id(99)]).is_empty());
    }

    #[test]
    fn beneath_a_process_lies_what_reaches_it_for_certain_and_what_may() {
        let found = landscape().beneath(&[id(1)]);
        assert_eq!(found.certain, HashSet::from([id(1), id(2)]));
        assert_eq!(found.possible, HashSet::from([id(3), id(4)]));
        assert_eq!(landscape().beneath(&[id(99)]).certain, HashSet::from([id(99)]));
    }

    proptest::proptest! {
        #[test]
        fn certain_is_what_alone_exposes_and_the_rest_exposes_only_through_groups(
            raw in proptest::collection::vec((0..8u8, 0..8u8, 0..3usize, proptest::option::of(0..2usize)), 0..30),
            items in proptest::collection::vec(1..8u8, 1..4),
        ) {
            let mut seen = HashSet::new();
            let edges = raw.into_iter().filter(|(a, b, _, group)| a != b && seen.insert((*a, *b, *group)));
            let mappings = edges.map(|(dependent, provider, effect, group)| Mapped {
                dependent: id(dependent),
                provider: id(provider),
                effect: [State::Up, State::Degraded, State::Down][effect],
                group: group.map(|group| ["a", "b"][group]),
                required: group.map(|_| 1),
            });
            let landscape = Landscape::new(mappings, [id(0)].into_iter());
            let items: Vec<Id> = items.into_iter().map(id).collect();
            let exposed = landscape.exposed(&items).contains(&id(0));
            let beneath = landscape.beneath(&[id(0)]);
            let certain = items.iter().any(|item| beneath.certain.contains(item));
            let possible = items.iter().any(|item| beneath.possible.contains(item));
            proptest::prop_assert!(!certain || exposed);
            proptest::prop_assert!(!exposed || certain || possible);
        }
    }
}
