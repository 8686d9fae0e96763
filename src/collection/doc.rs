//! The routes of a collection with their pages of the document.
use super::http::{create, delete, get, history, list, patch, put};
use super::{draft, schema, transitions, view};
use crate::http::routes::{Api, Operation};
use crate::model::{Action, FieldType, Id, Kind, Link, ObjectMeta, Operator, Reference, StringEnum, Timestamp, permission};
use crate::store::kind::AnyLifecycle;
use crate::store::object::AnyVersionInput;
use crate::store::{AnyKind, AnyObject, ResourceHooks, kind_of};
use actix_web::http::Method;
use serde_json::{Value, json};

/// As [`example`], of a kind the code knows.
pub fn example_of<R: ResourceHooks>() -> Value {
    example(kind_of::<R>())
}

/// An object of the kind as the document shows it.
pub fn example(kind: &'static dyn AnyKind) -> Value {
    let id =
        |tail: u8| Id(uuid::Uuid::from_bytes([1, 0x8f, 0x6c, 0x2e, 0x5a, 0x4b, 0x7c, 0x3d, 0x8e, 0x9f, 0, 0, 0, 0, 0, tail]));
    let info = kind.info();
    let Ok(mut draft) = draft::parse(kind, kind.example()) else { return Value::Null };
    for slot in draft.object.links() {
        let kind = slot.kinds.iter().find(|kind| **kind == Kind::Service).or(slot.kinds.first());
        let kind = kind.copied().unwrap_or(Kind::Service);
        let key = match &*slot.link {
            Link::Unresolved { text, .. } => text.strip_prefix("key:").unwrap_or("KEY").to_owned(),
            _ => "KEY".into(),
        };
        let reference = Reference { id: id(7), kind, name: Some(key.clone()), key };
        *slot.link = Link::Named(Box::new(reference));
    }
    let at = Timestamp::from_seconds(1_795_330_800).unwrap_or(Timestamp::EPOCH);
    let meta = ObjectMeta {
        id: id(1),
        kind: info.kind,
        key: draft.meta.key.unwrap_or_else(|| format!("{}-1", info.kind.prefix())),
        name: draft.meta.name,
        description: draft.meta.description,
        external_refs: draft.meta.external_refs,
        tags: draft.meta.tags,
        attributes: draft.meta.attributes,
        version: 1,
        created_at: at,
        updated_at: at,
        created_by: "ana".into(),
        updated_by: "ana".into(),
        effective: draft.object.objectives(),
    };
    let input = AnyVersionInput { old: None, given: &draft.given, actor: "ana", now: at };
    let shown = |mut object: AnyObject| {
        *object.meta_mut() = meta;
        view::value(info, &object)
    };
    draft.object.fill_server_fields(&input).and_then(shown).unwrap_or_default()
}

pub fn schema_ref(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

pub fn etag() -> Value {
    json!({"ETag": {"description": "The version, and a digest of what is derived.", "schema": {"type": "string", "maxLength": 40}}})
}

/// Singular and plural as they stand in operation ids.
fn words(kind: Kind) -> (&'static str, String) {
    (kind.as_str(), kind.collection().replace('-', "_"))
}

/// What `fields=` does.
const FIELDS: &str = "Only these fields, separated by commas; the others are then missing from the answer, required or not.";

/// Adds the operations every collection has.
pub fn routes(kind: &'static dyn AnyKind, api: &mut Api) {
    let info = kind.info();
    let many = format!("/api/v1/{}", info.collection());
    let one = format!("{many}/{{id}}");
    api.add_of(kind, list_operation(kind, &many), list);
    api.add_of(kind, get_operation(kind, &one), get);
    if info.created {
        create_routes(kind, api, &many, &one);
    }
    if info.changed {
        change_route(kind, api, &one);
    }
    if info.deleted {
        delete_route(kind, api, &one);
    }
    api.add_of(kind, history_operation(kind, &format!("{one}/history")), history);
    if let Some(lifecycle) = kind.lifecycle() {
        transition_routes(kind, lifecycle, api);
    }
}

fn operation(kind: Kind, method: Method, path: &str, id: &str, summary: &str, description: &str, action: Action) -> Operation {
    let (single, plural) = words(kind);
    let article = if single.starts_with(['a', 'e', 'i', 'o', 'u']) { "an {one}" } else { "a {one}" };
    let fill = |text: &str| {
        text.replace("a {one}", article).replace("{one}", &single.replace('_', " ")).replace("{many}", &plural.replace('_', " "))
    };
    let id = id.replace("{one}", single).replace("{many}", &plural);
    Operation::new(method, path, kind.collection(), &id, &fill(summary), &fill(description)).permission(kind.collection(), action)
}

pub fn with_id(operation: Operation) -> Operation {
    operation.path_parameter("id", "The UUID, `key:KEY` or `ref:system:id` (percent-encoded).", "key:EXAMPLE").problems(&[404])
}

pub fn with_write_headers(operation: Operation) -> Operation {
    operation
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the history. At most 500 characters.")
        .problems(&[409, 412, 507])
}

fn list_operation(kind: &'static dyn AnyKind, path: &str) -> Operation {
    let schema = schema_ref(&format!("{}List", kind.info().schema));
    let page = json!({"items": [example(kind)], "seq": 8123});
    let link =
        json!({"Link": {"description": "`rel=\"next\"`: the next page.", "schema": {"type": "string", "maxLength": 65536}}});
    let summary = "List {many}";
    let description = "Pages of {many}, filtered and sorted; see the parameters. Several values are separated by commas.";
    let sortable: Vec<&str> = (kind.info().fields)()
        .iter()
        .flat_map(|t| t.iter())
        .filter(|f| !f.order.is_empty())
        .map(|f| f.name)
        .chain(["created_at"])
        .collect();
    let mut out = operation(kind.info().kind, Method::GET, path, "list_{many}", summary, description, Action::Read)
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}), "Objects a page.")
        .query(
            "cursor",
            json!({"type": "string", "maxLength": 4096}),
            "`next_cursor` of the page before; holds for the same filters and order.",
        )
        .query(
            "sort",
            json!({"type": "string", "maxLength": 200}),
            &format!("Up to three of {}; `-` before a name descends. What is absent sorts last.", sortable.join(", ")),
        )
        .query("count", json!({"type": "boolean"}), "Adds `total`.")
        .query("fields", json!({"type": "string", "maxLength": 1000}), FIELDS)
        .query(
            "as_of",
            json!({"type": "string", "maxLength": 40}),
            "The list as it was: an RFC 3339 time or a seq of the ledger.",
        )
        .query("q", json!({"type": "string", "maxLength": 200}), "Words that all occur in key, name or description.")
        .query("tag", json!({"type": "string", "maxLength": 1000}), "Carries any of these tags.")
        .query("external_ref", json!({"type": "string", "maxLength": 330}), "Has this id in a client's system: `system:id`.")
        .query("updated_since", json!({"type": "string", "format": "date-time"}), "Changed at or after this time.");
    for filter in kind.info().filters {
        let words = format!("{} Any of {}.", filter.description, filter.words.join(", "));
        out = out.query(filter.name, json!({"type": "string", "maxLength": 200}), &words);
    }
    for field in (kind.info().fields)().iter().flat_map(|table| table.iter()) {
        for operator in field.kind.operators() {
            let plain = *operator == Operator::Equal;
            let name = if plain { field.name.to_owned() } else { format!("{}[{}]", field.name, operator.as_str()) };
            out = out.query(&name, filter_schema(field.kind, *operator), &filter_words(field.kind, *operator));
        }
    }
    out.json(200, "A page.", schema, &page, link).also(200, "text/csv", "id,key,name\n")
}

fn filter_schema(kind: FieldType, operator: Operator) -> Value {
    let several = matches!(operator, Operator::Equal | Operator::NotEqual);
    match kind {
        FieldType::Integer | FieldType::Score if !several => json!({"type": "integer", "format": "int64"}),
        FieldType::Time if !several => json!({"type": "string", "format": "date-time"}),
        FieldType::Date if !several => json!({"type": "string", "format": "date"}),
        _ => json!({"type": "string", "maxLength": 4000}),
    }
}

fn filter_words(kind: FieldType, operator: Operator) -> String {
    let value = match kind {
        FieldType::Text => "texts".to_owned(),
        FieldType::Word(words) => format!("of {}", words().join(", ")),
        FieldType::Integer | FieldType::Score => "integers".into(),
        FieldType::Boolean => "true or false".into(),
        FieldType::Time => "RFC 3339 times".into(),
        FieldType::Date => "dates".into(),
        FieldType::Exposed => "references to business-processes".into(),
        FieldType::Link(kinds) | FieldType::Listed(kinds, _) => {
            format!("references to {}", kinds.iter().map(|k| k.collection()).collect::<Vec<_>>().join(", "))
        }
        FieldType::Id => "UUIDs".into(),
    };
    match operator {
        Operator::Equal => format!("Any of these: {value}, or null."),
        Operator::NotEqual => format!("None of these: {value}, or null."),
        Operator::Less => "Less than.".into(),
        Operator::AtMost => "At most.".into(),
        Operator::Greater => "Greater than.".into(),
        Operator::AtLeast => "At least.".into(),
    }
}

fn get_operation(kind: &'static dyn AnyKind, path: &str) -> Operation {
    let description = "One object with its ETag; `If-None-Match` answers 304 while it is unchanged.";
    let mut out = with_id(operation(kind.info().kind, Method::GET, path, "get_{one}", "Get a {one}", description, Action::Read))
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .query("fields", json!({"type": "string", "maxLength": 1000}), FIELDS);
    if kind.info().is_node() {
        out = out.query("include", json!({"type": "string", "enum": ["mappings"]}), "Adds the mappings in which it stands.");
    }
    out.json(200, "The object.", schema_ref(kind.info().schema), &example(kind), etag()).response(
        304,
        "Unchanged.",
        Value::Null,
        etag(),
    )
}

pub const IF_MATCH: &str = "The ETag (or just `\"version\"`) the change is meant for; 412 when it has changed since.";

fn create_routes(kind: &'static dyn AnyKind, api: &mut Api, many: &str, one: &str) {
    let (draft, view, shown) =
        (schema_ref(&format!("{}Draft", kind.info().schema)), schema_ref(kind.info().schema), example(kind));
    let mut created = etag();
    created["Location"] = json!({"description": "Where it is found.", "schema": {"type": "string", "maxLength": 200}});
    created["Idempotent-Replayed"] =
        json!({"description": "`true` when the first answer is given again.", "schema": {"type": "string", "enum": ["true"]}});

    let words = "Creates a {one}. With an Idempotency-Key the first answer is kept 72 hours and given again.";
    let op = operation(kind.info().kind, Method::POST, many, "create_{one}", "Create a {one}", words, Action::Write)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], draft.clone(), &kind.example())
        .json(201, "Created.", view.clone(), &shown, created.clone());
    api.add_of(kind, with_write_headers(op), create);

    let (title, words) = if kind.info().changed {
        (
            "Create or replace a {one}",
            "Creates or replaces by `ref:system:id` or `key:KEY` (by UUID only replaces). Equal content changes nothing. \
             `key` and `external_refs` keep what they are when they are left out.",
        )
    } else {
        (
            "Create a {one} by an id of one's own",
            "Creates by `ref:system:id` or `key:KEY`. The same again changes nothing; other content is refused (409).",
        )
    };
    let op = with_id(operation(kind.info().kind, Method::PUT, one, "replace_{one}", title, words, Action::Write))
        .header("If-Match", IF_MATCH)
        .header("If-None-Match", "`*`: only create.")
        .body(&["application/json"], draft, &kind.example())
        .json(200, "Replaced, or unchanged.", view.clone(), &shown, etag())
        .json(201, "Created.", view, &shown, created);
    api.add_of(kind, with_write_headers(op).problems(&[428]), put);
}

fn change_route(kind: &'static dyn AnyKind, api: &mut Api, one: &str) {
    let schema = format!("{}Patch", kind.info().schema);
    let patch_example = schema::of(kind).patch["examples"][0].clone();
    let words = "Lays a JSON merge patch (RFC 7396) over the object: `null` takes a field away.";
    let op = with_id(operation(kind.info().kind, Method::PATCH, one, "patch_{one}", "Change a {one}", words, Action::Write))
        .header("If-Match", IF_MATCH)
        .body(&["application/json", "application/merge-patch+json"], schema_ref(&schema), &patch_example)
        .json(200, "Changed, or unchanged.", schema_ref(kind.info().schema), &example(kind), etag());
    api.add_of(kind, with_write_headers(op).problems(&[428]), patch);
}

fn delete_route(kind: &'static dyn AnyKind, api: &mut Api, one: &str) {
    let words = "Deletes what nothing refers to; otherwise 409 names what does.";
    let op = with_id(operation(kind.info().kind, Method::DELETE, one, "delete_{one}", "Delete a {one}", words, Action::Write))
        .header("If-Match", IF_MATCH)
        .response(204, "Deleted.", Value::Null, Value::Null);
    api.add_of(kind, with_write_headers(op).problems(&[428]), delete);
}

fn history_operation(kind: &'static dyn AnyKind, path: &str) -> Operation {
    let entry = json!({
        "seq": 8123, "version": 2, "operation": "updated", "at": "2026-11-22T09:30:00.000000Z", "by": "ana", "reason": "Review of November",
        "request_id": "018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f", "changes": {"name": {"from": "Payrol", "to": "Payroll"}}
    });
    let words = "Every version, newest first: who, when, why and what changed. Needs `history:read` too.";
    with_id(operation(kind.info().kind, Method::GET, path, "list_{one}_history", "History of a {one}", words, Action::Read))
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}), "Entries a page.")
        .query("before", json!({"type": "integer", "format": "int64", "minimum": 1}), "`next_before` of the page before.")
        .json(200, "The history.", schema_ref("History"), &json!({"items": [entry], "next_before": null}), Value::Null)
}

/// Adds the two operations of a kind whose objects have a status.
fn transition_routes(kind: &'static dyn AnyKind, lifecycle: &dyn AnyLifecycle, api: &mut Api) {
    let moves = lifecycle.moves();
    let path = format!("/api/v1/{}/{{id}}/transitions", kind.info().collection());
    let words = "The status, and for every other one whether the move there is open now, who may make it, and why it is closed.";
    let (first, second) = (moves.first().map_or("", |one| one.to), kind.info().collection());
    let one = json!({
        "to": first, "open": false, "allowed": false, "permission": permission(second, Action::Write), "roles": ["administrator"],
        "reasons": [{"code": "not_from_here", "detail": "closed leads to nothing any more"}], "warnings": []
    });
    let shown = example(kind);
    let example_list = json!({"status": shown["status"], "version": 1, "transitions": [one]});
    let op = with_id(operation(
        kind.info().kind,
        Method::GET,
        &path,
        "list_{one}_transitions",
        "Moves of a {one}",
        words,
        Action::Read,
    ));
    api.add_of(kind, op.json(200, "The moves.", schema_ref("TransitionList"), &example_list, Value::Null), transitions::list);

    let needs: Vec<String> = moves
        .iter()
        .filter(|one| one.action != Action::Write)
        .map(|one| format!("{} needs `{}`", one.to, permission(second, one.action)))
        .collect();
    let words = format!(
        "Moves to another status. A move that is closed answers 409 `transition_closed` and names what is missing. {}",
        if needs.is_empty() {
            String::new()
        } else {
            format!("Most moves need `{}`; {}.", permission(second, Action::Write), needs.join(", "))
        }
    );
    let body = json!({"to": first, "comment": "As agreed in the weekly review"});
    let op = with_id(operation(kind.info().kind, Method::POST, &path, "move_{one}", "Move a {one}", &words, Action::Write))
        .header("If-Match", "The ETag (or just `\"version\"`) the move is meant for; 412 when it has changed since.")
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], schema_ref(&format!("{}Transition", kind.info().schema)), &body)
        .json(200, "The object after the move.", schema_ref(kind.info().schema), &shown, etag());
    api.add_of(kind, with_write_headers(op).problems(&[428]), transitions::transition);
}
