//! What happened to an object.
use super::{read, view};
use crate::auth::CollectionRights;
use crate::model::roles::{ADM, AUD, INT, NOBODY, SCM};
use crate::model::{Error, Id, Kind, Result, Rights, StringEnum};
use crate::store::ledger::{self, AuditAction, AuditEntry};
use crate::store::past;
use crate::store::{Conn, Kinds, Snapshot, audit};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Who sees what happened to objects, besides reading them.
pub const RIGHTS: CollectionRights = CollectionRights::new("history", Rights::new(&[SCM, AUD, INT, ADM], NOBODY));

/// What happened to an object, newest first: who, when, why and what changed.
///
/// # Errors
/// `NotFound` when there never was such an object.
pub async fn of_object(conn: &mut Conn<'_>, snapshot: &Snapshot, kind: Kind, id: Id, before: i64, limit: usize) -> Result<Value> {
    let org = snapshot.organization;
    // One entry more tells what the oldest shown one changed.
    let entries = ledger::entries_of(conn, org, id, before, i64::try_from(limit).unwrap_or(500) + 1).await?;
    let entries: Vec<AuditEntry> = entries.into_iter().filter(|entry| entry.kind.0 == kind).collect();
    if entries.is_empty() && before == i64::MAX {
        return Err(Error::NotFound);
    }
    let mut items = Vec::new();
    for (index, entry) in entries.iter().enumerate().take(limit) {
        let older = entries.get(index + 1).filter(|older| older.operation.0 != AuditAction::Deleted);
        let mut item = json!({
            "seq": entry.seq,
            "version": entry.version,
            "operation": entry.operation.0.as_str(),
            "at": entry.at.0,
            "by": entry.actor,
            "reason": entry.reason,
            "request_id": entry.request_id,
            "changes": changes(older.and_then(|older| older.body.as_deref()), entry.body.as_deref()),
        });
        mark_erased(&mut item, entry);
        items.push(item);
    }
    withhold_ids(conn, snapshot, items.iter_mut().map(|item| &mut item["changes"])).await?;
    let next = if entries.len() > limit { items.last().map(|item| item["seq"].clone()) } else { None };
    Ok(json!({"items": items, "next_before": next}))
}

/// Says of an entry whose body was taken out that it was, and nothing of the others.
pub fn mark_erased(item: &mut Value, entry: &AuditEntry) {
    if entry.body.is_none() && entry.operation.0 != AuditAction::Deleted {
        item["erased"] = json!(true);
    }
}

/// Field by field, what was and what is.
fn changes(old: Option<&str>, new: Option<&str>) -> Value {
    let read =
        |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let mut changed = Map::new();
    for name in old.keys().chain(new.keys()) {
        let (from, to) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
        if from != to && !matches!(name.as_str(), "version" | "updated_at" | "updated_by") {
            changed.insert(name.clone(), json!({"from": from, "to": to}));
        }
    }
    Value::Object(changed)
}

/// Takes the ids of objects that may not be read out of what the ledger keeps: links are ids there.
async fn withhold_ids<'a>(conn: &mut Conn<'_>, snapshot: &Snapshot, values: impl Iterator<Item = &'a mut Value>) -> Result<()> {
    if snapshot.visibility.is_whole() {
        return Ok(());
    }
    let mut values: Vec<&mut Value> = values.collect();
    let mut ids = HashSet::new();
    let mut open: Vec<&Value> = values.iter().map(|value| &**value).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(elements) => open.extend(elements),
            _ => ids.extend(value.as_str().and_then(Id::parse)),
        }
    }
    let ids: Vec<Id> = ids.into_iter().collect();
    let kinds = past::kinds_of(conn, snapshot.organization, &ids).await?;
    let hides = |value: &Value| {
        let kind = value.as_str().and_then(Id::parse).and_then(|id| kinds.get(&id));
        kind.is_some_and(|kind| snapshot.visibility.hides(*kind))
    };
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => values.extend(members.values_mut()),
            Value::Array(elements) => {
                elements.retain(|element| !hides(element));
                values.extend(elements);
            }
            _ if hides(value) => *value = Value::Null,
            _ => {}
        }
    }
    Ok(())
}

/// The objects after some writes, by `seq`; links carry the names of now.
///
/// # Errors
/// When the database does not answer.
pub async fn bodies(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kinds: Kinds,
    entries: &[AuditEntry],
) -> Result<HashMap<i64, Value>> {
    let org = snapshot.organization;
    let mut all = HashMap::new();
    for kind in kinds.all() {
        let info = kind.info();
        let of_kind = entries.iter().filter(|entry| entry.kind.0 == info.kind);
        let (mut places, mut objects) = (Vec::new(), Vec::new());
        for (entry, body) in of_kind.filter_map(|entry| Some((entry, entry.body.as_deref()?))) {
            places.push(entry.seq);
            objects.push(audit::from_audit_body(kind, body)?);
        }
        read::name_links(conn, org, &mut objects).await?;
        for (seq, object) in places.into_iter().zip(&objects) {
            all.insert(seq, view::stored(info, object)?);
        }
    }
    // What is gone has no name any more.
    withhold_ids(conn, snapshot, all.values_mut()).await?;
    Ok(all)
}
