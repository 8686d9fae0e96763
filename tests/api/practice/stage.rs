//! What every practice needs: plans in force, exercises under way, runs.

use crate::prepared::mover;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_else(|| panic!("no id in {object}"))
}

pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[track_caller]
pub fn go(api: &Api, collection: &str, object: &Value, order: &Value) -> Answer {
    api.post(&format!("/{collection}/{}/transitions", id(object)), order)
}

/// Moves that must be open, one after the other.
#[track_caller]
pub fn went(api: &Api, collection: &str, object: &Value, statuses: &[&str]) -> Value {
    let mut now = object.clone();
    for to in statuses {
        now = go(&mover(api, collection, to), collection, object, &json!({"to": to})).expect(200).json();
    }
    now
}

pub fn step(key: &str, after: &[&str], seconds: i64) -> Value {
    json!({"key": key, "title": format!("Step {key}"), "phase": "recovery", "expected_seconds": seconds, "depends_on": after})
}

/// The same step, with further members.
pub fn with(mut step: Value, more: Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        step[name] = value.clone();
    }
    step
}

/// A plan for these services, with an active version.
#[track_caller]
pub fn active_plan(api: &Api, services: &[&Value], team: &Value, steps: &[Value]) -> Value {
    let services: Vec<&str> = services.iter().map(|service| id(service)).collect();
    let plan = api.create("plans", &json!({"title": "Loss of the array", "kind": "disaster_recovery", "services": services}));
    let version = api.create("plan-versions", &json!({"plan": plan["id"], "team": team, "steps": steps}));
    went(api, "plan-versions", &version, &["in_review"]);
    let second = api.server.client(&api.organization, "second-pair-of-eyes", &["it_service_continuity_manager"]);
    let decision = json!({"role": "it_service_continuity_manager", "decision": "approved"});
    second.post(&format!("/plans/{}/versions/1/approvals", id(&plan)), &decision).expect(200);
    went(api, "plan-versions", &version, &["approved", "active"]);
    plan
}

pub fn exercise_draft(plan: &Value) -> Value {
    json!({
        "title": "The array is lost", "kind": "functional", "category": "technical", "plans": [plan["id"]],
        "scheduled_start": "2026-12-01T08:00:00Z", "scheduled_end": "2026-12-01T16:00:00Z"
    })
}

/// An exercise of the plan, under way.
#[track_caller]
pub fn exercise(api: &Api, plan: &Value) -> Value {
    let exercise = api.create("exercises", &exercise_draft(plan));
    went(api, "exercises", &exercise, &["approved", "in_progress"])
}

/// A run of the plan in an exercise of its own.
#[track_caller]
pub fn practised(api: &Api, plan: &Value) -> Value {
    let exercise = exercise(api, plan);
    api.create("runs", &json!({"plan": plan["id"], "exercise": exercise["id"]}))
}

/// A disruption in which these services are lost, declared.
#[track_caller]
pub fn declared(api: &Api, services: &[&Value], occurred_at: &str) -> Value {
    let services: Vec<&str> = services.iter().map(|service| id(service)).collect();
    let draft = json!({"title": "Water", "services": services, "severity": "major", "occurred_at": occurred_at});
    let disruption = api.create("disruptions", &draft);
    went(api, "disruptions", &disruption, &["declared"])
}

pub fn press(api: &Api, run: &Value, step: &str, order: &Value) -> Answer {
    api.post(&format!("/runs/{}/steps/{step}/transitions", id(run)), order)
}

/// Begins a step and ends it.
#[track_caller]
pub fn done(api: &Api, run: &Value, step: &str) -> Value {
    press(api, run, step, &json!({"to": "in_progress"})).expect(200);
    press(api, run, step, &json!({"to": "done"})).expect(200).json()
}

#[track_caller]
pub fn events(api: &Api, run: &Value) -> Vec<Value> {
    api.get(&format!("/runs/{}/events", id(run))).expect(200).items()
}

/// A whole second of the ledger's time.
#[track_caller]
pub fn second(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("{time} is no time"));
    let parsed: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    parsed.as_second()
}

/// A moment so many seconds from now, as clients write it.
pub fn moment(from_now: i64) -> String {
    let second = crate::support::token::now() + from_now;
    jiff::Timestamp::from_second(second).expect("a moment in range").to_string()
}
