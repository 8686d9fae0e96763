//! The steps in which a measure is carried out.
mod lifecycle;
pub mod store;

use crate::model::lifecycle::{STATUS_FIELDS, keep_status};
use crate::model::roles::{ADM, APP, ICT, INT, SCM, STAFF};
use crate::model::{
    Condition, Date, Field, FieldType, Filter, Kind, Link, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a task stands.
    pub enum TaskStatus {
        Open = "open",
        InProgress = "in_progress",
        Done = "done",
        Cancelled = "cancelled",
    }
}

/// A step of a measure that somebody does by a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MeasureTask {
    pub measure: Link,
    /// Who does it.
    #[serde(default)]
    pub assignee: Option<Link>,
    /// The group that does it, as the ITSM tool calls it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub assignment_group: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<Date>,
    #[serde(default)]
    pub status: TaskStatus,
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
pub struct TaskDerived {
    /// Whether it should have been done by now.
    pub overdue: bool,
}

impl MeasureTask {
    /// Whether something is still to be done.
    pub fn is_open(&self) -> bool {
        matches!(self.status, TaskStatus::Open | TaskStatus::InProgress)
    }
}

const STATUS: Field = field("status", "measure_tasks.status", "", FieldType::Word(enum_values::<TaskStatus>));
const DUE_ON: Field = field("due_on", "measure_tasks.due_on", "", FieldType::Date);

fn overdue(word: &str) -> Condition {
    crate::model::overdue(word, &STATUS, &["done", "cancelled"], &DUE_ON)
}

impl Resource for MeasureTask {
    const KIND: Kind = Kind::MeasureTask;
    const TABLE: &'static str = "measure_tasks";
    const SCHEMA: &'static str = "MeasureTask";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, APP, ICT, INT, ADM]).limited(&[APP, ICT]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = STATUS_FIELDS;
    type Derived = TaskDerived;
    const FIELDS: &'static [Field] = &[
        field("measure", "measure_tasks.measure_id", "", FieldType::Link(&[Kind::Measure])),
        STATUS,
        field("assignee", "measure_tasks.assignee_id", "", FieldType::Link(&[Kind::Contact])),
        field("assignment_group", "measure_tasks.assignment_group", "", FieldType::Text),
        DUE_ON,
    ];
    const FILTERS: &'static [Filter] = &[Filter {
        name: "overdue",
        words: &["true", "false"],
        description: "Whether it should have been done by now.",
        meaning: overdue,
    }];

    fn is_derived(field: &str) -> bool {
        field == "overdue"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let measure = Slot { pointer: "/measure".into(), kinds: &[Kind::Measure], link: &mut self.measure };
        [measure].into_iter().chain(Slot::of("assignee", &[Kind::Contact], &mut self.assignee)).collect()
    }
    fn fill_server_fields(self, input: &VersionInput<'_, MeasureTask>) -> MeasureTask {
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "measure": "key:MSR-RAISE-SAN", "title": "Order the raised floor", "assignee": "key:ana",
            "assignment_group": "Data centre", "due_on": "2027-01-31"
        })
    }
}
