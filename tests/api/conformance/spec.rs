//! The collections as the contract describes them, written down once more and independently of the
//! service: what is missing or different there makes a test fail.
//!
//! A new kind is one `Spec` more in a list of one of these files. `threats` is the plainest example: what all objects have,
//! a choice that must be made, and a figure. What a field needs beyond its type is said by the methods of `Field`.

mod access;
mod agreements;
mod landscape;
mod plans;
mod practice;
mod risks;

use super::World;
use super::field::{Field, Is, Start};
pub use access::*;
use serde_json::{Map, Value};

/// What clients may do with objects besides reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Can {
    pub create: bool,
    pub change: bool,
    pub delete: bool,
}

/// Objects come, change and go.
pub const ANYTHING: Can = Can { create: true, change: true, delete: true };
/// They are kept once they are there.
pub const KEPT: Can = Can { create: true, change: true, delete: false };
/// They are recorded once and for all.
pub const RECORDED: Can = Can { create: true, change: false, delete: false };
/// The service makes them.
pub const AMENDED: Can = Can { create: false, change: true, delete: false };

pub type Shape = fn(&World, &mut Map<String, Value>, &str);

pub struct Spec {
    /// The collection's segment in the path.
    pub path: &'static str,
    pub kind: &'static str,
    /// What the name is called.
    pub label: &'static str,
    /// What keys begin with that the service numbers by itself.
    pub prefix: &'static str,
    pub fields: &'static [Field],
    /// Whether it is one collection for the whole installation and not one per organisation.
    pub shared: bool,
    pub can: Can,
    pub access: Access,
    /// The state to which each new object can be moved, by writing alone wherever there is one; none where the kind has no
    /// states.
    pub first_move: Option<&'static str>,
    /// Makes a draft consistent, whichever fields it has; the field that is set on purpose goes before the others.
    pub shape: Option<Shape>,
    /// What only the service writes beside the fields all objects have, with what a new object has.
    pub owned: &'static [(&'static str, Start)],
    /// What the service computes from other fields and objects, with what a minimal object has.
    pub derived: &'static [(&'static str, Start)],
}

/// What every object has and a client never writes.
pub const SERVER_OWNED: [&str; 6] = ["id", "version", "created_at", "updated_at", "created_by", "updated_by"];

const NULL: Start = Start::Json("null");

const KEY: Field = Field::new("key", Is::Key).sorts().kept();
const NAME: Field = Field::new("name", Is::Name).required().sorts();
const DESCRIPTION: Field = Field::new("description", Is::Text(4000));
const EXTERNAL_REFS: Field = Field::new("external_refs", Is::ExternalRefs).defaults_to("[]").kept();
const TAGS: Field = Field::new("tags", Is::Tags).defaults_to("[]");
const ATTRIBUTES: Field = Field::new("attributes", Is::Attributes).defaults_to("{}");

const fn seconds(name: &'static str, first: i64) -> Field {
    Field::new(name, Is::Seconds(first)).filters()
}

const fn choice(name: &'static str, is: Is) -> Field {
    Field::new(name, is).filters()
}

const fn reference(name: &'static str, collections: &'static [&'static str]) -> Field {
    Field::new(name, Is::Reference(collections)).filters()
}

impl Spec {
    pub fn all() -> impl Iterator<Item = &'static Spec> {
        [landscape::SPECS, agreements::SPECS, risks::SPECS, plans::SPECS, practice::SPECS].into_iter().flatten()
    }

    pub fn of(path: &str) -> &'static Spec {
        Spec::all().find(|spec| spec.path == path).unwrap_or_else(|| panic!("no spec for /{path}"))
    }

    /// Whether it has a field like that.
    pub fn has(&self, like: impl Fn(&Field) -> bool) -> bool {
        self.fields.iter().any(like)
    }

    /// Whether another collection has a field that may point to its objects.
    pub fn is_pointed_to(&self) -> bool {
        Spec::all().any(|spec| spec.has(|field| field.is.targets().contains(&self.path)))
    }

    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that a draft has which has everything: those that leave room for each other.
    pub fn together(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| !field.alone)
    }

    /// The fields a client can give a value of its choice: all but those of which an object is made by the service.
    pub fn chosen(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| self.can.create || field.patched)
    }

    /// The fields a patch may change.
    pub fn patched(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.patched)
    }

    /// What clients read and never write, beside what all objects have.
    pub fn read_only(&self) -> impl Iterator<Item = &'static (&'static str, Start)> {
        self.owned.iter().chain(self.derived)
    }

    pub fn is_derived(&self, name: &str) -> bool {
        self.derived.iter().any(|(own, _)| *own == name)
    }
}
