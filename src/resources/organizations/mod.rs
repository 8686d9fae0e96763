//! Tenants. The organisations themselves belong to the system's own tenant, so that they are kept like everything else.
pub mod store;
mod tenants;

pub use tenants::ORGANIZATIONS;

use crate::model::{Field, FieldType, Kind};
use crate::model::{Nothing, Resource, field, words_of};
use crate::words;
use serde::{Deserialize, Serialize};

words! {
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
    type Derived = Nothing;
    const FIELDS: &'static [Field] =
        &[field("status", "organizations.status", "", FieldType::Word(words_of::<OrganizationStatus>))];

    fn example() -> serde_json::Value {
        serde_json::json!({"key": "acme", "name": "Acme Ltd", "status": "active"})
    }
}
