//! Requests for change as the ITSM tool has them. The tool tells their status by its own id; measures that wait for it
//! move on.
mod lifecycle;
pub mod store;

pub use lifecycle::ChangeFacts;

use crate::model::lifecycle::{Lifecycle, STATUS_FIELDS};
use crate::model::roles::{ADM, INT, SCM, STAFF};
use crate::model::{
    Action, Faults, Field, FieldType, Kind, Link, NoDerived, Reference, Resource, Rights, Slot, Timestamp, VersionInput,
    enum_values, field,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a request for change stands (ITIL).
    pub enum ChangeStatus {
        Draft = "draft",
        Submitted = "submitted",
        UnderReview = "under_review",
        Approved = "approved",
        Rejected = "rejected",
        Scheduled = "scheduled",
        Implemented = "implemented",
        Verified = "verified",
        Closed = "closed",
        Cancelled = "cancelled",
    }
}

impl ChangeStatus {
    /// Waits for a decision.
    pub const fn is_raised(self) -> bool {
        matches!(self, ChangeStatus::Submitted | ChangeStatus::UnderReview)
    }
    /// May be carried out, or has been.
    pub const fn is_cleared(self) -> bool {
        use ChangeStatus::{Approved, Closed, Implemented, Scheduled, Verified};
        matches!(self, Approved | Scheduled | Implemented | Verified | Closed)
    }
    /// Has been carried out.
    pub const fn is_implemented(self) -> bool {
        matches!(self, ChangeStatus::Implemented | ChangeStatus::Verified | ChangeStatus::Closed)
    }
    /// Will not be carried out.
    pub const fn is_refused(self) -> bool {
        matches!(self, ChangeStatus::Rejected | ChangeStatus::Cancelled)
    }
}

string_enum! {
    /// Whether a change may go ahead as far as continuity is concerned.
    pub enum ChangeVerdict {
        Pass = "pass",
        Warn = "warn",
        Block = "block",
    }
}

/// Why a change should be looked at, or not be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AssessedReason {
    #[schema(max_length = 64)]
    pub code: String,
    /// `warn` or `block`.
    pub severity: ChangeVerdict,
    #[schema(max_length = 4000)]
    pub detail: String,
    /// The first of the items it is about, as they were called then.
    #[schema(max_items = 20)]
    pub items: Vec<Reference>,
}

/// What a change request was assessed to do, by `POST /analysis/change?record=true`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeAssessment {
    pub verdict: ChangeVerdict,
    #[schema(max_items = 50)]
    pub reasons: Vec<AssessedReason>,
    #[schema(value_type = String, format = DateTime)]
    pub assessed_at: Timestamp,
    /// As the token names them.
    #[schema(max_length = 255)]
    pub assessed_by: String,
    /// The place in the ledger it was true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

/// The mirror of a request for change. Its system, id and URL in the ITSM tool stand in `external_refs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangeRequest {
    /// The measures it carries out.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub measures: Vec<Link>,
    /// The services it touches.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components it touches.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub planned_start: Option<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub planned_end: Option<Timestamp>,
    /// Its status in the ITSM tool. It stays what it is when left out; a patch does not change it.
    #[serde(default)]
    pub status: ChangeStatus,
    /// Why it has this status, such as the reason of a rejection.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    /// When it got this status in the ITSM tool. News that is older than what is known changes nothing, so calls may
    /// arrive in any order. The moment of the call when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub status_changed_at: Option<Timestamp>,
    /// What it was assessed to do, when that was last recorded.
    #[serde(default)]
    pub assessment: Option<ChangeAssessment>,
}

impl Resource for ChangeRequest {
    const KIND: Kind = Kind::ChangeRequest;
    const TABLE: &'static str = "change_requests";
    const SCHEMA: &'static str = "ChangeRequest";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, INT, ADM]).decide(Action::Approve, &[SCM, ADM]);
    const LABEL: &'static str = "title";
    const NOT_PATCHABLE: &'static [&'static str] = STATUS_FIELDS;
    const READ_ONLY: &'static [&'static str] = &["assessment"];
    const LINK_LISTS: &'static [&'static str] = &["measures", "services", "components"];
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("status", "change_requests.status", "", FieldType::Word(enum_values::<ChangeStatus>)),
        field("measure", "", "", FieldType::Listed(&[Kind::Measure], "measures")),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
        field("planned_start", "change_requests.planned_start", "", FieldType::Time),
        field("planned_end", "change_requests.planned_end", "", FieldType::Time),
        field("status_changed_at", "change_requests.status_changed_at", "", FieldType::Time),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("measures", &[Kind::Measure], &mut self.measures)
            .chain(Slot::list("services", &[Kind::Service], &mut self.services))
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.planned_start.zip(self.planned_end).is_some_and(|(start, end)| end < start) {
            faults.add("/planned_end", "inconsistent", "it cannot end before it starts");
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, ChangeRequest>) -> ChangeRequest {
        let given = input.given.contains("status");
        self.assessment = input.old.and_then(|old| old.assessment.clone());
        match input.old {
            Some(old) if !given => self.copy_status(old),
            // The same news again is no news, and older news neither.
            Some(old) if self.status == old.status && self.status_changed_at.is_none() => {
                let reason = self.status_reason.take().or_else(|| old.status_reason.clone());
                self.copy_status(old);
                self.status_reason = reason;
            }
            Some(old) if self.status_changed_at.is_some() && self.status_changed_at < old.status_changed_at => {
                self.copy_status(old);
            }
            _ => self.status_changed_at = self.status_changed_at.or(Some(input.now)),
        }
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "title": "CHG0030042: raise the storage array", "status": "submitted", "measures": ["key:MSR-RAISE-SAN"],
            "components": ["key:SAN-N"], "planned_start": "2027-02-06T20:00:00Z", "planned_end": "2027-02-07T04:00:00Z",
            "external_refs": [{"system": "servicenow", "id": "9d385017", "url": "https://itsm.example.org/change/9d385017"}]
        })
    }
}
