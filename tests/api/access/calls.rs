//! For every operation of the document a path and a body with which it works for someone who may.

use crate::conformance::{Spec, World};
use crate::prepared;
use crate::singles::matrix::five;
use crate::support::document::Operation;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What can be called upon, by name, with the draft it was made of.
#[derive(Default)]
pub struct Objects(HashMap<String, (Value, Value)>);

impl Objects {
    fn of(&mut self, name: &str, make: impl FnOnce() -> (Value, Value)) -> (Value, Value) {
        self.0.entry(name.to_owned()).or_insert_with(make).clone()
    }
}

/// Calls that may be made: one that was refused can be made again, and what no call has changed can be called upon again.
#[derive(Default)]
pub struct Ready {
    calls: HashMap<String, (String, Option<Value>)>,
    objects: Objects,
}

impl Ready {
    /// Makes the call by `send`, which gives what it takes from the answer and whether the call was refused or only read.
    pub fn send<T>(
        &mut self,
        operation: &Operation,
        admin: &World,
        roles: &[&str],
        send: impl FnOnce(&str, Option<&Value>) -> (T, bool),
    ) -> T {
        let mut name = format!("{} {}", operation.method, operation.template);
        if name.ends_with("/approvals") {
            name += &roles.join(" ");
        }
        let known = self.calls.remove(&name);
        let (path, body) = known.unwrap_or_else(|| prepared(operation, admin, roles, &mut self.objects));
        let (answer, unspent) = send(&path, body.as_ref());
        if unspent {
            self.calls.insert(name, (path, body));
        } else if let Some(id) = path.split('/').find(|part| uuid::Uuid::parse_str(part).is_ok()) {
            self.objects.0.retain(|_, (object, _)| object["id"] != json!(id));
            self.calls.retain(|_, (path, _)| !path.contains(id));
        }
        answer
    }
}

pub fn resource(operation: &Operation) -> &str {
    operation.template.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default()
}

/// A version of which every part has an element by the name of `one`.
fn content() -> Value {
    json!({
        "sections": [{"key": "one", "title": "Background"}],
        "team": [{"key": "one", "role": "Lead"}],
        "communications": [{"key": "one", "audience": "All staff"}],
        "steps": [{"key": "one", "phase": "recovery", "title": "Restore", "expected_seconds": 60}],
    })
}

fn put(path: &mut String, parameter: &str, value: &str) {
    *path = path.replace(parameter, value);
}

/// What stands below a plan or a run, with what is needed for it.
fn below(operation: &Operation, admin: &World, roles: &[&str], objects: &mut Objects) -> Option<(String, Option<Value>)> {
    let (api, mut path) = (&admin.api, operation.template.clone());
    if path.contains("/versions") || path.ends_with("/plans/{id}/copy") {
        let reviewed = path.ends_with("/approvals");
        let (plan, _) = objects.of(if reviewed { "a plan in review" } else { "a plan with a version" }, || {
            let plan = prepared::plan(api);
            let version = prepared::draft_of(api, &plan, &content());
            if reviewed {
                prepared::go(api, "plan-versions", &version, &json!({"to": "in_review"}));
            }
            (plan, Value::Null)
        });
        put(&mut path, "{id}", prepared::id(&plan));
        put(&mut path, "{version}", "latest");
        put(&mut path, "{key}", "one");
    } else if path.contains("/runs/{id}/") && !path.ends_with("/history") && !path.ends_with("/runs/{id}/transitions") {
        let (run, _) = objects.of("a run with a step", || (prepared::run_of(api, &content()), Value::Null));
        put(&mut path, "{id}", prepared::id(&run));
        put(&mut path, "{step}", "one");
    } else {
        return None;
    }
    let deciding = ["it_service_continuity_manager", "process_owner", "administrator"];
    let role = deciding.into_iter().find(|role| roles.contains(role)).unwrap_or(deciding[0]);
    let tail = operation.template.rsplit('/').next().unwrap_or_default();
    let part = operation.template.split('/').rev().nth(1).unwrap_or_default();
    let body = match (operation.method.as_str(), tail) {
        ("GET" | "DELETE", _) => None,
        (_, "approvals") => Some(json!({"role": role, "decision": "approved"})),
        (_, "transitions") => Some(json!({"to": if path.contains("/runs/") { "in_progress" } else { "in_review" }})),
        (_, "copy") => Some(json!({"title": "Another"})),
        (_, "notes") => Some(json!({"text": "The courier is late"})),
        (_, "sections" | "team" | "communications" | "steps") if operation.method == "PUT" => Some(content()[tail].clone()),
        ("PUT", _) => Some(content()[part][0].clone()),
        ("PATCH", "{key}") => Some(json!({})),
        ("PATCH", _) => Some(json!({"description": "changed"})),
        _ => Some(content()),
    };
    Some((path, body))
}

/// What is asked of an analysis.
fn question(path: &str, components: &World) -> Value {
    let component = prepared::id(&components.create(&components.minimal())).to_owned();
    match path.rsplit('/').next() {
        Some("impact") => json!({"lost": [component]}),
        Some("change") => json!({"items": [component]}),
        _ => json!({}),
    }
}

/// A path and a body with which the operation works for someone with some of these roles who may.
pub fn prepared(operation: &Operation, admin: &World, roles: &[&str], objects: &mut Objects) -> (String, Option<Value>) {
    if let Some(prepared) = below(operation, admin, roles, objects) {
        return prepared;
    }
    let (resource, mut path) = (resource(operation), operation.template.clone());
    let Some(spec) = Spec::all().find(|spec| spec.path == resource) else {
        let body = match resource {
            "risk-matrix" => Some(five()),
            "settings" => Some(json!({"intolerable_level": 2})),
            "analysis" => Some(question(&path, &admin.of("components"))),
            _ => None,
        };
        if path.ends_with("/risk-situation") {
            path.push_str("?from=2026-01-01");
        }
        return (path, body.filter(|_| operation.method != "GET"));
    };
    let world = admin.of(spec.path);
    let mut draft = Value::Null;
    if path.contains("{id}") {
        let object;
        (object, draft) = objects.of(spec.path, || {
            // An assessment is not reviewed before it has ratings, a plan not before it says something.
            let draft = world.draft(|field| field.required || ["ratings", "sections"].contains(&field.name), 0);
            (world.create(&draft), draft)
        });
        put(&mut path, "{id}", prepared::id(&object));
    }
    let body = match operation.method.as_str() {
        "POST" if path.ends_with("/transitions") => {
            Some(json!({"to": spec.first_move.expect("a kind with states"), "comment": "It is time"}))
        }
        "POST" if path.ends_with("/erase") => Some(json!({"reason": "Left the company"})),
        "POST" if path.ends_with("/tasks") => Some(json!({"title": "Do it"})),
        "POST" if path.ends_with("/secret") => Some(json!({})),
        "POST" if path.ends_with("/measure") => {
            Some(json!({"title": "Write it down", "nature": "organisational", "purpose": "recovery"}))
        }
        // What is recorded for good, or is a run of something, may only be sent again.
        "PUT" if !spec.can.delete => Some(draft),
        "POST" | "PUT" => Some(world.minimal()),
        "PATCH" => Some(json!({"description": "changed"})),
        _ => None,
    };
    let body = match operation.method.as_str() {
        "PUT" if spec.path == "plan-versions" => {
            body.map(|body| world.fitted(&world.api.get(path.trim_start_matches("/api/v1")).expect(200).json(), body))
        }
        _ => body,
    };
    (path, body)
}
