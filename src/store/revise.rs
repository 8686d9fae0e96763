//! Objects as a consequence of something else: new ones, and new versions of those that are there.
use super::change::Change;
use super::clock::new_id;
use super::door::kind_of;
use super::insert::{Inserts, insert_all};
use super::kind::{AnyKind, AnyPlanned};
use super::ledger::Operation;
use super::object::{AnyObject, Object};
use super::rows::Stored;
use super::tx::Tx;
use super::update::Updates;
use super::{heads, links, record};
use crate::model::{Head, Id, Result};

/// Overwrites an object with another version of it. Ledger and consequences are the caller's.
///
/// # Errors
/// When the database does not answer.
pub async fn overwrite(tx: &mut Tx, kind: &dyn AnyKind, old: &AnyObject, new: &AnyObject) -> Result<()> {
    let org = tx.organization();
    let mut updates = Updates::new(org, new.head().id);
    heads::update(&mut updates, org, old.head(), new.head())?;
    kind.update(&mut updates, org, old, new)?;
    let mut conn = tx.conn()?;
    updates.run(&mut conn).await?;
    heads::update_lookups(&mut conn, org, old.head(), new.head()).await?;
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
pub fn next_version(old: &Head, mut new: AnyObject, change: &Change) -> AnyObject {
    let mut head = old.clone();
    head.version += 1;
    head.updated_at = change.now;
    head.updated_by.clone_from(&change.actor);
    *new.head_mut() = head;
    new
}

/// Makes a new version of an object as a consequence of something else, unless it is the same.
///
/// # Errors
/// When the database does not answer.
pub async fn revise<R: Stored>(tx: &mut Tx, old: Object<R>, body: R) -> Result<Object<R>> {
    let same = old.clone();
    Ok(revise_all(tx, vec![(old, body)]).await?.pop().unwrap_or(same))
}

/// As [`revise`], of several objects; those that stay the same are left out of the answer.
///
/// # Errors
/// When the database does not answer.
pub async fn revise_all<R: Stored>(tx: &mut Tx, all: Vec<(Object<R>, R)>) -> Result<Vec<Object<R>>> {
    let changed = all.into_iter().filter(|(old, body)| old.body != *body);
    let changed = changed.map(|(old, body)| (Object::new(old.head.clone(), body).into(), old.into()));
    let revised = revise_any(tx, kind_of::<R>(), changed.collect()).await?;
    revised.into_iter().map(AnyObject::into_typed).collect()
}

/// Makes new versions of objects, each with the one before.
async fn revise_any(tx: &mut Tx, kind: &dyn AnyKind, all: Vec<(AnyObject, AnyObject)>) -> Result<Vec<AnyObject>> {
    let mut revised = Vec::with_capacity(all.len());
    for (new, old) in all {
        let new = next_version(old.head(), new, tx.change());
        overwrite(tx, kind, &old, &new).await?;
        revised.push(new);
    }
    kind.written(tx, &revised.iter().collect::<Vec<_>>()).await?;
    tx.make_room(revised.len());
    for new in &revised {
        record::keep(tx, kind.info(), new, Operation::Updated).await?;
        tx.revised.insert(new.head().id, new.head().version);
    }
    Ok(revised)
}

/// Inserts new objects with their heads. Ledger and consequences are the caller's.
///
/// # Errors
/// When a constraint is broken or the database does not answer.
pub async fn insert_objects(tx: &mut Tx, kind: &dyn AnyKind, objects: &[&AnyObject]) -> Result<()> {
    let org = tx.organization();
    let inserts = objects.chunks(heads::CHUNK).map(|objects| {
        let heads: Vec<&Head> = objects.iter().map(|object| object.head()).collect();
        let mut inserts = Inserts::default();
        heads::insert(&mut inserts, org, &heads)?;
        kind.insert(&mut inserts, org, objects)?;
        links::insert(&mut inserts, org, kind.info().lists, objects)?;
        Ok(inserts)
    });
    insert_all(&mut tx.conn()?, inserts).await
}

/// Makes new objects, each with its name.
///
/// # Errors
/// When one breaks a rule of its kind, or the database does not answer.
pub async fn create<R: Stored>(tx: &mut Tx, drafts: Vec<(Option<String>, R)>) -> Result<Vec<Object<R>>> {
    let mut planned = Vec::with_capacity(drafts.len());
    for (name, body) in drafts {
        let key = format!("{}-{}", R::KIND.prefix(), tx.next_number(R::KIND).await?);
        let change = tx.change();
        let mut head = Head::new(new_id(), R::KIND, key, change.now, &change.actor);
        (head.name, head.effective) = (name, body.objectives());
        planned.push(AnyPlanned { old: None, new: Object::new(head, body).into(), generated: true, fault: None });
    }
    let created = create_any(tx, kind_of::<R>(), planned).await?;
    created.into_iter().map(AnyObject::into_typed).collect()
}

async fn create_any(tx: &mut Tx, kind: &dyn AnyKind, mut planned: Vec<AnyPlanned>) -> Result<Vec<AnyObject>> {
    kind.inspect(tx, &mut planned).await?;
    let mut created = Vec::with_capacity(planned.len());
    for one in planned {
        match one.fault {
            Some(fault) => return Err(fault),
            None => created.push(one.new),
        }
    }
    let all: Vec<&AnyObject> = created.iter().collect();
    insert_objects(tx, kind, &all).await?;
    kind.written(tx, &all).await?;
    tx.make_room(created.len());
    for object in &created {
        record::keep(tx, kind.info(), object, Operation::Created).await?;
    }
    kind.recorded(tx, &all).await?;
    Ok(created)
}
