pub mod erasure;
pub mod people;

use super::{Contact, ContactKind, Phone};
use crate::model::Date;
use crate::store::prelude::*;

diesel::table! {
    use crate::store::types::sql::{Identity, Instant, Json};
    use diesel::sql_types::{Nullable, Text};
    contacts (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        kind -> Text,
        email -> Nullable<Text>,
        phones -> Json,
        channel -> Nullable<Text>,
        deputy_id -> Nullable<Identity>,
        subject -> Nullable<Text>,
        last_verified_on -> Nullable<Text>,
        erased_at -> Nullable<Instant>,
    }
}

row! {
    pub struct ContactRow in contacts {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<ContactKind>,
        email: Option<String>,
        phones: Json<Vec<Phone>>,
        channel: Option<String>,
        deputy_id: Option<DbId>,
        subject: Option<String>,
        last_verified_on: Option<String>,
        erased_at: Option<DbTime>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Contact) -> ContactRow {
    let Contact { kind, email, phones, channel, deputy, subject, last_verified_on, erased_at } = resource;
    ContactRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        email: email.clone(),
        phones: Json(phones.clone()),
        channel: channel.clone(),
        deputy_id: deputy.as_ref().map(DbId::of),
        subject: subject.clone(),
        last_verified_on: last_verified_on.map(|day| day.to_string()),
        erased_at: erased_at.map(DbTime),
    }
}

impl From<ContactRow> for Contact {
    fn from(row: ContactRow) -> Contact {
        Contact {
            kind: row.kind.0,
            email: row.email,
            phones: row.phones.0,
            channel: row.channel,
            deputy: row.deputy_id.map(DbId::link),
            subject: row.subject,
            last_verified_on: row.last_verified_on.as_deref().and_then(Date::parse),
            erased_at: row.erased_at.map(|time| time.0),
        }
    }
}

stored!(Contact, ContactRow, [("contacts", "deputy_id", "id")]);

impl ResourceHooks for Contact {
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        erasure::keep_erased(planned);
        people::keep_apart(tx, planned).await
    }
    async fn before_delete(tx: &mut Tx, ids: &[Id]) -> Result<()> {
        people::keep_own(tx, ids).await
    }
}
