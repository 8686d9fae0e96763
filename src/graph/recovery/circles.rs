//! Start-up circles: items that wait for each other, so that none of them ever starts.

use super::{Recovery, waits};
use crate::graph::net::{Graph, Neighbour};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

impl Recovery {
    /// Concrete start-up circles, at most so many. In a circle each node waits for the next, and the last for the first.
    ///
    /// Everything stuck waits for something stuck, so where anything is stuck there is a circle. Each strongly connected
    /// component of those waits gives one: a shortest through its first node. Components come before those that wait for
    /// them, so that causes come before what they hold up.
    pub fn circles(&self, graph: &Graph, most: usize) -> Vec<Vec<usize>> {
        let mut components = Components::new(self, graph);
        let mut circles = Vec::new();
        for root in self.stuck() {
            components.explore(root);
            let found = components.found.drain(..);
            circles
                .extend(found.filter_map(|all| self.circle(graph, &all.iter().copied().collect(), all.iter().copied().min()?)));
            if circles.len() >= most {
                break;
            }
        }
        circles.truncate(most);
        circles
    }

    /// Start-up circles such that each of these nodes that lies on one is in one of them, at most so many: a shortest through each
    /// that no circle before contains.
    pub fn circles_through(&self, graph: &Graph, nodes: &[usize], most: usize) -> Vec<Vec<usize>> {
        let wanted: FxHashSet<usize> = nodes.iter().copied().collect();
        let mut components = Components::new(self, graph);
        let (mut circles, mut covered) = (Vec::new(), FxHashSet::default());
        for root in nodes {
            components.explore(*root);
            for component in components.found.drain(..) {
                let mut through: Vec<usize> = component.iter().copied().filter(|node| wanted.contains(node)).collect();
                through.sort_unstable();
                let inside: FxHashSet<usize> = component.into_iter().collect();
                for node in through {
                    if circles.len() >= most {
                        return circles;
                    }
                    if let Some(circle) = (!covered.contains(&node)).then(|| self.circle(graph, &inside, node)).flatten() {
                        covered.extend(circle.iter().copied());
                        circles.push(circle);
                    }
                }
            }
        }
        circles
    }

    /// A shortest circle through a node of a component. None when that is a single node that does not wait for itself.
    fn circle(&self, graph: &Graph, inside: &FxHashSet<usize>, first: usize) -> Option<Vec<usize>> {
        // Each node reached, with the one that waits for it.
        let mut waiting: FxHashMap<usize, usize> = FxHashMap::default();
        let mut queue = VecDeque::from([first]);
        while let Some(node) = queue.pop_front() {
            for provider in self.held_up_by(graph, node).filter(|provider| inside.contains(provider)) {
                if provider == first {
                    let mut circle: Vec<usize> = std::iter::successors(Some(node), |node| waiting.get(node).copied()).collect();
                    circle.reverse();
                    return Some(circle);
                }
                waiting.entry(provider).or_insert_with(|| {
                    queue.push_back(provider);
                    node
                });
            }
        }
        None
    }

    /// The stuck providers that a stuck node waits for: single ones, and those of groups of which not enough came back.
    fn held_up_by<'a>(&'a self, graph: &'a Graph, node: usize) -> impl Iterator<Item = usize> + 'a {
        graph.providers(node).iter().filter(|step| self.holds_up(step)).map(|step| step.node as usize)
    }

    fn holds_up(&self, step: &Neighbour) -> bool {
        let waited_for = step.group.map_or_else(|| waits(step), |group| self.missing[group.index()] > 0);
        waited_for && self.is_stuck(step.node as usize)
    }
}

/// The strongly connected components of what is stuck, by Tarjan's algorithm (1972) with its path kept as a list.
struct Components<'a> {
    recovery: &'a Recovery,
    graph: &'a Graph,
    /// When each node was entered, counted from 1. Zero: not yet. `LEFT`: its component is complete.
    entered: Vec<usize>,
    /// The earliest entered node that each is known to reach.
    reaches: Vec<usize>,
    count: usize,
    /// Nodes whose component is not complete, as they were entered.
    open: Vec<usize>,
    /// The nodes on the way from the root, each with the step to take next.
    path: Vec<(usize, usize)>,
    found: Vec<Vec<usize>>,
}

const LEFT: usize = usize::MAX;

impl<'a> Components<'a> {
    fn new(recovery: &'a Recovery, graph: &'a Graph) -> Components<'a> {
        let entered = vec![0; graph.nodes()];
        let reaches = entered.clone();
        Components { recovery, graph, entered, reaches, count: 0, open: Vec::new(), path: Vec::new(), found: Vec::new() }
    }

    /// Finds the components that a root reaches and that were not found before.
    fn explore(&mut self, root: usize) {
        if self.entered[root] == 0 {
            self.enter(root);
        }
        while let Some((node, next)) = self.path.last_mut() {
            let node = *node;
            let step = self.graph.providers(node).get(*next);
            *next += 1;
            match step {
                Some(step) if self.recovery.holds_up(step) => {
                    let provider = step.node as usize;
                    if self.entered[provider] == 0 {
                        self.enter(provider);
                    } else {
                        self.reaches[node] = self.reaches[node].min(self.entered[provider]);
                    }
                }
                Some(_) => {}
                None => self.leave(node),
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.count += 1;
        self.entered[node] = self.count;
        self.reaches[node] = self.count;
        self.open.push(node);
        self.path.push((node, 0));
    }

    fn leave(&mut self, node: usize) {
        self.path.pop();
        if let Some((dependent, _)) = self.path.last() {
            self.reaches[*dependent] = self.reaches[*dependent].min(self.reaches[node]);
        }
        if self.reaches[node] == self.entered[node] {
            let begin = self.open.iter().rposition(|open| *open == node).unwrap_or(0);
            let component = self.open.split_off(begin);
            for member in &component {
                self.entered[*member] = LEFT;
            }
            self.found.push(component);
        }
    }
}
