//! What came of an exercise: the rule.
//!
//! It is found when the exercise is completed and again when it is reported; then it stays.
use super::{Exercise, ExerciseResult, Objective};

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

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The rule: without a measurement nothing is proven. An exercise that missed a recovery objective, an objective of its
/// own, or had a run aborted was unsuccessful; one with failed or skipped steps, objectives nobody has judged, or major or
/// minor findings had issues.
pub fn outcome(exercise: &Exercise, evidence: &Evidence) -> (ExerciseResult, Vec<String>) {
    let told = |number: usize, one: &str, many: &str| (number > 0).then(|| counted(number, one, many));
    let judged = |met: Option<bool>| exercise.objectives.iter().filter(|one: &&Objective| one.met == met).count();
    if evidence.measured == 0 {
        return (ExerciseResult::NotProven, vec!["nothing was measured".into()]);
    }
    let mut failures = evidence.missed.clone();
    failures.extend(told(judged(Some(false)), "objective was not met", "objectives were not met"));
    failures.extend(told(evidence.aborted_runs, "run was aborted", "runs were aborted"));
    if !failures.is_empty() {
        failures.truncate(50);
        return (ExerciseResult::Unsuccessful, failures);
    }
    let issues: Vec<String> = [
        told(evidence.failed_steps, "step failed", "steps failed"),
        told(evidence.skipped_steps, "step was skipped", "steps were skipped"),
        told(judged(None), "objective was not judged", "objectives were not judged"),
        told(evidence.grave_findings, "major or minor finding", "major or minor findings"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if issues.is_empty() {
        return (
            ExerciseResult::Successful,
            vec![counted(evidence.measured, "measurement, all objectives met", "measurements, all objectives met")],
        );
    }
    (ExerciseResult::SuccessfulWithIssues, issues)
}
