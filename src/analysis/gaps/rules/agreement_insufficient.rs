//! What is committed is as good as what the business has asked for (ITIL: OLAs and underpinning contracts support the
//! objectives of the services above them).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity, spoken};
use crate::analysis::schedule::reference_of;
use crate::resources::agreements::AgreementState;

pub const REMEDY: &str = "Have a shorter time committed, or do without what is covered; the objectives in force for what is \
                          covered say what is needed.";

/// How a commitment compares with what is asked of one item.
#[derive(Clone, Copy, PartialEq)]
enum Commitment {
    Enough,
    Nothing,
    Late { committed: i64, needed: i64 },
}

fn compared(committed: Option<i64>, needed: Option<i64>) -> Commitment {
    match (committed, needed) {
        (_, None) => Commitment::Enough,
        (None, Some(_)) => Commitment::Nothing,
        (Some(committed), Some(needed)) if committed > needed => Commitment::Late { committed, needed },
        _ => Commitment::Enough,
    }
}

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let mut gaps = Vec::new();
    for one in facts.agreements.iter().filter(|one| one.body.state(&facts.today) == AgreementState::InForce) {
        let nodes = one.body.covers().filter_map(|item| facts.landscape.node(item));
        let all: Vec<(usize, [Commitment; 2])> = nodes
            .map(|node| {
                let needed = &facts.landscape.objectives()[node];
                (node, [compared(one.body.rto_seconds, needed.rto), compared(one.body.rpo_seconds, needed.rpo)])
            })
            .collect();
        // What is too late; where nothing is, what nobody has committed to bring back.
        let late = |(_, two): &&(usize, [Commitment; 2])| two.iter().any(|one| matches!(one, Commitment::Late { .. }));
        let silent = |(_, two): &&(usize, [Commitment; 2])| two[0] == Commitment::Nothing;
        let is_late = all.iter().any(|one| late(&one));
        let short: Vec<&(usize, [Commitment; 2])> =
            if is_late { all.iter().filter(late).collect() } else { all.iter().filter(silent).collect() };
        if short.is_empty() {
            continue;
        }
        let severity = match (is_late, short.iter().any(|(node, _)| facts.is_critical(*node))) {
            (true, true) => GapSeverity::Critical,
            (true, false) => GapSeverity::Major,
            (false, _) => GapSeverity::Minor,
        };
        let items = facts.landscape.items();
        let ids = short.iter().map(|(node, _)| items[*node].id).collect();
        gaps.push(GapMatch::new(severity, reference_of(one), words(&short)).details(Details::These(ids)));
    }
    gaps
}

/// Says by how much the commitment falls short where it does most.
fn words(short: &[&(usize, [Commitment; 2])]) -> String {
    let worst = |which: usize, name: &str| {
        let late = short.iter().filter_map(|(_, two)| match two[which] {
            Commitment::Late { committed, needed } => Some((needed, committed)),
            _ => None,
        });
        let (needed, committed) = late.min()?;
        Some(format!("{name} of {} is committed, and {} is needed.", spoken(committed), spoken(needed)))
    };
    let told: Vec<String> = [worst(0, "An RTO"), worst(1, "An RPO")].into_iter().flatten().collect();
    if told.is_empty() { "What is covered has an RTO, and the agreement commits to none.".into() } else { told.join(" ") }
}
