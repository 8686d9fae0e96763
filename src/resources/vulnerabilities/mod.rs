//! What makes a threat do harm.
pub mod store;

use crate::model::roles::{ADM, APP, ICT, INT, SCM, STAFF};
use crate::model::{Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// How much harm it lets in.
    pub enum Severity {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

string_enum! {
    /// What has been done about it.
    pub enum VulnerabilityStatus {
        Open = "open",
        Mitigated = "mitigated",
        Accepted = "accepted",
    }
}

/// A weakness of services or components that threats can use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Vulnerability {
    pub severity: Severity,
    #[serde(default)]
    pub status: VulnerabilityStatus,
    /// The threats that can use it.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub threats: Vec<Link>,
    /// The services that have it.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components that have it.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
}

impl Resource for Vulnerability {
    const KIND: Kind = Kind::Vulnerability;
    const TABLE: &'static str = "vulnerabilities";
    const SCHEMA: &'static str = "Vulnerability";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, APP, ICT, INT, ADM]);
    const LINK_LISTS: &'static [&'static str] = &["threats", "services", "components"];
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("severity", "vulnerabilities.severity", "", FieldType::Word(enum_values::<Severity>)),
        field("status", "vulnerabilities.status", "", FieldType::Word(enum_values::<VulnerabilityStatus>)),
        field("threat", "", "", FieldType::Listed(&[Kind::Threat], "threats")),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("threats", &[Kind::Threat], &mut self.threats)
            .chain(Slot::list("services", &[Kind::Service], &mut self.services))
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .collect()
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "LOW-SILL", "name": "Server room below high water", "severity": "high", "status": "open",
            "threats": ["key:FLOOD"], "components": ["key:SAN-N"]
        })
    }
}
