//! What is done about risks.
mod lifecycle;
pub mod store;

use crate::model::lifecycle::{STATUS_FIELDS, keep_status};
use crate::model::roles::{ADM, APP, ICT, INT, OWN, SCM, STAFF};
use crate::model::{
    Action, Condition, Date, Field, FieldType, Filter, Kind, Link, Money, Resource, Rights, Role, Slot, StringEnum, Timestamp,
    VersionInput, enum_values, field,
};
use crate::string_enum;
pub use lifecycle::{MeasureFacts, missing};
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whether a measure changes technology, by a request for change, or how people work.
    pub enum Nature {
        Technical = "technical",
        Organisational = "organisational",
    }
}

string_enum! {
    /// Whether it keeps harm from happening, notices it, or gets over it.
    pub enum Purpose {
        Preventive = "preventive",
        Detective = "detective",
        Recovery = "recovery",
    }
}

string_enum! {
    /// Who carries it out.
    pub enum Implementer {
        Other = "other",
        ApplicationManagement = "application_management",
        InfrastructureManagement = "infrastructure_management",
    }
}

string_enum! {
    /// Where a measure stands in its life.
    pub enum MeasureStatus {
        Proposed = "proposed",
        RfcRaised = "rfc_raised",
        Approved = "approved",
        Commissioned = "commissioned",
        InProgress = "in_progress",
        Implemented = "implemented",
        VerifiedEffective = "verified_effective",
        VerifiedIneffective = "verified_ineffective",
        Rejected = "rejected",
        Cancelled = "cancelled",
    }
}

impl MeasureStatus {
    /// Those in which nothing more is to be done.
    pub const DONE: &'static [MeasureStatus] = &[
        MeasureStatus::Implemented,
        MeasureStatus::VerifiedEffective,
        MeasureStatus::VerifiedIneffective,
        MeasureStatus::Rejected,
        MeasureStatus::Cancelled,
    ];
    pub fn is_done(self) -> bool {
        MeasureStatus::DONE.contains(&self)
    }
}

/// Something that makes risks less likely or less bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Measure {
    pub nature: Nature,
    pub purpose: Purpose,
    /// The risks it treats.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub risks: Vec<Link>,
    /// The services it applies to.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components it applies to.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    /// By how many levels of the matrix it is expected to lower the likelihood.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 6)]
    pub likelihood_reduction: Option<i64>,
    /// By how many levels of the matrix it is expected to lower the impact.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 6)]
    pub impact_reduction: Option<i64>,
    /// What it costs.
    #[serde(default)]
    #[schema(nullable)]
    pub cost: Option<Money>,
    /// Who answers for it.
    #[serde(default)]
    pub owner: Option<Link>,
    #[serde(default)]
    pub implementer: Implementer,
    /// The day by which it is to be implemented.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<Date>,
    /// How it is carried out; goes into the RFC.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub implementation_plan: Option<String>,
    /// How it is taken back when it fails; goes into the RFC.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub backout_plan: Option<String>,
    /// How one sees that it works; goes into the RFC.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub test_plan: Option<String>,
    #[serde(default)]
    pub status: MeasureStatus,
    /// The comment of the move to the status, or what its change request brought.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

/// What follows from the date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MeasureDerived {
    /// Whether it should have been implemented by now.
    pub overdue: bool,
}

const STATUS: Field = field("status", "measures.status", "", FieldType::Word(enum_values::<MeasureStatus>));
const DUE_ON: Field = field("due_on", "measures.due_on", "", FieldType::Date);
const CONTACT: &[Kind] = &[Kind::Contact];

fn overdue(word: &str) -> Condition {
    let ended: Vec<&str> = MeasureStatus::DONE.iter().map(|status| status.as_str()).collect();
    crate::model::overdue(word, &STATUS, &ended, &DUE_ON)
}

impl Resource for Measure {
    const KIND: Kind = Kind::Measure;
    const TABLE: &'static str = "measures";
    const SCHEMA: &'static str = "Measure";
    const RIGHTS: Rights =
        Rights::new(STAFF, &[SCM, APP, ICT, INT, ADM]).limited(&[APP, ICT]).decide(Action::Approve, &[SCM, OWN, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = STATUS_FIELDS;
    const LINK_LISTS: &'static [&'static str] = &["risks", "services", "components"];
    type Derived = MeasureDerived;
    const FIELDS: &'static [Field] = &[
        STATUS,
        field("nature", "measures.nature", "", FieldType::Word(enum_values::<Nature>)),
        field("purpose", "measures.purpose", "", FieldType::Word(enum_values::<Purpose>)),
        field("implementer", "measures.implementer", "", FieldType::Word(enum_values::<Implementer>)),
        field("owner", "measures.owner_id", "", FieldType::Link(CONTACT)),
        field("risk", "", "", FieldType::Listed(&[Kind::Risk], "risks")),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
        DUE_ON,
    ];
    const FILTERS: &'static [Filter] = &[Filter {
        name: "overdue",
        words: &["true", "false"],
        description: "Whether it should have been implemented by now.",
        meaning: overdue,
    }];

    fn is_derived(field: &str) -> bool {
        field == "overdue"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("risks", &[Kind::Risk], &mut self.risks)
            .chain(Slot::list("services", &[Kind::Service], &mut self.services))
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .chain(Slot::of("owner", CONTACT, &mut self.owner))
            .collect()
    }
    fn fill_server_fields(self, input: &VersionInput<'_, Measure>) -> Measure {
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "MSR-RAISE-SAN", "title": "Raise the storage array above high water", "nature": "technical",
            "purpose": "preventive", "risks": ["key:RSK-FLOOD-NORTH"], "components": ["key:SAN-N"], "impact_reduction": 2,
            "cost": {"amount": "18000.00", "currency": "EUR"}, "owner": "key:ana", "implementer": "infrastructure_management",
            "due_on": "2027-03-31", "implementation_plan": "Fail over to the southern array, move the rack, fail back.",
            "backout_plan": "Stay on the southern array.", "test_plan": "Read and write through both arrays for a day."
        })
    }
}

impl Measure {
    /// Whether it has been given to people with one of these roles to carry out.
    pub fn is_commissioned_to(&self, roles: &[Role]) -> bool {
        use MeasureStatus::{Commissioned, Implemented, InProgress};
        let role = match self.implementer {
            Implementer::ApplicationManagement => Role::ApplicationManager,
            Implementer::InfrastructureManagement => Role::IctInfrastructureManager,
            Implementer::Other => return false,
        };
        matches!(self.status, Commissioned | InProgress | Implemented) && roles.contains(&role)
    }
}
