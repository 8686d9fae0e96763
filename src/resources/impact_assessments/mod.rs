//! What the interruption of a business process does, as time goes by (business impact analysis, ISO 22317).
mod lifecycle;
pub mod store;

use crate::model::lifecycle::{STATUS_FIELDS, keep_status};
use crate::model::roles::{ADM, INT, OWN, SCM, STAFF};
use crate::model::{
    Action, Date, Faults, Field, FieldType, Kind, Link, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::string_enum;
pub use lifecycle::{ImpactFacts, ImpactTerms};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What kind of harm an interruption does.
    pub enum ImpactCategory {
        Financial = "financial",
        Operational = "operational",
        Reputational = "reputational",
        Legal = "legal",
        Regulatory = "regulatory",
        HealthSafety = "health_safety",
        Workforce = "workforce",
        Customer = "customer",
    }
}

string_enum! {
    /// Where an assessment stands; one of a process is approved at most.
    pub enum ImpactStatus {
        Draft = "draft",
        InReview = "in_review",
        Approved = "approved",
        Superseded = "superseded",
    }
}

/// How bad it is after so long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImpactRating {
    pub category: ImpactCategory,
    /// How long the interruption has lasted.
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub after_seconds: i64,
    /// 0 is none, 4 the worst.
    #[schema(minimum = 0, maximum = 4)]
    pub level: i64,
    /// What it has cost by then, such as `12.50`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, pattern = "^[0-9]{1,15}([.][0-9]{1,4})?$")]
    pub amount: Option<String>,
    /// ISO 4217; stands with the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub rationale: Option<String>,
}

/// A business impact analysis of one business process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImpactAssessment {
    pub business_process: Link,
    #[schema(value_type = String, format = Date)]
    pub assessed_on: Date,
    /// Who assessed it.
    #[serde(default)]
    pub assessor: Option<Link>,
    /// The harm done by category and time.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub ratings: Vec<ImpactRating>,
    /// When an interruption hurts most.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub peak_periods: Option<String>,
    /// How people get along without it, and for how long.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub manual_workaround: Option<String>,
    /// The recovery time objective it concludes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rto_seconds: Option<i64>,
    /// The recovery point objective it concludes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub rpo_seconds: Option<i64>,
    /// The work recovery time it concludes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub wrt_seconds: Option<i64>,
    #[serde(default)]
    pub status: ImpactStatus,
    /// The comment of the move to the status.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
}

/// What follows from the ratings and the organisation's intolerable level.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ImpactDerived {
    /// The maximum tolerable period of disruption: the earliest time at which any category reaches the organisation's
    /// intolerable level; null while none does.
    #[schema(maximum = 3153600000i64)]
    pub derived_mtpd_seconds: Option<i64>,
}

impl ImpactAssessment {
    /// The earliest time at which any category is intolerable.
    pub fn mtpd(&self, intolerable_level: i64) -> Option<i64> {
        self.ratings.iter().filter(|one| one.level >= intolerable_level).map(|one| one.after_seconds).min()
    }
}

impl Resource for ImpactAssessment {
    const KIND: Kind = Kind::ImpactAssessment;
    const TABLE: &'static str = "impact_assessments";
    const SCHEMA: &'static str = "ImpactAssessment";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, OWN, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]);
    const NAME_REQUIRED: bool = false;
    const READ_ONLY: &'static [&'static str] = STATUS_FIELDS;
    type Derived = ImpactDerived;
    const FIELDS: &'static [Field] = &[
        field("business_process", "impact_assessments.business_process_id", "", FieldType::Link(&[Kind::BusinessProcess])),
        field("status", "impact_assessments.status", "", FieldType::Word(enum_values::<ImpactStatus>)),
        field("assessor", "impact_assessments.assessor_id", "", FieldType::Link(&[Kind::Contact])),
        field("assessed_on", "impact_assessments.assessed_on", "", FieldType::Date),
    ];

    fn is_derived(field: &str) -> bool {
        field == "derived_mtpd_seconds"
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let kinds = &[Kind::BusinessProcess];
        let process = Slot { pointer: "/business_process".into(), kinds, link: &mut self.business_process };
        [process].into_iter().chain(Slot::of("assessor", &[Kind::Contact], &mut self.assessor)).collect()
    }
    fn check(&self, faults: &mut Faults) {
        for (index, one) in self.ratings.iter().enumerate() {
            if one.amount.is_some() != one.currency.is_some() {
                faults.add(format!("/ratings/{index}/currency"), "inconsistent", "amount and currency stand together");
            }
            let same = |other: &&ImpactRating| other.category == one.category && other.after_seconds == one.after_seconds;
            if self.ratings[..index].iter().any(|other| same(&other)) {
                faults.add(format!("/ratings/{index}"), "duplicate", "the category is rated for this time already");
            }
            let falls = |other: &ImpactRating| {
                other.category == one.category && other.after_seconds < one.after_seconds && other.level > one.level
            };
            if self.ratings.iter().any(falls) {
                let detail = "an interruption does not get better by lasting: an earlier time has a higher level";
                faults.add(format!("/ratings/{index}/level"), "inconsistent", detail);
            }
        }
    }
    fn fill_server_fields(self, input: &VersionInput<'_, ImpactAssessment>) -> ImpactAssessment {
        keep_status(self, input)
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "BIA-PAYROLL", "business_process": "key:PAYROLL", "assessed_on": "2026-11-10", "assessor": "key:ana",
            "ratings": [
                {"category": "workforce", "after_seconds": 86400, "level": 2},
                {"category": "workforce", "after_seconds": 259200, "level": 3, "rationale": "Wages are late"},
                {"category": "financial", "after_seconds": 259200, "level": 2, "amount": "40000.00", "currency": "EUR"}
            ],
            "peak_periods": "The last five working days of a month", "manual_workaround": "Advance payments by hand, two days",
            "rto_seconds": 172800, "rpo_seconds": 86400, "wrt_seconds": 14400
        })
    }
}
