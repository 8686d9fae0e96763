//! Runs: a version of a plan carried out, in an exercise or in earnest.
pub mod course;
pub mod http;
mod lifecycle;
pub mod progress;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, INT, SCM, STAFF, TST};
use crate::model::{Faults, Field, FieldType, Kind, Link, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field};
use crate::string_enum;
pub use lifecycle::RunFacts;
pub use progress::RunDerived;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whether it is practice or the real thing.
    pub enum RunMode {
        Exercise = "exercise",
        Actual = "actual",
    }
}

string_enum! {
    /// Where a run stands.
    pub enum RunStatus {
        Running = "running",
        Completed = "completed",
        Aborted = "aborted",
    }
}

/// Something written down in the course of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Note {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who wrote it, as the token names them.
    #[schema(max_length = 255)]
    pub by: String,
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
}

/// So many notes a run has at most.
pub const MAX_NOTES: usize = 500;

/// One execution of a version of a plan. To create it is to start it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Run {
    /// The plan; its active version is run. May be left out where `plan_version` is given.
    #[serde(default)]
    pub plan: Option<Link>,
    /// The version, which must be active.
    #[serde(default)]
    pub plan_version: Option<Link>,
    /// The exercise it is a part of: either this or a disruption.
    #[serde(default)]
    pub exercise: Option<Link>,
    /// The disruption for which it is invoked.
    #[serde(default)]
    pub disruption: Option<Link>,
    /// Who leads it.
    #[serde(default)]
    pub lead: Option<Link>,
    #[serde(default)]
    pub mode: RunMode,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// From when restoration is counted: the beginning of the disruption, or of the run where it is an exercise.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub clock_started_at: Timestamp,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    #[serde(default)]
    #[schema(max_items = 500)]
    pub notes: Vec<Note>,
    #[serde(default)]
    pub status: RunStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

impl Resource for Run {
    const KIND: Kind = Kind::Run;
    const TABLE: &'static str = "runs";
    const SCHEMA: &'static str = "Run";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, TST, INT, ADM]);
    const NAME_REQUIRED: bool = false;
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] =
        &["mode", "started_at", "clock_started_at", "ended_at", "notes", "status", "status_reason", "status_changed_at"];
    const NOT_PATCHABLE: &'static [&'static str] = &["plan", "plan_version", "exercise", "disruption"];
    const CLIENTS_DELETE: bool = false;
    const SLOW_DERIVED: bool = true;
    const UNCACHED: bool = true;
    type Derived = RunDerived;
    const FIELDS: &'static [Field] = &[
        field("status", "runs.status", "", FieldType::Word(enum_values::<RunStatus>)),
        field("mode", "runs.mode", "", FieldType::Word(enum_values::<RunMode>)),
        field("plan", "runs.plan_id", "", FieldType::Link(&[Kind::Plan])),
        field("plan_version", "runs.plan_version_id", "", FieldType::Link(&[Kind::PlanVersion])),
        field("exercise", "runs.exercise_id", "", FieldType::Link(&[Kind::Exercise])),
        field("disruption", "runs.disruption_id", "", FieldType::Link(&[Kind::Disruption])),
        field("lead", "runs.lead_id", "", FieldType::Link(&[Kind::Contact])),
        field("started_at", "runs.started_at", "runs.started_at", FieldType::Time),
    ];

    fn is_derived(field: &str) -> bool {
        field == "progress"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::of("plan", &[Kind::Plan], &mut self.plan)
            .into_iter()
            .chain(Slot::of("plan_version", &[Kind::PlanVersion], &mut self.plan_version))
            .chain(Slot::of("exercise", &[Kind::Exercise], &mut self.exercise))
            .chain(Slot::of("disruption", &[Kind::Disruption], &mut self.disruption))
            .chain(Slot::of("lead", &[Kind::Contact], &mut self.lead))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.plan.is_none() && self.plan_version.is_none() {
            faults.add("/plan", "required", "the plan, or its version, is wanted");
        }
        match (&self.exercise, &self.disruption) {
            (None, None) => faults.add("/exercise", "required", "the exercise or the disruption is wanted"),
            (Some(_), Some(_)) => faults.add("/disruption", "inconsistent", "a run belongs to an exercise or to a disruption"),
            _ => {}
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Run>) -> Run {
        if let Some(old) = input.old {
            // Whoever sends a run again says of what it is one in the same words, or not at all.
            self.plan = self.plan.or_else(|| old.plan.clone());
            self.plan_version = self.plan_version.or_else(|| old.plan_version.clone());
            self.mode = old.mode;
            self.started_at = old.started_at;
            self.clock_started_at = old.clock_started_at;
            self.ended_at = old.ended_at;
            self.notes.clone_from(&old.notes);
        } else {
            self.started_at = input.now;
            self.clock_started_at = input.now;
        }
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "title": "Payroll, after the water", "plan": "key:PLN-SAN-NORTH", "disruption": "key:DIS-1", "lead": "key:ana"
        })
    }
}
