//! Rules that are easier to see in one concrete case each.

use super::*;

const DOWN: State = State::Down;

fn lasting(recovery: &[Option<i64>]) -> Vec<RecoveryCapability> {
    recovery.iter().map(|recovery| RecoveryCapability { recovery: *recovery, restart: Some(1), data_loss: Some(0) }).collect()
}

/// One of 2 and 3 is enough for 4. Both 0 and 1 have to be back before 2.
#[test]
fn a_member_that_now_comes_too_late_may_be_the_remedy() {
    let edges = [(2, 0, DOWN, 0, true), (2, 1, DOWN, 0, true), (4, 2, DOWN, 1, true), (4, 3, DOWN, 1, true)];
    let case = Case::new(lasting(&[Some(10), Some(10), Some(0), Some(20), Some(5)]), &edges, &[1], (0..5).collect());
    let recovery = case.recover();
    assert_eq!(recovery.time(4).map(|time| time.end), Some(15));
    assert!(!recovery.chain(4).contains(&3));
    // 4 itself is the cheapest as long as it takes long enough; then 3 has to be faster than the others together.
    let own = Improvement { node: 4, from: 5, to: 1, end: 11 };
    assert_eq!(cheapest_improvement(&case.graph, &recovery, 4, 11), Some(own));
    let late = Improvement { node: 3, from: 20, to: 4, end: 9 };
    assert_eq!(cheapest_improvement(&case.graph, &recovery, 4, 9), Some(late));
}

#[test]
fn what_is_stuck_in_a_group_does_not_matter_while_others_come_back() {
    let edges = [(0, 0, DOWN, 0, true), (2, 0, DOWN, 1, true), (2, 1, DOWN, 1, true), (3, 0, State::Degraded, 0, true)];
    let case = Case::new(lasting(&[Some(1), Some(7), Some(2), Some(3)]), &edges, &[1], vec![0, 1, 3]);
    let recovery = case.recover();
    assert_eq!(recovery.circles(&case.graph, 9), vec![vec![0]]);
    assert_eq!(recovery.stuck().collect::<Vec<_>>(), vec![0, 3]);
    assert_eq!(recovery.time(2).map(|time| (time.start, time.end, time.waits_for)), Some((7, 8, Some(1))));
}

#[test]
fn an_unknown_duration_makes_everything_after_it_a_lower_bound() {
    let edges = [(1, 0, DOWN, 0, true), (2, 1, DOWN, 0, false)];
    let case = Case::new(lasting(&[None, Some(7), Some(2)]), &edges, &[1], vec![0]);
    let recovery = case.recover();
    let known: Vec<bool> = (0..3).filter_map(|node| recovery.time(node).map(|time| time.known)).collect();
    assert_eq!(known, vec![false, false, true]);
}

/// Members that are not in this part of the graph count as available.
#[test]
fn a_group_seen_in_part_lacks_only_what_is_down() {
    let edge = |provider| Edge { dependent: 2, provider, effect: DOWN, group: Some(0), needed: true, place: false };
    let graph = Graph::new(3, &[edge(0), edge(1)], vec![Group { members: 4, required: 3 }]);
    let capabilities = lasting(&[Some(5), Some(9), Some(0)]);
    let recovery = recover(&graph, &capabilities, &[DOWN; 3], &[0, 1]);
    assert_eq!(recovery.time(2).map(|time| time.start), Some(5));
}
