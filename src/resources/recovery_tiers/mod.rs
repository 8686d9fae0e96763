//! Recovery tiers: objectives for all that is equally urgent.
pub mod store;

use crate::model::roles::{ADM, EVERYBODY, INT, OWN, SCM};
use crate::model::{Field, FieldType, Kind, NoDerived, Objectives, Resource, Rights, field};
use serde::{Deserialize, Serialize};

/// What a business process or service that names it has where it sets no objective itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryTier {
    /// Its place among the tiers; 1 is the most urgent.
    #[schema(minimum = 0, maximum = 1000)]
    pub rank: i64,
    /// Recovery time objective: how long what names the tier may be down. 0 is the strictest, null is none.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rto_seconds: Option<i64>,
    /// Recovery point objective: how much work may be lost, as time.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rpo_seconds: Option<i64>,
}

impl Resource for RecoveryTier {
    const KIND: Kind = Kind::RecoveryTier;
    const TABLE: &'static str = "recovery_tiers";
    const SCHEMA: &'static str = "RecoveryTier";
    const RIGHTS: Rights = Rights::new(EVERYBODY, &[SCM, OWN, INT, ADM]);
    const AFFECTS_OBJECTIVES: bool = true;
    const IN_GRAPH: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("rank", "recovery_tiers.rank", "", FieldType::Integer),
        field("rto_seconds", "recovery_tiers.rto_seconds", "", FieldType::Integer),
        field("rpo_seconds", "recovery_tiers.rpo_seconds", "", FieldType::Integer),
    ];

    fn objectives(&self) -> Objectives {
        Objectives { rto: self.rto_seconds, rpo: self.rpo_seconds, mtpd: None }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "TIER-1", "name": "Tier 1", "description": "What the organisation cannot do without for half a day.",
            "rank": 1, "rto_seconds": 14400, "rpo_seconds": 900
        })
    }
}
