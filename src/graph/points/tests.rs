use super::*;
use crate::graph::net::{Edge, Group, Neighbour};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn alone(dependent: usize, provider: usize) -> Edge {
    Edge { dependent, provider, effect: State::Down, group: None, needed: false, place: false }
}

fn shared(dependent: usize, provider: usize, group: usize) -> Edge {
    Edge { group: Some(group), ..alone(dependent, provider) }
}

/// What is Down once some objects are lost, straight from the definition.
fn down(graph: &Graph, lost: &[usize]) -> Vec<bool> {
    let mut down = vec![false; graph.nodes()];
    for node in lost {
        down[*node] = true;
    }
    loop {
        let before = down.clone();
        for (node, is_down) in down.iter_mut().enumerate() {
            let mut groups: BTreeMap<usize, (usize, Vec<&Neighbour>)> = BTreeMap::new();
            for step in graph.providers(node).iter().filter(|step| before[step.node as usize]) {
                match step.group {
                    None if step.effect == State::Down => *is_down = true,
                    None => {}
                    Some(group) => {
                        groups.entry(group.index()).or_insert((graph.group(group).tolerated_losses(), Vec::new())).1.push(step);
                    }
                }
            }
            for (spare, members) in groups.values() {
                if members.len() > *spare && members.iter().any(|step| step.effect == State::Down) {
                    *is_down = true;
                }
            }
        }
        if down == before {
            return down;
        }
    }
}

fn reach_by_definition(graph: &Graph, watched: &[u8]) -> Vec<[u32; 2]> {
    let counts = |lost: usize| {
        let down = down(graph, &[lost]);
        let hit = |bit: u8| (0..graph.nodes()).filter(|node| *node != lost && down[*node] && watched[*node] & bit != 0).count();
        [hit(1) as u32, hit(2) as u32]
    };
    (0..graph.nodes()).map(counts).collect()
}

fn points_by_definition(graph: &Graph, root: usize) -> Vec<usize> {
    (0..graph.nodes()).filter(|node| *node != root && down(graph, &[*node])[root]).collect()
}

fn pairs_by_definition(graph: &Graph, root: usize, wanted: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let points = points_by_definition(graph, root);
    let left: Vec<usize> = (0..graph.nodes()).filter(|node| *node != root && wanted(*node) && !points.contains(node)).collect();
    let two = left.iter().flat_map(|one| left.iter().map(move |other| (*one, *other)));
    two.filter(|(one, other)| one < other && down(graph, &[*one, *other])[root]).collect()
}

fn effect() -> impl Strategy<Value = State> {
    prop_oneof![4 => Just(State::Down), 1 => Just(State::Degraded), 1 => Just(State::Up)]
}

/// Graphs with circles, effects of all kinds and groups that need anything from nothing to more than they have.
fn graph(nodes: usize) -> impl Strategy<Value = Graph> {
    let single = (0..nodes, 0..nodes, effect());
    let group = (0..nodes, prop::collection::btree_map(0..nodes, effect(), 1..5), 0usize..6);
    let singles = prop::collection::vec(single, 0..nodes + nodes / 2);
    (singles, prop::collection::vec(group, 0..nodes)).prop_map(move |(singles, groups)| {
        let mut edges: Vec<Edge> =
            singles.iter().map(|(one, other, effect)| Edge { effect: *effect, ..alone(*one, *other) }).collect();
        let mut sizes = Vec::new();
        for (index, (dependent, members, required)) in groups.into_iter().enumerate() {
            sizes.push(Group { members: members.len(), required });
            edges.extend(members.into_iter().map(|(provider, effect)| Edge { effect, ..shared(dependent, provider, index) }));
        }
        Graph::new(nodes, &edges, sizes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn reach_is_the_definition(graph in (1usize..13).prop_flat_map(graph), bits in prop::collection::vec(0u8..8, 12)) {
        let watched = &bits[..graph.nodes()];
        let expected = reach_by_definition(&graph, watched);
        prop_assert_eq!(&loss_counts(&graph, watched, 1), &expected);
        prop_assert_eq!(&loss_counts(&graph, watched, 2), &expected);
    }

    #[test]
    fn points_are_the_definition(graph in (1usize..13).prop_flat_map(graph)) {
        for root in 0..graph.nodes() {
            prop_assert_eq!(single_points(&graph, root), points_by_definition(&graph, root));
        }
    }

    #[test]
    fn pairs_are_the_definition(graph in (1usize..13).prop_flat_map(graph), unwanted in 0usize..24) {
        let wanted = |node: usize| node != unwanted;
        for root in 0..graph.nodes() {
            let found = point_pairs(&graph, root, &wanted, u64::MAX);
            prop_assert_eq!(found, Ok(pairs_by_definition(&graph, root, wanted)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    /// More losses than are followed at once, and groups with more members than a digit counts.
    #[test]
    fn several_blocks_are_the_definition(graph in graph(600), bits in prop::collection::vec(0u8..4, 600)) {
        let expected = reach_by_definition(&graph, &bits);
        prop_assert_eq!(&loss_counts(&graph, &bits, 1), &expected);
        prop_assert_eq!(&loss_counts(&graph, &bits, 2), &expected);
        for root in 0..3 {
            prop_assert_eq!(single_points(&graph, root), points_by_definition(&graph, root));
        }
    }
}

/// A ring in which the first depends on the last two together.
fn ring(length: usize) -> Graph {
    let mut edges: Vec<Edge> = (1..length).map(|node| alone(node, node - 1)).collect();
    edges.extend([shared(0, length - 1, 0), shared(0, length - 2, 0)]);
    Graph::new(length, &edges, vec![Group { members: 2, required: 1 }])
}

#[test]
fn a_chain() {
    let length = 100_000;
    let graph = Graph::new(length, &(1..length).map(|node| alone(node, node - 1)).collect::<Vec<_>>(), Vec::new());
    assert_eq!(single_points(&graph, length - 1), (0..length - 1).collect::<Vec<_>>());
    let mut watched = vec![0; length];
    watched[length - 1] = 1;
    watched[50_000] = 2;
    let reached = loss_counts(&graph, &watched, 2);
    assert_eq!([reached[0], reached[50_000], reached[length - 1]], [[1, 1], [1, 0], [0, 0]]);
    assert_eq!(point_pairs(&graph, length - 1, &|_| true, 0), Ok(Vec::new()));
}

#[test]
fn everything_on_everything() {
    let nodes = 500;
    let all = (0..nodes).flat_map(|one| (0..nodes).filter(move |other| *other != one).map(move |other| alone(one, other)));
    let graph = Graph::new(nodes, &all.collect::<Vec<_>>(), Vec::new());
    assert_eq!(single_points(&graph, 7).len(), nodes - 1);
    assert_eq!(loss_counts(&graph, &vec![3; nodes], 2), vec![[499, 499]; nodes]);
}

#[test]
fn many_small_circles() {
    let circles = 10_000;
    let both = |circle: usize| [alone(2 * circle, 2 * circle + 1), alone(2 * circle + 1, 2 * circle)];
    let graph = Graph::new(2 * circles, &(0..circles).flat_map(both).collect::<Vec<_>>(), Vec::new());
    assert_eq!(single_points(&graph, 11), [10]);
    assert_eq!(loss_counts(&graph, &vec![1; 2 * circles], 2), vec![[1, 0]; 2 * circles]);
}

/// Rows of two, each depending on both of the row before: on one of them at least, or on either.
fn lattice(rows: usize, redundant: bool) -> Graph {
    let mut edges = Vec::new();
    for node in 2..2 * rows {
        let before = node / 2 * 2 - 2;
        for provider in [before, before + 1] {
            edges.push(if redundant { shared(node, provider, node - 2) } else { alone(node, provider) });
        }
    }
    Graph::new(2 * rows, &edges, vec![Group { members: 2, required: 1 }; 2 * rows - 2])
}

#[test]
fn diamonds() {
    let rows = 2_000;
    let top = 2 * rows - 1;
    assert_eq!(single_points(&lattice(rows, false), top), (0..top - 1).collect::<Vec<_>>());
    let redundant = lattice(rows, true);
    assert_eq!(single_points(&redundant, top), Vec::<usize>::new());
    assert!(loss_counts(&redundant, &vec![1; 2 * rows], 2).iter().all(|reached| *reached == [0, 0]));
    let few = lattice(400, true);
    let expected: Vec<_> = (0..399).map(|row| (2 * row, 2 * row + 1)).collect();
    assert_eq!(point_pairs(&few, 799, &|_| true, u64::MAX), Ok(expected));
}

#[test]
fn a_ring_through_a_group() {
    let length = 100_000;
    let graph = ring(length);
    // The last is the only one that cannot break the group alone.
    assert_eq!(single_points(&graph, 50_000), (0..length - 1).filter(|node| *node != 50_000).collect::<Vec<_>>());
    let mut watched = vec![0; length];
    watched[10] = 1;
    let reached = loss_counts(&graph, &watched, 2);
    assert_eq!([reached[10], reached[length - 2], reached[length - 1]], [[0, 0], [1, 0], [0, 0]]);
}

#[test]
fn what_needs_too_much_work_is_refused() {
    let members = 20;
    let edges: Vec<Edge> = (1..=members).map(|provider| shared(0, provider, 0)).collect();
    let graph = Graph::new(members + 1, &edges, vec![Group { members, required: members - 1 }]);
    assert_eq!(single_points(&graph, 0), Vec::<usize>::new());
    // Twenty objects in one block, and as many steps to the group and one from there.
    assert_eq!(point_pairs(&graph, 0, &|_| true, 20 * 21 - 1), Err(WorkLimitExceeded));
    assert_eq!(point_pairs(&graph, 0, &|_| true, 20 * 21).map(|pairs| pairs.len()), Ok(20 * 19 / 2));
    assert_eq!(point_pairs(&graph, 0, &|node| node < 3, 2 * 21), Ok(vec![(1, 2)]));
}
