//! `GET /changes`: the ledger as a feed to follow by polling.
use crate::auth::CollectionRights;
use crate::collection::history;
use crate::collection::params::reject_unknown;
use crate::http::context::{Ledger, Reader};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::roles::{ADM, AUD, INT, NOBODY, SCM};
use crate::model::{Action, Error, Kind, Result, Rights, StringEnum};
use crate::resources::KINDS;
use crate::store::ledger::{self, AuditEntry};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Who follows the ledger.
pub const RIGHTS: CollectionRights = CollectionRights::new("changes", Rights::new(&[SCM, AUD, INT, ADM], NOBODY));

const MAX: i64 = 1000;

/// The handler.
pub async fn changes(reader: Reader<Ledger>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["after", "limit", "kind", "include"])?;
    let value = |name: &str| parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let bad = |detail: String| Error::malformed("invalid_parameter", detail);
    let number = |name: &str, range: std::ops::RangeInclusive<i64>, default: i64| match value(name).map(str::parse::<i64>) {
        None => Ok(default),
        Some(Ok(number)) if range.contains(&number) => Ok(number),
        Some(_) => Err(bad(format!("{name} is an integer from {} to {}", range.start(), range.end()))),
    };
    let after = number("after", 0..=i64::MAX, 0)?;
    let limit = number("limit", 1..=MAX, 100)?;
    let kinds = value("kind").map(|words| words.split(',').map(Kind::from_word).collect::<Option<Vec<_>>>());
    let kinds = kinds.unwrap_or_else(|| Some(Vec::new())).ok_or_else(|| bad("kind: not a kind".into()))?;
    let bodies = match value("include") {
        None => false,
        Some("body") => true,
        Some(_) => return Err(bad("include: only body can be included".into())),
    };
    let snapshot = reader.caller().snapshot();
    let sees_keys = reader.caller().identity().may(Kind::ApiKey.collection(), Action::Read);
    let answer = reader
        .read(async |conn, org| {
            let newest = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
            if after > newest {
                // Whoever is ahead follows another ledger, such as one from before a restore.
                return Err(Error::malformed("invalid_parameter", format!("after: the ledger ends at {newest}")));
            }
            let entries = ledger::entries_after(conn, org, after, &kinds, limit).await?;
            // Something may have been written since the head was read.
            let newest = entries.last().map_or(newest, |last| last.seq.max(newest));
            let mut shown = if bodies { history::bodies(conn, &snapshot, KINDS, &entries).await? } else { HashMap::new() };
            // A page that is not full has seen everything there was.
            let full = entries.len() as i64 == limit;
            let next = entries.last().filter(|_| full).map_or(newest, |last| last.seq);
            let item = |entry: &AuditEntry| {
                let mut item = thin(entry);
                if bodies {
                    item["body"] = shown.remove(&entry.seq).unwrap_or_default();
                }
                item
            };
            let shown = |entry: &&AuditEntry| entry.kind.0 != Kind::ApiKey || sees_keys;
            let items: Vec<Value> = entries.iter().filter(shown).map(item).collect();
            Ok(json!({"items": items, "seq": newest, "next_after": next}))
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn thin(entry: &AuditEntry) -> Value {
    let mut item = json!({
        "seq": entry.seq,
        "at": entry.at.0,
        "kind": entry.kind.0.as_str(),
        "id": entry.object_id.0,
        "key": entry.object_key,
        "version": entry.version,
        "operation": entry.operation.0.as_str(),
        "actor": entry.actor,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "hash": hex::encode(&entry.hash),
    });
    history::mark_erased(&mut item, entry);
    item
}

pub fn routes(api: &mut Api) {
    let entry = json!({
        "seq": 8123, "at": "2026-11-22T09:30:00.000000Z", "kind": "service", "id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "key": "PAYROLL",
        "version": 2, "operation": "updated", "actor": "ana", "reason": null, "request_id": "018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f",
        "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    });
    let words =
        "Every write of the organisation in order, deletions included. Keep `next_after` and ask again: nothing is missed.";
    let operation = Operation::new(Method::GET, "/api/v1/changes", "exchange", "list_changes", "Follow the changes", words)
        .permission("changes", Action::Read)
        .query("after", json!({"type": "integer", "format": "int64", "minimum": 0, "default": 0}), "Entries after this seq.")
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": MAX, "default": 100}), "Entries a page.")
        .query("kind", json!({"type": "string", "maxLength": 200}), "Only these kinds, separated by commas.")
        .query("include", json!({"type": "string", "enum": ["body"]}), "Adds the object after the write.")
        .json(
            200,
            "Entries, oldest first.",
            json!({"$ref": "#/components/schemas/ChangeList"}),
            &json!({"items": [entry], "seq": 8123, "next_after": 8123}),
            Value::Null,
        );
    api.add(operation, changes);
}
