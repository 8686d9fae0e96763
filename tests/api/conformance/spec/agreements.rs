//! The collection of what is committed, by whom and to whom.

use super::risks::{day, list};
use super::{
    ANYTHING, ATTRIBUTES, DESCRIPTION, EXTERNAL_REFS, Field, ICT, Is, KEY, NAME, NULL, STAFF_READS, Spec, Start, TAGS, choice,
    reference, seconds,
};
use crate::conformance::World;
use serde_json::{Map, Value, json};

/// A contract is with a supplier.
fn with_supplier(world: &World, draft: &mut Map<String, Value>, _meant: &str) {
    if draft.get("kind") == Some(&json!("underpinning_contract")) && !draft.contains_key("supplier") {
        draft.insert("supplier".into(), world.make("suppliers")["id"].clone());
    }
}

pub static SPECS: &[Spec] = &[Spec {
    path: "agreements",
    kind: "agreement",
    label: "name",
    prefix: "AGR",
    shared: false,
    can: ANYTHING,
    access: STAFF_READS.written_by(&[ICT]),
    first_move: None,
    shape: Some(with_supplier),
    owned: &[],
    derived: &[("state", Start::Json("\"in_force\"")), ("notice_by", NULL)],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", Is::Choice(&["sla", "ola", "underpinning_contract"])).required(),
        reference("supplier", &["suppliers"]),
        reference("provider", &["contacts"]),
        reference("customer", &["contacts"]),
        list("services", "services", 200, "service"),
        list("components", "components", 200, "component"),
        seconds("rto_seconds", 3600),
        seconds("rpo_seconds", 600),
        Field::new("availability_percent", Is::Rate(100)),
        Field::new("support_hours", Is::Text(200)),
        Field::new("valid_from", Is::DayOf(2026)).filters(),
        Field::new("valid_to", Is::DayOf(2999)).filters(),
        Field::new("notice_period_days", Is::Whole(0, 3660)),
        day("review_due"),
        Field::new("contract_contact", Is::Reference(&["contacts"])),
        Field::new("complaint_contact", Is::Reference(&["contacts"])),
        Field::new("escalation_contact", Is::Reference(&["contacts"])),
        Field::new("service_review_contact", Is::Reference(&["contacts"])),
        Field::new("emergency_contact", Is::Reference(&["contacts"])),
    ],
}];
