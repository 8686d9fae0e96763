//! What may happen to what the organisation needs, how likely and how bad.
mod lifecycle;
pub mod store;

use crate::model::lifecycle::keep_status;
use crate::model::roles::{ADM, INT, OWN, SCM, STAFF};
use crate::model::{
    Action, Condition, Date, Faults, Field, FieldType, FieldValue, Kind, Link, Money, Operator, Reference, RenderedReference,
    Timestamp,
};
use crate::model::{Filter, Resource, Rights, Slot, VersionInput, enum_values, field, is_past};
use crate::resources::risk_matrix::{Rating, RiskClass, RiskMatrix};
use crate::string_enum;
pub use lifecycle::{RiskFacts, RiskTerms};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What is done about a risk (ISO 31000).
    pub enum Treatment {
        Open = "open",
        Reduce = "reduce",
        Avoid = "avoid",
        Transfer = "transfer",
        Accept = "accept",
    }
}

string_enum! {
    /// Where a risk stands in its life.
    pub enum RiskStatus {
        Identified = "identified",
        Assessed = "assessed",
        InTreatment = "in_treatment",
        Monitored = "monitored",
        Accepted = "accepted",
        Closed = "closed",
    }
}

string_enum! {
    /// Whether somebody bears the risk as it is: nobody does, for now, or no longer.
    pub enum Acceptance {
        None = "none",
        Valid = "valid",
        Expired = "expired",
    }
}

/// A risk to the continuity of services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Risk {
    /// The day it was found; the day of its creation when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub identified_on: Option<Date>,
    #[serde(default)]
    pub threat: Option<Link>,
    #[serde(default)]
    #[schema(max_items = 50)]
    pub vulnerabilities: Vec<Link>,
    /// The business processes it affects directly.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub business_processes: Vec<Link>,
    /// The services it affects directly.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components it affects directly.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    /// Who answers for the risk.
    #[serde(default)]
    pub owner: Option<Link>,
    #[serde(default)]
    pub treatment: Treatment,
    /// Without any measures.
    #[serde(default)]
    #[schema(nullable)]
    pub inherent: Option<Rating>,
    /// What treatment is to achieve.
    #[serde(default)]
    #[schema(nullable)]
    pub target: Option<Rating>,
    /// How often a year it is expected to happen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub yearly_rate: Option<f64>,
    /// What it costs each time.
    #[serde(default)]
    #[schema(nullable)]
    pub single_loss: Option<Money>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub review_due: Option<Date>,
    /// The newest assessment.
    #[serde(default)]
    #[schema(nullable)]
    pub current: Option<Rating>,
    /// When it was last assessed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub assessed_at: Option<Timestamp>,
    #[serde(default)]
    pub status: RiskStatus,
    /// The comment of the move to the status; for an accepted risk the reason.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub status_reason: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    pub status_changed_at: Timestamp,
    /// Who accepted it as it is.
    #[serde(default)]
    pub approver: Option<Link>,
    /// The last day on which the acceptance holds.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub accepted_until: Option<Date>,
}

/// What follows from a risk's fields, the matrix, the mappings and the date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RiskDerived {
    /// Likelihood times impact of the current rating.
    #[schema(maximum = 49)]
    pub score: Option<i64>,
    /// The class of the current rating.
    #[schema(nullable)]
    pub class: Option<RiskClass>,
    /// The class without any measures.
    #[schema(nullable)]
    pub inherent_class: Option<RiskClass>,
    /// The class that treatment is to achieve.
    #[schema(nullable)]
    pub target_class: Option<RiskClass>,
    /// Whether the current class is above what the organisation bears.
    pub above_appetite: bool,
    /// The business processes that are down or degraded when all it affects is lost; redundancy is respected.
    #[schema(max_items = 10000, value_type = Vec<Reference>)]
    pub exposed_processes: Vec<RenderedReference>,
    pub acceptance: Acceptance,
    /// Whether a review is due and the risk not closed.
    pub overdue: bool,
    /// `yearly_rate` times `single_loss` (annual loss expectancy).
    #[schema(nullable)]
    pub annual_loss_expectancy: Option<Money>,
}

const VULNERABILITIES: &[Kind] = &[Kind::Vulnerability];
const PROCESSES: &[Kind] = &[Kind::BusinessProcess];
const SERVICES: &[Kind] = &[Kind::Service];
const COMPONENTS: &[Kind] = &[Kind::Component];

/// The lists of what a risk affects.
pub const AFFECTED: &[&str] = &["business_processes", "services", "components"];

const STATUS: Field = field("status", "risks.status", "", FieldType::Word(enum_values::<RiskStatus>));
const ACCEPTED_UNTIL: Field = field("accepted_until", "risks.accepted_until", "", FieldType::Date);
const REVIEW_DUE: Field = field("review_due", "risks.review_due", "", FieldType::Date);

fn when(field: &'static Field, operator: Operator, value: FieldValue) -> Condition {
    Condition::Compare { field, operator, values: vec![value] }
}

fn acceptance(word: &str) -> Condition {
    let accepted = |operator| when(&STATUS, operator, FieldValue::Text("accepted".into()));
    match word {
        "none" => accepted(Operator::NotEqual),
        "valid" => Condition::All(vec![accepted(Operator::Equal), when(&ACCEPTED_UNTIL, Operator::AtLeast, FieldValue::Today)]),
        _ => Condition::All(vec![accepted(Operator::Equal), when(&ACCEPTED_UNTIL, Operator::Less, FieldValue::Today)]),
    }
}

fn overdue(word: &str) -> Condition {
    crate::model::overdue(word, &STATUS, &["closed"], &REVIEW_DUE)
}

impl Resource for Risk {
    const KIND: Kind = Kind::Risk;
    const TABLE: &'static str = "risks";
    const SCHEMA: &'static str = "Risk";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, INT, ADM]).decide(Action::Accept, &[SCM, OWN, ADM]);
    const LABEL: &'static str = "title";
    const READ_ONLY: &'static [&'static str] =
        &["current", "assessed_at", "status", "status_reason", "status_changed_at", "approver", "accepted_until"];
    const LINK_LISTS: &'static [&'static str] = &["vulnerabilities", "business_processes", "services", "components"];
    const SLOW_DERIVED: bool = true;
    type Derived = RiskDerived;
    const FIELDS: &'static [Field] = &[
        STATUS,
        field("treatment", "risks.treatment", "", FieldType::Word(enum_values::<Treatment>)),
        field("class", "risks.class", "", FieldType::Word(enum_values::<RiskClass>)),
        field("score", "risks.score", "coalesce(risks.score, -1)", FieldType::Score),
        field("current.likelihood", "risks.current_likelihood", "", FieldType::Integer),
        field("current.impact", "risks.current_impact", "", FieldType::Integer),
        field("inherent.likelihood", "risks.inherent_likelihood", "", FieldType::Integer),
        field("inherent.impact", "risks.inherent_impact", "", FieldType::Integer),
        field("target.likelihood", "risks.target_likelihood", "", FieldType::Integer),
        field("target.impact", "risks.target_impact", "", FieldType::Integer),
        field("threat", "risks.threat_id", "", FieldType::Link(&[Kind::Threat])),
        field("owner", "risks.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("approver", "risks.approver_id", "", FieldType::Link(&[Kind::Contact])),
        field("vulnerability", "", "", FieldType::Listed(VULNERABILITIES, "vulnerabilities")),
        field("business_process", "", "", FieldType::Listed(PROCESSES, "business_processes")),
        field("service", "", "", FieldType::Listed(SERVICES, "services")),
        field("component", "", "", FieldType::Listed(COMPONENTS, "components")),
        field("exposes", "", "", FieldType::Exposed),
        field("identified_on", "risks.identified_on", "", FieldType::Date),
        field("assessed_at", "risks.assessed_at", "", FieldType::Time),
        REVIEW_DUE,
        ACCEPTED_UNTIL,
    ];
    const FILTERS: &'static [Filter] = &[
        Filter {
            name: "acceptance",
            words: &["none", "valid", "expired"],
            description: "Whether somebody bears the risk as it is, today.",
            meaning: acceptance,
        },
        Filter {
            name: "overdue",
            words: &["true", "false"],
            description: "Whether a review is due and the risk not closed.",
            meaning: overdue,
        },
    ];

    fn is_derived(field: &str) -> bool {
        matches!(
            field,
            "score"
                | "class"
                | "inherent_class"
                | "target_class"
                | "above_appetite"
                | "exposed_processes"
                | "acceptance"
                | "overdue"
                | "annual_loss_expectancy"
        )
    }

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::of("threat", &[Kind::Threat], &mut self.threat)
            .into_iter()
            .chain(Slot::list("vulnerabilities", VULNERABILITIES, &mut self.vulnerabilities))
            .chain(Slot::list("business_processes", PROCESSES, &mut self.business_processes))
            .chain(Slot::list("services", SERVICES, &mut self.services))
            .chain(Slot::list("components", COMPONENTS, &mut self.components))
            .chain(Slot::of("owner", &[Kind::Contact], &mut self.owner))
            .chain(Slot::of("approver", &[Kind::Contact], &mut self.approver))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.single_loss.is_some() != self.yearly_rate.is_some() {
            let detail = "yearly_rate and single_loss stand together: their product is the annual loss expectancy";
            faults.add(if self.single_loss.is_some() { "/yearly_rate" } else { "/single_loss" }, "inconsistent", detail);
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Risk>) -> Risk {
        let day = || Date::parse(&input.now.day());
        self = keep_status(self, input);
        match input.old.cloned() {
            Some(old) => {
                self.identified_on = self.identified_on.or(old.identified_on);
                self.current = old.current;
                self.assessed_at = old.assessed_at;
                self.approver = old.approver;
                self.accepted_until = old.accepted_until;
            }
            None => self.identified_on = self.identified_on.or_else(day),
        }
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "RSK-FLOOD-NORTH", "title": "Harbour flood reaches server room north", "identified_on": "2026-11-22",
            "threat": "key:FLOOD", "vulnerabilities": ["key:LOW-SILL"], "components": ["key:SAN-N"], "owner": "key:ana",
            "treatment": "reduce", "inherent": {"likelihood": 3, "impact": 5}, "target": {"likelihood": 2, "impact": 2},
            "yearly_rate": 0.05, "single_loss": {"amount": "250000.00", "currency": "EUR"}, "review_due": "2027-05-31"
        })
    }
}

impl Risk {
    /// What follows from the fields, with the matrix, the processes exposed and the day.
    pub fn derived(&self, matrix: &RiskMatrix, exposed_processes: Vec<RenderedReference>, today: &str) -> RiskDerived {
        let class = self.current.and_then(|rating| matrix.class(rating));
        let acceptance = match self.status {
            RiskStatus::Accepted if is_past(self.accepted_until, today) => Acceptance::Expired,
            RiskStatus::Accepted => Acceptance::Valid,
            _ => Acceptance::None,
        };
        RiskDerived {
            score: self.current.map(Rating::score),
            class,
            inherent_class: self.inherent.and_then(|rating| matrix.class(rating)),
            target_class: self.target.and_then(|rating| matrix.class(rating)),
            above_appetite: class.is_some_and(|class| matrix.is_above_appetite(class)),
            exposed_processes,
            acceptance,
            overdue: self.status != RiskStatus::Closed && is_past(self.review_due, today),
            annual_loss_expectancy: self.single_loss.as_ref().zip(self.yearly_rate).and_then(|(loss, rate)| loss.times(rate)),
        }
    }
}
