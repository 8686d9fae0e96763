//! Measures are implemented by the day that was agreed.
use crate::analysis::gaps::facts::Facts;
use crate::analysis::gaps::found::{Details, GapMatch, GapSeverity};
use crate::analysis::schedule::reference_of;
use crate::model::{Link, is_past};

pub const REMEDY: &str = "Implement the measure, or agree a later day.";

pub fn find(facts: &Facts) -> Vec<GapMatch> {
    let late = facts.measures.iter().filter(|one| !one.body.status.is_done() && is_past(one.body.due_on, &facts.today));
    let gap =
        |measure| GapMatch::new(GapSeverity::Major, reference_of(measure), "The measure should have been implemented by now.");
    let risks = |links: &[Link]| Details::These(links.iter().filter_map(Link::id).collect());
    late.map(|measure| gap(measure).due(measure.body.due_on).details(risks(&measure.body.risks))).collect()
}
