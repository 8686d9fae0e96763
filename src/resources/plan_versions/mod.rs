//! Versions of plans: their whole content, and how it came to be in force.
//!
//! The whole content is one column, and a trigger refuses to change it, or to delete the row, once it is approved. Parts
//! (`/steps/{key}` and the like) are written as a patch of the whole, so every rule, version and ledger entry is that of a
//! patch; only the pointers of faults are cut to what the client sent.
mod check;
pub mod content;
pub mod coverage;
pub mod http;
mod lifecycle;
pub mod staffing;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, INT, OWN, SCM, STAFF};
use crate::model::{
    Action, Faults, Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::string_enum;
pub use content::{Execution, Message, PlanStep, Seat, Section, StepPhase, UsedIn};
pub use lifecycle::VersionFacts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

string_enum! {
    /// Where a version stands.
    pub enum VersionStatus {
        Draft = "draft",
        InReview = "in_review",
        Approved = "approved",
        Active = "active",
        Superseded = "superseded",
        Withdrawn = "withdrawn",
    }
}

string_enum! {
    /// A role whose approval a plan may need: one of those that may decide on plans.
    pub enum ApproverRole {
        ItServiceContinuityManager = "it_service_continuity_manager",
        ProcessOwner = "process_owner",
        Administrator = "administrator",
    }
}

string_enum! {
    /// What somebody has decided on a version.
    pub enum Decision {
        Approved = "approved",
        Rejected = "rejected",
    }
}

/// What one person has decided on a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Approval {
    /// The role in which it was decided.
    pub role: ApproverRole,
    pub decision: Decision,
    /// Who decided, as the token names them.
    #[schema(max_length = 255)]
    pub approver: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub comment: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub decided_at: Timestamp,
}

/// A version of a plan. Its content changes while it is a draft and never again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanVersion {
    pub plan: Link,
    /// Counts the versions of the plan.
    #[serde(default = "first")]
    #[schema(minimum = 1)]
    pub number: i64,
    /// What the plan achieves; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub objectives: Option<String>,
    /// What it is for and what it is not for; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub scope: Option<String>,
    /// What must be true for it to work; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub assumptions: Option<String>,
    /// When it is invoked; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub activation_criteria: Option<String>,
    /// When one goes back to normal; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub deactivation_criteria: Option<String>,
    /// Who may invoke it; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub invocation: Option<String>,
    /// When it has succeeded; Markdown.
    #[serde(default)]
    #[schema(max_length = 8000)]
    pub success_criteria: Option<String>,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub sections: Vec<Section>,
    /// Who carries it out.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub team: Vec<Seat>,
    /// Who is told what.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub communications: Vec<Message>,
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub steps: Vec<PlanStep>,
    /// SHA-256 of the content as canonical JSON (RFC 8785): what `GET …/content` answers.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub content_sha256: String,
    /// Whoever has written the content, as tokens name them.
    #[serde(default)]
    #[schema(value_type = Vec<crate::model::Subject>, inline, max_items = 1000)]
    pub authors: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub approvals: Vec<Approval>,
    #[serde(default)]
    pub status: VersionStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

impl PlanVersion {
    /// The content as canonical JSON, references by id.
    pub fn canonical(&self) -> String {
        let mut own = self.clone();
        own.links().into_iter().for_each(|slot| {
            if let Some(id) = slot.link.id() {
                *slot.link = Link::To(id);
            }
        });
        let mut value = serde_json::to_value(&own).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| name == "plan" || name == "number" || !OWNED.contains(&name.as_str()));
        }
        value.sort_all_objects();
        value.to_string()
    }
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.canonical()))
    }
    /// Whether the content is the same, whatever has been decided on it.
    pub fn same_content(&self, other: &PlanVersion) -> bool {
        let mut other = other.clone();
        other.stand_in(self);
        *self == other
    }
    /// Takes over from another version of the object what only the service writes.
    fn stand_in(&mut self, other: &PlanVersion) {
        self.number = other.number;
        self.content_sha256.clone_from(&other.content_sha256);
        self.authors.clone_from(&other.authors);
        self.approvals.clone_from(&other.approvals);
        self.status = other.status;
        self.status_reason.clone_from(&other.status_reason);
        self.status_changed_at = other.status_changed_at;
    }
}

/// The number of a version until the store has counted those there are.
fn first() -> i64 {
    1
}

const OWNED: &[&str] = &["number", "content_sha256", "authors", "approvals", "status", "status_reason", "status_changed_at"];

impl Resource for PlanVersion {
    const KIND: Kind = Kind::PlanVersion;
    const TABLE: &'static str = "plan_versions";
    const SCHEMA: &'static str = "PlanVersion";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, OWN, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]);
    const NAME_REQUIRED: bool = false;
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = OWNED;
    const NOT_PATCHABLE: &'static [&'static str] = &["plan"];
    const LINK_LISTS: &'static [&'static str] = &["team", "steps"];
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("plan", "plan_versions.plan_id", "", FieldType::Link(&[Kind::Plan])),
        field("number", "plan_versions.number", "plan_versions.number", FieldType::Integer),
        field("status", "plan_versions.status", "", FieldType::Word(enum_values::<VersionStatus>)),
        field("content_sha256", "plan_versions.content_sha256", "", FieldType::Text),
        field("member", "", "", FieldType::Listed(&[Kind::Contact], "team")),
        field("recovers", "", "", FieldType::Listed(&[Kind::Service, Kind::Component], "steps")),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        let plan = Slot { pointer: "/plan".into(), kinds: &[Kind::Plan], link: &mut self.plan };
        let team = self.team.iter_mut().enumerate().flat_map(|(index, seat)| seat.links(index));
        let steps = self.steps.iter_mut().enumerate().flat_map(|(index, step)| step.links(index));
        [plan].into_iter().chain(team).chain(steps).collect()
    }
    fn check(&self, faults: &mut Faults) {
        check::content(&self.sections, &self.team, &self.communications, &self.steps, faults);
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, PlanVersion>) -> PlanVersion {
        if let Some(old) = input.old {
            self.stand_in(old);
        }
        let changed = input.old.is_none_or(|old| !self.same_content(old));
        if changed && !self.authors.iter().any(|author| author == input.actor) {
            self.authors.push(input.actor.to_owned());
        }
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "plan": "key:PLN-SAN-NORTH", "title": "After the exercise of November",
            "objectives": "Payroll runs again within **8 hours**.",
            "activation_criteria": "The array in server room north is lost, or will be within the hour.",
            "invocation": "The continuity manager; outside office hours the duty manager.",
            "success_criteria": "A payroll run of the month before gives the same sums.",
            "sections": [{"key": "background", "title": "Background", "body": "The array stands *below* high water."}],
            "team": [
                {"key": "lead", "role": "Recovery lead", "contact": "key:ana"},
                {"key": "dba", "role": "Database administrator", "contact": "key:ben", "deputy": "key:ana"}
            ],
            "communications": [{
                "key": "staff", "audience": "All staff", "channel": "intranet", "trigger": "At activation",
                "template": "Payroll is interrupted. Next news at the full hour."
            }],
            "steps": [
                {"key": "assess", "phase": "assessment", "title": "Look at the array", "role": "Recovery lead", "expected_seconds": 900},
                {
                    "key": "restore", "phase": "recovery", "title": "Restore the database on the southern array",
                    "instruction": "Restore the backup of last night, then *replay* the logs.", "role": "Database administrator",
                    "depends_on": ["assess"], "expected_seconds": 7200, "recovers": ["key:PAYROLL-APP"],
                    "verification": "Count the employees: as many as in HR."
                }
            ]
        })
    }
}
