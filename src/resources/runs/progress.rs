//! What is told of a run under way.
use crate::model::{Reference, RenderedReference, Timestamp};
use crate::string_enum;
use serde::Serialize;

string_enum! {
    /// How it stands with a service.
    pub enum ServiceState {
        NotStarted = "not_started",
        OnTrack = "on_track",
        AtRisk = "at_risk",
        Overdue = "overdue",
        Recovered = "recovered",
    }
}

/// What is left of the time within which a service is to be back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Deadline {
    /// The objective.
    #[schema(minimum = 0)]
    pub seconds: i64,
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// Until then, or from when the service was back until then; negative when it was missed.
    pub left_seconds: i64,
}

/// One service in the course of a run.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ServiceCourse {
    #[schema(value_type = Reference)]
    pub service: RenderedReference,
    pub state: ServiceState,
    /// The steps that bring it back, or something it depends on.
    #[schema(value_type = Vec<crate::model::StepKey>, inline, max_items = 1000)]
    pub steps: Vec<String>,
    /// When it was to be back; null where no step brings it back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub planned_at: Option<Timestamp>,
    /// When it will be back by the present state of things.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub forecast_at: Option<Timestamp>,
    /// When it was back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub restored_at: Option<Timestamp>,
    /// By the effective recovery time objective.
    #[schema(nullable)]
    pub rto: Option<Deadline>,
    /// By the effective maximum tolerable period of disruption.
    #[schema(nullable)]
    pub mtpd: Option<Deadline>,
}

/// How a run stands at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RunProgress {
    /// The moment; of a run that is over, its end.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub steps: i64,
    pub done: i64,
    pub in_progress: i64,
    pub ready: i64,
    pub failed: i64,
    pub skipped: i64,
    /// When everything was to be over.
    #[schema(value_type = String, format = DateTime)]
    pub planned_end_at: Timestamp,
    /// When everything will be over by the present state of things; of a run that is over, when it was.
    #[schema(value_type = String, format = DateTime)]
    pub forecast_end_at: Timestamp,
    /// By how much that is later than planned; negative when earlier.
    pub delay_seconds: i64,
    /// The steps that decide now when everything is over, people included, in their order.
    #[schema(value_type = Vec<crate::model::StepKey>, inline, max_items = 1000)]
    pub critical_path: Vec<String>,
    #[schema(max_items = 1200)]
    pub services: Vec<ServiceCourse>,
}

/// What follows from the steps and the time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RunDerived {
    /// How the run stands.
    #[schema(nullable)]
    pub progress: Option<RunProgress>,
}
