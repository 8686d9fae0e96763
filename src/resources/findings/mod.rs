//! Findings: what exercises, runs, audits and reviews have shown to be wanting.
pub mod http;
mod lifecycle;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, INT, SCM, STAFF, TST};
use crate::model::{
    Action, Condition, Date, Faults, Field, FieldType, Filter, Kind, Link, Resource, Rights, Slot, Timestamp, VersionInput,
    enum_values, field,
};
use crate::string_enum;
pub use lifecycle::{FindingFacts, FindingTerms};
use serde::{Deserialize, Serialize};

string_enum! {
    /// How grave a finding is.
    pub enum FindingSeverity {
        Major = "major",
        Minor = "minor",
        Observation = "observation",
        Opportunity = "opportunity",
    }
}

string_enum! {
    /// Where a finding was made.
    pub enum FindingSource {
        Exercise = "exercise",
        Run = "run",
        Disruption = "disruption",
        Audit = "audit",
        Review = "review",
    }
}

string_enum! {
    /// Where a finding stands.
    pub enum FindingStatus {
        Open = "open",
        InProgress = "in_progress",
        Resolved = "resolved",
        Verified = "verified",
    }
}

/// Something that is to be put right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    pub severity: FindingSeverity,
    pub source: FindingSource,
    /// The exercise it was made in.
    #[serde(default)]
    pub exercise: Option<Link>,
    /// The run it was made in.
    #[serde(default)]
    pub run: Option<Link>,
    /// The disruption it was made in.
    #[serde(default)]
    pub disruption: Option<Link>,
    /// The audit or review, as others call it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub source_reference: Option<String>,
    /// The services it concerns.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components it concerns.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    /// Who sees to it.
    #[serde(default)]
    pub owner: Option<Link>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<Date>,
    /// The corrective measure.
    #[serde(default)]
    pub measure: Option<Link>,
    /// The exercise that has shown it to be put right.
    #[serde(default)]
    pub retest: Option<Link>,
    #[serde(default)]
    pub status: FindingStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

/// What follows from the date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FindingDerived {
    /// Whether it should have been resolved by now.
    pub overdue: bool,
}

impl Finding {
    /// Whether something is still to be done about it.
    pub fn is_open(&self) -> bool {
        matches!(self.status, FindingStatus::Open | FindingStatus::InProgress)
    }
    /// Whether only another exercise can show that it has been put right.
    pub fn is_grave(&self) -> bool {
        matches!(self.severity, FindingSeverity::Major | FindingSeverity::Minor)
    }
}

const STATUS: Field = field("status", "findings.status", "", FieldType::Word(enum_values::<FindingStatus>));
const DUE_ON: Field = field("due_on", "findings.due_on", "", FieldType::Date);

fn overdue(word: &str) -> Condition {
    crate::model::overdue(word, &STATUS, &["resolved", "verified"], &DUE_ON)
}

impl Resource for Finding {
    const KIND: Kind = Kind::Finding;
    const TABLE: &'static str = "findings";
    const SCHEMA: &'static str = "Finding";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, TST, INT, ADM]).decide(Action::Approve, &[SCM, TST, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = &["retest", "status", "status_reason", "status_changed_at"];
    const LINK_LISTS: &'static [&'static str] = &["services", "components"];
    type Derived = FindingDerived;
    const FIELDS: &'static [Field] = &[
        STATUS,
        field("severity", "findings.severity", "", FieldType::Word(enum_values::<FindingSeverity>)),
        field("source", "findings.source", "", FieldType::Word(enum_values::<FindingSource>)),
        field("exercise", "findings.exercise_id", "", FieldType::Link(&[Kind::Exercise])),
        field("run", "findings.run_id", "", FieldType::Link(&[Kind::Run])),
        field("disruption", "findings.disruption_id", "", FieldType::Link(&[Kind::Disruption])),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
        field("owner", "findings.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("measure", "findings.measure_id", "", FieldType::Link(&[Kind::Measure])),
        field("retest", "findings.retest_id", "", FieldType::Link(&[Kind::Exercise])),
        DUE_ON,
    ];
    const FILTERS: &'static [Filter] = &[Filter {
        name: "overdue",
        words: &["true", "false"],
        description: "Whether it should have been resolved by now.",
        meaning: overdue,
    }];

    fn is_derived(field: &str) -> bool {
        field == "overdue"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("services", &[Kind::Service], &mut self.services)
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .chain(Slot::of("exercise", &[Kind::Exercise], &mut self.exercise))
            .chain(Slot::of("run", &[Kind::Run], &mut self.run))
            .chain(Slot::of("disruption", &[Kind::Disruption], &mut self.disruption))
            .chain(Slot::of("owner", &[Kind::Contact], &mut self.owner))
            .chain(Slot::of("measure", &[Kind::Measure], &mut self.measure))
            .chain(Slot::of("retest", &[Kind::Exercise], &mut self.retest))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        let wanted = match self.source {
            FindingSource::Exercise => self.exercise.is_none().then_some("exercise"),
            FindingSource::Run => self.run.is_none().then_some("run"),
            FindingSource::Disruption => self.disruption.is_none().then_some("disruption"),
            FindingSource::Audit | FindingSource::Review => None,
        };
        if let Some(field) = wanted {
            faults.add(format!("/{field}"), "required", format!("the source of the finding is a {field}: say which"));
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Finding>) -> Finding {
        if let Some(old) = input.old {
            self.retest.clone_from(&old.retest);
        }
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "title": "Nobody knew the password of the backup server", "severity": "major", "source": "exercise",
            "exercise": "key:EXE-SAN-2026", "services": ["key:PAYROLL-APP"], "owner": "key:ana", "due_on": "2027-01-31"
        })
    }
}
