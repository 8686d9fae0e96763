//! Exercises: practising the event of disaster.
mod lifecycle;
pub mod outcome;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, INT, OWN, SCM, STAFF, TST};
use crate::model::{
    Action, Faults, Field, FieldType, Kind, Link, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::planning::recurrence::{Recurrence, is_time_zone};
use crate::resources::plans::{LossScenario, each_once};
use crate::string_enum;
pub use lifecycle::{ExerciseFacts, ExerciseTerms};
use serde::{Deserialize, Serialize};

string_enum! {
    /// How realistic an exercise is, from reading the plan to the real thing.
    pub enum ExerciseKind {
        DocumentReview = "document_review",
        Walkthrough = "walkthrough",
        Tabletop = "tabletop",
        AlarmCallout = "alarm_callout",
        ComponentTest = "component_test",
        Functional = "functional",
        Simulation = "simulation",
        Parallel = "parallel",
        Switchover = "switchover",
        FullInterruption = "full_interruption",
        RestoreTest = "restore_test",
    }
}

string_enum! {
    /// Whether an exercise tries people or technology.
    pub enum ExerciseCategory {
        Organisational = "organisational",
        Technical = "technical",
    }
}

string_enum! {
    /// Where an exercise stands.
    pub enum ExerciseStatus {
        Planned = "planned",
        Approved = "approved",
        InProgress = "in_progress",
        Completed = "completed",
        Reported = "reported",
        Closed = "closed",
        Postponed = "postponed",
        Cancelled = "cancelled",
    }
}

string_enum! {
    /// What an exercise has shown.
    pub enum ExerciseResult {
        NotProven = "not_proven",
        Successful = "successful",
        SuccessfulWithIssues = "successful_with_issues",
        Unsuccessful = "unsuccessful",
    }
}

/// Something an exercise is to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Objective {
    #[schema(min_length = 1, max_length = 1000)]
    pub text: String,
    /// Whether it was met; null until somebody has judged it.
    #[serde(default)]
    pub met: Option<bool>,
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub comment: Option<String>,
}

/// Something the participants are told in the midst of an exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inject {
    /// Minutes after the beginning.
    #[schema(minimum = 0, maximum = 43200)]
    pub at_minute: i64,
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
    /// What the participants are expected to do about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub expected: Option<String>,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Participant {
    pub contact: Link,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub role: Option<String>,
    /// Whether they were there; null until it is known.
    #[serde(default)]
    pub attended: Option<bool>,
}

/// An exercise of plans and services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exercise {
    pub kind: ExerciseKind,
    pub category: ExerciseCategory,
    /// Whether the participants know of it before.
    #[serde(default = "yes")]
    pub announced: bool,
    /// What gave rise to it: the yearly programme, a change, a finding.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub trigger: Option<String>,
    /// The plans it tries.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub plans: Vec<Link>,
    /// The services it tries.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The losses it is about.
    #[serde(default)]
    #[schema(max_items = 11)]
    pub scenarios: Vec<LossScenario>,
    /// What is said to have happened; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub scenario: Option<String>,
    #[serde(default)]
    #[schema(max_items = 50)]
    pub objectives: Vec<Objective>,
    #[serde(default)]
    #[schema(max_items = 200)]
    pub injects: Vec<Inject>,
    #[serde(default)]
    #[schema(max_items = 500)]
    pub participants: Vec<Participant>,
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_end: Timestamp,
    /// The rule by which it is held again: the value of an RRULE (RFC 5545), such as `FREQ=MONTHLY;INTERVAL=6`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub recurrence: Option<String>,
    /// The time zone in which the rule keeps its hour, by its IANA name.
    #[serde(default = "utc")]
    #[schema(min_length = 1, max_length = 64, default = "UTC")]
    pub time_zone: String,
    /// The exercise it follows by the rule.
    #[serde(default)]
    pub previous: Option<Link>,
    /// What came of it; null until it is completed, and fixed when it is reported.
    #[serde(default)]
    #[schema(nullable)]
    pub result: Option<ExerciseResult>,
    /// Why.
    #[serde(default)]
    #[schema(value_type = Vec<crate::model::Sentence>, inline, max_items = 50)]
    pub result_reasons: Vec<String>,
    #[serde(default)]
    pub status: ExerciseStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

/// What follows from its findings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ExerciseDerived {
    /// Findings of the exercise and its runs that are neither resolved nor verified.
    #[schema(minimum = 0)]
    pub open_findings: i64,
}

fn yes() -> bool {
    true
}
fn utc() -> String {
    "UTC".into()
}

impl Exercise {
    /// The rule by which it is held again.
    pub fn rule(&self) -> Option<Recurrence> {
        Recurrence::parse(self.recurrence.as_deref()?, self.scheduled_start, &self.time_zone).ok()
    }
}

const STATUS: Field = field("status", "exercises.status", "", FieldType::Word(enum_values::<ExerciseStatus>));

impl Resource for Exercise {
    const KIND: Kind = Kind::Exercise;
    const TABLE: &'static str = "exercises";
    const SCHEMA: &'static str = "Exercise";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, TST, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] =
        &["previous", "result", "result_reasons", "status", "status_reason", "status_changed_at"];
    const LINK_LISTS: &'static [&'static str] = &["plans", "services", "participants"];
    type Derived = ExerciseDerived;
    const FIELDS: &'static [Field] = &[
        STATUS,
        field("kind", "exercises.kind", "", FieldType::Word(enum_values::<ExerciseKind>)),
        field("category", "exercises.category", "", FieldType::Word(enum_values::<ExerciseCategory>)),
        field("result", "exercises.result", "", FieldType::Word(enum_values::<ExerciseResult>)),
        field("plan", "", "", FieldType::Listed(&[Kind::Plan], "plans")),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("participant", "", "", FieldType::Listed(&[Kind::Contact], "participants")),
        field("previous", "exercises.previous_id", "", FieldType::Link(&[Kind::Exercise])),
        field("scheduled_start", "exercises.scheduled_start", "exercises.scheduled_start", FieldType::Time),
    ];

    fn is_derived(field: &str) -> bool {
        field == "open_findings"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let participants = self.participants.iter_mut().enumerate();
        let participants = participants.map(|(index, one)| Slot {
            pointer: format!("/participants/{index}/contact"),
            kinds: &[Kind::Contact],
            link: &mut one.contact,
        });
        Slot::list("plans", &[Kind::Plan], &mut self.plans)
            .chain(Slot::list("services", &[Kind::Service], &mut self.services))
            .chain(participants)
            .chain(Slot::of("previous", &[Kind::Exercise], &mut self.previous))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        each_once(&self.scenarios, faults);
        if self.scheduled_end < self.scheduled_start {
            faults.add("/scheduled_end", "inconsistent", "it cannot end before it starts");
        }
        if !is_time_zone(&self.time_zone) {
            faults.add("/time_zone", "not_allowed", "no time zone has this name: use one such as Europe/Berlin");
        } else if let Some(rule) = &self.recurrence
            && let Err(detail) = Recurrence::parse(rule, self.scheduled_start, &self.time_zone)
        {
            faults.add("/recurrence", "bad_format", detail);
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Exercise>) -> Exercise {
        if let Some(old) = input.old {
            self.previous.clone_from(&old.previous);
            self.result = old.result;
            self.result_reasons.clone_from(&old.result_reasons);
        }
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "EXE-SAN-2026", "title": "Loss of the northern storage array", "kind": "functional", "category": "technical",
            "trigger": "Yearly programme", "plans": ["key:PLN-SAN-NORTH"], "services": ["key:PAYROLL-APP"],
            "scenarios": ["natural_disaster"], "scenario": "High water stands in server room north.",
            "objectives": [{"text": "Payroll is back within 8 hours"}, {"text": "The deputy can lead"}],
            "injects": [{"at_minute": 30, "text": "The press calls", "expected": "Refer to the press office"}],
            "participants": [{"contact": "key:ana", "role": "Recovery lead"}],
            "scheduled_start": "2026-12-01T08:00:00Z", "scheduled_end": "2026-12-01T16:00:00Z",
            "recurrence": "FREQ=YEARLY", "time_zone": "Europe/Berlin"
        })
    }
}
