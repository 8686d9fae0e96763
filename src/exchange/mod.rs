//! How data comes in and goes out in bulk: batch and change feed; and who is asking.
pub mod batch;
pub mod changes;
pub mod me;
mod results;
mod rows;

use crate::http::routes::Api;
use crate::model::{Kind, StringEnum};
use crate::resources::KINDS;
use serde_json::{Map, Value, json};

pub fn routes(api: &mut Api) {
    batch::routes(api);
    changes::routes(api);
    me::routes(api);
    api.schemas(schemas());
}

/// Schemas of this room, for the document.
fn schemas() -> Map<String, Value> {
    [ledger_schemas(), batch_schemas(), me_schemas()].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
}

fn text(maximum: u32) -> Value {
    json!({"type": "string", "maxLength": maximum})
}

fn optional(maximum: u32) -> Value {
    json!({"type": ["string", "null"], "maxLength": maximum})
}

fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn ledger_schemas() -> Value {
    let (uuid, kind) = (json!({"type": "string", "format": "uuid"}), json!({"$ref": "#/components/schemas/Kind"}));
    let change = json!({"type": "object", "required": ["from", "to"], "properties": {"from": {}, "to": {}}});
    let erased =
        json!({"type": "boolean", "description": "True where the object as it was written then was erased. Left out otherwise."});
    let history = json!({
        "type": "object",
        "required": ["seq", "version", "operation", "at", "by", "reason", "request_id", "changes"],
        "properties": {
            "seq": integer(), "version": integer(), "operation": {"type": "string", "enum": ["created", "updated", "deleted"]},
            "at": time(), "by": text(255), "reason": optional(500), "request_id": text(128),
            "changes": {"type": "object", "description": "By field.", "additionalProperties": change},
            "erased": erased
        }
    });
    let entry = json!({
        "type": "object",
        "required": ["seq", "at", "kind", "id", "key", "version", "operation", "actor", "reason", "request_id", "hash"],
        "properties": {
            "seq": integer(), "at": time(), "kind": kind, "id": uuid, "key": text(64), "version": integer(),
            "operation": {"type": "string", "enum": ["created", "updated", "deleted"]},
            "actor": text(255), "reason": optional(500), "request_id": text(128),
            "hash": {"type": "string", "maxLength": 64, "description": "SHA-256 of the entry, chained to the one before, in hexadecimal."},
            "body": {"type": ["object", "null"], "description": "With `include=body`: the object after the write."},
            "erased": erased
        }
    });
    json!({
        "History": {
            "type": "object", "required": ["items", "next_before"],
            "properties": {"items": {"type": "array", "maxItems": 500, "items": history}, "next_before": {"type": ["integer", "null"], "format": "int64"}}
        },
        "Change": entry,
        "ChangeList": {
            "type": "object", "required": ["items", "seq", "next_after"],
            "properties": {
                "items": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Change"}},
                "seq": {"type": "integer", "format": "int64", "description": "The newest entry there is."},
                "next_after": {"type": "integer", "format": "int64", "description": "Where to go on: `after` of the next call."}
            }
        }
    })
}

fn batch_schemas() -> Value {
    let names = results::RESULTS;
    let counts: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), integer())).collect();
    let kinds: Vec<&str> = KINDS.which(|info| info.batched).into_iter().map(Kind::as_str).collect();
    let kind = json!({"type": "string", "enum": kinds});
    json!({
        "BatchRow": {
            "type": "object", "required": ["op", "kind", "id"], "additionalProperties": false,
            "properties": {
                "op": {"type": "string", "enum": ["upsert", "merge", "delete"], "description": "`upsert` creates or replaces, `merge` creates or lays a merge patch over, `delete` deletes."},
                "kind": kind,
                "id": {"type": "string", "maxLength": 1100, "description": "The UUID, `key:KEY` or `ref:system:id`."},
                "if_version": {"type": "integer", "format": "int64", "minimum": 1},
                "data": {"type": "object", "description": "The draft of the kind; references may point to any row of the batch."}
            }
        },
        "Batch": {
            "type": "object", "required": ["rows"], "additionalProperties": false,
            "properties": {
                "mode": {"type": "string", "enum": ["atomic", "partial"], "default": "atomic"},
                "dry_run": {"type": "boolean", "default": false},
                "snapshot": {
                    "type": "object", "required": ["system", "kinds"], "additionalProperties": false,
                    "description": "What has an id of this system and was not sent is gone.",
                    "properties": {"system": text(64), "kinds": {"type": "array", "minItems": 1, "maxItems": kinds.len(), "items": kind}}
                },
                "max_delete_percent": {"type": "number", "minimum": 0, "maximum": 100, "default": 10},
                "rows": {"type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/BatchRow"}}
            }
        },
        "BatchRowResult": {
            "type": "object", "required": ["index", "id", "key", "result"],
            "properties": {
                "index": integer(), "id": {"type": ["string", "null"], "format": "uuid"}, "key": optional(64),
                "result": {"type": "string", "enum": ["created", "updated", "unchanged", "deleted", "failed"]},
                "version": integer(),
                "problem": {"$ref": "#/components/schemas/Problem"}
            }
        },
        "BatchResult": {
            "type": "object", "required": ["counts", "rows", "seq"],
            "properties": {
                "counts": {"type": "object", "required": names, "properties": counts},
                "rows": {"type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/BatchRowResult"}},
                "snapshot": {"type": "array", "maxItems": 500_000, "description": "What the snapshot deleted.", "items": {"$ref": "#/components/schemas/BatchRowResult"}},
                "seq": integer(),
                "rows_sha256": {
                    "type": "string", "minLength": 64, "maxLength": 64,
                    "description": "Only when a long answer is given again, which is kept without its rows: SHA-256 over a line a row (`index id version result`, `-` for what there is none of)."
                },
                "changes": {"type": "string", "maxLength": 200, "description": "With `rows_sha256`: where the changes can be read."}
            }
        }
    })
}

fn me_schemas() -> Value {
    json!({
        "Me": {
            "type": "object", "required": ["subject", "organization", "roles", "scopes", "permissions", "api_key", "expires_at"],
            "properties": {
                "subject": text(255), "organization": {"$ref": "#/components/schemas/Reference"},
                "roles": {"type": "array", "maxItems": 20, "items": text(64)},
                "scopes": {"type": ["array", "null"], "maxItems": 100, "items": text(64), "description": "Null when the token is not narrowed."},
                "permissions": {"type": "array", "maxItems": 100, "items": text(64)},
                "api_key": {"type": ["string", "null"], "format": "uuid", "description": "The API key that was shown instead of a token."},
                "expires_at": time()
            }
        }
    })
}
