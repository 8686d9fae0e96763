//! Continuity plans: what is done when services are lost. Their content stands in their versions.
pub mod store;

use crate::model::roles::{ADM, INT, OWN, SCM, STAFF};
use crate::model::{
    Condition, Date, Faults, Field, FieldType, FieldValue, Filter, Kind, Link, Operator, RenderedReference, Resource, Rights,
    Slot, enum_values, field,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// What a plan is for.
    pub enum PlanKind {
        ItServiceContinuity = "it_service_continuity",
        DisasterRecovery = "disaster_recovery",
        Crisis = "crisis",
        Communication = "communication",
        EmergencyResponse = "emergency_response",
        SupplierExit = "supplier_exit",
    }
}

string_enum! {
    /// What has happened when a plan is needed.
    pub enum LossScenario {
        CyberAttack = "cyber_attack",
        PremisesLoss = "premises_loss",
        InfrastructureFailure = "infrastructure_failure",
        PowerOutage = "power_outage",
        StaffUnavailable = "staff_unavailable",
        SupplierFailure = "supplier_failure",
        NaturalDisaster = "natural_disaster",
        HumanError = "human_error",
        Insider = "insider",
        Pandemic = "pandemic",
        SwitchoverFailure = "switchover_failure",
    }
}

/// Faults for scenarios that stand in their list twice.
pub fn each_once(scenarios: &[LossScenario], faults: &mut Faults) {
    for (index, scenario) in scenarios.iter().enumerate() {
        if scenarios[..index].contains(scenario) {
            faults.add(format!("/scenarios/{index}"), "duplicate", "the scenario stands there twice");
        }
    }
}

/// A continuity plan. What it says stands in its versions, of which one at most is active.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Plan {
    pub kind: PlanKind,
    /// The services it brings back.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The business processes it protects.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub business_processes: Vec<Link>,
    /// The losses it is meant for.
    #[serde(default)]
    #[schema(max_items = 11)]
    pub scenarios: Vec<LossScenario>,
    /// Who answers for it.
    #[serde(default)]
    pub owner: Option<Link>,
    /// The plan it is a part of.
    #[serde(default)]
    pub parent: Option<Link>,
    /// Plans to be looked at beside it.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub related: Vec<Link>,
    /// Where services are brought back when their own site is lost.
    #[serde(default)]
    pub recovery_site: Option<Link>,
    /// After how many months it is reviewed again.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 120)]
    pub review_cycle_months: Option<i64>,
    /// The day by which it is to be reviewed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub review_due: Option<Date>,
}

/// What follows from its versions and the date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PlanDerived {
    /// The version in force; null while none is.
    #[schema(value_type = Option<crate::model::Reference>)]
    pub active_version: Option<RenderedReference>,
    /// Its number.
    #[schema(minimum = 1)]
    pub active_number: Option<i64>,
    /// Whether it should have been reviewed by now.
    pub review_overdue: bool,
}

const REVIEW_DUE: Field = field("review_due", "plans.review_due", "", FieldType::Date);

fn overdue(word: &str) -> Condition {
    let when = |operator, values| Condition::Compare { field: &REVIEW_DUE, operator, values };
    if word == "true" {
        return when(Operator::Less, vec![FieldValue::Today]);
    }
    let never = when(Operator::Equal, vec![FieldValue::Null]);
    Condition::Any(vec![when(Operator::AtLeast, vec![FieldValue::Today]), never])
}

impl Resource for Plan {
    const KIND: Kind = Kind::Plan;
    const TABLE: &'static str = "plans";
    const SCHEMA: &'static str = "Plan";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, OWN, INT, ADM]);
    const LABEL: &'static str = "title";
    const LINK_LISTS: &'static [&'static str] = &["services", "business_processes", "related"];
    type Derived = PlanDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "plans.kind", "", FieldType::Word(enum_values::<PlanKind>)),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("business_process", "", "", FieldType::Listed(&[Kind::BusinessProcess], "business_processes")),
        field("owner", "plans.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("parent", "plans.parent_id", "", FieldType::Link(&[Kind::Plan])),
        field("recovery_site", "plans.recovery_site_id", "", FieldType::Link(&[Kind::Site])),
        REVIEW_DUE,
    ];
    const FILTERS: &'static [Filter] = &[Filter {
        name: "review_overdue",
        words: &["true", "false"],
        description: "Whether it should have been reviewed by now.",
        meaning: overdue,
    }];

    fn is_derived(field: &str) -> bool {
        matches!(field, "active_version" | "active_number" | "review_overdue")
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("services", &[Kind::Service], &mut self.services)
            .chain(Slot::list("business_processes", &[Kind::BusinessProcess], &mut self.business_processes))
            .chain(Slot::list("related", &[Kind::Plan], &mut self.related))
            .chain(Slot::of("owner", &[Kind::Contact], &mut self.owner))
            .chain(Slot::of("parent", &[Kind::Plan], &mut self.parent))
            .chain(Slot::of("recovery_site", &[Kind::Site], &mut self.recovery_site))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        each_once(&self.scenarios, faults);
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "PLN-SAN-NORTH", "title": "Loss of the storage array in server room north", "kind": "disaster_recovery",
            "services": ["key:PAYROLL-APP"], "business_processes": ["key:PAYROLL"],
            "scenarios": ["natural_disaster", "infrastructure_failure"], "owner": "key:ana", "review_cycle_months": 12,
            "review_due": "2027-05-31"
        })
    }
}
