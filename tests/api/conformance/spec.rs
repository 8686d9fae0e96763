//! The collections as the contract describes them, written down once more and independently of the
//! service: what is missing or different there makes a test fail.

mod agreements;
mod plans;
mod practice;
mod risks;

use super::World;
use super::field::{Field, Is, Start};
use crate::each_collection;
pub use agreements::*;
pub use plans::*;
pub use practice::*;
pub use risks::*;
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

const CRITICALITY: Is = Is::Choice(&["marginal", "normal", "critical", "highly_critical"]);
const RELATION: Is = Is::Choice(&[
    "requires",
    "runs_on",
    "hosted_on",
    "connects_to",
    "reads_from",
    "writes_to",
    "replicates_to",
    "backed_up_to",
    "fails_over_to",
    "authenticates_via",
    "supplied_by",
    "supports",
]);
const COMPONENT_KIND: Is = Is::Choice(&[
    "application",
    "database",
    "server",
    "virtual_machine",
    "platform",
    "storage",
    "network",
    "voice_telephony",
    "data_communication",
    "power",
    "facility",
    "cloud_service",
    "data_set",
    "end_user_device",
    "other",
]);
const RECOVERY_OPTION: Is =
    Is::Choice(&["do_nothing", "manual_workaround", "reciprocal_arrangement", "gradual", "intermediate", "fast", "immediate"]);
const EFFECTIVE: &[(&str, Start)] =
    &[("effective_rto_seconds", NULL), ("effective_rpo_seconds", NULL), ("effective_mtpd_seconds", NULL)];

const fn seconds(name: &'static str, first: i64) -> Field {
    Field::new(name, Is::Seconds(first)).filters()
}

const fn choice(name: &'static str, is: Is) -> Field {
    Field::new(name, is).filters()
}

const fn reference(name: &'static str, collections: &'static [&'static str]) -> Field {
    Field::new(name, Is::Reference(collections)).filters()
}

pub static SITES: Spec = Spec {
    path: "sites",
    kind: "site",
    label: "name",
    prefix: "SIT",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", Is::Choice(&["data_centre", "office", "cloud_region", "availability_zone", "recovery_site", "other"]))
            .required(),
        reference("parent", &["sites"]),
        Field::new("address", Is::Text(500)),
        Field::new("country", Is::Country),
        Field::new("latitude", Is::Degrees(90)).with(&["longitude"]).stays(),
        Field::new("longitude", Is::Degrees(180)).with(&["latitude"]).stays(),
    ],
};

pub static SERVICES: Spec = Spec {
    path: "services",
    kind: "service",
    label: "name",
    prefix: "SVC",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: EFFECTIVE,
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", Is::Choice(&["business_service", "technical_service"])).defaults_to("\"business_service\""),
        choice("criticality", CRITICALITY).defaults_to("\"normal\""),
        choice("lifecycle", Is::Choice(&["planned", "live", "retired"])).defaults_to("\"live\""),
        reference("owner", &["contacts"]),
        seconds("rto_seconds", 3600),
        seconds("rpo_seconds", 600),
        seconds("restart_seconds", 60),
        seconds("recovery_time_seconds", 1800),
        seconds("data_loss_seconds", 300),
    ],
};

pub static COMPONENTS: Spec = Spec {
    path: "components",
    kind: "component",
    label: "name",
    prefix: "CMP",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: EFFECTIVE,
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", COMPONENT_KIND).required(),
        reference("site", &["sites"]),
        reference("supplier", &["suppliers"]),
        reference("owner", &["contacts"]),
        choice("lifecycle", Is::Choice(&["planned", "in_service", "retired"])).defaults_to("\"in_service\""),
        choice("recovery_option", RECOVERY_OPTION),
        seconds("recovery_time_seconds", 1800),
        seconds("restart_seconds", 60),
        seconds("data_loss_seconds", 300),
    ],
};

pub static BUSINESS_PROCESSES: Spec = Spec {
    path: "business-processes",
    kind: "business_process",
    label: "name",
    prefix: "BPR",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        reference("owner", &["contacts"]),
        Field::new("vital", Is::Bool).filters().defaults_to("false"),
        reference("parent", &["business-processes"]),
        seconds("rto_seconds", 3600),
        seconds("rpo_seconds", 600),
        seconds("mtpd_seconds", 86_400),
        seconds("wrt_seconds", 1200),
        Field::new("minimum_service_level", Is::Text(500)),
        choice("criticality", CRITICALITY).defaults_to("\"normal\""),
        choice("status", Is::Choice(&["draft", "active", "retired"])).defaults_to("\"active\""),
        Field::new("review_due", Is::Date).filters(),
    ],
};

pub static SUPPLIERS: Spec = Spec {
    path: "suppliers",
    kind: "supplier",
    label: "name",
    prefix: "SUP",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", Is::Choice(&["internal", "external"])).defaults_to("\"external\""),
        Field::new("contacts", Is::References("contacts", 50)).defaults_to("[]"),
        choice("substitutability", Is::Choice(&["easy", "medium", "difficult", "impossible"])),
        Field::new("exit_plan", Is::Text(500)),
    ],
};

pub static CONTACTS: Spec = Spec {
    path: "contacts",
    kind: "contact",
    label: "name",
    prefix: "CON",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("kind", Is::Choice(&["person", "team"])).defaults_to("\"person\""),
        Field::new("email", Is::Email),
        Field::new("phones", Is::Phones).defaults_to("[]"),
        Field::new("channel", Is::AnyText),
        reference("deputy", &["contacts"]),
        Field::new("subject", Is::AnyText),
        Field::new("last_verified_on", Is::Date).filters(),
    ],
};

pub static MAPPINGS: Spec = Spec {
    path: "mappings",
    kind: "mapping",
    label: "name",
    prefix: "MAP",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        Field::new("name", Is::Name).sorts(),
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        reference("dependent", &["business-processes", "services", "components"]).required(),
        reference("provider", &["services", "components", "sites", "suppliers"]).required(),
        choice("relation", RELATION).defaults_to("\"requires\""),
        choice("effect", Is::Choice(&["cascade", "partial", "none"])).defaults_to("\"cascade\""),
        Field::new("redundancy_group", Is::Text(64)).stays(),
        Field::new("required", Is::Count).with(&["redundancy_group"]).stays(),
        Field::new("needed_to_start", Is::Bool).filters().defaults_to("true"),
    ],
};

pub static ORGANIZATIONS: Spec = Spec {
    path: "organizations",
    kind: "organization",
    label: "name",
    prefix: "ORG",
    shared: true,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("status", Is::Choice(&["active", "suspended"])).defaults_to("\"active\""),
    ],
};

pub static ALL: [&Spec; 25] = each_collection!(specs);

impl Spec {
    pub fn of(path: &str) -> &'static Spec {
        ALL.into_iter().find(|spec| spec.path == path).unwrap_or_else(|| panic!("no spec for /{path}"))
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
