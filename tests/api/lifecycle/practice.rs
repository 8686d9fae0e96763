//! The same for plans and what is done with them: their machines, and how to bring an object into a status.

use super::machine::{ADM, APP, ICT, INT, Machine, OWN, SCM, way};
use crate::prepared::{
    activate, active_version, colleague, draft_of, exercise_draft, exercise_under_way, id, plan, run_of, step_of,
    successful_exercise, two_steps, words,
};
use crate::support::Api;
use serde_json::{Value, json};

const TST: &str = "test_manager";
const USR: &str = "user";

pub static MACHINES: &[Machine] = &[
    Machine {
        collection: "plan-versions",
        kind: "plan_version",
        statuses: &["draft", "in_review", "approved", "active", "superseded", "withdrawn"],
        first: "in_review",
        moves: &[
            way(&["draft"], "in_review", "write"),
            way(&["in_review"], "draft", "write"),
            way(&["in_review"], "approved", "approve"),
            way(&["approved"], "active", "approve"),
            way(&["approved", "active"], "withdrawn", "approve"),
        ],
        writers: &[SCM, OWN, INT, ADM],
        deciders: &[SCM, OWN, ADM],
        limited: &[],
    },
    Machine {
        collection: "exercises",
        kind: "exercise",
        statuses: &["planned", "approved", "in_progress", "completed", "reported", "closed", "postponed", "cancelled"],
        first: "approved",
        moves: &[
            way(&["planned"], "approved", "approve"),
            way(&["approved"], "in_progress", "write"),
            way(&["in_progress"], "completed", "write"),
            way(&["completed"], "reported", "write"),
            way(&["reported"], "closed", "write"),
            way(&["planned", "approved"], "postponed", "write"),
            way(&["approved", "postponed"], "planned", "write"),
            way(&["planned", "approved", "in_progress", "postponed"], "cancelled", "write"),
        ],
        writers: &[SCM, TST, INT, ADM],
        deciders: &[SCM, OWN, ADM],
        limited: &[],
    },
    Machine {
        collection: "disruptions",
        kind: "disruption",
        statuses: &["reported", "assessed", "declared", "recovering", "restored", "closed", "dismissed"],
        first: "assessed",
        moves: &[
            way(&["reported"], "assessed", "approve"),
            way(&["reported", "assessed"], "declared", "approve"),
            way(&["declared", "restored"], "recovering", "approve"),
            way(&["reported", "assessed", "declared", "recovering"], "restored", "approve"),
            way(&["restored"], "closed", "approve"),
            way(&["reported", "assessed"], "dismissed", "approve"),
        ],
        writers: &[SCM, OWN, APP, ICT, TST, USR, INT, ADM],
        deciders: &[SCM, ADM],
        limited: &[OWN, APP, ICT, TST, USR],
    },
    Machine {
        collection: "runs",
        kind: "run",
        statuses: &["running", "completed", "aborted"],
        first: "completed",
        moves: &[way(&["running"], "completed", "write"), way(&["running"], "aborted", "write")],
        writers: &[SCM, TST, INT, ADM],
        deciders: &[],
        limited: &[],
    },
    Machine {
        collection: "run-steps",
        kind: "run_step",
        statuses: &["ready", "pending", "in_progress", "done", "failed", "skipped"],
        first: "in_progress",
        moves: &[
            way(&["ready", "failed"], "in_progress", "write"),
            way(&["in_progress"], "ready", "write"),
            way(&["in_progress"], "done", "write"),
            way(&["in_progress"], "failed", "write"),
            way(&["pending", "ready", "in_progress", "failed"], "skipped", "write"),
        ],
        writers: &[SCM, OWN, APP, ICT, TST, INT, ADM],
        deciders: &[],
        limited: &[],
    },
    Machine {
        collection: "findings",
        kind: "finding",
        statuses: &["open", "in_progress", "resolved", "verified"],
        first: "in_progress",
        moves: &[
            way(&["open", "resolved"], "in_progress", "write"),
            way(&["in_progress"], "open", "write"),
            way(&["open", "in_progress"], "resolved", "write"),
            way(&["resolved"], "verified", "approve"),
        ],
        writers: &[SCM, TST, INT, ADM],
        deciders: &[SCM, TST, ADM],
        limited: &[],
    },
];

pub fn knows(collection: &str) -> bool {
    MACHINES.iter().any(|machine| machine.collection == collection)
}

/// The body of a move that needs more than the status it leads to.
pub fn order(collection: &str, to: &str) -> Option<Value> {
    let why = json!({"to": to, "comment": "It cannot be helped"});
    match (collection, to) {
        ("exercises", "postponed" | "cancelled") | ("disruptions", "dismissed") => Some(why),
        ("runs", "aborted") | ("run-steps", "skipped") => Some(why),
        ("findings", "verified") => Some(json!({"to": to, "retest": "key:RETEST"})),
        _ => None,
    }
}

pub fn draft(api: &Api, collection: &str) -> Value {
    match collection {
        "plan-versions" => {
            let mut draft = words();
            draft["plan"] = plan(api)["id"].clone();
            draft
        }
        "exercises" => exercise_draft(),
        "disruptions" => {
            let site = api.create("sites", &json!({"name": "North", "kind": "office"}));
            json!({"title": "Water", "sites": [site["id"]]})
        }
        "runs" => json!({"plan_version": active_version(api)["id"], "exercise": exercise_under_way(api)["id"]}),
        "run-steps" => json!({"run": "key:RUN-1", "step": "restore", "title": "Restore"}),
        _ => {
            // What a finding of some weight is verified by.
            if api.get("/exercises/key:RETEST").status() == 404 {
                let retest = successful_exercise(api);
                api.patch(&format!("/exercises/{}", id(&retest)), &json!({"key": "RETEST"})).expect(200);
            }
            json!({"title": "Nobody knew the password", "severity": "minor", "source": "audit"})
        }
    }
}

/// The step of a run that waits, or the one it waits for.
pub fn step(api: &Api, status: &str) -> Value {
    let run = run_of(api, &two_steps());
    step_of(api, &run, if status == "pending" { "check" } else { "restore" })
}

/// What must have happened before a move is made.
pub fn before(api: &Api, collection: &str, object: &Value, to: &str) {
    if (collection, to) == ("plan-versions", "approved") {
        decide(api, object);
    }
}

fn decide(api: &Api, version: &Value) {
    let bob = colleague(api, "bob", &[SCM]);
    bob.post(&crate::prepared::approvals(version), &json!({"role": SCM, "decision": "approved"})).expect(200);
}

/// What is done for an object once it has gone its way, so that what stands open are the moves alone.
pub fn after(api: &Api, collection: &str, object: &Value, status: &str) {
    match (collection, status) {
        ("plan-versions", "in_review") => decide(api, object),
        ("plan-versions", "superseded") => drop(activate(api, &draft_of(api, &object["plan"], &words()))),
        _ => {}
    }
}

/// The moves from the first status.
pub fn way_to(collection: &str, status: &'static str) -> Vec<&'static str> {
    let along = |way: &[&'static str]| {
        let end = way.iter().position(|step| *step == status).unwrap_or_else(|| panic!("no way to {status}"));
        way[..=end].to_vec()
    };
    match (collection, status) {
        ("plan-versions", "superseded") => vec!["in_review", "approved", "active"],
        ("plan-versions", "withdrawn") => vec!["in_review", "approved", "withdrawn"],
        ("plan-versions", _) => along(&["in_review", "approved", "active"]),
        ("exercises", "postponed" | "cancelled") | ("disruptions", "dismissed") | ("runs", _) => vec![status],
        ("exercises", _) => along(&["approved", "in_progress", "completed", "reported", "closed"]),
        ("disruptions", _) => along(&["assessed", "declared", "recovering", "restored", "closed"]),
        ("run-steps", "pending") => Vec::new(),
        ("run-steps", "failed") => vec!["in_progress", "failed"],
        ("run-steps", "skipped") => vec!["skipped"],
        ("run-steps", _) => along(&["in_progress", "done"]),
        _ => along(&["in_progress", "resolved", "verified"]),
    }
}
