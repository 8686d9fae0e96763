//! Whom to call.
pub mod http;
pub mod store;

use crate::model::roles::{ADM, APP, ICT, INT, SCM, STAFF};
use crate::model::{
    Action, Date, Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
    tidy_subject,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// A person or a team.
    pub enum ContactKind {
        Person = "person",
        Team = "team",
    }
}

/// A telephone number as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 50, value_type = String)]
pub struct Phone(pub String);

/// A person or team that can be called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contact {
    #[serde(default)]
    pub kind: ContactKind,
    #[serde(default)]
    #[schema(max_length = 254, format = Email)]
    pub email: Option<String>,
    /// In the order in which to try them.
    #[serde(default)]
    #[schema(max_items = 10, inline)]
    pub phones: Vec<Phone>,
    /// Another way to reach them: a chat channel, a pager.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub channel: Option<String>,
    /// Who stands in.
    #[serde(default)]
    pub deputy: Option<Link>,
    /// The subject of this person's tokens, so that "me" can be told. Nobody puts their own into a contact that is there, nor
    /// takes it out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    pub subject: Option<String>,
    /// The day on which somebody last made sure that these numbers are right.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub last_verified_on: Option<Date>,
    /// When the personal data was erased. Such a contact is never written again.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub erased_at: Option<Timestamp>,
}

impl Resource for Contact {
    const KIND: Kind = Kind::Contact;
    const TABLE: &'static str = "contacts";
    const SCHEMA: &'static str = "Contact";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, APP, ICT, INT, ADM]).decide(Action::Erase, &[ADM]);
    const READ_ONLY: &'static [&'static str] = &["erased_at"];
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "contacts.kind", "", FieldType::Word(enum_values::<ContactKind>)),
        field("email", "contacts.email", "", FieldType::Text),
        field("deputy", "contacts.deputy_id", "", FieldType::Link(&[Kind::Contact])),
        field("subject", "contacts.subject", "", FieldType::Text),
        field("last_verified_on", "contacts.last_verified_on", "", FieldType::Date),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::of("deputy", &[Kind::Contact], &mut self.deputy).into_iter().collect()
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Contact>) -> Contact {
        self.erased_at = input.old.and_then(|old| old.erased_at);
        self.subject = self.subject.map(|subject| tidy_subject(&subject));
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "ana", "name": "Ana Petersen", "kind": "person", "email": "ana.petersen@example.org",
            "phones": ["+49 431 555 0171"], "channel": "#it-continuity", "last_verified_on": "2026-10-01"
        })
    }
}
