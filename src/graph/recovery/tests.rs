//! The recovery against slow and simple ways to the same answers, on small random graphs.

use super::*;
use crate::graph::net::{Edge, Group};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

mod examples;
mod large;

const MAX: usize = 12;

#[derive(Debug, Clone)]
struct Case {
    graph: Graph,
    capabilities: Vec<RecoveryCapability>,
    states: Vec<State>,
    lost: Vec<usize>,
}

impl Case {
    /// Each edge is (dependent, provider, effect, group of the dependent, needed), group 0 being none.
    fn new(
        capabilities: Vec<RecoveryCapability>,
        edges: &[(usize, usize, State, usize, bool)],
        required: &[usize],
        lost: Vec<usize>,
    ) -> Case {
        let nodes = capabilities.len();
        let mut members = BTreeSet::new();
        let mut groups = vec![Group::default(); nodes * 2];
        for (index, group) in groups.iter_mut().enumerate() {
            group.required = required[index % required.len()];
        }
        let mut list = Vec::new();
        for &(dependent, provider, effect, group, needed) in edges {
            let (dependent, provider) = (dependent % nodes, provider % nodes);
            let group = group.checked_sub(1).map(|group| dependent * 2 + group);
            if let Some(group) = group {
                if !members.insert((group, provider)) {
                    continue;
                }
                groups[group].members += 1;
            }
            list.push(Edge { dependent, provider, effect, group, needed, place: false });
        }
        let lost: BTreeSet<usize> = lost.into_iter().map(|node| node % nodes).collect();
        let graph = Graph::new(nodes, &list, groups);
        let lost: Vec<usize> = lost.into_iter().collect();
        let states = impact(&graph, &lost);
        Case { graph, capabilities, states, lost }
    }

    fn recover(&self) -> Recovery {
        recover(&self.graph, &self.capabilities, &self.states, &self.lost)
    }

    fn down(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.graph.nodes()).filter(|node| self.states[*node] == State::Down)
    }

    fn duration(&self, node: usize) -> Option<i64> {
        if self.lost.contains(&node) { self.capabilities[node].recovery } else { self.capabilities[node].restart }
    }

    fn with_duration(&self, node: usize, duration: i64) -> Case {
        let mut case = self.clone();
        case.capabilities[node].recovery = Some(duration);
        case.capabilities[node].restart = Some(duration);
        case
    }

    /// Of a node, its single providers it waits for, and of each group it waits for all members and how many it requires.
    fn waited_for(&self, node: usize) -> Vec<(Vec<usize>, usize)> {
        let steps = self.graph.providers(node);
        let single = steps.iter().filter(|step| step.group.is_none() && step.needed && step.effect != State::Up);
        let mut waited_for: Vec<_> = single.map(|step| (vec![step.node as usize], 1)).collect();
        for (group, members) in grouped(steps) {
            if members.iter().any(|step| step.needed && step.effect != State::Up) {
                let nodes = members.iter().map(|step| step.node as usize).collect();
                waited_for.push((nodes, members.len() - self.spare(node, group)));
            }
        }
        waited_for
    }

    fn spare(&self, node: usize, group: usize) -> usize {
        let mut shared = self.graph.providers(node).iter().filter_map(|step| step.group);
        self.graph.group(shared.find(|shared| shared.index() == group).unwrap()).tolerated_losses()
    }
}

fn grouped(steps: &[Neighbour]) -> BTreeMap<usize, Vec<Neighbour>> {
    let mut groups: BTreeMap<usize, Vec<Neighbour>> = BTreeMap::new();
    for step in steps {
        if let Some(group) = step.group {
            groups.entry(group.index()).or_default().push(*step);
        }
    }
    groups
}

fn impact(graph: &Graph, lost: &[usize]) -> Vec<State> {
    let mut states = vec![State::Up; graph.nodes()];
    lost.iter().for_each(|node| states[*node] = State::Down);
    loop {
        let before = states.clone();
        for (node, state) in states.iter_mut().enumerate() {
            let falls = |step: &Neighbour| step.effect == State::Down && before[step.node as usize] == State::Down;
            let steps = graph.providers(node);
            let alone = steps.iter().any(|step| step.group.is_none() && falls(step));
            let group = grouped(steps).values().any(|members| {
                let down = members.iter().filter(|step| before[step.node as usize] == State::Down).count();
                down > graph.group(members[0].group.unwrap()).tolerated_losses() && members.iter().any(falls)
            });
            if alone || group {
                *state = State::Down;
            }
        }
        if states == before {
            return states;
        }
    }
}

fn effect() -> impl Strategy<Value = State> {
    prop_oneof![1 => Just(State::Up), 2 => Just(State::Degraded), 5 => Just(State::Down)]
}

fn capability(longest: i64) -> impl Strategy<Value = RecoveryCapability> {
    let seconds = move || prop_oneof![1 => Just(None), 1 => Just(Some(0)), 6 => (0..longest).prop_map(Some)];
    (seconds(), seconds(), seconds()).prop_map(|(recovery, restart, data_loss)| RecoveryCapability {
        recovery,
        restart,
        data_loss,
    })
}

/// With `forward` only edges to earlier nodes, so that all comes back, and most of them in groups.
fn case(longest: i64, forward: bool) -> impl Strategy<Value = Case> {
    let group = prop_oneof![if forward { 1 } else { 3 } => Just(0usize), 3 => Just(1), 2 => Just(2)];
    let edge = (0..MAX, 0..MAX, effect(), group, prop::bool::weighted(0.8));
    let capabilities = prop::collection::vec(capability(longest), 1..=MAX);
    let required = prop::collection::vec(0usize..4, 1..8);
    let lost = prop::collection::vec(0..MAX, 1..6);
    (capabilities, prop::collection::vec(edge, 0..36), required, lost).prop_map(
        move |(capabilities, mut edges, required, lost)| {
            let nodes = capabilities.len();
            for edge in edges.iter_mut().filter(|_| forward) {
                let (one, other) = (edge.0 % nodes, edge.1 % nodes);
                (edge.0, edge.1) = (one.max(other), one.min(other));
            }
            edges.retain(|edge| !forward || edge.0 != edge.1);
            Case::new(capabilities, &edges, &required, lost)
        },
    )
}

/// Slow items at the bottom, quick ones that wait for two of them each, and one that needs some of all these: where the
/// remedy is often a member that now comes too late.
fn redundant_case() -> impl Strategy<Value = Case> {
    let joins = prop::collection::vec((6..11usize, 0..6usize), 5..11);
    let members = prop::collection::btree_set(0..11usize, 2..5);
    let durations = (prop::collection::vec(1..25i64, 6), prop::collection::vec(0..3i64, 6));
    (joins, members, durations, 1..3usize).prop_map(|(joins, members, (slow, quick), required)| {
        let seconds = slow.into_iter().chain(quick).map(Some);
        let capabilities = seconds.map(|recovery| RecoveryCapability { recovery, ..RecoveryCapability::default() }).collect();
        let joins = joins.into_iter().map(|(join, slow)| (join, slow, State::Down, 0, true));
        let members = members.into_iter().map(|member| (11, member, State::Down, 1, true));
        Case::new(capabilities, &joins.chain(members).collect::<Vec<_>>(), &[required], (0..MAX).collect())
    })
}

fn any_case(longest: i64) -> impl Strategy<Value = Case> {
    prop_oneof![case(longest, false), case(longest, true)]
}

/// Start and end of everything, second by second. None for what never starts, (0, 0) for what was never down.
fn simulate(case: &Case) -> Vec<Option<(i64, i64)>> {
    let unharmed = |state: &State| (*state != State::Down).then_some((0, 0));
    let mut times: Vec<Option<(i64, i64)>> = case.states.iter().map(unharmed).collect();
    let horizon: i64 = case.down().filter_map(|node| case.duration(node)).sum();
    for now in 0..=horizon {
        loop {
            let back = |node: &&usize| times[**node].is_some_and(|(_, end)| end <= now);
            let ready = |(nodes, required): &(Vec<usize>, usize)| nodes.iter().filter(back).count() >= *required;
            let starting = case.down().find(|node| times[*node].is_none() && case.waited_for(*node).iter().all(ready));
            let Some(node) = starting else { break };
            times[node] = Some((now, now + case.duration(node).unwrap_or(0)));
        }
    }
    times
}

/// The nodes that come back, one at a time: whichever ends first of those that can start.
fn sequence(case: &Case) -> Vec<(usize, Time)> {
    let mut order: Vec<(usize, Time)> = Vec::new();
    loop {
        let place = |node: &usize| order.iter().position(|(back, _)| back == node);
        let mut ready = Vec::new();
        for node in case.down().filter(|node| place(node).is_none()) {
            let mut waited = BTreeSet::new();
            let satisfied = case.waited_for(node).iter().all(|(nodes, required)| {
                let up = nodes.iter().filter(|node| case.states[**node] != State::Down).count();
                let mut back: Vec<usize> = nodes.iter().filter_map(place).collect();
                back.sort_unstable();
                back.truncate(required.saturating_sub(up));
                let enough = up + back.len() >= *required;
                waited.extend(back);
                enough
            });
            if satisfied {
                let last = waited.last().map(|place| order[*place]);
                let start = last.map_or(0, |(_, time)| time.end);
                let duration = case.duration(node);
                ready.push((
                    start + duration.unwrap_or(0),
                    node,
                    Time {
                        start,
                        end: start + duration.unwrap_or(0),
                        waits_for: last.map(|(node, _)| node),
                        wave: waited.iter().map(|place| order[*place].1.wave + 1).max().unwrap_or(1),
                        known: duration.is_some() && waited.iter().all(|place| order[*place].1.known),
                        lost: case.lost.contains(&node),
                    },
                ));
            }
        }
        let Some((_, node, time)) = ready.into_iter().min_by_key(|(end, node, _)| (*end, *node)) else { return order };
        order.push((node, time));
    }
}

/// Whom each stuck node waits for, directly or not.
fn reach(case: &Case, recovery: &Recovery) -> (Vec<BTreeSet<usize>>, Vec<BTreeSet<usize>>) {
    let mut direct = vec![BTreeSet::new(); case.graph.nodes()];
    for node in recovery.stuck() {
        for (nodes, required) in case.waited_for(node) {
            let (stuck, back): (Vec<usize>, Vec<usize>) = nodes.into_iter().partition(|node| recovery.is_stuck(*node));
            if back.len() < required {
                direct[node].extend(stuck);
            }
        }
    }
    let mut all = direct.clone();
    for middle in 0..all.len() {
        for node in 0..all.len() {
            if all[node].contains(&middle) {
                let further = all[middle].clone();
                all[node].extend(further);
            }
        }
    }
    (direct, all)
}

fn naive_losses(case: &Case) -> Vec<i64> {
    let mut losses = vec![0; case.graph.nodes()];
    loop {
        let before = losses.clone();
        for node in case.down() {
            let steps = case.graph.providers(node);
            let own = if case.lost.contains(&node) { case.capabilities[node].data_loss.unwrap_or(0) } else { 0 };
            let single = steps.iter().filter(|step| step.group.is_none() && step.effect == State::Down);
            let mut worst = single.map(|step| before[step.node as usize]).fold(own, i64::max);
            for (group, members) in grouped(steps) {
                let mut values: Vec<i64> = members.iter().map(|step| before[step.node as usize]).collect();
                values.sort_unstable_by_key(|value| Reverse(*value));
                if members.iter().any(|step| step.effect == State::Down) {
                    worst = worst.max(values.get(case.spare(node, group)).copied().unwrap_or(0));
                }
            }
            losses[node] = worst;
        }
        if losses == before {
            return losses;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn recovery_is_what_a_clock_shows(case in any_case(7)) {
        let recovery = case.recover();
        for (node, expected) in simulate(&case).into_iter().enumerate() {
            prop_assert_eq!(recovery.is_stuck(node), expected.is_none());
            let time = recovery.time(node).map(|time| (time.start, time.end));
            prop_assert_eq!(time.is_some(), case.states[node] == State::Down && expected.is_some());
            prop_assert_eq!(time.unwrap_or((0, 0)), expected.unwrap_or((0, 0)));
        }
    }

    #[test]
    fn bottlenecks_and_waves_follow_the_order_of_restoration(case in any_case(40)) {
        let recovery = case.recover();
        let order = sequence(&case);
        prop_assert_eq!(order.len(), case.down().filter(|node| recovery.time(*node).is_some()).count());
        let mut waves = Vec::new();
        for (node, time) in order {
            prop_assert_eq!(recovery.time(node), Some(time));
            let chain = recovery.chain(node);
            prop_assert_eq!(chain.last(), Some(&node));
            prop_assert_eq!(recovery.time(chain[0]).unwrap().waits_for, None);
            for pair in chain.windows(2) {
                prop_assert_eq!(recovery.time(pair[1]).unwrap().waits_for, Some(pair[0]));
            }
            waves.push((time.wave, time.start, node));
        }
        waves.sort_unstable();
        let waves: Vec<(usize, u32)> = waves.into_iter().map(|(wave, _, node)| (node, wave)).collect();
        prop_assert_eq!(recovery.waves(), waves);
    }

    #[test]
    fn each_component_of_waits_gives_a_circle(case in case(5, false)) {
        let recovery = case.recover();
        let (direct, all) = reach(&case, &recovery);
        let circles = recovery.circles(&case.graph, usize::MAX);
        prop_assert_eq!(circles.is_empty(), recovery.stuck().next().is_none());
        for (index, circle) in circles.iter().enumerate() {
            for (place, node) in circle.iter().enumerate() {
                prop_assert!(direct[*node].contains(&circle[(place + 1) % circle.len()]));
            }
            prop_assert_eq!(circle.iter().collect::<BTreeSet<_>>().len(), circle.len());
            prop_assert!(circles[index + 1..].iter().all(|later| !all[circle[0]].contains(&later[0])));
        }
        for node in recovery.stuck().filter(|node| all[*node].contains(node)) {
            let own = circles.iter().filter(|circle| all[node].contains(&circle[0]) && all[circle[0]].contains(&node));
            prop_assert_eq!(own.count(), 1);
        }
        prop_assert_eq!(recovery.circles(&case.graph, 1), circles.into_iter().take(1).collect::<Vec<_>>());
    }

    #[test]
    fn losses_are_the_least_fixpoint(case in any_case(9)) {
        let expected = naive_losses(&case);
        let losses = data_losses(&case.graph, &case.capabilities, &case.states, &case.lost);
        prop_assert!(losses.is_sorted_by_key(|(node, loss)| (Reverse(*loss), *node)));
        let positive = expected.iter().enumerate().filter(|(_, loss)| **loss > 0).map(|(node, loss)| (node, *loss));
        prop_assert_eq!(losses.into_iter().collect::<BTreeMap<_, _>>(), positive.collect::<BTreeMap<_, _>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn the_improvement_is_the_smallest_there_is(case in prop_oneof![any_case(25), redundant_case()]) {
        let recovery = case.recover();
        // Every single improvement: (reduction, end of the item, item, duration), and what it makes of everything.
        let mut all = Vec::new();
        for node in case.down().filter(|node| recovery.time(*node).is_some()) {
            let duration = case.duration(node).unwrap_or(0);
            for shorter in 0..duration {
                let rank = (duration - shorter, recovery.time(node).unwrap().end, node, shorter);
                all.push((rank, case.with_duration(node, shorter).recover()));
            }
        }
        all.sort_unstable_by_key(|(rank, _)| *rank);
        for node in 0..case.graph.nodes() {
            let Some(time) = recovery.time(node) else {
                prop_assert_eq!(cheapest_improvement(&case.graph, &recovery, node, 0), None);
                continue;
            };
            for target in -1..=time.end {
                let in_time = |better: &Recovery| better.time(node).is_some_and(|time| time.end <= target);
                let best = all.iter().filter(|_| time.end > target).find(|(_, better)| in_time(better));
                let expected = best.map(|((reduction, _, item, to), better)| Improvement {
                    node: *item,
                    from: reduction + to,
                    to: *to,
                    end: better.time(node).unwrap().end,
                });
                prop_assert_eq!(cheapest_improvement(&case.graph, &recovery, node, target), expected);
            }
        }
    }
}
