//! What was measured counts as long as what it was measured of has not changed.
use crate::analysis::freshness::ProofStanding;
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::model::Id;

pub const REMEDY: &str = "Repeat the test.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let gap = |(subject, standing): (&Id, &ProofStanding)| {
        let figure = standing.stale().max_by_key(|figure| (figure.at, figure.measurement))?;
        let node = facts.landscape.node(*subject)?;
        let severity = if facts.is_critical(node) { GapSeverity::Major } else { GapSeverity::Minor };
        let words = "What was measured counts as no more than an estimate: something it depends on has changed since.";
        let details = Details::ChangedSince { measurement: figure.measurement, subject: *subject };
        Some(GapMatch::new(severity, facts.landscape.items()[node].reference(), words).details(details))
    };
    facts.proofs.iter().filter_map(gap).collect()
}
