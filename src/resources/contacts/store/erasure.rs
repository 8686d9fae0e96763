//! Erasing a contact: what is left says that somebody was there, and not who.
use super::people;
use crate::model::{Attributes, ERASED_NAME, ERASED_PREFIX, Error, Kind, Link, erased_key};
use crate::resources::contacts::Contact;
use crate::store::ledger::{self, AuditAction, NewAuditEntry};
use crate::store::prelude::*;
use crate::store::{AnyObject, audit, erasure, kind_of, overwrite};
use serde::Serialize;

/// What the erasure of a contact has done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Erasure {
    #[schema(value_type = String, format = Uuid)]
    pub id: Id,
    /// The key it has from now on.
    #[schema(max_length = 64)]
    pub key: String,
    /// Whether the contact had been deleted before.
    pub deleted: bool,
    /// Versions whose content was taken out of the history; none when it had been erased before.
    #[schema(value_type = i64, minimum = 0)]
    pub erased_versions: usize,
    /// Answers kept for repeated requests that named the contact, and were deleted.
    #[schema(value_type = i64, minimum = 0)]
    pub deleted_answers: usize,
}

/// Erases a contact: the one given, or a deleted one by its id. One that was erased before is left alone.
///
/// # Errors
/// `NotFound` when there never was such a contact; `own_subject` when it names the caller, or ever did.
pub async fn erase(tx: &mut Tx, id: Id, old: Option<Object<Contact>>) -> Result<Erasure> {
    let (org, key) = (tx.organization(), erased_key(id));
    let newest = ledger::entries_of(&mut tx.conn()?, org, id, i64::MAX, 1).await?.pop();
    let newest = newest.filter(|entry| entry.kind.0 == Kind::Contact).ok_or(Error::NotFound)?;
    let deleted = old.is_none();
    if newest.object_key == key {
        return Ok(Erasure { id, key, deleted, erased_versions: 0, deleted_answers: 0 });
    }
    let identity = tx.context().identity.clone();
    if people::was(&mut tx.conn()?, org, identity.as_deref(), Some(&Link::To(id))).await? {
        return Err(people::not_yours_to_say());
    }
    let erased_versions = erasure::blank_bodies(tx, id).await?;
    match old {
        Some(old) => leave_tombstone(tx, old, &key).await?,
        None => {
            let (version, operation) = (newest.version + 1, AuditAction::Deleted);
            let fact =
                NewAuditEntry { kind: Kind::Contact, in_graph: false, id, key: key.clone(), version, operation, body: None };
            tx.append(fact).await?;
        }
    }
    Ok(Erasure { id, key, deleted, erased_versions, deleted_answers: 0 })
}

/// Writes the version that stands for the contact from now on, so that what points to it still points to something.
async fn leave_tombstone(tx: &mut Tx, old: Object<Contact>, key: &str) -> Result<()> {
    let change = tx.context();
    let mut meta = ObjectMeta {
        key: key.to_owned(),
        name: Some(ERASED_NAME.to_owned()),
        description: None,
        external_refs: Vec::new(),
        tags: Vec::new(),
        attributes: Attributes::default(),
        ..old.meta.clone()
    };
    (meta.version, meta.updated_at) = (meta.version + 1, change.now);
    meta.updated_by.clone_from(&change.actor);
    let body = Contact {
        kind: old.body.kind,
        email: None,
        phones: Vec::new(),
        channel: None,
        deputy: None,
        subject: None,
        last_verified_on: None,
        erased_at: Some(change.now),
    };
    let (old, new) = (AnyObject::from(old), AnyObject::from(Object::new(meta, body)));
    let kind = kind_of::<Contact>();
    overwrite(tx, kind, &old, &new).await?;
    audit::append_version(tx, kind.info(), &new, AuditAction::Updated).await
}

/// Marks the changes that would make somebody of an erased contact again, or give another one the look of it.
pub fn keep_erased(planned: &mut [PlannedChange<Contact>]) {
    for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
        let old = one.old.as_ref();
        if old.is_some_and(|old| old.body.erased_at.is_some()) {
            one.fault = Some(Error::conflict("erased", "the contact was erased: it is not written again, only deleted"));
        } else if one.new.meta.key.starts_with(ERASED_PREFIX) {
            one.fault = Some(Error::invalid("/key", "not_allowed", format!("{ERASED_PREFIX} is for contacts that were erased")));
        }
    }
}
