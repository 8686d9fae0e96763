//! From spelled references to the objects they name.
use super::command::BatchContext;
use crate::model::{Faults, Id, Kind, Link, ObjectRef, Result};
use crate::store::{AnyObject, Tx, resolve};
use std::collections::HashSet;

/// Looks up every reference that the request itself does not answer.
///
/// # Errors
/// When the database does not answer.
pub async fn load_targets(
    tx: &mut Tx,
    context: &BatchContext,
    drafts: impl Iterator<Item = &mut AnyObject>,
) -> Result<resolve::ResolvedRefs> {
    let mut wanted = HashSet::new();
    let mut kinds: HashSet<Kind> = HashSet::new();
    for draft in drafts {
        for slot in draft.links() {
            let Link::Unresolved { text, .. } = &*slot.link else { continue };
            kinds.extend(slot.kinds);
            wanted.extend(ObjectRef::parse(text));
        }
    }
    // What the request creates or changes is looked up too: a key may stand in several kinds.
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let org = tx.organization();
    let mut found = resolve::locate(&mut tx.conn()?, org, &kinds, &wanted).await?;
    for all in found.values_mut() {
        all.retain(|(_, id)| !context.to_delete.contains(id));
    }
    Ok(found)
}

/// Points every link that was given at its object; tells where it points to what only this request makes.
pub fn resolve_links(
    draft: &mut AnyObject,
    is_given: impl Fn(&str) -> bool,
    found: &resolve::ResolvedRefs,
    context: &BatchContext,
    faults: &mut Faults,
) -> Vec<(String, Id)> {
    let mut forward = Vec::new();
    let mut listed: HashSet<(String, Id)> = HashSet::new();
    for slot in draft.links() {
        let root = slot.pointer.split('/').nth(1).unwrap_or_default();
        let Link::Unresolved { text, kind } = &*slot.link else { continue };
        if !is_given(root) {
            continue;
        }
        let Some(object_ref) = ObjectRef::parse(text) else {
            faults.add(slot.pointer, "bad_format", "neither a UUID nor key:… nor ref:system:id");
            continue;
        };
        let there = found.get(&object_ref).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<(Kind, Id)> = Vec::new();
        for one in there.iter().chain(context.resolve_local(&object_ref)) {
            if slot.kinds.contains(&one.0) && kind.is_none_or(|kind| kind == one.0) && !all.contains(one) {
                all.push(*one);
            }
        }
        match all.as_slice() {
            [one] if slot.list_pointer().is_some_and(|list| !listed.insert((list.to_owned(), one.1))) => {
                faults.add(slot.pointer, "duplicate", "the same stands there twice");
            }
            [one] => {
                if !there.contains(one) {
                    forward.push((slot.pointer, one.1));
                }
                *slot.link = Link::To(one.1);
            }
            [] => faults.add(
                slot.pointer,
                "unknown_reference",
                format!("{text} is none of the organisation's {}", collections(slot.kinds)),
            ),
            _ => faults.add(
                slot.pointer,
                "ambiguous_reference",
                format!("{text} stands in several kinds: send an object with id and kind"),
            ),
        }
    }
    forward
}

fn collections(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.collection()).collect::<Vec<_>>().join(", ")
}
