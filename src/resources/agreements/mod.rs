//! Agreements: what is committed to customers, within the organisation and by suppliers (ITIL: SLA, OLA, underpinning
//! contract).
pub mod store;

use crate::model::roles::{ADM, ICT, INT, SCM, STAFF};
use crate::model::{
    Condition, Date, Faults, Field, FieldType, FieldValue, Filter, Kind, Link, Operator, Resource, Rights, Slot, enum_values,
    field, is_past,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Between whom an agreement is: with customers, within the organisation, or with a supplier.
    pub enum AgreementKind {
        Sla = "sla",
        Ola = "ola",
        UnderpinningContract = "underpinning_contract",
    }
}

string_enum! {
    /// Whether an agreement holds today.
    pub enum AgreementState {
        InForce = "in_force",
        Upcoming = "upcoming",
        Expired = "expired",
    }
}

/// Something that is committed: how soon a service or component is back, how much data may be lost, and until when the
/// commitment holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Agreement {
    pub kind: AgreementKind,
    /// Who delivers, where that is a supplier; an underpinning contract has one.
    #[serde(default)]
    pub supplier: Option<Link>,
    /// The team of the organisation that delivers, or answers for what the supplier delivers.
    #[serde(default)]
    pub provider: Option<Link>,
    /// To whom it is delivered.
    #[serde(default)]
    pub customer: Option<Link>,
    /// The services it covers.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub services: Vec<Link>,
    /// The components it covers.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub components: Vec<Link>,
    /// Within how many seconds what it covers is committed to be back.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000_i64)]
    pub rto_seconds: Option<i64>,
    /// Of how many seconds data may be lost at most, as committed.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000_i64)]
    pub rpo_seconds: Option<i64>,
    /// The committed availability, in percent of the support hours.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub availability_percent: Option<f64>,
    /// When somebody works on it.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub support_hours: Option<String>,
    /// The first day on which it holds; since ever when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_from: Option<Date>,
    /// The last day on which it holds; until further notice when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_to: Option<Date>,
    /// How many days before its end notice is to be given.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3660)]
    pub notice_period_days: Option<i64>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub review_due: Option<Date>,
    /// Whom to ask about the contract.
    #[serde(default)]
    pub contract_contact: Option<Link>,
    /// Who takes complaints.
    #[serde(default)]
    pub complaint_contact: Option<Link>,
    /// Whom to call when it does not get on.
    #[serde(default)]
    pub escalation_contact: Option<Link>,
    /// With whom the service is reviewed.
    #[serde(default)]
    pub service_review_contact: Option<Link>,
    /// Whom to call in an emergency.
    #[serde(default)]
    pub emergency_contact: Option<Link>,
}

/// What follows from the date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AgreementDerived {
    pub state: AgreementState,
    /// The last day on which notice can be given.
    #[schema(value_type = Option<String>, format = Date)]
    pub notice_by: Option<Date>,
}

impl Agreement {
    /// How it stands on a day.
    pub fn state(&self, today: &str) -> AgreementState {
        if is_past(self.valid_to, today) {
            AgreementState::Expired
        } else if self.valid_from.is_some_and(|from| from.to_string().as_str() > today) {
            AgreementState::Upcoming
        } else {
            AgreementState::InForce
        }
    }
    /// The services and components it covers.
    pub fn covers(&self) -> impl Iterator<Item = crate::model::Id> + '_ {
        self.services.iter().chain(&self.components).filter_map(Link::id)
    }
    fn derived(&self, today: &str) -> AgreementDerived {
        let notice_by = self.valid_to.zip(self.notice_period_days).and_then(|(to, days)| to.after_days(-days));
        AgreementDerived { state: self.state(today), notice_by }
    }
}

const VALID_FROM: Field = field("valid_from", "agreements.valid_from", "", FieldType::Date);
const VALID_TO: Field = field("valid_to", "agreements.valid_to", "", FieldType::Date);
const CONTACT: &[Kind] = &[Kind::Contact];

fn state(word: &str) -> Condition {
    let when = |field, operator, value| Condition::Compare { field, operator, values: vec![value] };
    let expired = || when(&VALID_TO, Operator::Less, FieldValue::Today);
    let lasting = || {
        let later = when(&VALID_TO, Operator::AtLeast, FieldValue::Today);
        Condition::Any(vec![later, when(&VALID_TO, Operator::Equal, FieldValue::Null)])
    };
    let begun = || {
        let before = when(&VALID_FROM, Operator::AtMost, FieldValue::Today);
        Condition::Any(vec![before, when(&VALID_FROM, Operator::Equal, FieldValue::Null)])
    };
    match word {
        "expired" => expired(),
        "upcoming" => Condition::All(vec![when(&VALID_FROM, Operator::Greater, FieldValue::Today), lasting()]),
        _ => Condition::All(vec![begun(), lasting()]),
    }
}

impl Resource for Agreement {
    const KIND: Kind = Kind::Agreement;
    const TABLE: &'static str = "agreements";
    const SCHEMA: &'static str = "Agreement";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, ICT, INT, ADM]);
    const LINK_LISTS: &'static [&'static str] = &["services", "components"];
    type Derived = AgreementDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "agreements.kind", "", FieldType::Word(enum_values::<AgreementKind>)),
        field("supplier", "agreements.supplier_id", "", FieldType::Link(&[Kind::Supplier])),
        field("provider", "agreements.provider_id", "", FieldType::Link(CONTACT)),
        field("customer", "agreements.customer_id", "", FieldType::Link(CONTACT)),
        field("service", "", "", FieldType::Listed(&[Kind::Service], "services")),
        field("component", "", "", FieldType::Listed(&[Kind::Component], "components")),
        field("rto_seconds", "agreements.rto_seconds", "", FieldType::Integer),
        field("rpo_seconds", "agreements.rpo_seconds", "", FieldType::Integer),
        VALID_FROM,
        VALID_TO,
        field("review_due", "agreements.review_due", "", FieldType::Date),
    ];
    const FILTERS: &'static [Filter] = &[Filter {
        name: "state",
        words: &["in_force", "upcoming", "expired"],
        description: "Whether the agreement holds today.",
        meaning: state,
    }];

    fn is_derived(field: &str) -> bool {
        matches!(field, "state" | "notice_by")
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("services", &[Kind::Service], &mut self.services)
            .chain(Slot::list("components", &[Kind::Component], &mut self.components))
            .chain(Slot::of("supplier", &[Kind::Supplier], &mut self.supplier))
            .chain(Slot::of("provider", CONTACT, &mut self.provider))
            .chain(Slot::of("customer", CONTACT, &mut self.customer))
            .chain(Slot::of("contract_contact", CONTACT, &mut self.contract_contact))
            .chain(Slot::of("complaint_contact", CONTACT, &mut self.complaint_contact))
            .chain(Slot::of("escalation_contact", CONTACT, &mut self.escalation_contact))
            .chain(Slot::of("service_review_contact", CONTACT, &mut self.service_review_contact))
            .chain(Slot::of("emergency_contact", CONTACT, &mut self.emergency_contact))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.kind == AgreementKind::UnderpinningContract && self.supplier.is_none() {
            faults.add("/supplier", "required", "an underpinning contract is with a supplier: say which");
        }
        if self.valid_from.zip(self.valid_to).is_some_and(|(from, to)| to < from) {
            faults.add("/valid_to", "inconsistent", "an agreement does not end before it begins");
        }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "UC-NORDNET", "name": "Lines of the harbour office", "kind": "underpinning_contract",
            "supplier": "key:NORDNET", "components": ["key:WAN-1"], "rto_seconds": 14400, "availability_percent": 99.5,
            "support_hours": "24x7", "valid_from": "2026-01-01", "valid_to": "2027-12-31", "notice_period_days": 90,
            "emergency_contact": "key:ana"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_holds_from_its_first_day_to_its_last_and_notice_is_given_before() {
        let mut one: Agreement = serde_json::from_value(serde_json::json!({"kind": "sla"})).unwrap();
        assert_eq!(one.state("2026-11-22"), AgreementState::InForce);
        one.valid_from = Date::parse("2026-11-22");
        one.valid_to = Date::parse("2026-11-23");
        one.notice_period_days = Some(30);
        let states = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"].map(|day| one.state(day));
        let [before, first, last, after] = states;
        assert_eq!((before, after), (AgreementState::Upcoming, AgreementState::Expired));
        assert_eq!((first, last), (AgreementState::InForce, AgreementState::InForce));
        assert_eq!(one.derived("2026-11-22").notice_by, Date::parse("2026-10-24"));
    }
}
