//! What exercises, runs and audits have found wanting is put right in time (ISO 22301, 10.1).
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::{Link, is_past};
use crate::resources::findings::{Finding, FindingSeverity};
use crate::store::Object;

pub const REMEDY: &str = "Resolve the finding, or agree a later day.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let late = facts.findings.iter().filter(|one| one.body.is_open() && is_past(one.body.due_on, &facts.today));
    let gap = |finding: &Object<Finding>| {
        let body = &finding.body;
        let severity = if body.severity == FindingSeverity::Major { GapSeverity::Major } else { GapSeverity::Minor };
        let about = body.services.iter().chain(&body.components).filter_map(Link::id).collect();
        let gap = GapMatch::new(severity, reference_of(finding), "The finding should have been resolved by now.");
        gap.due(body.due_on).details(Details::These(about))
    };
    late.map(gap).collect()
}
