//! The OpenAPI document, put together from what the routes say of themselves.
use crate::http::problem::Problem;
use crate::http::routes::Api;
use crate::model::{CurrentState, Kind, StringEnum};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::PartialSchema;

const DESCRIPTION: &str = "Holdfast keeps what IT service continuity needs: services and what they depend on, objectives, \
     risks and measures, plans, exercises and disruptions, and what all this says of a loss or a change. Wherever an id is expected, \
     three spellings serve: the UUID, `key:KEY`, and `ref:system:id` for the id in your own system. Every failure is a problem (RFC 9457) with all faults at once; every \
     change stands in one ledger per organisation. What the caller may not read is left out of every answer; `withheld` in its \
     JSON, and the header `Withheld` whatever its form, name the collections of which something was.";

/// The whole document.
fn document(api: &Api) -> Value {
    let mut schemas = api.known_schemas().clone();
    schemas.insert("Problem".into(), serde_json::to_value(Problem::schema()).unwrap_or_default());
    schemas.insert("CurrentState".into(), serde_json::to_value(CurrentState::schema()).unwrap_or_default());
    let mut tags: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| json!({"name": kind.collection(), "description": format!("The collection of {}.", kind.collection())}))
        .collect();
    for (name, words) in [
        ("analyses", "What a loss takes down, when it is back, what a change breaks, what is missing."),
        ("reports", "What ITIL asks to be told."),
        ("exchange", "Batch and change feed."),
        ("access", "Who is calling."),
        ("operations", "For operators."),
    ] {
        tags.push(json!({"name": name, "description": words}));
    }
    let example = json!({
        "type": "/problems/invalid", "title": "Invalid content", "status": 422, "detail": "1 fault in the request", "code": "invalid",
        "request_id": "018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f",
        "errors": [{"pointer": "/name", "code": "required", "detail": "name is required"}]
    });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Holdfast", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "contact": {"name": "The Holdfast project", "url": "https://github.com/holdfast-itscm/holdfast"}
        },
        "servers": [{"url": "/", "description": "This service."}],
        "tags": tags,
        "security": [{"bearer": []}],
        "paths": api.paths(),
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {
                "description": "Refused or failed; `type` leads to a page with cause and fix.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
            }},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A JWT; `holdfast token` issues one for the local issuer."}}
        }
    });
    leave_out_unused(&mut document);
    tell_withheld(&mut document);
    document
}

const REFERENCE: &str = "#/components/schemas/Reference";

/// What callers may not read is left out of every answer: references are null then, and a member says so.
fn tell_withheld(document: &mut Value) {
    let mut open: Vec<&mut Value> =
        document["components"]["schemas"].as_object_mut().into_iter().flat_map(|all| all.values_mut()).collect();
    while let Some(value) = open.pop() {
        if let Some(properties) = value.get_mut("properties").and_then(Value::as_object_mut) {
            for property in properties.values_mut().filter(|property| property["$ref"] == REFERENCE) {
                *property = json!({"oneOf": [{"type": "null"}, {"$ref": REFERENCE}]});
            }
        }
        match value {
            Value::Object(members) => open.extend(members.values_mut()),
            Value::Array(elements) => open.extend(elements),
            _ => {}
        }
    }
    let withheld = json!({
        "type": "array", "maxItems": 64, "readOnly": true, "items": {"type": "string", "maxLength": 64},
        "description": "The collections that the caller may not read and of which something was left out."
    });
    let tell = |schema: &mut Value| {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("withheld".into(), withheld.clone());
        }
    };
    let mut names = HashSet::from(["Problem".to_owned()]);
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in paths.filter_map(Value::as_object_mut).flat_map(|all| all.values_mut()) {
        let answers = operation["responses"].as_object_mut().into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
        for schema in answers.filter_map(|(_, answer)| answer.pointer_mut("/content/application~1json/schema")) {
            names.extend(schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned));
            tell(schema);
        }
    }
    names.iter().for_each(|name| tell(&mut document["components"]["schemas"][name]));
}

/// Some kinds have no list, others no patch or no draft that a call could take: their schemas are for checks only.
fn leave_out_unused(document: &mut Value) {
    let components = &mut document["components"];
    let mut waiting = vec![components["responses"].to_string()];
    let Some(mut schemas) = components["schemas"].as_object_mut().map(std::mem::take) else { return };
    waiting.push(document["paths"].to_string());
    let mut used: HashSet<String> = HashSet::new();
    while let Some(text) = waiting.pop() {
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            if used.insert(name.to_owned()) {
                waiting.extend(schemas.get(name).map(Value::to_string));
            }
        }
    }
    schemas.retain(|name, _| used.contains(name));
    document["components"]["schemas"] = schemas.into();
}

/// The document as it is served.
pub fn compact(api: &Api) -> Arc<str> {
    document(api).to_string().into()
}

/// The document as it is committed: pretty, with a line end.
pub fn pretty(api: &Api) -> String {
    let mut text = serde_json::to_string_pretty(&document(api)).unwrap_or_default();
    text.push('\n');
    text
}
