//! Disruptions: real interruptions.
mod lifecycle;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, APP, ICT, INT, OWN, SCM, STAFF, TST, USR};
use crate::model::{
    Action, Faults, Field, FieldType, Kind, Link, Reference, RenderedReference, Resource, Rights, Slot, Timestamp, VersionInput,
    enum_values, field,
};
use crate::string_enum;
pub use lifecycle::{DisruptionFacts, DisruptionTerms};
use serde::{Deserialize, Serialize};

string_enum! {
    /// How bad it is.
    pub enum DisruptionSeverity {
        Minor = "minor",
        Moderate = "moderate",
        Major = "major",
        Critical = "critical",
    }
}

string_enum! {
    /// Where a disruption stands.
    pub enum DisruptionStatus {
        Reported = "reported",
        Assessed = "assessed",
        Declared = "declared",
        Recovering = "recovering",
        Restored = "restored",
        Closed = "closed",
        Dismissed = "dismissed",
    }
}

/// A real interruption, reported by a user, a monitor or an incident ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disruption {
    /// The services that are lost.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components that are lost.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    /// The sites that are lost, with everything there.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub sites: Vec<Link>,
    /// The suppliers that do not deliver.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub suppliers: Vec<Link>,
    #[serde(default)]
    pub severity: DisruptionSeverity,
    /// When it began; the clock of every objective starts here. The moment of the report when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// When it was noticed. The moment of the report when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub detected_at: Option<Timestamp>,
    /// When it was declared a disaster.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub declared_at: Option<Timestamp>,
    /// When everything was back.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub restored_at: Option<Timestamp>,
    #[serde(default)]
    pub status: DisruptionStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

/// What follows from the graph and from its runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DisruptionDerived {
    /// The services that are down or degraded, redundancy respected.
    #[schema(value_type = Vec<Reference>, max_items = 100000)]
    pub affected_services: Vec<RenderedReference>,
    /// The business processes that are down or degraded, redundancy respected.
    #[schema(value_type = Vec<Reference>, max_items = 100000)]
    pub affected_processes: Vec<RenderedReference>,
    /// From its beginning until it was noticed.
    pub detection_seconds: Option<i64>,
    /// From when it was noticed until it was declared.
    pub declaration_seconds: Option<i64>,
    /// From when it was declared until the first plan was invoked: the activation lead time.
    pub activation_seconds: Option<i64>,
    /// From its beginning until everything was back.
    pub restoration_seconds: Option<i64>,
}

impl Disruption {
    /// What is lost.
    pub fn lost(&self) -> Vec<crate::model::Id> {
        let all = [&self.services, &self.components, &self.sites, &self.suppliers];
        all.into_iter().flatten().filter_map(Link::id).collect()
    }
    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        use DisruptionStatus::{Closed, Dismissed, Restored};
        !matches!(self.status, Restored | Closed | Dismissed)
    }
}

impl Resource for Disruption {
    const KIND: Kind = Kind::Disruption;
    const TABLE: &'static str = "disruptions";
    const SCHEMA: &'static str = "Disruption";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, OWN, APP, ICT, TST, USR, INT, ADM])
        .limited(&[OWN, APP, ICT, TST, USR])
        .decide(Action::Approve, &[SCM, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] = &["declared_at", "restored_at", "status", "status_reason", "status_changed_at"];
    const LINK_LISTS: &'static [&'static str] = &["services", "components", "sites", "suppliers"];
    const SLOW_DERIVED: bool = true;
    type Derived = DisruptionDerived;
    const FIELDS: &'static [Field] = &[
        field("status", "disruptions.status", "", FieldType::Word(enum_values::<DisruptionStatus>)),
        field("severity", "disruptions.severity", "", FieldType::Word(enum_values::<DisruptionSeverity>)),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
        field("site", "", "", FieldType::Listed(&[Kind::Site], "sites")),
        field("supplier", "", "", FieldType::Listed(&[Kind::Supplier], "suppliers")),
        field("occurred_at", "disruptions.occurred_at", "disruptions.occurred_at", FieldType::Time),
    ];

    fn is_derived(field: &str) -> bool {
        matches!(
            field,
            "affected_services"
                | "affected_processes"
                | "detection_seconds"
                | "declaration_seconds"
                | "activation_seconds"
                | "restoration_seconds"
        )
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("services", &[Kind::Service], &mut self.services)
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .chain(Slot::list("sites", &[Kind::Site], &mut self.sites))
            .chain(Slot::list("suppliers", &[Kind::Supplier], &mut self.suppliers))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.occurred_at.zip(self.detected_at).is_some_and(|(occurred, detected)| detected < occurred) {
            faults.add("/detected_at", "inconsistent", "it cannot be noticed before it begins");
        }
        if [&self.services, &self.components, &self.sites, &self.suppliers].iter().all(|list| list.is_empty()) {
            faults.add("/services", "required", "name at least one service, component, site or supplier that is lost");
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Disruption>) -> Disruption {
        if let Some(old) = input.old {
            self.occurred_at = self.occurred_at.or(old.occurred_at);
            self.detected_at = self.detected_at.or(old.detected_at);
            self.declared_at = old.declared_at;
            self.restored_at = old.restored_at;
        }
        self.detected_at = self.detected_at.or(Some(input.now));
        self.occurred_at = self.occurred_at.or(self.detected_at);
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "title": "Water in server room north", "description": "The monitor of the array is silent.",
            "components": ["key:SAN-N"], "severity": "major", "occurred_at": "2026-11-22T08:50:00Z",
            "external_refs": [{"system": "servicenow", "id": "INC0042"}]
        })
    }
}
