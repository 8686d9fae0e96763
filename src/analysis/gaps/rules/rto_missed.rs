//! What can be done is as fast as what the business has asked for.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity, MAX_DETAILS, spoken};
use crate::analysis::recovery::Verdict;
use crate::model::Id;

pub const REMEDY: &str = "Make what decides it faster (GET /services/{id}/recovery names the cheapest improvement), or have the \
                          business set another RTO.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let items = facts.landscape.items();
    let mut gaps = Vec::new();
    for node in facts.live.iter().copied() {
        let back = facts.recovery_verdict(node);
        let words = match (back.verdict, back.achievable_seconds, back.rto_seconds) {
            (Verdict::Missed, Some(took), Some(rto)) => {
                format!(
                    "When everything is lost, the service is back after {} at the earliest; the RTO is {}.",
                    spoken(took),
                    spoken(rto)
                )
            }
            (Verdict::Never, _, Some(rto)) => {
                format!(
                    "When everything is lost, the service never starts, for a circle waits for itself; the RTO is {}.",
                    spoken(rto)
                )
            }
            _ => continue,
        };
        let severity = if facts.is_critical(node) { GapSeverity::Critical } else { GapSeverity::Major };
        let mut chain: Vec<Id> =
            facts.loss.restoration.recovery.bottlenecks(node).take(MAX_DETAILS).map(|node| items[node].id).collect();
        chain.reverse();
        gaps.push(GapMatch::new(severity, back.item, words).details(Details::These(chain)));
    }
    gaps
}
