//! What happened to an object.
use super::{read, view};
use crate::auth::CollectionRights;
use crate::model::roles::{ADM, AUD, INT, NOBODY, SCM};
use crate::model::{Error, Id, Kind, Result, Rights, StringEnum};
use crate::store::ledger::{self, AuditAction, AuditEntry};
use crate::store::{Conn, Kinds, audit};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Who sees what happened to objects, besides reading them.
pub const RIGHTS: CollectionRights = CollectionRights::new("history", Rights::new(&[SCM, AUD, INT, ADM], NOBODY));

/// What happened to an object, newest first: who, when, why and what changed.
pub async fn of_object(conn: &mut Conn<'_>, org: Id, kind: Kind, id: Id, before: i64, limit: usize) -> Result<Value> {
    // One entry more tells what the oldest shown one changed.
    let entries = ledger::entries_of(conn, org, id, before, i64::try_from(limit).unwrap_or(500) + 1).await?;
    let entries: Vec<AuditEntry> = entries.into_iter().filter(|entry| entry.kind.0 == kind).collect();
    if entries.is_empty() && before == i64::MAX {
        return Err(Error::NotFound);
    }
    let mut items = Vec::new();
    for (index, entry) in entries.iter().enumerate().take(limit) {
        let older = entries.get(index + 1).filter(|older| older.operation.0 != AuditAction::Deleted);
        items.push(json!({
            "seq": entry.seq,
            "version": entry.version,
            "operation": entry.operation.0.as_str(),
            "at": entry.at.0,
            "by": entry.actor,
            "reason": entry.reason,
            "request_id": entry.request_id,
            "changes": changes(older.and_then(|older| older.body.as_deref()), entry.body.as_deref()),
        }));
    }
    let next = if entries.len() > limit { items.last().map(|item| item["seq"].clone()) } else { None };
    Ok(json!({"items": items, "next_before": next}))
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

/// The objects after some writes, by `seq`; links carry the names of now.
///
/// # Errors
/// When the database does not answer.
pub async fn bodies(conn: &mut Conn<'_>, org: Id, kinds: Kinds, entries: &[AuditEntry]) -> Result<HashMap<i64, Value>> {
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
    Ok(all)
}
