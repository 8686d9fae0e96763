//! What a graph is made of, while it is put together or changed: the objects and the dependencies between them. What is not live
//! stays here, with its ties, and is left out of the graph itself.
use super::net::{Edge, Graph, Group, State};
use super::recovery::RecoveryCapability;
use crate::model::{Error, Id, Kind, Objectives, Reference, RenderedReference, Result};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

/// What the graph knows of an object.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: Id,
    pub kind: Kind,
    pub key: Arc<str>,
    pub name: Option<Arc<str>>,
    /// Whether it belongs to the present landscape; what does not has no ties in the graph.
    pub live: bool,
    /// The site it stands at, or lies in.
    pub place: Option<Id>,
    pub owner: Option<Id>,
    /// Its own objectives, before those of what depends on it.
    pub own: Objectives,
    /// Seconds from "technically up" to "business running", of a business process.
    pub wrt: Option<i64>,
    pub capability: RecoveryCapability,
    /// Whether it is said to be a vital business function; see [`Item::is_vital`].
    pub vital: bool,
    /// How critical it is, from 0 to 3.
    pub criticality: u8,
    /// Whether data is kept there.
    pub keeps_data: bool,
    /// How it stands in answers, once it has stood in one.
    pub shared: OnceLock<RenderedReference>,
}

impl Item {
    /// An object of which only the kind is known.
    pub fn bare(id: Id, kind: Kind) -> Item {
        Item {
            id,
            kind,
            key: Arc::from(""),
            name: None,
            live: true,
            place: None,
            owner: None,
            own: Objectives::NONE,
            wrt: None,
            capability: RecoveryCapability::default(),
            vital: false,
            criticality: 0,
            keeps_data: false,
            shared: OnceLock::new(),
        }
    }
    /// The same as [`Item::reference`], for long lists: its JSON is written once.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn shared(&self) -> Result<RenderedReference> {
        if let Some(known) = self.shared.get() {
            return Ok(known.clone());
        }
        let made = RenderedReference::new(self.reference()).map_err(Error::internal)?;
        Ok(self.shared.get_or_init(|| made).clone())
    }
    /// Whether it is a vital business function of the present landscape.
    pub fn is_vital(&self) -> bool {
        self.vital && self.live
    }
    pub fn reference(&self) -> Reference {
        Reference { id: self.id, kind: self.kind, key: self.key.to_string(), name: self.name.as_deref().map(str::to_owned) }
    }
}

/// One dependency as it is kept.
#[derive(Debug, Clone)]
pub struct MappingEdge<'a> {
    pub mapping: Option<Id>,
    pub dependent: Id,
    pub provider: Id,
    /// The state of the dependent when the provider is down.
    pub effect: State,
    pub group: Option<&'a str>,
    pub required: Option<i64>,
    pub needed: bool,
}

/// The same between nodes.
#[derive(Debug, Clone, Copy)]
struct NodeMapping {
    mapping: Id,
    dependent: u32,
    provider: u32,
    /// An index into the names of groups.
    group: Option<u32>,
    required: u32,
    effect: State,
    needed: bool,
}

/// A redundancy group that can never have as many members up as it wants.
#[derive(Debug, PartialEq, Eq)]
pub struct ShortGroup<'a> {
    pub dependent: usize,
    pub name: &'a str,
    pub required: usize,
    pub members: Vec<usize>,
}

/// Objects and dependencies. Nodes are never taken out, so that their numbers stay: what is gone only has no ties.
#[derive(Debug, Clone, Default)]
pub struct GraphBuilder {
    items: Vec<Item>,
    nodes: FxHashMap<Id, u32>,
    ties: Vec<NodeMapping>,
    names: Vec<Arc<str>>,
    named: FxHashMap<Arc<str>, u32>,
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl GraphBuilder {
    pub fn items(&self) -> &[Item] {
        &self.items
    }
    pub fn item_mut(&mut self, node: usize) -> &mut Item {
        &mut self.items[node]
    }
    pub fn mappings(&self) -> usize {
        self.ties.len()
    }
    pub fn find(&self, id: Id) -> Option<usize> {
        self.nodes.get(&id).map(|node| *node as usize)
    }

    /// The node of an object, a bare component when it was not there.
    fn node(&mut self, id: Id) -> u32 {
        match self.nodes.entry(id) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.items.push(Item::bare(id, Kind::Component));
                *place.insert(narrow(self.items.len() - 1))
            }
        }
    }

    /// Adds an object, or what is now known of it.
    pub fn upsert_node(&mut self, item: Item) {
        let node = self.node(item.id) as usize;
        self.items[node] = item;
    }

    /// Adds a dependency.
    pub fn add_mapping(&mut self, mapped: &MappingEdge<'_>) {
        let group = mapped.group.map(|name| match self.named.get(name) {
            Some(known) => *known,
            None => {
                let name: Arc<str> = Arc::from(name);
                self.names.push(Arc::clone(&name));
                *self.named.entry(name).or_insert(narrow(self.names.len() - 1))
            }
        });
        let tie = NodeMapping {
            mapping: mapped.mapping.unwrap_or(Id::SYSTEM),
            dependent: self.node(mapped.dependent),
            provider: self.node(mapped.provider),
            group,
            required: mapped.required.and_then(|required| u32::try_from(required).ok()).unwrap_or(1),
            effect: mapped.effect,
            needed: mapped.needed,
        };
        self.ties.push(tie);
    }

    /// Takes out the dependencies with these ids.
    pub fn remove_mappings(&mut self, mappings: &HashSet<Id>) {
        self.ties.retain(|tie| !mappings.contains(&tie.mapping));
    }

    /// Takes out objects.
    pub fn remove_nodes(&mut self, gone: &HashSet<Id>) {
        let nodes: HashSet<u32> = gone.iter().filter_map(|id| self.nodes.remove(id)).collect();
        self.ties.retain(|tie| !nodes.contains(&tie.dependent) && !nodes.contains(&tie.provider));
        for node in nodes {
            let item = &mut self.items[node as usize];
            *item = Item { live: false, ..Item::bare(item.id, Kind::Component) };
        }
    }

    /// A dependency by its mapping, so that it can be taken out and put back otherwise.
    pub fn mapping(&self, mapping: Id) -> Option<MappingEdge<'_>> {
        self.ties.iter().find(|tie| tie.mapping == mapping).map(|tie| self.mapped(tie))
    }

    /// The dependencies of one object on another.
    pub fn mappings_between(&self, dependent: Id, provider: Id) -> Vec<MappingEdge<'_>> {
        let (Some(dependent), Some(provider)) = (self.nodes.get(&dependent), self.nodes.get(&provider)) else {
            return Vec::new();
        };
        let ties = self.ties.iter().filter(|tie| tie.dependent == *dependent && tie.provider == *provider);
        ties.map(|tie| self.mapped(tie)).collect()
    }

    fn is_live(&self, node: u32) -> bool {
        self.items[node as usize].live
    }

    /// Dependencies of what is live on what is not, and that no redundancy group may make up for: dependent and provider.
    pub fn idle_providers(&self) -> Vec<(usize, usize)> {
        let idle = |tie: &&NodeMapping| {
            tie.group.is_none() && tie.effect != State::Up && self.is_live(tie.dependent) && !self.is_live(tie.provider)
        };
        let mut found: Vec<(usize, usize)> =
            self.ties.iter().filter(idle).map(|tie| (tie.dependent as usize, tie.provider as usize)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The redundancy groups of what is live that want more members up than are live, by dependent and name.
    pub fn short_groups(&self) -> Vec<ShortGroup<'_>> {
        let mut members: BTreeMap<(u32, &str), (u32, HashSet<u32>)> = BTreeMap::new();
        let live = self.ties.iter().filter(|tie| self.is_live(tie.dependent));
        for (tie, name) in live.filter_map(|tie| Some((tie, &*self.names[tie.group? as usize]))) {
            let group = members.entry((tie.dependent, name)).or_insert((tie.required, HashSet::new()));
            if self.is_live(tie.provider) {
                group.1.insert(tie.provider);
            }
        }
        let short = members.into_iter().filter(|(_, (required, members))| members.len() < *required as usize);
        short
            .map(|((dependent, name), (required, members))| {
                let mut members: Vec<usize> = members.into_iter().map(|node| node as usize).collect();
                members.sort_unstable();
                ShortGroup { dependent: dependent as usize, name, required: required as usize, members }
            })
            .collect()
    }

    fn mapped(&self, tie: &NodeMapping) -> MappingEdge<'_> {
        MappingEdge {
            mapping: Some(tie.mapping),
            dependent: self.items[tie.dependent as usize].id,
            provider: self.items[tie.provider as usize].id,
            effect: tie.effect,
            group: tie.group.map(|name| &*self.names[name as usize]),
            required: Some(i64::from(tie.required)),
            needed: tie.needed,
        }
    }

    /// The graph they make. What stands at a site depends on it, and a site on the one it lies in; nothing waits for its
    /// place to start, for it may be built up elsewhere.
    pub fn graph(&self) -> Graph {
        let mut edges: Vec<Edge> = Vec::with_capacity(self.ties.len() + self.items.len());
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        let mut members: FxHashMap<(usize, u32), usize> = FxHashMap::default();
        for tie in self.ties.iter().filter(|tie| self.is_live(tie.dependent) && self.is_live(tie.provider)) {
            let NodeMapping { effect, needed, .. } = *tie;
            let group = tie.group.map(|name| {
                *numbers.entry((tie.dependent, name)).or_insert_with(|| {
                    groups.push(Group { members: 0, required: tie.required as usize });
                    groups.len() - 1
                })
            });
            if let Some(group) = group {
                match members.entry((group, tie.provider)) {
                    // A provider that stands in a group twice, by two relations, is one member of it.
                    Entry::Occupied(twin) => {
                        let twin = &mut edges[*twin.get()];
                        (twin.effect, twin.needed) = (twin.effect.max(effect), twin.needed || needed);
                        continue;
                    }
                    Entry::Vacant(place) => drop(place.insert(edges.len())),
                }
                groups[group].members += 1;
            }
            let (dependent, provider) = (tie.dependent as usize, tie.provider as usize);
            edges.push(Edge { dependent, provider, effect, group, needed, place: false });
        }
        for (dependent, item) in self.items.iter().enumerate().filter(|(_, item)| item.live) {
            if let Some(provider) = item.place.and_then(|place| self.find(place)) {
                edges.push(Edge { dependent, provider, effect: State::Down, group: None, needed: false, place: true });
            }
        }
        Graph::new(self.items.len(), &edges, groups)
    }
}
