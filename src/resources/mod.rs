//! What Holdfast keeps. One folder a kind: `mod.rs` says what it is (pure), `store.rs` holds its table, `http.rs` its
//! routes. The common part of every object is `model::Head`.
pub mod business_processes;
pub mod components;
pub mod contacts;
pub mod mappings;
pub mod organizations;
pub mod services;
pub mod sites;
pub mod suppliers;

use crate::model::{Faults, Field, FieldType, Id, Kind, Link, Objectives};
use serde::{Serialize, de::DeserializeOwned};

/// A kind of object: its own fields are the fields of the struct that implements this.
pub trait Resource: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + utoipa::ToSchema + 'static {
    const KIND: Kind;
    /// The SQL table of the own fields.
    const TABLE: &'static str;
    /// The name of the schema in the document.
    const SCHEMA: &'static str;
    /// Whether every object must have a name.
    const NAMED: bool = true;
    /// Whether effective objectives are shown.
    const EFFECTIVE: bool = false;
    /// Own fields by which lists may be filtered and sorted, besides [`COMMON`].
    const FIELDS: &'static [Field];

    /// Every pointer to another object.
    fn links(&mut self) -> Vec<Slot<'_>> {
        Vec::new()
    }
    /// The rules that a schema cannot say.
    fn check(&self, _faults: &mut Faults) {}
    /// The objectives the business has set on the object itself.
    fn objectives(&self) -> Objectives {
        Objectives::NONE
    }
    /// The resource with what its own fields imply filled in.
    fn settled(self) -> Self {
        self
    }
    /// From which object to which it carries objectives down: dependent and provider of a cascading mapping.
    fn carries(&self) -> Option<(Id, Id)> {
        None
    }
    /// A draft for the document, as a client would write it.
    fn example() -> serde_json::Value;
}

/// A pointer to another object: where it stands and what it may point to.
pub struct Slot<'a> {
    pub pointer: String,
    pub kinds: &'static [Kind],
    pub link: &'a mut Link,
}

impl<'a> Slot<'a> {
    /// The slot of an optional field, if it is filled.
    pub fn of(field: &str, kinds: &'static [Kind], link: &'a mut Option<Link>) -> Option<Slot<'a>> {
        link.as_mut().map(|link| Slot { pointer: format!("/{field}"), kinds, link })
    }
}

/// The longest duration that is accepted: a hundred years.
pub const MOST_SECONDS: i64 = 3_153_600_000;

/// One line of a table of fields.
pub const fn field(name: &'static str, column: &'static str, order: &'static str, kind: FieldType) -> Field {
    Field { name, column, order, kind }
}

/// Fields by which every list may be filtered and sorted. `created_at` sorts by id, which is in order of creation.
pub const COMMON: &[Field] = &[
    field("id", "objects.id", "objects.id", FieldType::Id),
    field("key", "objects.key", "objects.key", FieldType::Text),
    field("name", "objects.name", "objects.name", FieldType::Text),
    field("created_at", "objects.created_at", "", FieldType::Time),
    field("updated_at", "objects.updated_at", "objects.updated_at", FieldType::Time),
    field("created_by", "objects.created_by", "", FieldType::Text),
    field("updated_by", "objects.updated_by", "", FieldType::Text),
];

/// Fields of the kinds that show effective objectives.
pub const EFFECTIVE: &[Field] = &[
    field(
        "effective_rto_seconds",
        "objects.effective_rto_seconds",
        "coalesce(objects.effective_rto_seconds, 9223372036854775807)",
        FieldType::Integer,
    ),
    field("effective_rpo_seconds", "objects.effective_rpo_seconds", "", FieldType::Integer),
    field("effective_mtpd_seconds", "objects.effective_mtpd_seconds", "", FieldType::Integer),
];

/// Every field by which lists of a kind may be filtered.
pub fn fields<R: Resource>() -> [&'static [Field]; 3] {
    [COMMON, R::FIELDS, if R::EFFECTIVE { EFFECTIVE } else { &[] }]
}

/// The words of an enum, for the table of fields.
pub fn words_of<W: crate::model::Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|word| word.as_str()).collect()
}

/// Runs the body once for the resource of a kind.
#[macro_export]
macro_rules! for_kind {
    ($kind:expr, |$R:ident| $body:expr) => {
        match $kind {
            $crate::model::Kind::Organization => {
                type $R = $crate::resources::organizations::Organization;
                $body
            }
            $crate::model::Kind::Contact => {
                type $R = $crate::resources::contacts::Contact;
                $body
            }
            $crate::model::Kind::Supplier => {
                type $R = $crate::resources::suppliers::Supplier;
                $body
            }
            $crate::model::Kind::Site => {
                type $R = $crate::resources::sites::Site;
                $body
            }
            $crate::model::Kind::BusinessProcess => {
                type $R = $crate::resources::business_processes::BusinessProcess;
                $body
            }
            $crate::model::Kind::Service => {
                type $R = $crate::resources::services::Service;
                $body
            }
            $crate::model::Kind::Component => {
                type $R = $crate::resources::components::Component;
                $body
            }
            $crate::model::Kind::Mapping => {
                type $R = $crate::resources::mappings::Mapping;
                $body
            }
        }
    };
}
