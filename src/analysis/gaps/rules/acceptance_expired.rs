//! Whoever bears a risk bears it until a day; after it nobody does (ISO 31000: acceptance is reviewed).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::is_past;
use crate::resources::risks::RiskStatus;

pub const REMEDY: &str = "Accept the risk again until a later day, or treat it.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let expired = |until| is_past(until, &facts.today);
    let all = facts.risks.iter().filter(|risk| risk.body.status == RiskStatus::Accepted && expired(risk.body.accepted_until));
    let gap =
        |risk| GapMatch::new(GapSeverity::Major, reference_of(risk), "The acceptance of the risk has run out: nobody bears it.");
    all.map(|risk| gap(risk).due(risk.body.accepted_until)).collect()
}
