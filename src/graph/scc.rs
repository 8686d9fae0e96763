//! The circles of a directed graph: its strongly connected components, in the order of dependency.

/// Nodes by circle. A node on no circle is a circle of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Sccs {
    /// The circle of each node. A circle comes after all circles it leads to, so dependencies have the lower numbers.
    pub of: Vec<u32>,
    /// All nodes, circle after circle by rising number. Where no circle prevents it, a node comes after all it leads to.
    pub order: Vec<u32>,
    /// How many circles there are.
    pub count: usize,
}

/// The index of a node that has not been come upon.
const UNSEEN: u32 = 0;
/// The index of a node whose circle is known: higher than any other, so that it never counts as the earliest.
const CLOSED: u32 = u32::MAX;

/// Tarjan's components in the form Pearce gave them: what is finished waits until the first node of its circle is
/// finished as well. Linear, and the path to the current node lies in a list rather than in the call stack.
pub fn strongly_connected_components<Next: Iterator<Item = usize>>(nodes: usize, next: impl Fn(usize) -> Next) -> Sccs {
    let mut found = Sccs { of: vec![0; nodes], order: Vec::with_capacity(nodes), count: 0 };
    // The earliest node, by the order they are come upon, that each is known to lead back to.
    let mut earliest = vec![UNSEEN; nodes];
    let mut finished: Vec<u32> = Vec::new();
    let mut path: Vec<(usize, u32, Next)> = Vec::new();
    let mut index = UNSEEN;
    for start in 0..nodes {
        let mut enter = (earliest[start] == UNSEEN).then_some(start);
        loop {
            if let Some(node) = enter.take() {
                index += 1;
                earliest[node] = index;
                path.push((node, index, next(node)));
            }
            let Some((node, own, rest)) = path.last_mut() else { break };
            let (node, own) = (*node, *own);
            for other in rest {
                if earliest[other] == UNSEEN {
                    enter = Some(other);
                    break;
                }
                earliest[node] = earliest[node].min(earliest[other]);
            }
            if enter.is_some() {
                continue;
            }
            path.pop();
            if earliest[node] == own {
                close(&mut found, &mut finished, &mut earliest, node);
            } else {
                finished.push(node as u32);
            }
            if let Some((before, _, _)) = path.last() {
                earliest[*before] = earliest[*before].min(earliest[node]);
            }
        }
    }
    found
}

/// Makes a circle of a node that leads back to nothing earlier and of what has been finished since it was come upon.
fn close(found: &mut Sccs, finished: &mut Vec<u32>, earliest: &mut [u32], first: usize) {
    let since = finished.iter().rposition(|node| earliest[*node as usize] < earliest[first]).map_or(0, |last| last + 1);
    let from = found.order.len();
    found.order.extend(finished.drain(since..));
    found.order.push(first as u32);
    for node in &found.order[from..] {
        found.of[*node as usize] = found.count as u32;
        earliest[*node as usize] = CLOSED;
    }
    found.count += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(next: &[Vec<usize>]) -> Sccs {
        strongly_connected_components(next.len(), |node| next[node].iter().copied())
    }

    #[test]
    fn dependencies_come_first() {
        let found = of(&[vec![1], vec![2, 3], vec![1], vec![]]);
        assert_eq!(found.of, [2, 1, 1, 0]);
        assert_eq!(found.order, [3, 2, 1, 0]);
        assert_eq!(found.count, 3);
    }

    #[test]
    fn no_nodes_no_circles() {
        assert_eq!(of(&[]), Sccs::default());
    }

    #[test]
    fn a_long_chain_and_a_long_ring() {
        let length = 200_000;
        let chain = strongly_connected_components(length, |node| (node + 1 < length).then_some(node + 1).into_iter());
        assert_eq!(chain.count, length);
        let ring = strongly_connected_components(length, |node| std::iter::once((node + 1) % length));
        assert_eq!(ring.count, 1);
        assert_eq!(ring.order.len(), length);
    }

    proptest! {
        #[test]
        fn circles_are_what_leads_to_each_other(ends in prop::collection::vec((0usize..9, 0usize..9), 0..24)) {
            let mut next = vec![Vec::new(); 9];
            let mut leads = [[false; 9]; 9];
            for (from, to) in ends {
                next[from].push(to);
                leads[from][to] = true;
            }
            for over in 0..9 {
                for from in 0..9 {
                    for to in 0..9 {
                        leads[from][to] |= leads[from][over] && leads[over][to];
                    }
                }
            }
            let found = of(&next);
            let mut at = [0; 9];
            for (index, node) in found.order.iter().enumerate() {
                at[*node as usize] = index;
            }
            for from in 0..9 {
                for to in 0..9 {
                    let same = from == to || leads[from][to] && leads[to][from];
                    prop_assert_eq!(found.of[from] == found.of[to], same);
                    if leads[from][to] && !same {
                        prop_assert!(found.of[from] > found.of[to] && at[from] > at[to]);
                    }
                }
            }
            prop_assert!(found.order.windows(2).all(|two| found.of[two[0] as usize] <= found.of[two[1] as usize]));
            prop_assert_eq!(found.count, found.of.iter().max().map_or(0, |last| *last as usize + 1));
        }
    }
}
