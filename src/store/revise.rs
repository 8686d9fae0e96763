//! Objects as a consequence of something else: new ones, and new versions of those that are there.
use super::insert::{Inserts, insert_all};
use super::ledger::Operation;
use super::rows::{Object, Planned, Stored};
use super::tx::{Change, Tx};
use super::update::Updates;
use super::{heads, links, record};
use crate::app::new_id;
use crate::model::{Head, Result};
use crate::resources::Resource;

/// Overwrites an object with another version of it. Ledger and consequences are the caller's.
///
/// # Errors
/// When the database does not answer.
pub async fn overwrite<R: Stored>(tx: &mut Tx, old: &Object<R>, new: &Object<R>) -> Result<()> {
    let org = tx.organization();
    let mut updates = Updates::new(org, new.head.id);
    heads::update(&mut updates, org, &old.head, &new.head)?;
    R::update(&mut updates, org, old, new)?;
    let mut conn = tx.conn()?;
    updates.run(&mut conn).await?;
    heads::update_lookups(&mut conn, org, &old.head, &new.head).await?;
    let mut bodies = (old.body.clone(), new.body.clone());
    let lists = |body: &mut R| -> Vec<_> {
        body.links().iter().filter(|slot| slot.in_list().is_some()).map(|slot| (slot.pointer.clone(), slot.link.id())).collect()
    };
    if !R::LISTS.is_empty() && lists(&mut bodies.0) != lists(&mut bodies.1) {
        links::update(&mut conn, org, new).await?;
    }
    Ok(())
}

/// The next version of an object, by whoever makes the change.
pub fn next_version<R: Resource>(old: &Object<R>, body: R, change: &Change) -> Object<R> {
    let mut head = old.head.clone();
    head.version += 1;
    head.updated_at = change.now;
    head.updated_by.clone_from(&change.actor);
    Object::new(head, body)
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
    let mut revised = Vec::with_capacity(all.len());
    for (old, body) in all.into_iter().filter(|(old, body)| old.body != *body) {
        let new = next_version(&old, body, tx.change());
        overwrite(tx, &old, &new).await?;
        revised.push(new);
    }
    R::written(tx, &revised.iter().collect::<Vec<_>>()).await?;
    tx.make_room(revised.len());
    for new in &revised {
        record::keep(tx, new, Operation::Updated).await?;
        tx.revised.insert(new.head.id, new.head.version);
    }
    Ok(revised)
}

/// Inserts new objects with their heads. Ledger and consequences are the caller's.
///
/// # Errors
/// When a constraint is broken or the database does not answer.
pub async fn insert_objects<R: Stored>(tx: &mut Tx, objects: &[&Object<R>]) -> Result<()> {
    let org = tx.organization();
    let inserts = objects.chunks(heads::CHUNK).map(|objects| {
        let heads: Vec<&Head> = objects.iter().map(|object| &object.head).collect();
        let mut inserts = Inserts::default();
        heads::insert(&mut inserts, org, &heads)?;
        R::insert(&mut inserts, org, objects)?;
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
        planned.push(Planned { old: None, new: Object::new(head, body), generated: true, fault: None });
    }
    R::inspect(tx, &mut planned).await?;
    let mut created = Vec::with_capacity(planned.len());
    for one in planned {
        match one.fault {
            Some(fault) => return Err(fault),
            None => created.push(one.new),
        }
    }
    let all: Vec<&Object<R>> = created.iter().collect();
    insert_objects(tx, &all).await?;
    R::written(tx, &all).await?;
    tx.make_room(created.len());
    for object in &created {
        record::keep(tx, object, Operation::Created).await?;
    }
    R::recorded(tx, &all).await?;
    Ok(created)
}
