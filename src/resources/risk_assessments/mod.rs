//! Dated ratings of risks, which only ever become more.
pub mod store;

use crate::model::roles::{ADM, INT, SCM, STAFF};
use crate::model::{Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, Timestamp, VersionInput, field};
use serde::{Deserialize, Serialize};

/// How likely and how bad a risk was found to be on a day. An assessment never changes and is never deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskAssessment {
    pub risk: Link,
    /// A level of the organisation's risk matrix, the lowest is 1.
    #[schema(minimum = 1, maximum = 7)]
    pub likelihood: i64,
    /// A level of the organisation's risk matrix, the lowest is 1.
    #[schema(minimum = 1, maximum = 7)]
    pub impact: i64,
    /// Now when left out; never in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub assessed_at: Option<Timestamp>,
    /// Who assessed it.
    #[serde(default)]
    pub assessor: Option<Link>,
    /// Why it was rated so.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub rationale: Option<String>,
}

impl Resource for RiskAssessment {
    const KIND: Kind = Kind::RiskAssessment;
    const TABLE: &'static str = "risk_assessments";
    const SCHEMA: &'static str = "RiskAssessment";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, INT, ADM]);
    const NAME_REQUIRED: bool = false;
    const CLIENTS_UPDATE: bool = false;
    const CLIENTS_DELETE: bool = false;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("risk", "risk_assessments.risk_id", "", FieldType::Link(&[Kind::Risk])),
        field("likelihood", "risk_assessments.likelihood", "", FieldType::Integer),
        field("impact", "risk_assessments.impact", "", FieldType::Integer),
        field("assessed_at", "risk_assessments.assessed_at", "", FieldType::Time),
        field("assessor", "risk_assessments.assessor_id", "", FieldType::Link(&[Kind::Contact])),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        let risk = Slot { pointer: "/risk".into(), kinds: &[Kind::Risk], link: &mut self.risk };
        [risk].into_iter().chain(Slot::of("assessor", &[Kind::Contact], &mut self.assessor)).collect()
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, RiskAssessment>) -> RiskAssessment {
        let before = input.old.and_then(|old| old.assessed_at);
        self.assessed_at = self.assessed_at.or(before).or(Some(input.now));
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "risk": "key:RSK-FLOOD-NORTH", "likelihood": 3, "impact": 4, "assessed_at": "2026-11-20T09:00:00Z",
            "assessor": "key:ana", "rationale": "Two high waters in five years came within 40 cm of the sill."
        })
    }
}
