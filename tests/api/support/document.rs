//! The published document as a judge: is this answer one that it promises?

use super::wire::Reply;
use jsonschema::{Draft, Registry, Resource, Validator};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

pub const PREFIX: &str = "/api/v1";
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
/// By which the closed document is known.
const CLOSED: &str = "urn:closed";
const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

pub struct Document {
    pub root: Value,
    pub operations: Vec<Operation>,
    /// The document with every object closed, so that a member it does not name is a fault; looked through once for all
    /// schemas in it.
    closed: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub method: String,
    /// The path as the document writes it, with the base path in front.
    pub template: String,
    pub value: Value,
}

impl Document {
    pub fn committed() -> &'static Document {
        static DOCUMENT: OnceLock<Document> = OnceLock::new();
        DOCUMENT.get_or_init(|| {
            let text = std::fs::read_to_string(FILE).expect("the committed openapi/openapi.json");
            Document::new(serde_json::from_str(&text).expect("openapi/openapi.json is JSON"))
        })
    }

    pub fn new(root: Value) -> Document {
        let closed = Registry::new()
            .draft(Draft::Draft202012)
            .add(CLOSED, Resource::from_contents(close(&root)))
            .and_then(|registry| registry.prepare())
            .unwrap_or_else(|error| panic!("the document cannot be looked through: {error}"));
        let operations = operations(&root);
        Document { root, operations, closed, validators: Mutex::new(HashMap::new()) }
    }

    /// The operation a request is for; literal segments win over parameters.
    pub fn operation(&self, method: &str, target: &str) -> Option<&Operation> {
        let method = if method == "HEAD" { "GET" } else { method };
        let path = target.split('?').next().unwrap_or_default();
        self.operations
            .iter()
            .filter(|operation| operation.method == method && matches(&operation.template, path))
            .min_by_key(|operation| operation.template.matches('{').count())
    }

    /// The faults of an answer, empty when the document promises it.
    pub fn faults(&self, method: &str, target: &str, reply: &Reply) -> Vec<String> {
        let mut faults = general_faults(reply);
        let Some(operation) = self.operation(method, target) else {
            // A method or a path the document does not have is refused with a problem.
            if !matches!(reply.status, 400 | 401 | 404 | 405 | 413 | 414) {
                faults.push("the document has no such operation".to_owned());
            }
            faults.extend(self.schema_faults("#/components/schemas/Problem", reply));
            return faults;
        };
        match self.response(operation, reply.status) {
            None => faults.push(format!("status {} is not documented", reply.status)),
            Some(pointer) => faults.extend(self.content_faults(method, &pointer, reply)),
        }
        // What a client leaves out itself is not missing: the document says so at the parameter.
        if target.contains("fields=") {
            faults.retain(|fault| !fault.contains("is a required property"));
        }
        faults
    }

    /// Where the document describes this answer, with `$ref`s to whole responses followed.
    fn response(&self, operation: &Operation, status: u16) -> Option<String> {
        let responses = operation.value["responses"].as_object()?;
        let range = format!("{}XX", status / 100);
        let mut names = vec![status.to_string(), range];
        if status >= 400 {
            names.push("default".to_owned());
        }
        let name = names.into_iter().find(|name| responses.contains_key(name))?;
        if let Some(reference) = responses[&name].get("$ref").and_then(Value::as_str) {
            return Some(reference.trim_start_matches('#').to_owned());
        }
        let paths = self.root["paths"].as_object()?;
        let path = paths.keys().find(|path| operation.template.ends_with(*path))?;
        let path = path.replace('~', "~0").replace('/', "~1");
        Some(format!("/paths/{path}/{}/responses/{name}", operation.method.to_lowercase()))
    }

    fn content_faults(&self, method: &str, pointer: &str, reply: &Reply) -> Vec<String> {
        let content = self.root.pointer(&format!("{pointer}/content")).and_then(Value::as_object);
        if matches!(method, "HEAD") || matches!(reply.status, 204 | 304) {
            return Vec::new();
        }
        let sent = media_type(reply);
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return match reply.body.is_empty() {
                true => Vec::new(),
                false => vec!["the document promises an empty body".to_owned()],
            };
        };
        let Some(known) = content.keys().find(|known| known.split(';').next() == Some(sent.as_str())) else {
            return vec![format!("content type {sent:?} is not among {:?}", content.keys())];
        };
        if !sent.ends_with("json") || content[known].get("schema").is_none() {
            return Vec::new();
        }
        let known = known.replace('~', "~0").replace('/', "~1");
        self.schema_faults(&format!("#{pointer}/content/{known}/schema"), reply)
    }

    fn schema_faults(&self, reference: &str, reply: &Reply) -> Vec<String> {
        if reply.body.is_empty() {
            return Vec::new();
        }
        let body: Value = match serde_json::from_slice(&reply.body) {
            Ok(body) => body,
            Err(error) => return vec![format!("the body is not JSON: {error}")],
        };
        let validator = self.validator(reference);
        validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// The compiled schema at a place of the document.
    pub fn validator(&self, reference: &str) -> Arc<Validator> {
        let mut known = self.validators.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(validator) = known.get(reference) {
            return validator.clone();
        }
        let schema = json!({"$ref": format!("{CLOSED}{}", reference.replace('{', "%7B").replace('}', "%7D"))});
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.closed)
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{reference} is no schema: {error}"));
        known.entry(reference.to_owned()).or_insert(Arc::new(validator)).clone()
    }

    /// Follows `$ref`s, and the `null` alternatives of optional members, to the schema itself.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return self.resolve(target.unwrap_or_else(|| panic!("{reference} leads nowhere")));
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            let Some(choices) = schema.get(choice).and_then(Value::as_array) else { continue };
            let real: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
            if let [only] = real[..] {
                return self.resolve(only);
            }
        }
        schema
    }

    /// All members an object schema has, through `allOf` and `$ref`.
    pub fn members(&self, schema: &Value) -> Map<String, Value> {
        let schema = self.resolve(schema);
        let mut members = schema["properties"].as_object().cloned().unwrap_or_default();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            members.extend(self.members(part));
        }
        members
    }

    /// The members of the body a write takes.
    pub fn request_members(&self, method: &str, target: &str) -> Map<String, Value> {
        let operation = self.operation(method, target).unwrap_or_else(|| panic!("no {method} {target}"));
        let content = operation.value["requestBody"]["content"].as_object().expect("a request body");
        let (_, media) = content.iter().find(|(name, _)| name.ends_with("json")).expect("a JSON body");
        self.members(&media["schema"])
    }
}

fn operations(root: &Value) -> Vec<Operation> {
    let base = root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let base = base.trim_end_matches('/');
    let mut operations = Vec::new();
    for (path, item) in root["paths"].as_object().expect("the document has paths") {
        let template = if path.starts_with(PREFIX) { path.clone() } else { format!("{base}{path}") };
        for method in METHODS {
            if let Some(value) = item.get(method) {
                let (method, value) = (method.to_uppercase(), value.clone());
                operations.push(Operation { method, template: template.clone(), value });
            }
        }
    }
    operations
}

/// What every answer has, whichever it is.
fn general_faults(reply: &Reply) -> Vec<String> {
    let mut faults = Vec::new();
    let id = reply.header("x-request-id").unwrap_or_default();
    if id.is_empty() {
        faults.push("no X-Request-Id".to_owned());
    }
    if reply.status >= 500 {
        faults.push("a fault of the service".to_owned());
    }
    if reply.status < 400 || reply.body.is_empty() {
        return faults;
    }
    if media_type(reply) != "application/problem+json" {
        faults.push(format!("an error that is no problem but {:?}", media_type(reply)));
        return faults;
    }
    let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    let expected = [("status", json!(reply.status)), ("type", json!(format!("/problems/{code}"))), ("request_id", json!(id))];
    for (member, value) in expected {
        if problem[member] != value {
            faults.push(format!("the problem's {member} is {} and not {value}", problem[member]));
        }
    }
    if reply.status == 503 && reply.header("retry-after").is_none() {
        faults.push("503 without Retry-After".to_owned());
    }
    faults
}

fn media_type(reply: &Reply) -> String {
    let value = reply.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

pub fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, given)| wanted == given || (wanted.starts_with('{') && !given.is_empty()))
}

/// Refuses members that no schema names. Schemas that are parts of an `allOf` stay open; the
/// composition is closed as a whole.
fn close(document: &Value) -> Value {
    let mut parts = HashSet::new();
    collect_parts(document, &mut parts);
    let mut closed = document.clone();
    close_value(&mut closed, &mut String::new(), &parts, false);
    closed
}

fn collect_parts(value: &Value, parts: &mut HashSet<String>) {
    match value {
        Value::Object(members) => {
            for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
                    parts.insert(reference.trim_start_matches('#').to_owned());
                }
            }
            members.values().for_each(|member| collect_parts(member, parts));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_parts(item, parts)),
        _ => {}
    }
}

fn close_value(value: &mut Value, place: &mut String, parts: &HashSet<String>, part: bool) {
    match value {
        Value::Object(members) => {
            let open = part || parts.contains(place.as_str());
            let speaks = ["additionalProperties", "unevaluatedProperties"].iter().any(|name| members.contains_key(*name));
            if members.contains_key("allOf") && !speaks && !open {
                members.insert("unevaluatedProperties".to_owned(), json!(false));
            } else if members.get("properties").is_some_and(Value::is_object) && !speaks && !open {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            for (name, member) in members.iter_mut() {
                let length = place.len();
                place.push('/');
                place.push_str(&name.replace('~', "~0").replace('/', "~1"));
                close_value(member, place, parts, name == "allOf");
                place.truncate(length);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close_value(item, place, parts, part)),
        _ => {}
    }
}

/// A document with one operation, to see that the judge sees.
#[cfg(test)]
fn small() -> Document {
    let site = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}});
    let named =
        json!({"allOf": [{"$ref": "#/components/schemas/Site"}, {"type": "object", "properties": {"name": {"type": "string"}}}]});
    let answer = json!({"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Named"}}}}});
    Document::new(json!({
        "openapi": "3.1.0",
        "paths": {"/api/v1/sites/{id}": {"get": {"responses": answer}}},
        "components": {"schemas": {"Site": site, "Named": named, "Problem": {"type": "object"}}},
    }))
}

#[cfg(test)]
fn reply(status: u16, media: &str, body: Value) -> Reply {
    let headers = [("X-Request-Id", "r-1"), ("Content-Type", media)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply { status, headers: headers.to_vec(), body: body.to_string().into_bytes() }
}

#[test]
fn an_answer_as_documented_has_no_faults() {
    let body = json!({"id": "018f6c2e-0000-7000-8000-000000000000", "name": "x"});
    let good = reply(200, "application/json; charset=utf-8", body);
    assert_eq!(small().faults("GET", "/api/v1/sites/1?x=y", &good), Vec::<String>::new());
}

#[test]
fn every_departure_from_the_document_is_a_fault() {
    let id = "018f6c2e-0000-7000-8000-000000000000";
    let departures = [
        reply(201, "application/json", json!({"id": id})),
        reply(200, "text/plain", json!({"id": id})),
        reply(200, "application/json", json!({})),
        reply(200, "application/json", json!({"id": "no uuid"})),
        reply(200, "application/json", json!({"id": id, "name": 7})),
        reply(200, "application/json", json!({"id": id, "secret": 1})),
        reply(404, "application/json", json!({"code": "not_found"})),
        reply(500, "application/problem+json", json!({})),
        Reply { headers: Vec::new(), ..reply(200, "application/json", json!({"id": id})) },
    ];
    for departure in departures {
        assert!(!small().faults("GET", "/api/v1/sites/1", &departure).is_empty(), "{departure:?}");
    }
    let good = reply(200, "application/json", json!({"id": id}));
    assert!(!small().faults("GET", "/api/v1/nonsense", &good).is_empty());
    assert!(!small().faults("POST", "/api/v1/sites/1", &good).is_empty());
}
