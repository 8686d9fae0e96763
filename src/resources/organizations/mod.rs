//! Tenants. The organisations themselves belong to the system's own tenant, so that they are kept like everything else.
pub mod store;
mod tenants;

pub use tenants::ORGANIZATIONS;

use crate::model::roles::ADM;
use crate::model::{Field, FieldType, Kind, NoDerived, Resource, Rights, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whether the organisation may be worked with.
    pub enum OrganizationStatus {
        Active = "active",
        Suspended = "suspended",
    }
}

/// An organisation: everything else belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Organization {
    #[serde(default)]
    pub status: OrganizationStatus,
}

impl Resource for Organization {
    const KIND: Kind = Kind::Organization;
    const TABLE: &'static str = "organizations";
    const SCHEMA: &'static str = "Organization";
    const RIGHTS: Rights = Rights::new(&[ADM], &[ADM]);
    const BATCHED: bool = false;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] =
        &[field("status", "organizations.status", "", FieldType::Word(enum_values::<OrganizationStatus>))];

    fn example() -> serde_json::Value {
        serde_json::json!({"key": "acme", "name": "Acme Ltd", "status": "active"})
    }
}
