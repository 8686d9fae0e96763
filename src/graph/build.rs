//! Puts a graph together from the dependencies between objects.
use super::impact::{Edge, Graph, Group, State};
use crate::model::Id;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Nodes and edges while they are collected.
#[derive(Default)]
pub struct Builder {
    nodes: FxHashMap<Id, usize>,
    edges: Vec<Edge>,
    groups: Vec<Group>,
    named: FxHashMap<usize, FxHashMap<String, usize>>,
    /// Group and provider to their edge.
    members: FxHashMap<(usize, usize), usize>,
}

impl Builder {
    /// The node of an object, new when it was not there.
    pub fn node(&mut self, id: Id) -> usize {
        let next = self.nodes.len();
        *self.nodes.entry(id).or_insert(next)
    }

    /// Adds a dependency; `effect` is the state of the dependent when the provider is down.
    pub fn add(&mut self, dependent: Id, provider: Id, effect: State, group: Option<&str>, required: Option<i64>) {
        let (dependent, provider) = (self.node(dependent), self.node(provider));
        let group = group.map(|name| self.group(dependent, name, required));
        if let Some(group) = group {
            match self.members.entry((group, provider)) {
                // A provider that stands in a group twice, by two relations, is one member of it.
                Entry::Occupied(twin) => {
                    let twin = &mut self.edges[*twin.get()];
                    twin.effect = twin.effect.max(effect);
                    return;
                }
                Entry::Vacant(place) => drop(place.insert(self.edges.len())),
            }
            self.groups[group].members += 1;
        }
        self.edges.push(Edge { dependent, provider, effect, group });
    }

    fn group(&mut self, dependent: usize, name: &str, required: Option<i64>) -> usize {
        let named = self.named.entry(dependent).or_default();
        if let Some(group) = named.get(name) {
            return *group;
        }
        let required = usize::try_from(required.unwrap_or(1)).unwrap_or(1);
        self.groups.push(Group { members: 0, required });
        named.insert(name.to_owned(), self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// The edges so far.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The nodes of the objects, and the graph.
    pub fn finish(self) -> (FxHashMap<Id, usize>, Graph) {
        let graph = Graph::new(self.nodes.len(), &self.edges, self.groups);
        (self.nodes, graph)
    }
}
