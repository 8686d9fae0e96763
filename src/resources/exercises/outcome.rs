//! What came of an exercise: the rule.
use super::{Exercise, Objective};
use crate::words;

words! {
    /// What an exercise has shown.
    pub enum ExerciseResult {
        NotProven = "not_proven",
        Successful = "successful",
        SuccessfulWithIssues = "successful_with_issues",
        Unsuccessful = "unsuccessful",
    }
}

/// What the rule looks at besides the exercise itself.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Measurements taken.
    pub measured: usize,
    /// In words, each measurement that missed its objective.
    pub missed: Vec<String>,
    /// Runs that were aborted.
    pub aborted_runs: usize,
    /// Steps that failed, or were left out.
    pub failed_steps: usize,
    pub skipped_steps: usize,
    /// Findings graver than an observation.
    pub grave_findings: usize,
}

/// The rule: without a measurement nothing is proven. An exercise that missed a recovery objective, an objective of its
/// own, or had a run aborted was unsuccessful; one with failed or skipped steps, objectives nobody has judged, or major or
/// minor findings had issues.
pub fn outcome(exercise: &Exercise, evidence: &Evidence) -> (ExerciseResult, Vec<String>) {
    let told = |number: usize, words: &str| (number > 0).then(|| format!("{number} {words}"));
    let judged = |met: Option<bool>| exercise.objectives.iter().filter(|one: &&Objective| one.met == met).count();
    if evidence.measured == 0 {
        return (ExerciseResult::NotProven, vec!["nothing was measured".into()]);
    }
    let mut failures = evidence.missed.clone();
    failures.extend(told(judged(Some(false)), "objectives were not met"));
    failures.extend(told(evidence.aborted_runs, "runs were aborted"));
    if !failures.is_empty() {
        failures.truncate(50);
        return (ExerciseResult::Unsuccessful, failures);
    }
    let issues: Vec<String> = [
        told(evidence.failed_steps, "steps failed"),
        told(evidence.skipped_steps, "steps were skipped"),
        told(judged(None), "objectives were not judged"),
        told(evidence.grave_findings, "major or minor findings"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if issues.is_empty() {
        return (ExerciseResult::Successful, vec![format!("{} measurements, all objectives met", evidence.measured)]);
    }
    (ExerciseResult::SuccessfulWithIssues, issues)
}
