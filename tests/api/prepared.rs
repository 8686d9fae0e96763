//! Plans in force, exercises under way, disruptions declared and runs that go on, for tests that need them.

use crate::support::token::ALL_POWERFUL;
use crate::support::{Api, fresh};
use serde_json::{Value, json};

pub fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

/// Whoever makes a move where all else is made by one: somebody else, where four eyes are wanted.
pub fn mover(api: &Api, collection: &str, to: &str) -> Api {
    let four_eyes = match collection {
        "measures" => to == "approved" || to.starts_with("verified"),
        "impact-assessments" | "exercises" | "change-requests" => to == "approved",
        "findings" => to == "verified",
        _ => false,
    };
    if four_eyes { colleague(api, "second", &ALL_POWERFUL) } else { api.clone() }
}

/// Makes a move that must be open; gives the object after it.
#[track_caller]
pub fn go(api: &Api, collection: &str, object: &Value, order: &Value) -> Value {
    let api = mover(api, collection, order["to"].as_str().expect("a status"));
    api.post(&format!("/{collection}/{}/transitions", id(object)), order).expect(200).json()
}

/// Somebody else of the same organisation, with these roles.
pub fn colleague(api: &Api, subject: &str, roles: &[&str]) -> Api {
    api.server.client(&api.organization, subject, roles)
}

/// Where decisions on a version are made.
pub fn approvals(version: &Value) -> String {
    format!("/plans/{}/versions/{}/approvals", id(&version["plan"]), version["number"])
}

/// A version of a plan with this content, as a draft.
#[track_caller]
pub fn draft_of(api: &Api, plan: &Value, content: &Value) -> Value {
    api.post(&format!("/plans/{}/versions", id(plan)), content).expect(201).json()
}

/// The least a version may say to be reviewed; a run of it has no steps.
pub fn words() -> Value {
    json!({"sections": [{"key": "background", "title": "Background"}]})
}

/// One step by the name of `restore`, which nobody has to wait for.
pub fn one_step() -> Value {
    json!({"steps": [{"key": "restore", "phase": "recovery", "title": "Restore", "expected_seconds": 60}]})
}

/// The content with one step more.
pub fn and(mut content: Value, step: Value) -> Value {
    content["steps"].as_array_mut().expect("a list").push(step);
    content
}

/// Two steps, of which the second waits for the first.
pub fn two_steps() -> Value {
    let check = json!({
        "key": "check", "phase": "validation", "title": "Check", "depends_on": ["restore"], "expected_seconds": 60,
    });
    and(one_step(), check)
}

/// From draft to approved, by somebody who has not written it.
#[track_caller]
pub fn approve(api: &Api, version: &Value) -> Value {
    go(api, "plan-versions", version, &json!({"to": "in_review"}));
    let bob = colleague(api, "bob", &["it_service_continuity_manager"]);
    let said = json!({"role": "it_service_continuity_manager", "decision": "approved"});
    bob.post(&approvals(version), &said).expect(200);
    go(api, "plan-versions", version, &json!({"to": "approved"}))
}

#[track_caller]
pub fn activate(api: &Api, version: &Value) -> Value {
    approve(api, version);
    go(api, "plan-versions", version, &json!({"to": "active"}))
}

#[track_caller]
pub fn plan(api: &Api) -> Value {
    api.create("plans", &json!({"title": format!("Plan {}", fresh()), "kind": "disaster_recovery"}))
}

/// The active version of a new plan.
#[track_caller]
pub fn version_in_force(api: &Api, content: &Value) -> Value {
    let plan = plan(api);
    activate(api, &draft_of(api, &plan, content))
}

#[track_caller]
pub fn active_version(api: &Api) -> Value {
    version_in_force(api, &words())
}

#[track_caller]
pub fn plan_in_force(api: &Api) -> Value {
    let version = active_version(api);
    api.get(&format!("/plans/{}", id(&version["plan"]))).expect(200).json()
}

pub fn exercise_draft() -> Value {
    json!({
        "title": format!("Exercise {}", fresh()), "kind": "functional", "category": "technical",
        "scheduled_start": "2027-02-06T09:00:00Z", "scheduled_end": "2027-02-06T17:00:00Z",
    })
}

#[track_caller]
pub fn exercise_under_way(api: &Api) -> Value {
    let exercise = api.create("exercises", &exercise_draft());
    go(api, "exercises", &exercise, &json!({"to": "approved"}));
    go(api, "exercises", &exercise, &json!({"to": "in_progress"}))
}

/// An exercise that is completed, in which something was measured and nothing was amiss.
#[track_caller]
pub fn successful_exercise(api: &Api) -> Value {
    let exercise = exercise_under_way(api);
    let service = api.create("services", &json!({"name": "Payroll"}));
    let taken = json!({
        "subject": service["id"], "source": "restore_test", "exercise": exercise["id"], "restoration_seconds": 60,
    });
    api.create("measurements", &taken);
    let completed = go(api, "exercises", &exercise, &json!({"to": "completed"}));
    assert_eq!(completed["result"], json!("successful"));
    completed
}

#[track_caller]
pub fn disruption(api: &Api) -> Value {
    let service = api.create("services", &json!({"name": "Payroll"}));
    api.create("disruptions", &json!({"title": "Payroll is down", "services": [service["id"]]}))
}

#[track_caller]
pub fn declared_disruption(api: &Api) -> Value {
    go(api, "disruptions", &disruption(api), &json!({"to": "declared"}))
}

/// A run, in an exercise, of a plan with this content.
#[track_caller]
pub fn run_of(api: &Api, content: &Value) -> Value {
    let version = version_in_force(api, content);
    let exercise = exercise_under_way(api);
    api.create("runs", &json!({"plan_version": version["id"], "exercise": exercise["id"]}))
}

#[track_caller]
pub fn run_of_one_step(api: &Api) -> Value {
    run_of(api, &one_step())
}

/// The step of a run by its key in the plan.
#[track_caller]
pub fn step_of(api: &Api, run: &Value, key: &str) -> Value {
    api.get(&format!("/runs/{}/steps/{key}", id(run))).expect(200).json()
}
