//! Who delivers what we depend on.
pub mod store;

use crate::model::roles::{ADM, ICT, INT, SCM, STAFF};
use crate::model::{Faults, Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whether the supplier belongs to the organisation.
    pub enum SupplierKind {
        External = "external",
        Internal = "internal",
    }
}

string_enum! {
    /// How hard it would be to do without.
    pub enum Substitutability {
        Easy = "easy",
        Medium = "medium",
        Difficult = "difficult",
        Impossible = "impossible",
    }
}

/// A supplier, internal or external.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Supplier {
    #[serde(default)]
    pub kind: SupplierKind,
    /// Whom to call there.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub contacts: Vec<Link>,
    #[serde(default)]
    pub substitutability: Option<Substitutability>,
    /// Where the exit plan is found.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub exit_plan: Option<String>,
}

impl Resource for Supplier {
    const KIND: Kind = Kind::Supplier;
    const TABLE: &'static str = "suppliers";
    const SCHEMA: &'static str = "Supplier";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, ICT, INT, ADM]);
    const PROVIDER: bool = true;
    const LINK_LISTS: &'static [&'static str] = &["contacts"];
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "suppliers.kind", "", FieldType::Word(enum_values::<SupplierKind>)),
        field("substitutability", "suppliers.substitutability", "", FieldType::Word(enum_values::<Substitutability>)),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::list("contacts", &[Kind::Contact], &mut self.contacts).collect()
    }
    fn check(&self, faults: &mut Faults) {
        for (index, contact) in self.contacts.iter().enumerate() {
            if self.contacts[..index].contains(contact) {
                faults.add(format!("/contacts/{index}"), "duplicate", "the same contact stands there twice");
            }
        }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "NORDNET", "name": "Nordnet Carrier", "kind": "external", "substitutability": "medium",
            "exit_plan": "https://wiki.example/exit/nordnet"
        })
    }
}
