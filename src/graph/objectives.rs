//! Effective objectives: the strictest of an object's own and of everything that depends on it through cascading
//! mappings.
//!
//! Redundancy does not soften them: each member of a group inherits the whole objective. Places do not carry them: a
//! component's site inherits nothing, though the dependency map counts the place as a dependency.
use crate::model::{Id, Objectives};
use std::collections::HashSet;

/// What a change did to the edges and values from which effective objectives follow.
#[derive(Debug, Default)]
pub struct ObjectiveChanges {
    /// New cascading mappings, dependent and provider: what they carry can only make others stricter.
    pub edges: Vec<(Id, Id)>,
    /// Objects whose objectives, or whose dependents, changed in any other way.
    pub others: HashSet<Id>,
    /// Objects that became live or ceased to be: with them, what they carry down.
    pub toggled: HashSet<Id>,
    /// Recovery tiers whose objectives changed, and with them those of the objects that name them.
    pub tiers: HashSet<Id>,
}

/// Carries objectives from dependents down to providers. `own` holds what is set on each node (or already known to be
/// in force there), `edges` pairs of `(dependent, provider)`. Circles are fine. Near-linear: every value is taken in
/// ascending order, so that a node is settled by the first that reaches it.
pub fn effective(own: &[Objectives], edges: &[(usize, usize)]) -> Vec<Objectives> {
    let mut providers: Vec<Vec<usize>> = vec![Vec::new(); own.len()];
    for (dependent, provider) in edges {
        providers[*dependent].push(*provider);
    }
    let carry = |value: fn(&Objectives) -> Option<i64>| -> Vec<Option<i64>> {
        let mut sources: Vec<(i64, usize)> = own.iter().enumerate().filter_map(|(node, o)| Some((value(o)?, node))).collect();
        sources.sort_unstable();
        let mut settled: Vec<Option<i64>> = vec![None; own.len()];
        let mut open = Vec::new();
        for (seconds, source) in sources {
            open.push(source);
            while let Some(node) = open.pop() {
                if settled[node].is_none() {
                    settled[node] = Some(seconds);
                    open.extend(&providers[node]);
                }
            }
        }
        settled
    };
    let (rto, rpo, mtpd) = (carry(|o| o.rto), carry(|o| o.rpo), carry(|o| o.mtpd));
    (0..own.len()).map(|node| Objectives { rto: rto[node], rpo: rpo[node], mtpd: mtpd[node] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute(own: &[Objectives], edges: &[(usize, usize)]) -> Vec<Objectives> {
        let mut out = own.to_vec();
        for _ in 0..own.len() {
            for (dependent, provider) in edges {
                out[*provider] = out[*provider].strictest(out[*dependent]);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn equals_the_naive_definition_on_any_graph(
            own in prop::collection::vec((prop::option::of(0..9i64), prop::option::of(0..9i64), prop::option::of(0..9i64)), 1..12),
            edges in prop::collection::vec((0..12usize, 0..12usize), 0..40),
        ) {
            let own: Vec<Objectives> = own.into_iter().map(|(rto, rpo, mtpd)| Objectives { rto, rpo, mtpd }).collect();
            let edges: Vec<_> = edges.into_iter().map(|(a, b)| (a % own.len(), b % own.len())).collect();
            prop_assert_eq!(effective(&own, &edges), brute(&own, &edges));
        }
    }
}
