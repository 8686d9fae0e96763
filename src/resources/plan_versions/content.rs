//! The parts of a plan.
use crate::model::{Kind, Link, Slot};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where in the course of events a step belongs.
    pub enum StepPhase {
        Activation = "activation",
        Assessment = "assessment",
        Recovery = "recovery",
        Validation = "validation",
        ReturnToNormal = "return_to_normal",
        PostIncidentReview = "post_incident_review",
    }
}

impl StepPhase {
    /// As people write it.
    pub const fn words(self) -> &'static str {
        match self {
            StepPhase::Activation => "Activation",
            StepPhase::Assessment => "Assessment",
            StepPhase::Recovery => "Recovery",
            StepPhase::Validation => "Validation",
            StepPhase::ReturnToNormal => "Return to normal",
            StepPhase::PostIncidentReview => "Post-incident review",
        }
    }
}

string_enum! {
    /// Who does a step: people or machines.
    pub enum Execution {
        Manual = "manual",
        Automated = "automated",
    }
}

string_enum! {
    /// In which kind of run a step is carried out.
    pub enum UsedIn {
        Both = "both",
        Exercise = "exercise",
        Actual = "actual",
    }
}

/// A chapter of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Section {
    /// Names it within the plan.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// Markdown.
    #[serde(default)]
    #[schema(max_length = 20000)]
    pub body: Option<String>,
}

/// A place in the team. Several may have the same role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Seat {
    /// Names it within the plan.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    pub key: String,
    /// The role, by which steps name whoever does them.
    #[schema(min_length = 1, max_length = 100)]
    pub role: String,
    #[serde(default)]
    pub contact: Option<Link>,
    /// Who stands in.
    #[serde(default)]
    pub deputy: Option<Link>,
}

impl Seat {
    pub(super) fn links(&mut self, index: usize) -> impl Iterator<Item = Slot<'_>> {
        let contact = Slot::of(&format!("team/{index}/contact"), &[Kind::Contact], &mut self.contact);
        let deputy = Slot::of(&format!("team/{index}/deputy"), &[Kind::Contact], &mut self.deputy);
        contact.into_iter().chain(deputy)
    }
}

/// Somebody who is told something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    /// Names it within the plan.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    pub key: String,
    #[schema(min_length = 1, max_length = 200)]
    pub audience: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub channel: Option<String>,
    /// When it is sent.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub trigger: Option<String>,
    /// What is said; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub template: Option<String>,
}

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanStep {
    /// Names it within the plan.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9_-]*$")]
    pub key: String,
    pub phase: StepPhase,
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What to do; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub instruction: Option<String>,
    /// Who does it, by name.
    #[serde(default)]
    pub responsible: Option<Link>,
    /// Who does it, by role: any one of the team with that role. A person that is named goes before it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub role: Option<String>,
    /// The steps that come before it, by their keys.
    #[serde(default)]
    #[schema(value_type = Vec<crate::model::StepKey>, inline, max_items = 100)]
    pub depends_on: Vec<String>,
    /// How long it is expected to take.
    #[schema(minimum = 0, maximum = 2592000)]
    pub expected_seconds: i64,
    #[serde(default)]
    pub execution: Execution,
    #[serde(default)]
    pub used_in: UsedIn,
    /// The services and components that are back when it is done.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub recovers: Vec<Link>,
    /// How one sees that it has succeeded.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub verification: Option<String>,
}

impl PlanStep {
    pub(super) fn links(&mut self, index: usize) -> impl Iterator<Item = Slot<'_>> {
        let responsible = Slot::of(&format!("steps/{index}/responsible"), &[Kind::Contact], &mut self.responsible);
        let kinds = &[Kind::Service, Kind::Component];
        let recovers = self.recovers.iter_mut().enumerate();
        let recovers =
            recovers.map(move |(place, link)| Slot { pointer: format!("/steps/{index}/recovers/{place}"), kinds, link });
        responsible.into_iter().chain(recovers)
    }
}
