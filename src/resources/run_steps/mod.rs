//! The steps of runs: made when a run is started, and moved by those who carry it out.
//!
//! Pressing a button is an ordinary transition of a step, and the organisation's turn settles who was first. In the same
//! transaction steps that waited become ready, and what is back is measured once the last step that recovers it is done.
//! Nothing of a run is kept in memory, so it goes on after a restart where it was.
pub mod http;
mod lifecycle;
pub mod store;

use crate::model::roles::{ADM, APP, ICT, INT, OWN, SCM, STAFF, TST};
use crate::model::{
    Field, FieldType, Id, Kind, Link, NoDerived, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::planning::schedule;
use crate::resources::plan_versions::{Execution, StepPhase};
use crate::string_enum;
pub use lifecycle::StepFacts;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

string_enum! {
    /// Where a step stands.
    pub enum StepStatus {
        Pending = "pending",
        Ready = "ready",
        InProgress = "in_progress",
        Done = "done",
        Failed = "failed",
        Skipped = "skipped",
    }
}

impl StepStatus {
    /// Whether nothing more is to be done.
    pub fn is_over(self) -> bool {
        matches!(self, StepStatus::Done | StepStatus::Skipped)
    }
}

/// As much of a step as tells who waits for whom.
#[derive(Debug, Clone)]
pub struct Outline {
    pub id: Id,
    pub step: String,
    pub status: StepStatus,
    pub depends_on: Vec<String>,
}

/// The places of the steps nobody needs to wait for: those done, and those left out whose own prerequisites are such.
/// Whoever waited for a step that was left out waits for what that waited for.
pub fn over(steps: &[Outline]) -> HashSet<usize> {
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(place, step)| (step.step.as_str(), place)).collect();
    let before = |step: &Outline| step.depends_on.iter().filter_map(|key| places.get(key.as_str()).copied()).collect();
    let after: Vec<Vec<usize>> = steps.iter().map(before).collect();
    let mut over = HashSet::new();
    for place in schedule::order(&after) {
        let left_out = steps[place].status == StepStatus::Skipped && after[place].iter().all(|before| over.contains(before));
        if left_out || steps[place].status == StepStatus::Done {
            over.insert(place);
        }
    }
    over
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunStep {
    pub run: Link,
    /// The key of the step in the plan.
    #[schema(min_length = 1, max_length = 64)]
    pub step: String,
    /// Who does it: set to give it to somebody else.
    #[serde(default)]
    pub responsible: Option<Link>,
    /// Its place in the plan.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    pub position: i64,
    #[serde(default)]
    pub phase: StepPhase,
    #[serde(default)]
    pub execution: Execution,
    /// The role that does it, as the plan says.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub role: Option<String>,
    /// The steps of the run that come before it, by their keys.
    #[serde(default)]
    #[schema(value_type = Vec<crate::model::StepKey>, inline, max_items = 1000)]
    pub depends_on: Vec<String>,
    /// The services and components that are back when it is done.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub recovers: Vec<Link>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2592000)]
    pub expected_seconds: i64,
    /// When it was to begin, counted from the start of the run.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub planned_start_seconds: i64,
    /// When it was to end, counted from the start of the run.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub planned_end_seconds: i64,
    /// When it was begun, for the last time if it failed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// Who began it, as the token names them.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub started_by: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Who ended it, as the token names them.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub ended_by: Option<String>,
    /// How often it has failed.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub failures: i64,
    #[serde(default)]
    pub status: StepStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

impl Resource for RunStep {
    const KIND: Kind = Kind::RunStep;
    const TABLE: &'static str = "run_steps";
    const SCHEMA: &'static str = "RunStep";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, OWN, APP, ICT, TST, INT, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = &[
        "position",
        "phase",
        "execution",
        "role",
        "depends_on",
        "recovers",
        "expected_seconds",
        "planned_start_seconds",
        "planned_end_seconds",
        "started_at",
        "started_by",
        "ended_at",
        "ended_by",
        "failures",
        "status",
        "status_reason",
        "status_changed_at",
    ];
    const NOT_PATCHABLE: &'static [&'static str] = &["run", "step"];
    const LINK_LISTS: &'static [&'static str] = &["recovers"];
    const CLIENTS_CREATE: bool = false;
    const CLIENTS_DELETE: bool = false;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("run", "run_steps.run_id", "", FieldType::Link(&[Kind::Run])),
        field("step", "run_steps.step", "", FieldType::Text),
        field("status", "run_steps.status", "", FieldType::Word(enum_values::<StepStatus>)),
        field("phase", "run_steps.phase", "", FieldType::Word(enum_values::<StepPhase>)),
        field("responsible", "run_steps.responsible_id", "", FieldType::Link(&[Kind::Contact])),
        field("recovers", "", "", FieldType::Listed(&[Kind::Service, Kind::Component], "recovers")),
        field("position", "run_steps.position", "run_steps.position", FieldType::Integer),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        let run = Slot { pointer: "/run".into(), kinds: &[Kind::Run], link: &mut self.run };
        [run]
            .into_iter()
            .chain(Slot::of("responsible", &[Kind::Contact], &mut self.responsible))
            .chain(Slot::list("recovers", &[Kind::Service, Kind::Component], &mut self.recovers))
            .collect()
    }
    fn fill_server_fields(self, input: &VersionInput<'_, RunStep>) -> RunStep {
        match input.old {
            Some(old) => RunStep { responsible: self.responsible, ..old.clone() },
            None => self,
        }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({"run": "key:RUN-1", "step": "restore", "title": "Restore the database", "responsible": "key:ben"})
    }
}
