//! A high or extreme risk is treated, unless somebody bears it (ISO 31000).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::{StringEnum, is_past};
use crate::resources::measures::MeasureStatus;
use crate::resources::risk_matrix::RiskClass;
use crate::resources::risks::{Risk, RiskStatus};

pub const REMEDY: &str = "Plan a measure that treats the risk, or have it accepted.";

/// Whether a measure does, or will do, something about the risks it names.
fn helps(status: MeasureStatus) -> bool {
    !matches!(status, MeasureStatus::Rejected | MeasureStatus::Cancelled | MeasureStatus::VerifiedIneffective)
}

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let borne = |risk: &Risk| risk.status == RiskStatus::Accepted && !is_past(risk.accepted_until, &facts.today);
    let mut gaps = Vec::new();
    for risk in facts.risks.iter().filter(|risk| risk.body.status != RiskStatus::Closed && !borne(&risk.body)) {
        let Some(class) = facts.class(&risk.body).filter(|class| *class >= RiskClass::High) else { continue };
        if !facts.treated.get(&risk.meta.id).is_some_and(|all| all.iter().any(|status| helps(*status))) {
            let severity = if class == RiskClass::Extreme { GapSeverity::Critical } else { GapSeverity::Major };
            let words = format!("The risk is {} and no measure treats it.", class.as_str());
            gaps.push(GapMatch::new(severity, reference_of(risk), words));
        }
    }
    gaps
}
