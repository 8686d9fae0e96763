//! Objects as a consequence of something else: new ones, and new versions of those that are there.
use super::change::WriteContext;
use super::clock::new_id;
use super::door::kind_of;
use super::insert::{Inserts, insert_all};
use super::kind::{AnyKind, AnyPlanned};
use super::ledger::AuditAction;
use super::object::{AnyObject, Object};
use super::rows::ResourceHooks;
use super::tx::Tx;
use super::update::Updates;
use super::{audit, links, object_meta};
use crate::model::{Id, ObjectMeta, Result};

/// Overwrites an object with another version of it. Ledger and consequences are the caller's.
///
/// # Errors
/// When the database does not answer.
pub async fn overwrite(tx: &mut Tx, kind: &dyn AnyKind, old: &AnyObject, new: &AnyObject) -> Result<()> {
    let org = tx.organization();
    let mut updates = Updates::new(org, new.meta().id);
    object_meta::update(&mut updates, org, old, new)?;
    kind.update(&mut updates, org, old, new)?;
    let mut conn = tx.conn()?;
    updates.run(&mut conn).await?;
    object_meta::update_lookups(&mut conn, org, old.meta(), new.meta()).await?;
    let lists = kind.info().lists;
    if !lists.is_empty() && listed(old) != listed(new) {
        links::update(&mut conn, org, lists, new).await?;
    }
    Ok(())
}

/// What the lists of an object point to.
fn listed(object: &AnyObject) -> Vec<(String, Option<Id>)> {
    let mut object = object.clone();
    let slots = object.links();
    slots.iter().filter(|slot| slot.in_list().is_some()).map(|slot| (slot.pointer.clone(), slot.link.id())).collect()
}

/// Makes an object the next version of another, by whoever makes the change.
pub fn next_version(old: &ObjectMeta, mut new: AnyObject, change: &WriteContext) -> AnyObject {
    let mut meta = old.clone();
    meta.version += 1;
    meta.updated_at = change.now;
    meta.updated_by.clone_from(&change.actor);
    *new.meta_mut() = meta;
    new
}

/// Makes a new version of an object as a consequence of something else, unless it is the same.
///
/// # Errors
/// When the database does not answer.
pub async fn write_consequence<R: ResourceHooks>(tx: &mut Tx, old: Object<R>, body: R) -> Result<Object<R>> {
    let same = old.clone();
    Ok(write_consequences(tx, vec![(old, body)]).await?.pop().unwrap_or(same))
}

/// As [`write_consequence`], of several objects; those that stay the same are left out of the answer.
///
/// # Errors
/// When the database does not answer.
pub async fn write_consequences<R: ResourceHooks>(tx: &mut Tx, all: Vec<(Object<R>, R)>) -> Result<Vec<Object<R>>> {
    let changed = all.into_iter().filter(|(old, body)| old.body != *body);
    let changed = changed.map(|(old, body)| (Object::new(old.meta.clone(), body).into(), old.into()));
    let revised = revise_any(tx, kind_of::<R>(), changed.collect()).await?;
    revised.into_iter().map(AnyObject::into_typed).collect()
}

/// Makes new versions of objects, each with the one before.
async fn revise_any(tx: &mut Tx, kind: &dyn AnyKind, all: Vec<(AnyObject, AnyObject)>) -> Result<Vec<AnyObject>> {
    let mut revised = Vec::with_capacity(all.len());
    for (new, old) in all {
        let new = next_version(old.meta(), new, tx.context());
        overwrite(tx, kind, &old, &new).await?;
        revised.push(new);
    }
    kind.after_write(tx, &revised.iter().collect::<Vec<_>>()).await?;
    tx.reserve(revised.len());
    for new in &revised {
        audit::append_version(tx, kind.info(), new, AuditAction::Updated).await?;
        tx.revised.insert(new.meta().id, new.meta().version);
    }
    Ok(revised)
}

/// Inserts new objects with their heads. Ledger and consequences are the caller's.
///
/// # Errors
/// When a constraint is broken or the database does not answer.
pub async fn insert_objects(tx: &mut Tx, kind: &dyn AnyKind, objects: &[&AnyObject]) -> Result<()> {
    let org = tx.organization();
    let inserts = objects.chunks(object_meta::CHUNK).map(|objects| rows_of(kind, org, objects));
    insert_all(&mut tx.conn()?, inserts).await
}

/// The rows that objects of a kind have in all tables.
///
/// # Errors
/// When a value cannot be written as JSON.
pub fn rows_of(kind: &dyn AnyKind, org: Id, objects: &[&AnyObject]) -> Result<Inserts> {
    let mut inserts = Inserts::default();
    object_meta::insert(&mut inserts, org, objects)?;
    kind.insert(&mut inserts, org, objects)?;
    links::insert(&mut inserts, org, kind.info().lists, objects)?;
    Ok(inserts)
}

/// Makes new objects, each with its name.
///
/// # Errors
/// When one breaks a rule of its kind, or the database does not answer.
pub async fn create<R: ResourceHooks>(tx: &mut Tx, drafts: Vec<(Option<String>, R)>) -> Result<Vec<Object<R>>> {
    let mut planned = Vec::with_capacity(drafts.len());
    for (name, body) in drafts {
        let key = format!("{}-{}", R::KIND.prefix(), tx.next_number(R::KIND).await?);
        let change = tx.context();
        let mut meta = ObjectMeta::new(new_id(), R::KIND, key, change.now, &change.actor);
        (meta.name, meta.effective) = (name, body.objectives());
        planned.push(AnyPlanned { old: None, new: Object::new(meta, body).into(), generated: true, fault: None });
    }
    let created = create_any(tx, kind_of::<R>(), planned).await?;
    created.into_iter().map(AnyObject::into_typed).collect()
}

async fn create_any(tx: &mut Tx, kind: &dyn AnyKind, mut planned: Vec<AnyPlanned>) -> Result<Vec<AnyObject>> {
    kind.validate_set(tx, &mut planned).await?;
    let mut created = Vec::with_capacity(planned.len());
    for one in planned {
        match one.fault {
            Some(fault) => return Err(fault),
            None => created.push(one.new),
        }
    }
    let all: Vec<&AnyObject> = created.iter().collect();
    insert_objects(tx, kind, &all).await?;
    kind.after_write(tx, &all).await?;
    tx.reserve(created.len());
    for object in &created {
        audit::append_version(tx, kind.info(), object, AuditAction::Created).await?;
    }
    kind.after_audit(tx, &all).await?;
    Ok(created)
}
