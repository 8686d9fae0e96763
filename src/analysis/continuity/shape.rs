//! The answer that tells the continuity of a service.
use crate::analysis::gaps::answer::Gap;
use crate::analysis::impact::EffectiveObjectives;
use crate::analysis::readiness::Readiness;
use crate::analysis::recovery::Verdict;
use crate::model::{Date, Reference, Timestamp};
use crate::resources::disruptions::{DisruptionSeverity, DisruptionStatus};
use crate::resources::exercises::{ExerciseResult, ExerciseStatus};
use crate::resources::findings::{FindingSeverity, FindingStatus};
use crate::resources::measures::MeasureStatus;
use crate::resources::risk_matrix::RiskClass;
use crate::resources::risks::RiskStatus;
use crate::resources::services::{Criticality, ServiceLifecycle};
use serde::Serialize;

/// What is achievable after the loss of every component and service. Times count from the loss.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Achievable {
    /// When it can be back at the earliest; null when it never starts.
    pub seconds: Option<i64>,
    /// Whether all durations that lead there are declared; otherwise `seconds` is only the least it takes.
    pub known: bool,
    pub verdict: Verdict,
    /// Seconds' worth of data that is missing then.
    #[schema(minimum = 0)]
    pub data_loss_seconds: i64,
    pub data_verdict: Verdict,
    /// Of the items that decide when it is back, the one that takes longest.
    pub bottleneck: Option<Reference>,
}

/// What has been measured.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProvenFigure {
    /// `exercised`, or `proven` where it was measured in earnest.
    #[schema(max_length = 64)]
    pub level: &'static str,
    /// What that is worth now: what is stale counts as no more than `estimated`.
    #[schema(max_length = 64)]
    pub counts_as: &'static str,
    #[schema(minimum = 0)]
    pub seconds: i64,
    /// Whether something it depends on has changed since.
    pub stale: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The measurement.
    pub source: Option<Reference>,
    /// Whether it meets the objective in force; null where there is none.
    pub met: Option<bool>,
}

/// What has been measured of a service; what is only declared or planned is no proof.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Proven {
    /// Null where it was never measured.
    #[schema(nullable)]
    pub restoration: Option<ProvenFigure>,
    /// Null where it was never measured.
    #[schema(nullable)]
    pub data_loss: Option<ProvenFigure>,
}

/// How many direct dependencies there are.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DependencyCounts {
    /// What it depends on.
    #[schema(minimum = 0, value_type = i64)]
    pub providers: usize,
    /// What depends on it.
    #[schema(minimum = 0, value_type = i64)]
    pub dependents: usize,
}

/// Components, sites and suppliers whose loss alone takes it down, the most critical first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SinglePoints {
    #[schema(max_items = 20)]
    pub items: Vec<Reference>,
    #[schema(minimum = 0, value_type = i64)]
    pub total: usize,
}

/// A risk, as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RiskSummary {
    pub risk: Reference,
    pub status: RiskStatus,
    /// Likelihood times impact of the newest assessment.
    #[schema(minimum = 1, maximum = 49)]
    pub score: Option<i64>,
    #[schema(nullable)]
    pub class: Option<RiskClass>,
}

/// How many risks there are of a class.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClassCount {
    pub class: RiskClass,
    #[schema(minimum = 0, value_type = i64)]
    pub count: usize,
}

/// Risks that are not closed and affect the service or what lies beneath it, the highest score first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RiskOverview {
    #[schema(max_items = 20)]
    pub items: Vec<RiskSummary>,
    #[schema(minimum = 0, value_type = i64)]
    pub total: usize,
    /// The gravest first; risks that were never assessed have no class.
    #[schema(max_items = 5)]
    pub by_class: Vec<ClassCount>,
}

/// A measure, as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MeasureSummary {
    pub measure: Reference,
    pub status: MeasureStatus,
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<Date>,
    pub overdue: bool,
}

/// Measures that are not done with and apply to the service or what lies beneath it, or treat one of its risks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MeasureOverview {
    /// What is due first comes first.
    #[schema(max_items = 20)]
    pub items: Vec<MeasureSummary>,
    #[schema(minimum = 0, value_type = i64)]
    pub open: usize,
    #[schema(minimum = 0, value_type = i64)]
    pub overdue: usize,
}

/// A finding, as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingSummary {
    pub finding: Reference,
    pub severity: FindingSeverity,
    pub status: FindingStatus,
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<Date>,
    pub overdue: bool,
}

/// Findings that are open and concern the service or what lies beneath it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FindingOverview {
    /// What is due first comes first.
    #[schema(max_items = 20)]
    pub items: Vec<FindingSummary>,
    #[schema(minimum = 0, value_type = i64)]
    pub open: usize,
    #[schema(minimum = 0, value_type = i64)]
    pub overdue: usize,
}

/// A plan in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanSummary {
    pub plan: Reference,
    /// Of its version in force.
    #[schema(minimum = 1)]
    pub number: i64,
    #[schema(value_type = Option<String>, format = Date)]
    pub review_due: Option<Date>,
    /// From the invocation until the last step that brings the service back has ended, with the people there are; null where
    /// no step does.
    #[schema(minimum = 0)]
    pub planned_seconds: Option<i64>,
}

/// Plans in force that bring the service back, by their keys.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanOverview {
    #[schema(max_items = 20)]
    pub items: Vec<PlanSummary>,
    #[schema(minimum = 0, value_type = i64)]
    pub total: usize,
}

/// An exercise, as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExerciseSummary {
    pub exercise: Reference,
    pub status: ExerciseStatus,
    /// When it was held, or is to begin.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[schema(nullable)]
    pub result: Option<ExerciseResult>,
}

/// Exercises of the service or of a plan that brings it back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExerciseOverview {
    #[schema(nullable)]
    pub last: Option<ExerciseSummary>,
    #[schema(nullable)]
    pub next: Option<ExerciseSummary>,
}

/// A disruption, as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DisruptionSummary {
    pub disruption: Reference,
    pub status: DisruptionStatus,
    pub severity: DisruptionSeverity,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// What it makes of the service: `down` or `degraded`.
    #[schema(max_length = 10)]
    pub state: &'static str,
}

/// Disruptions that go on and affect the service, the newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DisruptionOverview {
    #[schema(max_items = 20)]
    pub items: Vec<DisruptionSummary>,
    #[schema(minimum = 0, value_type = i64)]
    pub total: usize,
}

/// Gaps of the service, of what lies beneath it, and of the plans, risks, measures and findings that concern it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GapOverview {
    /// The gravest first.
    #[schema(max_items = 20)]
    pub items: Vec<Gap>,
    #[schema(minimum = 0, value_type = i64)]
    pub total: usize,
}

/// The continuity of a service.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Continuity {
    pub service: Reference,
    pub criticality: Criticality,
    pub lifecycle: ServiceLifecycle,
    /// Who answers for it.
    pub owner: Option<Reference>,
    pub objectives: EffectiveObjectives,
    pub achievable: Achievable,
    pub proven: Proven,
    pub dependencies: DependencyCounts,
    pub single_points_of_failure: SinglePoints,
    pub risks: RiskOverview,
    pub measures: MeasureOverview,
    pub plans: PlanOverview,
    pub exercises: ExerciseOverview,
    pub disruptions: DisruptionOverview,
    pub findings: FindingOverview,
    pub readiness: Readiness,
    pub gaps: GapOverview,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}
