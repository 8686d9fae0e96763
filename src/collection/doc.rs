//! The routes of a collection with their pages of the document.
use super::http::{create, delete, get, history, list, patch, put};
use super::{draft, read, schema, view};
use crate::auth::Action;
use crate::auth::roles::permission;
use crate::http::routes::{Api, Operation};
use crate::model::{FieldType, Id, Kind, Operator, Reference, Word};
use crate::resources::{Made, Resource, fields};
use crate::store::{Living, Object, Stored};
use actix_web::http::Method;
use serde_json::{Value, json};

/// An object of the kind as the document shows it.
pub fn example<R: Resource>() -> Value {
    let id =
        |tail: u8| Id(uuid::Uuid::from_bytes([1, 0x8f, 0x6c, 0x2e, 0x5a, 0x4b, 0x7c, 0x3d, 0x8e, 0x9f, 0, 0, 0, 0, 0, tail]));
    let Ok(mut draft) = draft::parse::<R>(R::example()) else { return Value::Null };
    for slot in draft.body.links() {
        let kind = slot.kinds.first().copied().unwrap_or(Kind::Service);
        let key = match &*slot.link {
            crate::model::Link::Spelled { text, .. } => text.strip_prefix("key:").unwrap_or("KEY").to_owned(),
            _ => "KEY".into(),
        };
        let reference = Reference { id: id(7), kind, name: Some(key.clone()), key };
        *slot.link = crate::model::Link::Named(Box::new(reference));
    }
    let at = crate::model::Timestamp::from_seconds(1_795_330_800).unwrap_or(crate::model::Timestamp::EPOCH);
    let head = crate::model::Head {
        id: id(1),
        kind: R::KIND,
        key: draft.head.key.unwrap_or_else(|| format!("{}-1", R::KIND.prefix())),
        name: draft.head.name,
        description: draft.head.description,
        external_refs: draft.head.external_refs,
        tags: draft.head.tags,
        attributes: draft.head.attributes,
        version: 1,
        created_at: at,
        updated_at: at,
        created_by: "ana".into(),
        updated_by: "ana".into(),
        effective: draft.body.objectives(),
    };
    let made = Made { old: None, given: &draft.given, actor: "ana", now: at };
    view::value(&Object::new(head, draft.body.settled(&made))).unwrap_or_default()
}

pub fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

pub fn etag() -> Value {
    json!({"ETag": {"description": "The version, and a digest of what is derived.", "schema": {"type": "string", "maxLength": 40}}})
}

/// Singular and plural as they stand in operation ids.
fn words<R: Resource>() -> (&'static str, String) {
    (crate::model::Word::as_str(R::KIND), R::KIND.collection().replace('-', "_"))
}

/// What `fields=` does.
const FIELDS: &str = "Only these fields, separated by commas; the others are then missing from the answer, required or not.";

/// Adds the operations every collection has.
pub fn routes<R: Stored>(api: &mut Api) {
    let many = format!("/api/v1/{}", R::KIND.collection());
    let one = format!("{many}/{{id}}");
    api.add(list_operation::<R>(&many), list::<R>);
    api.add(get_operation::<R>(&one), get::<R>);
    if R::CREATED {
        create_routes::<R>(api, &many, &one);
    }
    if R::CHANGED {
        change_route::<R>(api, &one);
    }
    if R::DELETED {
        delete_route::<R>(api, &one);
    }
    api.add(history_operation::<R>(&format!("{one}/history")), history::<R>);
}

fn operation<R: Resource>(method: Method, path: &str, id: &str, summary: &str, description: &str, action: Action) -> Operation {
    let (single, plural) = words::<R>();
    let article = if single.starts_with(['a', 'e', 'i', 'o', 'u']) { "an {one}" } else { "a {one}" };
    let fill = |text: &str| {
        text.replace("a {one}", article).replace("{one}", &single.replace('_', " ")).replace("{many}", &plural.replace('_', " "))
    };
    let id = id.replace("{one}", single).replace("{many}", &plural);
    Operation::new(method, path, R::KIND.collection(), &id, &fill(summary), &fill(description))
        .permission(R::KIND.collection(), action)
}

pub fn with_id(operation: Operation) -> Operation {
    operation.path_parameter("id", "The UUID, `key:KEY` or `ref:system:id` (percent-encoded).", "key:EXAMPLE").problems(&[404])
}

pub fn for_writing(operation: Operation) -> Operation {
    operation
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the history. At most 500 characters.")
        .problems(&[409, 412, 507])
}

fn list_operation<R: Resource>(path: &str) -> Operation {
    let schema = named(&format!("{}List", R::SCHEMA));
    let page = json!({"items": [example::<R>()], "seq": 8123});
    let link =
        json!({"Link": {"description": "`rel=\"next\"`: the next page.", "schema": {"type": "string", "maxLength": 65536}}});
    let summary = "List {many}";
    let description = "Pages of {many}, filtered and sorted; see the parameters. Several values are separated by commas.";
    let sortable: Vec<&str> = fields::<R>()
        .iter()
        .flat_map(|t| t.iter())
        .filter(|f| !f.order.is_empty())
        .map(|f| f.name)
        .chain(["created_at"])
        .collect();
    let mut out = operation::<R>(Method::GET, path, "list_{many}", summary, description, Action::Read)
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
    for filter in R::FILTERS {
        let words = format!("{} Any of {}.", filter.description, filter.words.join(", "));
        out = out.query(filter.name, json!({"type": "string", "maxLength": 200}), &words);
    }
    for field in fields::<R>().iter().flat_map(|table| table.iter()) {
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

fn get_operation<R: Resource>(path: &str) -> Operation {
    let description = "One object with its ETag; `If-None-Match` answers 304 while it is unchanged.";
    let mut out = with_id(operation::<R>(Method::GET, path, "get_{one}", "Get a {one}", description, Action::Read))
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .query("fields", json!({"type": "string", "maxLength": 1000}), FIELDS);
    if read::has_mappings(R::KIND) {
        out = out.query("include", json!({"type": "string", "enum": ["mappings"]}), "Adds the mappings in which it stands.");
    }
    out.json(200, "The object.", named(R::SCHEMA), &example::<R>(), etag()).response(304, "Unchanged.", Value::Null, etag())
}

pub const IF_MATCH: &str = "The ETag (or just `\"version\"`) the change is meant for; 412 when it has changed since.";

fn create_routes<R: Stored>(api: &mut Api, many: &str, one: &str) {
    let (draft, view, shown) = (named(&format!("{}Draft", R::SCHEMA)), named(R::SCHEMA), example::<R>());
    let mut created = etag();
    created["Location"] = json!({"description": "Where it is found.", "schema": {"type": "string", "maxLength": 200}});
    created["Idempotent-Replayed"] =
        json!({"description": "`true` when the first answer is given again.", "schema": {"type": "string", "enum": ["true"]}});

    let words = "Creates a {one}. With an Idempotency-Key the first answer is kept 72 hours and given again.";
    let op = operation::<R>(Method::POST, many, "create_{one}", "Create a {one}", words, Action::Write)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], draft.clone(), &R::example())
        .json(201, "Created.", view.clone(), &shown, created.clone());
    api.add(for_writing(op), create::<R>);

    let (title, words) = if R::CHANGED {
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
    let op = with_id(operation::<R>(Method::PUT, one, "replace_{one}", title, words, Action::Write))
        .header("If-Match", IF_MATCH)
        .header("If-None-Match", "`*`: only create.")
        .body(&["application/json"], draft, &R::example())
        .json(200, "Replaced, or unchanged.", view.clone(), &shown, etag())
        .json(201, "Created.", view, &shown, created);
    api.add(for_writing(op).problems(&[428]), put::<R>);
}

fn change_route<R: Stored>(api: &mut Api, one: &str) {
    let schema = format!("{}Patch", R::SCHEMA);
    let patch_example = schema::SCHEMAS.get(&schema).map(|s| s["examples"][0].clone()).unwrap_or_default();
    let words = "Lays a JSON merge patch (RFC 7396) over the object: `null` takes a field away.";
    let op = with_id(operation::<R>(Method::PATCH, one, "patch_{one}", "Change a {one}", words, Action::Write))
        .header("If-Match", IF_MATCH)
        .body(&["application/json", "application/merge-patch+json"], named(&schema), &patch_example)
        .json(200, "Changed, or unchanged.", named(R::SCHEMA), &example::<R>(), etag());
    api.add(for_writing(op).problems(&[428]), patch::<R>);
}

fn delete_route<R: Stored>(api: &mut Api, one: &str) {
    let words = "Deletes what nothing refers to; otherwise 409 names what does.";
    let op = with_id(operation::<R>(Method::DELETE, one, "delete_{one}", "Delete a {one}", words, Action::Write))
        .header("If-Match", IF_MATCH)
        .response(204, "Deleted.", Value::Null, Value::Null);
    api.add(for_writing(op).problems(&[428]), delete::<R>);
}

fn history_operation<R: Resource>(path: &str) -> Operation {
    let entry = json!({
        "seq": 8123, "version": 2, "operation": "updated", "at": "2026-11-22T09:30:00.000000Z", "by": "ana", "reason": "Review of November",
        "request_id": "018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f", "changes": {"name": {"from": "Payrol", "to": "Payroll"}}
    });
    let words = "Every version, newest first: who, when, why and what changed. Needs `history:read` too.";
    with_id(operation::<R>(Method::GET, path, "list_{one}_history", "History of a {one}", words, Action::Read))
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}), "Entries a page.")
        .query("before", json!({"type": "integer", "format": "int64", "minimum": 1}), "`next_before` of the page before.")
        .json(200, "The history.", named("History"), &json!({"items": [entry], "next_before": null}), Value::Null)
}

/// Adds the two operations of a kind whose objects have a status.
pub fn moves<R: Living>(api: &mut Api) {
    let path = format!("/api/v1/{}/{{id}}/transitions", R::KIND.collection());
    let words = "The status, and for every other one whether the move there is open now, who may make it, and why it is closed.";
    let (first, second) = (R::MOVES.first().map_or("", |one| one.to.as_str()), R::KIND.collection());
    let one = json!({
        "to": first, "open": false, "allowed": false, "permission": permission(second, Action::Write), "roles": ["administrator"],
        "reasons": [{"code": "not_from_here", "detail": "closed leads to nothing any more"}], "warnings": []
    });
    let shown = example::<R>();
    let example_list = json!({"status": shown["status"], "version": 1, "transitions": [one]});
    let op = with_id(operation::<R>(Method::GET, &path, "list_{one}_transitions", "Moves of a {one}", words, Action::Read));
    api.add(op.json(200, "The moves.", named("TransitionList"), &example_list, Value::Null), super::moves::list::<R>);

    let needs: Vec<String> = R::MOVES
        .iter()
        .filter(|one| one.action != Action::Write)
        .map(|one| format!("{} needs `{}`", one.to.as_str(), permission(second, one.action)))
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
    let op = with_id(operation::<R>(Method::POST, &path, "move_{one}", "Move a {one}", &words, Action::Write))
        .header("If-Match", "The ETag (or just `\"version\"`) the move is meant for; 412 when it has changed since.")
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], named(&format!("{}Transition", R::SCHEMA)), &body)
        .json(200, "The object after the move.", named(R::SCHEMA), &shown, etag());
    api.add(for_writing(op).problems(&[428]), super::moves::make::<R>);
}
