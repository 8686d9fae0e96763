//! What is told of a change.
use crate::analysis::recovery::RecoveryVerdict;
use crate::model::{Reference, Timestamp};
use crate::resources::change_requests::{AssessedReason, ChangeVerdict};
use serde::{Deserialize, Serialize};

/// When the change is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWindow {
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub end: Timestamp,
}

/// An objective that the change makes to be missed, or that is missed anyway.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ObjectiveAtStake {
    /// After the loss of everything, as things are.
    pub before: RecoveryVerdict,
    /// The same once the change is made.
    pub after: RecoveryVerdict,
}

/// A single point of failure that the change makes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NewPoint {
    pub item: Reference,
    /// The services and business processes its loss alone takes down, once the change is made.
    #[schema(max_items = 1000)]
    pub takes_down: Vec<Reference>,
}

/// A plan in force that covers something the change touches.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PlanTouched {
    pub plan: Reference,
    pub version: Reference,
    #[schema(max_items = 1000)]
    pub covers: Vec<Reference>,
}

/// A proof that the change makes stale.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProofAtStake {
    pub subject: Reference,
    pub measurement: Reference,
    #[schema(max_length = 64)]
    pub level: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub measured_at: Option<Timestamp>,
}

/// A test to repeat once the change is made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestToRepeat {
    /// The exercise that has proven it; null where it was measured otherwise.
    pub exercise: Option<Reference>,
    /// What is to be proven again.
    #[schema(max_items = 1000)]
    pub subjects: Vec<Reference>,
}

/// An exercise planned within the window of the change, with what both touch.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Collision {
    pub exercise: Reference,
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_end: Timestamp,
    #[schema(max_items = 1000)]
    pub services: Vec<Reference>,
}

/// How many there are of what is touched.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct TouchedTotals {
    #[schema(minimum = 0)]
    pub services: usize,
    #[schema(minimum = 0)]
    pub processes: usize,
    #[schema(minimum = 0)]
    pub vital_business_functions: usize,
    /// Services and business processes whose single points of failure were compared, the most critical first.
    #[schema(minimum = 0)]
    pub compared: usize,
}

/// What a change touches and breaks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChangeAnswer {
    /// The change request, where it is known here.
    pub change: Option<Reference>,
    pub verdict: ChangeVerdict,
    #[schema(max_items = 50)]
    pub reasons: Vec<AssessedReason>,
    /// What the change is about.
    #[schema(max_items = 10_000)]
    pub items: Vec<Reference>,
    /// The services that depend on it, whether redundancy would save them or not, the most critical first.
    #[schema(max_items = 10_000)]
    pub services: Vec<Reference>,
    /// The same of business processes.
    #[schema(max_items = 10_000)]
    pub processes: Vec<Reference>,
    /// The vital ones among these.
    #[schema(max_items = 10_000)]
    pub vital_business_functions: Vec<Reference>,
    pub totals: TouchedTotals,
    #[schema(max_items = 10_000)]
    pub objectives: Vec<ObjectiveAtStake>,
    #[schema(max_items = 10_000)]
    pub new_single_points_of_failure: Vec<NewPoint>,
    /// Circles that never start, which the change makes.
    #[schema(max_items = 100)]
    pub new_deadlocks: Vec<Vec<Reference>>,
    #[schema(max_items = 10_000)]
    pub plans: Vec<PlanTouched>,
    #[schema(max_items = 10_000)]
    pub proofs: Vec<ProofAtStake>,
    #[schema(max_items = 10_000)]
    pub tests_to_repeat: Vec<TestToRepeat>,
    #[schema(max_items = 10_000)]
    pub collisions: Vec<Collision>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}
