//! What is committed is committed until a day; after it nothing is, unless another agreement of the kind has followed.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::Id;
use crate::resources::agreements::{AgreementKind, AgreementState};
use std::collections::HashSet;

pub const REMEDY: &str = "Prolong the agreement or conclude another one; delete what is not needed any more.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let in_force = facts.agreements.iter().filter(|one| one.body.state(&facts.today) == AgreementState::InForce);
    let covered: HashSet<(AgreementKind, Id)> =
        in_force.flat_map(|one| one.body.covers().map(|item| (one.body.kind, item))).collect();
    let mut gaps = Vec::new();
    for one in facts.agreements.iter().filter(|one| one.body.state(&facts.today) == AgreementState::Expired) {
        let open: Vec<Id> = one.body.covers().filter(|item| !covered.contains(&(one.body.kind, *item))).collect();
        if open.is_empty() && one.body.covers().next().is_some() {
            continue;
        }
        let critical = open.iter().filter_map(|item| facts.landscape.node(*item)).any(|node| facts.is_critical(node));
        let severity = if critical { GapSeverity::Major } else { GapSeverity::Minor };
        let words = "The agreement has run out, and no other of its kind covers what it did.";
        gaps.push(GapMatch::new(severity, reference_of(one), words).due(one.body.valid_to).details(Details::These(open)));
    }
    gaps
}
