//! Backups and replicas are fresh enough for the RPO in force.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity, spoken};
use crate::analysis::recovery::Verdict;

pub const REMEDY: &str = "Back up or replicate more often, or have the business set another RPO.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let mut gaps = Vec::new();
    for node in facts.live.iter().copied() {
        let back = facts.recovery_verdict(node);
        if let (Verdict::Missed, Some(rpo)) = (back.data_verdict, back.rpo_seconds) {
            let severity = if facts.is_critical(node) { GapSeverity::Critical } else { GapSeverity::Major };
            let lost = spoken(back.data_loss_seconds);
            let words = format!("When everything is lost, {lost} of data are missing; the RPO is {}.", spoken(rpo));
            gaps.push(GapMatch::new(severity, back.item, words));
        }
    }
    gaps
}
