//! IT services.
pub mod store;

use crate::model::roles::{ADM, APP, EVERYBODY, INT, SCM};
use crate::model::{Field, FieldType, Id, Kind, Link, NoDerived, Objectives, Resource, Rights, Slot, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whom the service serves.
    pub enum ServiceKind {
        BusinessService = "business_service",
        TechnicalService = "technical_service",
    }
}

string_enum! {
    /// How much the business depends on it.
    pub enum Criticality {
        Normal = "normal",
        Marginal = "marginal",
        Critical = "critical",
        HighlyCritical = "highly_critical",
    }
}

string_enum! {
    /// Where the service stands in its life.
    pub enum ServiceLifecycle {
        Live = "live",
        Planned = "planned",
        Retired = "retired",
    }
}

impl Criticality {
    /// From 0 to 3, as the graph counts it.
    pub const fn rank(self) -> u8 {
        match self {
            Criticality::Marginal => 0,
            Criticality::Normal => 1,
            Criticality::Critical => 2,
            Criticality::HighlyCritical => 3,
        }
    }
}

/// An IT service, with the objectives the business has set for it and what it can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Service {
    #[serde(default)]
    pub kind: ServiceKind,
    #[serde(default)]
    pub criticality: Criticality,
    #[serde(default)]
    pub lifecycle: ServiceLifecycle,
    /// Who answers for the service.
    #[serde(default)]
    pub owner: Option<Link>,
    /// The tier whose objectives it has where it sets none itself.
    #[serde(default)]
    pub recovery_tier: Option<Link>,
    /// Recovery time objective of its own: how long it may be down. 0 is the strictest, null is none.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rto_seconds: Option<i64>,
    /// Recovery point objective of its own: how much work may be lost, as time.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rpo_seconds: Option<i64>,
    /// From "dependencies are back" to "service is up".
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub restart_seconds: Option<i64>,
    /// To rebuild the service itself once its prerequisites are up (capability).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub recovery_time_seconds: Option<i64>,
    /// How much data is lost when it is lost (capability).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub data_loss_seconds: Option<i64>,
}

const TIER: &[Kind] = &[Kind::RecoveryTier];

impl Resource for Service {
    const KIND: Kind = Kind::Service;
    const TABLE: &'static str = "services";
    const SCHEMA: &'static str = "Service";
    const RIGHTS: Rights = Rights::new(EVERYBODY, &[SCM, APP, INT, ADM]);
    const BEARS_OBJECTIVES: bool = true;
    const AFFECTS_OBJECTIVES: bool = true;
    const DEPENDENT: bool = true;
    const PROVIDER: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "services.kind", "", FieldType::Word(enum_values::<ServiceKind>)),
        field("criticality", "services.criticality", "", FieldType::Word(enum_values::<Criticality>)),
        field("lifecycle", "services.lifecycle", "", FieldType::Word(enum_values::<ServiceLifecycle>)),
        field("owner", "services.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("recovery_tier", "services.recovery_tier_id", "", FieldType::Link(TIER)),
        field("rto_seconds", "services.rto_seconds", "", FieldType::Integer),
        field("rpo_seconds", "services.rpo_seconds", "", FieldType::Integer),
        field("restart_seconds", "services.restart_seconds", "", FieldType::Integer),
        field("recovery_time_seconds", "services.recovery_time_seconds", "", FieldType::Integer),
        field("data_loss_seconds", "services.data_loss_seconds", "", FieldType::Integer),
    ];

    fn is_live(&self) -> bool {
        self.lifecycle == ServiceLifecycle::Live
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let owner = Slot::of("owner", &[Kind::Contact], &mut self.owner);
        owner.into_iter().chain(Slot::of("recovery_tier", TIER, &mut self.recovery_tier)).collect()
    }
    fn recovery_tier(&self) -> Option<Id> {
        self.recovery_tier.as_ref().and_then(Link::id)
    }
    fn objectives(&self) -> Objectives {
        Objectives { rto: self.rto_seconds, rpo: self.rpo_seconds, mtpd: None }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "PAYROLL", "name": "Payroll", "description": "Monthly pay run and payslips",
            "kind": "business_service", "criticality": "critical", "lifecycle": "live",
            "rto_seconds": 14400, "rpo_seconds": 900, "restart_seconds": 300,
            "external_refs": [{"system": "servicenow", "id": "7a1c9f"}], "tags": ["finance"],
            "attributes": {"cost_centre": "4711"}
        })
    }
}
