//! The dependencies of an organisation as one graph with all that is known of its objects, and what is found in it once
//! and for all.
//!
//! A component depends on its site, and a site on its parent, by edges that nobody waits for at start-up. Groups that can
//! lose no member become plain dependencies. What follows from the graph alone is computed at most once and kept with it.
use super::builder::{GraphBuilder, Item};
use super::impact::Scratch;
use super::net::{Graph, State};
use super::recovery::RecoveryCapability;
use super::restoration::Restoration;
use super::{objectives, points};
use crate::model::{Id, Kind, Objectives};
use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, OnceLock};

/// So many ids are remembered in answers, 16 MiB; then it begins anew.
const MAX_REMEMBERED: usize = 1_000_000;

/// Threads that look for single points of failure; each takes some MiB.
const MAX_THREADS: usize = 4;

/// Answers given so far.
#[derive(Default)]
struct ExposureCache {
    /// Lost nodes, in order, and the business processes that reaches.
    answers: HashMap<Box<[usize]>, Arc<[Id]>>,
    ids: usize,
}

/// What lies beneath some objects.
#[derive(Debug, Default)]
pub struct Providers {
    /// Whose loss reaches them whatever else is up.
    pub certain: HashSet<Id>,
    /// Whose loss may reach them, for it meets redundancy groups on its way.
    pub possible: HashSet<Id>,
}

/// What long lists of nodes are counted and ordered by, side by side in memory: items are large and lie scattered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    /// The less, the more critical: vital business functions, then by criticality and by the strictest RTO.
    pub urgency: u64,
    /// Tells those apart that are equally critical.
    pub id: Id,
    pub kind: Kind,
    pub vital: bool,
}

impl RankKey {
    fn of(item: &Item, rto: Option<i64>) -> RankKey {
        // An RTO has 32 bits at most, see `MAX_SECONDS`.
        let rto = rto.and_then(|rto| u32::try_from(rto).ok()).unwrap_or(u32::MAX);
        let urgency = u64::from(!item.is_vital()) << 40 | u64::from(u8::MAX - item.criticality) << 32 | u64::from(rto);
        RankKey { urgency, id: item.id, kind: item.kind, vital: item.is_vital() }
    }
}

/// The objects and dependencies of an organisation, or those above some objects.
pub struct Landscape {
    parts: GraphBuilder,
    graph: Graph,
    effective: OnceLock<Vec<Objectives>>,
    rank_keys: OnceLock<Vec<RankKey>>,
    pub(super) capabilities: OnceLock<Vec<RecoveryCapability>>,
    pub(super) all_lost: OnceLock<Arc<Restoration>>,
    loss_counts: OnceLock<Vec<[u32; 2]>>,
    remembered: Mutex<ExposureCache>,
    spare: Mutex<Vec<Scratch>>,
}

/// Working memory on loan: it goes back when it is dropped.
pub struct PooledScratch<'a> {
    scratch: Scratch,
    from: &'a Mutex<Vec<Scratch>>,
}

impl Deref for PooledScratch<'_> {
    type Target = Scratch;
    fn deref(&self) -> &Scratch {
        &self.scratch
    }
}
impl DerefMut for PooledScratch<'_> {
    fn deref_mut(&mut self) -> &mut Scratch {
        &mut self.scratch
    }
}
impl Drop for PooledScratch<'_> {
    fn drop(&mut self) {
        self.from.lock().unwrap_or_else(|e| e.into_inner()).push(std::mem::take(&mut self.scratch));
    }
}

impl Landscape {
    pub fn new(parts: GraphBuilder) -> Landscape {
        let graph = parts.graph();
        Landscape {
            parts,
            graph,
            effective: OnceLock::new(),
            rank_keys: OnceLock::new(),
            capabilities: OnceLock::new(),
            all_lost: OnceLock::new(),
            loss_counts: OnceLock::new(),
            remembered: Mutex::default(),
            spare: Mutex::default(),
        }
    }

    /// How much memory it takes, roughly, in KiB.
    pub fn weight(&self) -> u32 {
        u32::try_from((self.items().len() * 400 + self.graph.edges() * 64) / 1024 + 1).unwrap_or(u32::MAX)
    }

    /// What it is made of.
    pub fn parts(&self) -> &GraphBuilder {
        &self.parts
    }
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
    /// The objects, by node.
    pub fn items(&self) -> &[Item] {
        self.parts.items()
    }
    pub fn node(&self, id: Id) -> Option<usize> {
        self.parts.find(id)
    }
    pub fn nodes(&self, ids: &[Id]) -> Vec<usize> {
        ids.iter().filter_map(|id| self.node(*id)).collect()
    }

    /// Everything that depends on a node, whether redundancy would save it or not, itself included.
    pub fn above(&self, node: usize) -> Vec<usize> {
        let mut seen = vec![false; self.items().len()];
        seen[node] = true;
        let mut all = vec![node];
        let mut next = 0;
        while let Some(node) = all.get(next).copied() {
            next += 1;
            for step in self.graph.dependents(node).iter().filter(|step| step.effect != State::Up) {
                if !std::mem::replace(&mut seen[step.node as usize], true) {
                    all.push(step.node as usize);
                }
            }
        }
        all
    }

    /// Working memory for a question.
    pub fn scratch(&self) -> PooledScratch<'_> {
        let spare = self.spare.lock().unwrap_or_else(|e| e.into_inner()).pop();
        PooledScratch { scratch: spare.unwrap_or_else(|| self.graph.scratch()), from: &self.spare }
    }

    /// The objectives in force for each node: the strictest of its own and of those of everything that depends on it
    /// through cascading mappings.
    pub fn objectives(&self) -> &[Objectives] {
        self.effective.get_or_init(|| {
            let own: Vec<Objectives> = self.items().iter().map(|item| item.own).collect();
            let carries = |node: usize| {
                let steps = self.graph.providers(node).iter().filter(|step| step.effect == State::Down && !step.place);
                steps.map(move |step| (node, step.node as usize))
            };
            let edges: Vec<(usize, usize)> = (0..own.len()).flat_map(carries).collect();
            objectives::effective(&own, &edges)
        })
    }

    /// What each node is ordered by.
    pub fn rank_keys(&self) -> &[RankKey] {
        self.rank_keys.get_or_init(|| {
            let objectives = self.objectives().iter();
            self.items().iter().zip(objectives).map(|(item, objectives)| RankKey::of(item, objectives.rto)).collect()
        })
    }

    /// The most critical of these nodes, in order; those that are equally so by their keys.
    pub fn most_critical(&self, mut nodes: Vec<usize>, limit: usize) -> Vec<usize> {
        let rank_keys = self.rank_keys();
        if nodes.len() > limit {
            nodes.select_nth_unstable_by_key(limit, |node| rank_keys[*node]);
            nodes.truncate(limit);
        }
        let key = |node: &usize| (rank_keys[*node].urgency, &self.items()[*node].key, rank_keys[*node].id);
        nodes.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        nodes
    }

    /// For each node, how many services and how many vital business functions go down when it alone is lost, itself not
    /// counted.
    pub fn loss_counts(&self) -> &[[u32; 2]] {
        self.loss_counts.get_or_init(|| {
            let watched: Vec<u8> =
                self.items().iter().map(|item| u8::from(item.kind == Kind::Service) | u8::from(item.is_vital()) << 1).collect();
            let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
            points::loss_counts(&self.graph, &watched, threads)
        })
    }

    /// The business processes that are down or degraded when all of these objects are lost, in the order of their ids.
    pub fn exposed(&self, items: &[Id]) -> Arc<[Id]> {
        let mut lost = self.nodes(items);
        lost.sort_unstable();
        lost.dedup();
        let lost = lost.into_boxed_slice();
        if let Some(known) = self.remembered.lock().unwrap_or_else(|e| e.into_inner()).answers.get(&lost) {
            return Arc::clone(known);
        }
        let mut scratch = self.scratch();
        let impact = self.graph.impact(&mut scratch, &lost);
        let reached = impact.nodes().map(|(node, _)| &self.items()[node]);
        let mut found: Vec<Id> = reached.filter(|item| item.kind == Kind::BusinessProcess).map(|item| item.id).collect();
        found.sort_unstable();
        let found: Arc<[Id]> = found.into();
        let mut remembered = self.remembered.lock().unwrap_or_else(|e| e.into_inner());
        let size = found.len() + lost.len();
        if remembered.ids + size > MAX_REMEMBERED {
            *remembered = ExposureCache::default();
        }
        remembered.ids += size;
        remembered.answers.insert(lost, Arc::clone(&found));
        found
    }

    /// Everything that is down or degraded when all of these objects are lost, these included.
    pub fn affected(&self, items: &[Id]) -> HashMap<Id, State> {
        let mut scratch = self.scratch();
        let impact = self.graph.impact(&mut scratch, &self.nodes(items));
        let mut states: HashMap<Id, State> = impact.nodes().map(|(node, state)| (self.items()[node].id, state)).collect();
        // What stands in no mapping is lost all the same.
        states.extend(items.iter().map(|id| (*id, State::Down)));
        states
    }

    /// Everything whose loss reaches any of these objects, themselves included.
    pub fn transitive_providers(&self, roots: &[Id]) -> Providers {
        let mut found = Providers { certain: roots.iter().copied().collect(), possible: HashSet::new() };
        let roots = self.nodes(roots);
        for (nodes, all) in [(&mut found.certain, false), (&mut found.possible, true)] {
            nodes.extend(self.walk_down(&roots, all).into_iter().map(|node| self.items()[node].id));
        }
        found.possible.retain(|id| !found.certain.contains(id));
        found
    }

    /// For each node whether its loss reaches any of these nodes, for certain or by a redundancy group.
    pub fn reaches(&self, roots: &[usize]) -> Vec<bool> {
        let mut reaches = vec![false; self.items().len()];
        roots.iter().copied().chain(self.walk_down(roots, true)).for_each(|node| reaches[node] = true);
        reaches
    }

    /// The nodes below, each walked at most twice: a dependent is touched by a provider that is down, and through a
    /// cascading mapping also by one that is degraded.
    fn walk_down(&self, roots: &[usize], grouped: bool) -> Vec<usize> {
        let mut seen: Vec<Option<State>> = vec![None; self.items().len()];
        let mut found = Vec::new();
        let mut open: Vec<(usize, State)> = roots.iter().map(|node| (*node, State::Degraded)).collect();
        while let Some((node, needs)) = open.pop() {
            // What is touched by a degraded provider is touched by one that is down.
            match seen[node].replace(needs) {
                None => found.push(node),
                Some(known) if known <= needs => {
                    seen[node] = Some(known);
                    continue;
                }
                Some(_) => {}
            }
            for need in self.graph.providers(node).iter().filter(|need| grouped || need.group.is_none()) {
                match (needs, need.effect) {
                    (_, State::Up) => {}
                    // A member of a group counts only when it is down.
                    (State::Degraded, State::Down) if need.group.is_none() => open.push((need.node as usize, State::Degraded)),
                    (State::Degraded, _) | (State::Down, State::Down) => open.push((need.node as usize, State::Down)),
                    _ => {}
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::builder::MappingEdge;

    fn id(tail: u8) -> Id {
        Id(uuid::Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tail]))
    }
    fn needs(dependent: u8, provider: u8, group: Option<&str>) -> MappingEdge<'_> {
        let required = group.map(|_| 1);
        let (dependent, provider) = (id(dependent), id(provider));
        MappingEdge { mapping: None, dependent, provider, effect: State::Down, group, required, needed: true }
    }
    fn landscape_of<'a>(mappings: impl IntoIterator<Item = MappingEdge<'a>>, processes: &[Id]) -> Landscape {
        let mut parts = GraphBuilder::default();
        mappings.into_iter().for_each(|mapped| parts.add_mapping(&mapped));
        processes.iter().for_each(|id| parts.upsert_node(Item::bare(*id, Kind::BusinessProcess)));
        Landscape::new(parts)
    }

    /// Process 1 needs service 2, which needs one of servers 3 and 4; process 9 needs server 4.
    fn landscape() -> Landscape {
        let mappings = [needs(1, 2, None), needs(2, 3, Some("db")), needs(2, 4, Some("db")), needs(9, 4, None)];
        landscape_of(mappings, &[id(1), id(9), id(7)])
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
        let found = landscape().transitive_providers(&[id(1)]);
        assert_eq!(found.certain, HashSet::from([id(1), id(2)]));
        assert_eq!(found.possible, HashSet::from([id(3), id(4)]));
        assert_eq!(landscape().transitive_providers(&[id(99)]).certain, HashSet::from([id(99)]));
    }

    proptest::proptest! {
        #[test]
        fn certain_is_what_alone_exposes_and_the_rest_exposes_only_through_groups(
            raw in proptest::collection::vec((0..8u8, 0..8u8, 0..3usize, proptest::option::of(0..2usize)), 0..30),
            items in proptest::collection::vec(1..8u8, 1..4),
        ) {
            let mut seen = HashSet::new();
            let edges = raw.into_iter().filter(|(a, b, _, group)| a != b && seen.insert((*a, *b, *group)));
            let mappings = edges.map(|(dependent, provider, effect, group)| MappingEdge {
                mapping: None,
                needed: true,
                dependent: id(dependent),
                provider: id(provider),
                effect: [State::Up, State::Degraded, State::Down][effect],
                group: group.map(|group| ["a", "b"][group]),
                required: group.map(|_| 1),
            });
            let landscape = landscape_of(mappings, &[id(0)]);
            let items: Vec<Id> = items.into_iter().map(id).collect();
            let exposed = landscape.exposed(&items).contains(&id(0));
            let beneath = landscape.transitive_providers(&[id(0)]);
            let certain = items.iter().any(|item| beneath.certain.contains(item));
            let possible = items.iter().any(|item| beneath.possible.contains(item));
            proptest::prop_assert!(!certain || exposed);
            proptest::prop_assert!(!exposed || certain || possible);
        }
    }
}
