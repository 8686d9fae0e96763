//! Links to what the writer may not read. Answers do not show them, so that a draft made from one has lost them: it is
//! refused, for it would take away what nobody meant to.
use crate::model::{Error, Faults, Id, Result};
use crate::store::{AnyPlanned, Tx, resolve};
use std::collections::{HashMap, HashSet};

/// Where an object had links that its next version has not.
struct Lost {
    change: usize,
    pointer: String,
    id: Id,
}

/// Marks the changes that would take such links away. Whoever names another object in their place means it.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_links(tx: &mut Tx, changes: &mut [AnyPlanned]) -> Result<()> {
    let visibility = tx.context().visibility.clone();
    if visibility.is_whole() {
        return Ok(());
    }
    let mut lost = Vec::new();
    for (index, change) in changes.iter().enumerate().filter(|(_, change)| change.fault.is_none()) {
        let Some(mut old) = change.old.clone() else { continue };
        let mut new = change.new.clone();
        let there: HashMap<String, Option<Id>> = new.links().iter().map(|slot| (slot.pointer.clone(), slot.link.id())).collect();
        let kept: HashSet<Id> = there.values().flatten().copied().collect();
        for slot in old.links() {
            let hidden = slot.kinds.iter().any(|kind| visibility.hidden().contains(*kind));
            let replaced = slot.list_pointer().is_none() && there.contains_key(&slot.pointer);
            let gone = slot.link.id().filter(|id| hidden && !replaced && !kept.contains(id));
            lost.extend(gone.map(|id| Lost { change: index, pointer: slot.pointer, id }));
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let (org, ids) = (tx.organization(), lost.iter().map(|one| one.id).collect());
    let names = resolve::references(&mut tx.conn()?, org, &ids).await?;
    let mut faults: HashMap<usize, Faults> = HashMap::new();
    for one in lost {
        let Some(kind) = names.get(&one.id).map(|known| known.kind).filter(|kind| visibility.hides(*kind)) else { continue };
        let detail = format!("it points to one of the {}, which you may not read", kind.collection());
        faults.entry(one.change).or_default().add(one.pointer, "withheld", detail);
    }
    for (index, faults) in faults {
        let detail = "the change would take away links that you may not see: send a patch of the other fields".to_owned();
        changes[index].fault = Some(Error::Conflict { code: "withheld", detail, faults: faults.into_vec() });
    }
    Ok(())
}
