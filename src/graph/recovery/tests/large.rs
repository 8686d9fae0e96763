//! Large and awkward shapes: all of them finish, however deep or dense.

use super::*;

fn edge(dependent: usize, provider: usize) -> Edge {
    Edge { dependent, provider, effect: State::Down, group: None, needed: true, place: false }
}

fn alike(nodes: usize, edges: &[Edge], groups: Vec<Group>, lost: Vec<usize>) -> Case {
    let capability = RecoveryCapability { recovery: Some(10), restart: Some(1), data_loss: Some(60) };
    let graph = Graph::new(nodes, edges, groups);
    Case { graph, capabilities: vec![capability; nodes], states: vec![State::Down; nodes], lost }
}

#[test]
fn a_long_chain() {
    let nodes = 100_000;
    let edges: Vec<Edge> = (1..nodes).map(|node| edge(node, node - 1)).collect();
    let case = alike(nodes, &edges, Vec::new(), vec![0]);
    let recovery = case.recover();
    let end = recovery.time(nodes - 1).unwrap().end;
    assert_eq!(end, 10 + nodes as i64 - 1);
    assert_eq!(recovery.chain(nodes - 1), (0..nodes).collect::<Vec<_>>());
    assert_eq!(recovery.waves().last(), Some(&(nodes - 1, nodes as u32)));
    assert_eq!(recovery.circles(&case.graph, 5), Vec::<Vec<usize>>::new());
    let better = Improvement { node: 0, from: 10, to: 3, end: end - 7 };
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, end - 7), Some(better));
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, end - 11), None);
    assert_eq!(data_losses(&case.graph, &case.capabilities, &case.states, &case.lost).len(), nodes);
}

#[test]
fn two_long_chains_side_by_side_have_no_single_remedy() {
    let nodes = 20_001;
    let edges: Vec<Edge> = (2..nodes).map(|node| edge(node, node - 2)).chain([edge(nodes - 1, nodes - 2)]).collect();
    let case = alike(nodes, &edges, Vec::new(), (0..nodes).collect());
    let recovery = case.recover();
    let last = recovery.time(nodes - 1).unwrap();
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, last.end - 10).map(|better| better.node), Some(nodes - 1));
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, last.end - 11), None);
}

#[test]
fn a_long_circle() {
    let nodes = 100_000;
    let edges: Vec<Edge> = (0..nodes).map(|node| edge(node, (node + 1) % nodes)).collect();
    let case = alike(nodes, &edges, Vec::new(), vec![7]);
    let recovery = case.recover();
    assert_eq!(recovery.stuck().count(), nodes);
    assert_eq!(recovery.circles(&case.graph, 5), vec![(0..nodes).collect::<Vec<_>>()]);
    assert_eq!(recovery.chain(7), Vec::<usize>::new());
}

#[test]
fn everything_depends_on_everything_else() {
    let nodes = 500;
    let pairs = (0..nodes).flat_map(|one| (0..nodes).map(move |other| (one, other))).filter(|(one, other)| one != other);
    let edges: Vec<Edge> = pairs.map(|(dependent, provider)| edge(dependent, provider)).collect();
    let case = alike(nodes, &edges, Vec::new(), vec![3]);
    assert_eq!(case.recover().circles(&case.graph, 9), vec![vec![0, 1]]);
    assert_eq!(data_losses(&case.graph, &case.capabilities, &case.states, &case.lost).len(), nodes);

    let forward: Vec<Edge> = edges.into_iter().filter(|edge| edge.provider < edge.dependent).collect();
    let case = alike(nodes, &forward, Vec::new(), (0..nodes).collect());
    let recovery = case.recover();
    assert_eq!(recovery.time(nodes - 1).unwrap().end, 5000);
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, 4993).map(|better| better.to), Some(3));
}

#[test]
fn ten_thousand_circles_of_two() {
    let nodes = 20_000;
    let edges: Vec<Edge> = (0..nodes).map(|node| edge(node, node ^ 1)).collect();
    let case = alike(nodes, &edges, Vec::new(), vec![0]);
    let recovery = case.recover();
    assert_eq!(recovery.circles(&case.graph, usize::MAX).len(), 10_000);
    assert_eq!(recovery.circles(&case.graph, 3), vec![vec![0, 1], vec![2, 3], vec![4, 5]]);
}

#[test]
fn a_lattice_of_diamonds() {
    let (layers, width) = (2_000, 10);
    let below = |layer: usize, place: usize| {
        [place, (place + 1) % width].map(|other| edge(layer * width + place, (layer - 1) * width + other))
    };
    let edges: Vec<Edge> = (1..layers).flat_map(|layer| (0..width).flat_map(move |place| below(layer, place))).collect();
    let case = alike(layers * width, &edges, Vec::new(), (0..width).collect());
    let recovery = case.recover();
    let last = layers * width - 1;
    assert_eq!(recovery.time(last).unwrap().end, 10 + layers as i64 - 1);
    assert_eq!(cheapest_improvement(&case.graph, &recovery, last, 5), None);
    assert_eq!(data_losses(&case.graph, &case.capabilities, &case.states, &case.lost).len(), layers * width);
}

#[test]
fn a_large_group_waits_for_half_of_it() {
    let nodes = 601;
    let member = |provider| Edge { group: Some(0), ..edge(nodes - 1, provider) };
    let edges: Vec<Edge> = (0..nodes - 1).map(member).collect();
    let mut case = alike(nodes, &edges, vec![Group { members: nodes - 1, required: 300 }], (0..nodes - 1).collect());
    for (node, capability) in case.capabilities.iter_mut().enumerate() {
        capability.recovery = Some(100 + node as i64);
    }
    let recovery = case.recover();
    assert_eq!(recovery.time(nodes - 1).map(|time| (time.start, time.wave)), Some((399, 2)));
    let better = Improvement { node: 299, from: 399, to: 398, end: 399 };
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, 399), Some(better));
    // The member before it is only one second earlier, and the dependent itself takes no longer than that.
    assert_eq!(cheapest_improvement(&case.graph, &recovery, nodes - 1, 398), None);
}
