//! What may happen.
pub mod store;

use crate::model::roles::{ADM, INT, SCM, STAFF};
use crate::model::{Field, FieldType, Kind, NoDerived, Resource, Rights, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a threat comes from.
    pub enum ThreatCategory {
        Natural = "natural",
        Utility = "utility",
        Technical = "technical",
        HumanError = "human_error",
        Malicious = "malicious",
        SupplyChain = "supply_chain",
        Environmental = "environmental",
        Workforce = "workforce",
    }
}

/// Something that may happen and interrupt what the organisation does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Threat {
    pub category: ThreatCategory,
    /// How often it is expected in a year: 0.1 is once in ten years.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub yearly_frequency: Option<f64>,
}

impl Resource for Threat {
    const KIND: Kind = Kind::Threat;
    const TABLE: &'static str = "threats";
    const SCHEMA: &'static str = "Threat";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, INT, ADM]);
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[field("category", "threats.category", "", FieldType::Word(enum_values::<ThreatCategory>))];

    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "FLOOD", "name": "Flood", "description": "High water in the harbour reaches the ground floor.",
            "category": "natural", "yearly_frequency": 0.05
        })
    }
}
