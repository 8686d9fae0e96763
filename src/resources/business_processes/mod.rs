//! What the business does, and how long it can do without.
pub mod store;

use super::services::Criticality;
use crate::model::roles::{ADM, EVERYBODY, INT, OWN, SCM};
use crate::model::{
    Date, Faults, Field, FieldType, Id, Kind, Link, NoDerived, Objectives, Resource, Rights, Slot, enum_values, field,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where the process stands in its life.
    pub enum ProcessStatus {
        Active = "active",
        Draft = "draft",
        Retired = "retired",
    }
}

/// A business process with the objectives the business has set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BusinessProcess {
    /// Who answers for the process.
    #[serde(default)]
    pub owner: Option<Link>,
    /// A vital business function: the business cannot live without it.
    #[serde(default)]
    pub vital: bool,
    /// The process this one is part of.
    #[serde(default)]
    pub parent: Option<Link>,
    /// The tier whose objectives it has where it sets none itself.
    #[serde(default)]
    pub recovery_tier: Option<Link>,
    /// Recovery time objective: how long its IT may be down.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rto_seconds: Option<i64>,
    /// Recovery point objective: how much work may be lost, as time.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rpo_seconds: Option<i64>,
    /// Maximum tolerable period of disruption. Recovery and work recovery should fit in (rto + wrt ≤ mtpd); where they do not, that is the
    /// gap `objectives_inconsistent`.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub mtpd_seconds: Option<i64>,
    /// Work recovery time: from "technically up" to "business running".
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub wrt_seconds: Option<i64>,
    /// Minimum business continuity objective: what must still be done at least.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub minimum_service_level: Option<String>,
    #[serde(default)]
    pub criticality: Criticality,
    #[serde(default)]
    pub status: ProcessStatus,
    /// The day on which these figures are to be looked at again.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub review_due: Option<Date>,
}

const TIER: &[Kind] = &[Kind::RecoveryTier];

impl BusinessProcess {
    /// Where its objectives contradict each other: recovery and work recovery end after the disruption has become intolerable
    /// (rto + wrt > mtpd; ISO 22301, 8.2.2). An absent work recovery time counts as none.
    pub fn contradictions(&self) -> Faults {
        let mut faults = Faults::default();
        if let Some((rto, mtpd)) = self.rto_seconds.zip(self.mtpd_seconds) {
            let wrt = self.wrt_seconds.unwrap_or(0);
            if rto + wrt > mtpd {
                let detail = format!("rto_seconds {rto} + wrt_seconds {wrt} is more than mtpd_seconds {mtpd}");
                faults.add("/mtpd_seconds", "inconsistent", detail);
            }
        }
        faults
    }
}

impl Resource for BusinessProcess {
    const KIND: Kind = Kind::BusinessProcess;
    const TABLE: &'static str = "business_processes";
    const SCHEMA: &'static str = "BusinessProcess";
    const RIGHTS: Rights = Rights::new(EVERYBODY, &[SCM, OWN, INT, ADM]);
    const AFFECTS_OBJECTIVES: bool = true;
    const DEPENDENT: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("owner", "business_processes.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("vital", "business_processes.vital", "", FieldType::Boolean),
        field("parent", "business_processes.parent_id", "", FieldType::Link(&[Kind::BusinessProcess])),
        field("recovery_tier", "business_processes.recovery_tier_id", "", FieldType::Link(TIER)),
        field("rto_seconds", "business_processes.rto_seconds", "", FieldType::Integer),
        field("rpo_seconds", "business_processes.rpo_seconds", "", FieldType::Integer),
        field("mtpd_seconds", "business_processes.mtpd_seconds", "", FieldType::Integer),
        field("wrt_seconds", "business_processes.wrt_seconds", "", FieldType::Integer),
        field("criticality", "business_processes.criticality", "", FieldType::Word(enum_values::<Criticality>)),
        field("status", "business_processes.status", "", FieldType::Word(enum_values::<ProcessStatus>)),
        field("review_due", "business_processes.review_due", "", FieldType::Date),
    ];

    fn is_live(&self) -> bool {
        self.status == ProcessStatus::Active
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let owner = Slot::of("owner", &[Kind::Contact], &mut self.owner);
        let parent = Slot::of("parent", &[Kind::BusinessProcess], &mut self.parent);
        owner.into_iter().chain(parent).chain(Slot::of("recovery_tier", TIER, &mut self.recovery_tier)).collect()
    }
    fn recovery_tier(&self) -> Option<Id> {
        self.recovery_tier.as_ref().and_then(Link::id)
    }
    fn objectives(&self) -> Objectives {
        Objectives { rto: self.rto_seconds, rpo: self.rpo_seconds, mtpd: self.mtpd_seconds }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "PAY-STAFF", "name": "Pay staff", "vital": true, "criticality": "highly_critical", "status": "active",
            "rto_seconds": 14400, "rpo_seconds": 900, "wrt_seconds": 7200, "mtpd_seconds": 86400,
            "minimum_service_level": "Advance payments by bank file", "review_due": "2027-06-30"
        })
    }
}
