//! The collections of plans and their versions.

use super::risks::{NO, TITLE, day, list};
use super::{
    ANYTHING, ATTRIBUTES, DESCRIPTION, EXTERNAL_REFS, Field, Is, KEY, NULL, PROCESSES, STAFF_READS, Spec, Start, TAGS, choice,
    reference,
};

pub(super) const OPTIONAL_TITLE: Field = Field::new("title", Is::Name).sorts();
pub(super) const NONE: Start = Start::Json("[]");
pub(super) const SCENARIOS: &[&str] = &[
    "cyber_attack",
    "premises_loss",
    "infrastructure_failure",
    "power_outage",
    "staff_unavailable",
    "supplier_failure",
    "natural_disaster",
    "human_error",
    "insider",
    "pandemic",
    "switchover_failure",
];

pub(super) const fn text(name: &'static str, most: usize) -> Field {
    Field::new(name, Is::Text(most))
}

pub(super) const fn parts(name: &'static str, members: &'static [Field], most: usize) -> Field {
    Field::new(name, Is::Parts(members, most)).defaults_to("[]")
}

pub(super) const fn told(name: &'static str) -> (&'static str, Start) {
    (name, Start::Told(name))
}

const PHASES: Is =
    Is::Choice(&["activation", "assessment", "recovery", "validation", "return_to_normal", "post_incident_review"]);
const SECTION: &[Field] =
    &[Field::new("key", Is::Slug).required(), Field::new("title", Is::Line(200)).required(), text("body", 20_000)];
const SEAT: &[Field] = &[
    Field::new("key", Is::Slug).required(),
    Field::new("role", Is::Line(100)).required(),
    Field::new("contact", Is::Reference(&["contacts"])).filters_as("member"),
    Field::new("deputy", Is::Reference(&["contacts"])).filters_as("member"),
];
const MESSAGE: &[Field] = &[
    Field::new("key", Is::Slug).required(),
    Field::new("audience", Is::Line(200)).required(),
    text("channel", 200),
    text("trigger", 500),
    text("template", 8000),
];
const STEP: &[Field] = &[
    Field::new("key", Is::Slug).required(),
    Field::new("phase", PHASES).required(),
    Field::new("title", Is::Line(200)).required(),
    text("instruction", 8000),
    Field::new("responsible", Is::Reference(&["contacts"])),
    Field::new("role", Is::Line(100)),
    Field::new("expected_seconds", Is::Whole(0, 2_592_000)).required(),
    Field::new("execution", Is::Choice(&["manual", "automated"])).defaults_to("\"manual\""),
    Field::new("used_in", Is::Choice(&["both", "exercise", "actual"])).defaults_to("\"both\""),
    Field::new("recovers", Is::References("services", 100)).defaults_to("[]").filters_as("recovers"),
    text("verification", 2000),
];

pub static SPECS: &[Spec] = &[
    Spec {
        path: "plans",
        kind: "plan",
        label: "title",
        prefix: "PLN",
        shared: false,
        can: ANYTHING,
        access: STAFF_READS.written_by(&[PROCESSES]),
        first_move: None,
        shape: None,
        owned: &[],
        derived: &[("active_version", NULL), ("active_number", NULL), ("review_overdue", NO)],
        fields: &[
            KEY,
            TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            choice(
                "kind",
                Is::Choice(&[
                    "it_service_continuity",
                    "disaster_recovery",
                    "crisis",
                    "communication",
                    "emergency_response",
                    "supplier_exit",
                ]),
            )
            .required(),
            list("services", "services", 200, "service"),
            list("business_processes", "business-processes", 200, "business_process"),
            Field::new("scenarios", Is::Words(SCENARIOS)).defaults_to("[]"),
            reference("owner", &["contacts"]),
            reference("parent", &["plans"]),
            Field::new("related", Is::References("plans", 50)).defaults_to("[]"),
            reference("recovery_site", &["sites"]),
            Field::new("review_cycle_months", Is::Whole(1, 120)),
            day("review_due"),
        ],
    },
    Spec {
        path: "plan-versions",
        kind: "plan_version",
        label: "title",
        prefix: "PLV",
        shared: false,
        can: ANYTHING,
        access: STAFF_READS.written_by(&[PROCESSES]).decided_by(&[PROCESSES]),
        first_move: Some("in_review"),
        shape: None,
        owned: &[
            ("number", Start::Json("1")),
            ("authors", Start::Json("[\"ana\"]")),
            ("approvals", NONE),
            ("status", Start::Json("\"draft\"")),
            ("status_reason", NULL),
            ("status_changed_at", Start::Created),
        ],
        derived: &[told("content_sha256")],
        fields: &[
            KEY,
            OPTIONAL_TITLE,
            DESCRIPTION,
            EXTERNAL_REFS,
            TAGS,
            ATTRIBUTES,
            reference("plan", &["plans"]).required().unpatched().fixed(),
            text("objectives", 8000),
            text("scope", 8000),
            text("assumptions", 8000),
            text("activation_criteria", 8000),
            text("deactivation_criteria", 8000),
            text("invocation", 8000),
            text("success_criteria", 8000),
            parts("sections", SECTION, 100),
            parts("team", SEAT, 200),
            parts("communications", MESSAGE, 200),
            parts("steps", STEP, 1000),
        ],
    },
];
