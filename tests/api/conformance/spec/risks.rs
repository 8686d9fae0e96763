//! The collections of threats, risks and what is done about them.

use super::{
    ANYTHING, ATTRIBUTES, DESCRIPTION, EXTERNAL_REFS, Field, Is, KEY, NAME, NULL, RECORDED, Spec, Start, TAGS, choice, reference,
};

pub(super) const OPTIONAL_NAME: Field = Field::new("name", Is::Name).sorts();
pub(super) const TITLE: Field = Field::new("title", Is::Name).required().sorts();
pub(super) const NO: Start = Start::Json("false");

pub(super) const fn list(name: &'static str, collection: &'static str, most: usize, filter: &'static str) -> Field {
    Field::new(name, Is::References(collection, most)).defaults_to("[]").filters_as(filter)
}

pub(super) const fn day(name: &'static str) -> Field {
    Field::new(name, Is::Date).filters()
}

pub(super) const fn time(name: &'static str, day: &'static str) -> Field {
    Field::new(name, Is::Time(day)).filters()
}

/// What moves write and nothing else does.
const fn status(first: &'static str) -> [(&'static str, Start); 3] {
    [("status", Start::Json(first)), ("status_reason", NULL), ("status_changed_at", Start::Created)]
}

pub static THREATS: Spec = Spec {
    path: "threats",
    kind: "threat",
    label: "name",
    prefix: "THR",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice(
            "category",
            Is::Choice(&[
                "natural",
                "utility",
                "technical",
                "human_error",
                "malicious",
                "supply_chain",
                "environmental",
                "workforce",
            ]),
        )
        .required(),
        Field::new("yearly_frequency", Is::Rate(1_000_000)),
    ],
};

pub static VULNERABILITIES: Spec = Spec {
    path: "vulnerabilities",
    kind: "vulnerability",
    label: "name",
    prefix: "VUL",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("severity", Is::Choice(&["low", "medium", "high", "critical"])).required(),
        choice("status", Is::Choice(&["open", "mitigated", "accepted"])).defaults_to("\"open\""),
        list("threats", "threats", 50, "threat"),
        list("services", "services", 200, "service"),
        list("components", "components", 200, "component"),
    ],
};

pub static RISKS: Spec = Spec {
    path: "risks",
    kind: "risk",
    label: "title",
    prefix: "RSK",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[
        ("current", NULL),
        ("assessed_at", NULL),
        ("status", Start::Json("\"identified\"")),
        ("status_reason", NULL),
        ("status_changed_at", Start::Created),
        ("approver", NULL),
        ("accepted_until", NULL),
    ],
    derived: &[
        ("score", NULL),
        ("class", NULL),
        ("inherent_class", NULL),
        ("target_class", NULL),
        ("above_appetite", NO),
        ("exposed_processes", Start::Json("[]")),
        ("acceptance", Start::Json("\"none\"")),
        ("overdue", NO),
        ("annual_loss_expectancy", NULL),
    ],
    fields: &[
        KEY,
        TITLE,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        day("identified_on").starts(Start::Today).kept(),
        reference("threat", &["threats"]),
        list("vulnerabilities", "vulnerabilities", 50, "vulnerability"),
        list("business_processes", "business-processes", 200, "business_process"),
        list("services", "services", 200, "service"),
        list("components", "components", 200, "component"),
        reference("owner", &["contacts"]),
        choice("treatment", Is::Choice(&["open", "reduce", "avoid", "transfer", "accept"])).defaults_to("\"open\""),
        Field::new("inherent", Is::Rating),
        Field::new("target", Is::Rating),
        Field::new("yearly_rate", Is::Rate(1_000_000)).with(&["single_loss"]).stays(),
        Field::new("single_loss", Is::Money).with(&["yearly_rate"]).stays(),
        day("review_due"),
    ],
};

pub static RISK_ASSESSMENTS: Spec = Spec {
    path: "risk-assessments",
    kind: "risk_assessment",
    label: "name",
    prefix: "RAS",
    shared: false,
    can: RECORDED,
    shape: None,
    owned: &[],
    derived: &[],
    fields: &[
        KEY,
        OPTIONAL_NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        reference("risk", &["risks"]).required(),
        Field::new("likelihood", Is::Level).filters().required(),
        Field::new("impact", Is::Level).filters().required(),
        time("assessed_at", "2026-02-03").starts(Start::Created).kept(),
        reference("assessor", &["contacts"]),
        Field::new("rationale", Is::Text(4000)),
    ],
};

pub static MEASURES: Spec = Spec {
    path: "measures",
    kind: "measure",
    label: "title",
    prefix: "MSR",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &status("\"proposed\""),
    derived: &[("overdue", NO)],
    fields: &[
        KEY,
        TITLE,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        choice("nature", Is::Choice(&["technical", "organisational"])).required(),
        choice("purpose", Is::Choice(&["preventive", "detective", "recovery"])).required(),
        list("risks", "risks", 200, "risk"),
        list("services", "services", 200, "service"),
        list("components", "components", 200, "component"),
        Field::new("likelihood_reduction", Is::Whole(0, 6)),
        Field::new("impact_reduction", Is::Whole(0, 6)),
        Field::new("cost", Is::Money),
        reference("owner", &["contacts"]),
        choice("implementer", Is::Choice(&["other", "application_management", "infrastructure_management"]))
            .defaults_to("\"other\""),
        day("due_on"),
        Field::new("implementation_plan", Is::Text(4000)),
        Field::new("backout_plan", Is::Text(4000)),
        Field::new("test_plan", Is::Text(4000)),
    ],
};

pub static MEASURE_TASKS: Spec = Spec {
    path: "measure-tasks",
    kind: "measure_task",
    label: "title",
    prefix: "TSK",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &status("\"open\""),
    derived: &[("overdue", NO)],
    fields: &[
        KEY,
        TITLE,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        reference("measure", &["measures"]).required(),
        reference("assignee", &["contacts"]),
        Field::new("assignment_group", Is::Line(200)).filters(),
        day("due_on"),
    ],
};

pub static CHANGE_REQUESTS: Spec = Spec {
    path: "change-requests",
    kind: "change_request",
    label: "title",
    prefix: "CHG",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &[("assessment", Start::Json("null"))],
    derived: &[],
    fields: &[
        KEY,
        TITLE,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        list("measures", "measures", 200, "measure"),
        list("services", "services", 200, "service"),
        list("components", "components", 200, "component"),
        time("planned_start", "2027-02-06"),
        time("planned_end", "2027-02-07"),
        choice(
            "status",
            Is::Choice(&[
                "draft",
                "submitted",
                "under_review",
                "approved",
                "rejected",
                "scheduled",
                "implemented",
                "verified",
                "closed",
                "cancelled",
            ]),
        )
        .defaults_to("\"draft\"")
        .kept()
        .unpatched(),
        Field::new("status_reason", Is::Text(500)).kept().unpatched(),
        time("status_changed_at", "2026-02-03").starts(Start::Created).kept().unpatched(),
    ],
};

pub static IMPACT_ASSESSMENTS: Spec = Spec {
    path: "impact-assessments",
    kind: "impact_assessment",
    label: "name",
    prefix: "BIA",
    shared: false,
    can: ANYTHING,
    shape: None,
    owned: &status("\"draft\""),
    derived: &[("derived_mtpd_seconds", NULL)],
    fields: &[
        KEY,
        OPTIONAL_NAME,
        DESCRIPTION,
        EXTERNAL_REFS,
        TAGS,
        ATTRIBUTES,
        reference("business_process", &["business-processes"]).required(),
        day("assessed_on").required(),
        reference("assessor", &["contacts"]),
        Field::new("ratings", Is::ImpactRatings).defaults_to("[]"),
        Field::new("peak_periods", Is::Text(1000)),
        Field::new("manual_workaround", Is::Text(4000)),
        Field::new("rto_seconds", Is::Seconds(3600)),
        Field::new("rpo_seconds", Is::Seconds(600)),
        Field::new("wrt_seconds", Is::Seconds(1200)),
    ],
};
