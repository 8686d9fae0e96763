//! The collections of what is done with plans: practised, carried out, measured and put right.

use super::plans::{NONE, OPTIONAL_TITLE, SCENARIOS, parts, text, told};
use super::risks::{NO, OPTIONAL_NAME, TITLE, day, list, time};
use super::{
    AMENDED, ANYTHING, APPLICATIONS, ATTRIBUTES, DESCRIPTION, EXTERNAL_REFS, Field, ICT, Is, KEPT, KEY, NULL, PROCESSES,
    RECORDED, STAFF_READS, Spec, Start, TAGS, TESTS, USER, choice, reference,
};
use crate::conformance::World;
use crate::prepared;
use serde_json::{Map, Value, json};

const ZERO: Start = Start::Json("0");

const OBJECTIVE: &[Field] = &[Field::new("text", Is::Line(1000)).required(), Field::new("met", Is::Bool), text("comment", 1000)];
const INJECT: &[Field] = &[
    Field::new("at_minute", Is::Whole(0, 43_200)).required(),
    Field::new("text", Is::Line(2000)).required(),
    text("expected", 2000),
];
const PARTICIPANT: &[Field] = &[
    Field::new("contact", Is::Reference(&["contacts"])).required().filters_as("participant"),
    Field::new("role", Is::Line(100)),
    Field::new("attended", Is::Bool),
];
const EXERCISE_KIND: Is = Is::Choice(&[
    "document_review",
    "walkthrough",
    "tabletop",
    "alarm_callout",
    "component_test",
    "functional",
    "simulation",
    "parallel",
    "switchover",
    "full_interruption",
    "restore_test",
]);

/// An exercise does not end before it starts.
fn in_order(_world: &World, draft: &mut Map<String, Value>, meant: &str) {
    match meant {
        "scheduled_start" => drop(draft.insert("scheduled_end".into(), json!("2999-01-01T00:00:00Z"))),
        "scheduled_end" => drop(draft.insert("scheduled_start".into(), json!("0001-01-01T00:00:00Z"))),
        _ => {}
    }
}

/// Something is lost in a disruption, and it is not noticed before it begins.
fn something_lost(world: &World, draft: &mut Map<String, Value>, meant: &str) {
    let lists = ["services", "components", "sites", "suppliers"];
    let named = |value: &Value| value.as_array().is_none_or(|list| !list.is_empty()) && !value.is_null();
    if !lists.iter().any(|list| draft.get(*list).is_some_and(named)) {
        let list = if meant == "services" { "components" } else { "services" };
        draft.insert(list.to_owned(), json!([world.make(list)["id"]]));
    }
}

/// A run belongs to an exercise or to a disruption, and a version is one of its plan.
fn one_occasion(_world: &World, draft: &mut Map<String, Value>, meant: &str) {
    let given = draft.get(meant).is_some_and(|value| !value.is_null());
    match meant {
        "plan_version" if given => drop(draft.remove("plan")),
        "disruption" if given => drop(draft.remove("exercise")),
        _ => {}
    }
}

/// Something was measured, and a run is named exactly where it is the source.
fn something_measured(world: &World, draft: &mut Map<String, Value>, meant: &str) {
    let given = |draft: &Map<String, Value>, name: &str| draft.get(name).is_some_and(|value| !value.is_null());
    if meant == "run" && given(draft, "run") {
        draft.insert("source".into(), json!("run"));
    } else if draft.get("source") == Some(&json!("run")) && !given(draft, "run") {
        draft.insert("run".into(), world.make("runs")["id"].clone());
    }
    if !given(draft, "restoration_seconds") && !given(draft, "data_loss_seconds") {
        let other = if meant == "restoration_seconds" { "data_loss_seconds" } else { "restoration_seconds" };
        draft.insert(other.to_owned(), json!(600));
    }
}

/// Whatever the source of a finding is, is named.
fn source_named(world: &World, draft: &mut Map<String, Value>, _meant: &str) {
    for (source, collection) in [("exercise", "exercises"), ("run", "runs"), ("disruption", "disruptions")] {
        if draft.get("source") == Some(&json!(source)) && !draft.contains_key(source) {
            draft.insert(source.to_owned(), world.make(collection)["id"].clone());
        }
    }
}

pub static SPECS: &[Spec] = &[
    Spec {
        path: "exercises",
        kind: "exercise",
        label: "title",
        prefix: "EXE",
        shared: false,
        can: ANYTHING,
        access: STAFF_READS.written_by(&[TESTS]).decided_by(&[PROCESSES]),
        first_move: Some("cancelled"),
        shape: Some(in_order),
        owned: &[
            ("previous", NULL),
            ("result", NULL),
            ("result_reasons", NONE),
            ("status", Start::Json("\"planned\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[],
        fields: &[
            KEY,
            TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            choice("kind", EXERCISE_KIND).required(),
            choice("category", Is::Choice(&["organisational", "technical"])).required(),
            Field::new("announced", Is::Bool).defaults_to("true"),
            text("trigger", 500),
            list("plans", "plans", 50, "plan"),
            list("services", "services", 200, "service"),
            Field::new("scenarios", Is::Words(SCENARIOS)).defaults_to("[]"),
            text("scenario", 8000),
            parts("objectives", OBJECTIVE, 50),
            parts("injects", INJECT, 200),
            parts("participants", PARTICIPANT, 500),
            time("scheduled_start", "2027-02-06").required().sorts(),
            Field::new("scheduled_end", Is::Time("2027-02-07")).required(),
            Field::new("recurrence", Is::Rule),
            Field::new("time_zone", Is::Zone).defaults_to("\"UTC\""),
        ],
    },
    Spec {
        path: "disruptions",
        kind: "disruption",
        label: "title",
        prefix: "DIS",
        shared: false,
        can: ANYTHING,
        access: STAFF_READS.reported_by(&[PROCESSES, APPLICATIONS, ICT, TESTS, USER]).decided_by(&[]),
        first_move: Some("assessed"),
        shape: Some(something_lost),
        owned: &[
            ("declared_at", NULL),
            ("restored_at", NULL),
            ("status", Start::Json("\"reported\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[
            told("affected_services"),
            ("affected_processes", NONE),
            ("detection_seconds", ZERO),
            ("declaration_seconds", NULL),
            ("activation_seconds", NULL),
            ("restoration_seconds", NULL),
        ],
        fields: &[
            KEY,
            TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            list("services", "services", 200, "service"),
            list("components", "components", 200, "component"),
            list("sites", "sites", 50, "site"),
            list("suppliers", "suppliers", 50, "supplier"),
            choice("severity", Is::Choice(&["minor", "moderate", "major", "critical"])).defaults_to("\"minor\""),
            time("occurred_at", "2026-02-03").starts(Start::Created).kept().sorts(),
            Field::new("detected_at", Is::Time("2026-02-04")).starts(Start::Created).kept(),
        ],
    },
    Spec {
        path: "runs",
        kind: "run",
        label: "title",
        prefix: "RUN",
        shared: false,
        can: KEPT,
        access: STAFF_READS.written_by(&[TESTS]),
        first_move: Some("aborted"),
        shape: Some(one_occasion),
        owned: &[
            ("mode", Start::Json("\"exercise\"")),
            ("started_at", Start::Created),
            ("clock_started_at", Start::Created),
            ("ended_at", NULL),
            ("notes", NONE),
            ("status", Start::Json("\"running\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[("progress", NULL)],
        fields: &[
            KEY,
            OPTIONAL_TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            reference("plan", &["plans"]).required().unpatched().fixed().made(prepared::plan_in_force),
            reference("plan_version", &["plan-versions"])
                .starts(Start::Told("plan_version"))
                .kept()
                .unpatched()
                .fixed()
                .alone()
                .made(prepared::active_version),
            reference("exercise", &["exercises"]).required().unpatched().fixed().made(prepared::exercise_under_way),
            reference("disruption", &["disruptions"]).unpatched().fixed().alone().made(prepared::declared_disruption),
            reference("lead", &["contacts"]),
        ],
    },
    Spec {
        path: "run-steps",
        kind: "run_step",
        label: "title",
        prefix: "RST",
        shared: false,
        can: AMENDED,
        access: STAFF_READS.written_by(&[PROCESSES, APPLICATIONS, ICT, TESTS]),
        first_move: Some("in_progress"),
        shape: None,
        owned: &[
            ("position", ZERO),
            ("phase", Start::Json("\"recovery\"")),
            ("execution", Start::Json("\"manual\"")),
            ("role", NULL),
            ("depends_on", NONE),
            ("recovers", NONE),
            ("expected_seconds", Start::Json("60")),
            ("planned_start_seconds", ZERO),
            ("planned_end_seconds", Start::Json("60")),
            ("started_at", NULL),
            ("started_by", NULL),
            ("ended_at", NULL),
            ("ended_by", NULL),
            ("failures", ZERO),
            ("status", Start::Json("\"ready\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[],
        fields: &[
            KEY,
            Field::new("title", Is::Name).sorts().starts(Start::Json("\"Restore\"")),
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            reference("run", &["runs"]).required().unpatched().fixed().made(prepared::run_of_one_step),
            Field::new("step", Is::Same("restore")).required().unpatched().fixed(),
            reference("responsible", &["contacts"]),
        ],
    },
    Spec {
        path: "measurements",
        kind: "measurement",
        label: "name",
        prefix: "MEA",
        shared: false,
        can: RECORDED,
        access: STAFF_READS.written_by(&[APPLICATIONS, ICT, TESTS]),
        first_move: None,
        shape: Some(something_measured),
        owned: &[("level", Start::Json("\"exercised\"")), ("fingerprint", Start::Told("fingerprint"))],
        derived: &[],
        fields: &[
            KEY,
            OPTIONAL_NAME,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            reference("subject", &["services", "components"]).required(),
            choice("source", Is::Choice(&["restore_test", "backup_report", "run"])).required(),
            reference("run", &["runs"]).alone(),
            reference("exercise", &["exercises"]).kept(),
            Field::new("restoration_seconds", Is::Seconds(3600)).filters(),
            Field::new("data_loss_seconds", Is::Seconds(600)).filters(),
            time("measured_at", "2026-02-03").starts(Start::Created).kept().sorts(),
            reference("measured_by", &["contacts"]),
            text("evidence", 2000),
        ],
    },
    Spec {
        path: "findings",
        kind: "finding",
        label: "title",
        prefix: "FND",
        shared: false,
        can: ANYTHING,
        access: STAFF_READS.written_by(&[TESTS]).decided_by(&[TESTS]),
        first_move: Some("in_progress"),
        shape: Some(source_named),
        owned: &[
            ("retest", NULL),
            ("status", Start::Json("\"open\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[("overdue", NO)],
        fields: &[
            KEY,
            TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            choice("severity", Is::Choice(&["major", "minor", "observation", "opportunity"])).required(),
            choice("source", Is::Choice(&["audit", "review", "exercise", "run", "disruption"])).required(),
            reference("exercise", &["exercises"]),
            reference("run", &["runs"]),
            reference("disruption", &["disruptions"]),
            Field::new("source_reference", Is::Line(200)),
            list("services", "services", 200, "service"),
            list("components", "components", 200, "component"),
            reference("owner", &["contacts"]),
            day("due_on"),
            reference("measure", &["measures"]),
        ],
    },
];
