//! Who is who: which contacts are the caller's own, and whether a caller has a part in what he is about to decide on.
use crate::model::lifecycle::STATUS_FIELDS;
use crate::model::{Error, Link, Resource};
use crate::resources::contacts::Contact;
use crate::store::fragment::Fragment;
use crate::store::ledger::{self, AuditAction, AuditEntry};
use crate::store::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Map, Value};

/// The contacts of a caller: those that name it as their subject, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn own(conn: &mut Conn<'_>, org: Id, caller: Caller<'_>) -> Result<Vec<Id>> {
    let Some(caller) = caller else { return Ok(Vec::new()) };
    // No database compares as we do, so all are looked at. It is asked once a decision, and of few columns.
    let statement = Fragment::default()
        .sql("SELECT id, subject FROM contacts WHERE subject IS NOT NULL AND organization_id = ")
        .id(org)
        .sql(" ORDER BY id");
    let named: Vec<(DbId, String)> = on!(conn, |c| statement.rows::<(sql::Identity, Text)>().load(c)).map_db_error()?;
    Ok(named.into_iter().filter(|(_, subject)| caller.is(subject)).map(|(id, _)| id.0).collect())
}

/// Whether a contact names the caller, or has ever done so: taking a name out of it makes nobody another person. Whom an
/// erased one named is not known any more, so it may have been anybody: otherwise erasing would let people decide alone.
///
/// # Errors
/// When the database does not answer.
pub async fn was(conn: &mut Conn<'_>, org: Id, caller: Caller<'_>, contact: Option<&Link>) -> Result<bool> {
    let (Some(caller), Some(contact)) = (caller, contact.and_then(Link::id)) else { return Ok(false) };
    let now = Contact::find(conn, org, contact).await?;
    if now.and_then(|now| now.body.subject).is_some_and(|subject| caller.is(&subject)) {
        return Ok(true);
    }
    let versions = versions(conn, org, contact).await?;
    let named = |one: &Version| one.content.get("subject").and_then(Value::as_str).is_some_and(|one| caller.is(one));
    let erased = |one: &Version| one.entry.body.is_none() && one.entry.operation.0 != AuditAction::Deleted;
    Ok(versions.iter().any(|one| named(one) || erased(one)))
}

/// Whether the caller has written what stands in an object, in its present or an earlier version. Who only moved it from
/// one status to another has not.
///
/// # Errors
/// When the database does not answer.
pub async fn wrote<R: Resource>(conn: &mut Conn<'_>, org: Id, caller: Caller<'_>, object: &Object<R>) -> Result<bool> {
    let Some(caller) = caller else { return Ok(false) };
    let meta = &object.meta;
    if caller.is(&meta.created_by) {
        return Ok(true);
    }
    let mut versions = versions(conn, org, meta.id).await?;
    // The ledger shows the entries of a group of changes after its commit: what they changed is not known here.
    let unseen = meta.version - versions.first().map_or(0, |newest| newest.entry.version);
    if unseen > 1 || (unseen == 1 && caller.is(&meta.updated_by)) {
        return Ok(true);
    }
    let is_content = |name: &str| {
        let kept = matches!(name, "version" | "updated_at" | "updated_by");
        !kept && !STATUS_FIELDS.contains(&name) && !R::READ_ONLY.contains(&name)
    };
    versions.iter_mut().for_each(|one| one.content.retain(|name, _| is_content(name)));
    let mut older = versions.iter().skip(1);
    Ok(versions.iter().any(|one| {
        let older = older.next();
        caller.is(&one.entry.actor) && older.is_none_or(|older| older.content != one.content)
    }))
}

/// Whether it was the caller who brought an object into the status it is in.
///
/// # Errors
/// When the database does not answer.
pub async fn moved<R: Resource>(conn: &mut Conn<'_>, org: Id, caller: Caller<'_>, object: &Object<R>) -> Result<bool> {
    let Some(caller) = caller else { return Ok(false) };
    let versions = versions(conn, org, object.meta.id).await?;
    let Some(newest) = versions.first() else { return Ok(true) };
    let same = |one: &&Version| one.content.get("status") == newest.content.get("status");
    let mover = versions.iter().take_while(same).last();
    // As above: what the ledger does not show yet may have been anybody's.
    let unseen = object.meta.version > newest.entry.version;
    Ok(unseen || mover.is_some_and(|one| caller.is(&one.entry.actor)))
}

/// An object as an entry of the ledger has it: without content where the body was erased.
struct Version {
    entry: AuditEntry,
    content: Map<String, Value>,
}

/// All versions of an object, the newest first.
async fn versions(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Vec<Version>> {
    let entries = ledger::entries_of(conn, org, id, i64::MAX, i64::MAX).await?;
    let version = |entry: AuditEntry| {
        let content = serde_json::from_str(entry.body.as_deref().unwrap_or("{}")).map_err(Error::internal)?;
        Ok(Version { entry, content })
    };
    entries.into_iter().map(version).collect()
}

/// What keeps a contact the person's it is: marks the changes by which callers would give themselves another name, or
/// shed their own.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_apart(tx: &mut Tx, planned: &mut [PlannedChange<Contact>]) -> Result<()> {
    let Some(identity) = tx.context().identity.clone() else { return Ok(()) };
    let is_own = |subject: Option<&String>| subject.is_some_and(|subject| identity.is(subject));
    let org = tx.organization();
    let mut taken = None;
    for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
        let before = is_own(one.old.as_ref().and_then(|old| old.body.subject.as_ref()));
        let after = is_own(one.new.body.subject.as_ref());
        if before == after {
            continue;
        }
        // A contact that was there is somebody already. A new one may be the caller's, if it has none.
        let bound = match taken {
            _ if before || one.old.is_some() => true,
            Some(taken) => taken,
            None => !own(&mut tx.conn()?, org, Some(&identity)).await?.is_empty(),
        };
        if bound {
            one.fault = Some(not_yours_to_say());
        }
        taken = Some(true);
    }
    Ok(())
}

/// Refuses to have callers delete their own contacts.
///
/// # Errors
/// When one is the caller's.
pub async fn keep_own(tx: &mut Tx, ids: &[Id]) -> Result<()> {
    let Some(identity) = tx.context().identity.clone() else { return Ok(()) };
    let org = tx.organization();
    let doomed = Contact::find_all(&mut tx.conn()?, org, ids).await?;
    let own = |one: &Object<Contact>| one.body.subject.as_ref().is_some_and(|subject| identity.is(subject));
    if doomed.iter().any(own) { Err(not_yours_to_say()) } else { Ok(()) }
}

pub fn not_yours_to_say() -> Error {
    Error::conflict("own_subject", "your own subject is put into a contact and taken out of it by somebody else")
}
