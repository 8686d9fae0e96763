//! The part of the graph around one object, as far as it was asked for.
use super::builder::{GraphBuilder, Item, MappingEdge};
use super::net::State;
use crate::model::{Id, Kind};
use std::collections::{HashMap, HashSet};

/// Which way to look from an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What it depends on.
    Down,
    /// What depends on it.
    Up,
}

/// One dependency as it is kept, or as the place of a component or site implies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// `None` where it follows from the place.
    pub mapping: Option<Id>,
    pub dependent: Id,
    pub provider: Id,
    pub relation: &'static str,
    pub effect: State,
    pub group: Option<String>,
    pub required: Option<i64>,
    pub needed_to_start: bool,
}

/// An object of the region: how far away and what its loss, or the root's, means.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionNode {
    pub id: Id,
    pub distance: usize,
    /// Down: what happens to the root when this one alone is lost. Up: what happens to this one when the root is lost.
    pub state: State,
}

/// Evaluates a region. `distances` holds its objects, the root with 0; `dependencies` all edges between them and every
/// other member of the groups they stand in.
pub fn region_nodes(root: Id, direction: Direction, distances: &[(Id, usize)], dependencies: &[Dependency]) -> Vec<RegionNode> {
    let mut parts = GraphBuilder::default();
    for (id, _) in distances {
        parts.upsert_node(Item::bare(*id, Kind::Component));
    }
    for one in dependencies {
        parts.add_mapping(&one.mapped());
    }
    let graph = parts.graph();
    let mut scratch = graph.scratch();
    let root = parts.find(root).unwrap_or(0);
    let from_root = graph.impact(&mut scratch, &[root]).states().to_vec();
    let mut state = |at: usize| match direction {
        Direction::Up => from_root[at],
        Direction::Down => graph.impact(&mut scratch, &[at]).state(root),
    };
    distances
        .iter()
        .enumerate()
        .map(|(at, (id, distance))| RegionNode { id: *id, distance: *distance, state: state(at) })
        .collect()
}

/// A region holds so many objects at most.
pub const MAX_NODES: usize = 2000;
/// So many dependencies lie between them at most.
pub const MAX_EDGES: usize = 10_000;
/// How a component depends on its site, and a site on its parent.
pub const LOCATED_AT: &str = "located_at";

/// What was found around an object.
pub struct Region {
    pub distances: Vec<(Id, usize)>,
    pub dependencies: Vec<Dependency>,
    /// Whether more lies beyond the depth.
    pub more: bool,
}

/// How far a region may go.
#[derive(Clone, Copy)]
pub struct Extent {
    pub depth: usize,
    pub nodes: usize,
    pub edges: usize,
}

/// What lies beneath some objects, read once to be looked at from each of them.
#[derive(Default)]
pub struct PreloadedRegion(HashMap<Id, Vec<Dependency>>);

impl PreloadedRegion {
    pub fn add(&mut self, edge: Dependency) {
        self.0.entry(edge.dependent).or_default().push(edge);
    }
    /// Adds that something lies in a place.
    pub fn place(&mut self, dependent: Id, provider: Id) {
        self.add(located_at(dependent, provider));
    }
    /// Every object that stands in it.
    pub fn ids(&self) -> HashSet<Id> {
        self.0.values().flatten().flat_map(|edge| [edge.dependent, edge.provider]).collect()
    }

    /// The region beneath a root, as walking from it would find it.
    pub fn region(&self, root: Id, depth: usize, most: usize) -> Region {
        let (mut distances, mut seen, mut more) = (vec![(root, 0)], HashSet::from([root]), false);
        let mut found: Vec<&Dependency> = Vec::new();
        let mut frontier = vec![root];
        for distance in 1..=depth + 1 {
            for edge in std::mem::take(&mut frontier).iter().filter_map(|id| self.0.get(id)).flatten() {
                let new = !seen.contains(&edge.provider);
                if distance > depth && new {
                    more = true;
                    continue;
                }
                if new {
                    seen.insert(edge.provider);
                    distances.push((edge.provider, distance));
                    frontier.push(edge.provider);
                }
                found.push(edge);
            }
            if seen.len() > most {
                more = true;
                break;
            }
            if frontier.is_empty() {
                break;
            }
        }
        // Of a group all members count, also those that lie too deep.
        let grouped: HashSet<Id> = found.iter().filter(|edge| edge.group.is_some()).map(|edge| edge.dependent).collect();
        found.extend(grouped.iter().filter_map(|id| self.0.get(id)).flatten().filter(|edge| edge.group.is_some()));
        let key = |edge: &&Dependency| (edge.dependent, edge.provider, edge.mapping);
        found.sort_by_key(key);
        found.dedup_by_key(|edge| key(edge));
        Region { distances, dependencies: found.into_iter().cloned().collect(), more }
    }
}

/// The dependency of what lies in a place on that place.
pub fn located_at(dependent: Id, provider: Id) -> Dependency {
    Dependency {
        mapping: None,
        dependent,
        provider,
        relation: LOCATED_AT,
        effect: State::Down,
        group: None,
        required: None,
        needed_to_start: true,
    }
}

/// Lifecycle and recovery option of an item, in words.
pub fn recovery_label(lifecycle: &str, option: &str) -> String {
    format!("{lifecycle} {option}")
}

impl Dependency {
    pub fn mapped(&self) -> MappingEdge<'_> {
        MappingEdge {
            mapping: self.mapping,
            dependent: self.dependent,
            provider: self.provider,
            effect: self.effect,
            group: self.group.as_deref(),
            required: self.required,
            needed: self.needed_to_start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tail: u8) -> Id {
        Id(uuid::Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tail]))
    }
    fn needs(dependent: u8, provider: u8, group: Option<&str>) -> Dependency {
        Dependency {
            mapping: None,
            dependent: id(dependent),
            provider: id(provider),
            relation: "requires",
            effect: State::Down,
            group: group.map(str::to_owned),
            required: group.map(|_| 1),
            needed_to_start: true,
        }
    }

    #[test]
    fn one_of_two_is_not_essential_but_what_both_need_is() {
        let edges = [needs(1, 2, Some("db")), needs(1, 3, Some("db")), needs(2, 4, None), needs(3, 4, None)];
        let distances = [(id(1), 0), (id(2), 1), (id(3), 1), (id(4), 2)];
        let states: Vec<State> = region_nodes(id(1), Direction::Down, &distances, &edges).into_iter().map(|p| p.state).collect();
        assert_eq!(states, [State::Down, State::Up, State::Up, State::Down]);
    }

    #[test]
    fn losing_one_of_two_takes_nothing_down() {
        let edges = [needs(1, 2, Some("db")), needs(1, 3, Some("db")), needs(5, 2, None)];
        let up = region_nodes(id(2), Direction::Up, &[(id(2), 0), (id(1), 1), (id(5), 1)], &edges);
        assert_eq!(up.iter().map(|p| p.state).collect::<Vec<_>>(), [State::Down, State::Up, State::Down]);
    }
}
