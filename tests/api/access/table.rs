//! The contract's table of roles, written down once more and independently of the service.

const MIGHTY: [&str; 3] = ["it_service_continuity_manager", "integration", "administrator"];

/// Whether a role may call an operation on objects others have made.
pub fn may(role: &str, method: &str, template: &str) -> bool {
    let path = template.trim_start_matches("/api/v1/");
    let resource = collection(template);
    let mighty = MIGHTY.contains(&role);
    let governs = mighty && role != "integration";
    match resource {
        "me" => true,
        "organizations" => role == "administrator",
        "changes" => mighty || role == "auditor",
        _ if path.ends_with("/history") => mighty || role == "auditor",
        // Dependencies show mappings.
        _ if path.ends_with("/dependencies") => reads(role, resource) && reads(role, "mappings"),
        _ if method == "GET" || resource == "analyses" => reads(role, resource),
        "settings" | "risk-matrix" => governs,
        _ if decides(template) => approves(role, resource),
        // Whoever reports a disruption writes his own report and no other.
        "disruptions" if method == "POST" => mighty || REPORTERS.contains(&role),
        _ => mighty || writes(role).contains(&resource),
    }
}

pub fn reads(role: &str, resource: &str) -> bool {
    role != "user" || ["services", "business-processes", "sites", "components"].contains(&resource)
}

/// What a role writes as it likes. Measures and their tasks are written by the managers of applications and of
/// infrastructure too, but only when they are commissioned to them, which no new one is.
fn writes(role: &str) -> &'static [&'static str] {
    match role {
        "process_owner" => &["business-processes", "impact-assessments", "plans", "plan-versions", "run-steps"],
        "application_manager" => {
            &["services", "components", "mappings", "contacts", "vulnerabilities", "run-steps", "measurements"]
        }
        "ict_infrastructure_manager" => &[
            "sites",
            "components",
            "suppliers",
            "agreements",
            "mappings",
            "contacts",
            "vulnerabilities",
            "run-steps",
            "measurements",
        ],
        "test_manager" => &["exercises", "runs", "run-steps", "measurements", "findings"],
        _ => &[],
    }
}

/// Who decides beyond writing.
pub fn approves(role: &str, resource: &str) -> bool {
    let deciders: &[&str] = match resource {
        "disruptions" | "change-requests" => &["it_service_continuity_manager", "administrator"],
        "findings" => &["it_service_continuity_manager", "test_manager", "administrator"],
        "measures" | "impact-assessments" | "plan-versions" | "exercises" => {
            &["it_service_continuity_manager", "process_owner", "administrator"]
        }
        _ => &[],
    };
    deciders.contains(&role)
}

/// Whether the operation, as it is tried here, decides something: every move of a disruption does.
pub fn decides(template: &str) -> bool {
    template.ends_with("/approvals") || template.ends_with("/disruptions/{id}/transitions")
}

/// Who reports disruptions, and amends only what he has reported himself.
pub const REPORTERS: [&str; 5] = ["process_owner", "application_manager", "ict_infrastructure_manager", "test_manager", "user"];

/// Who writes what only when it is commissioned to him.
pub const LIMITED: [(&str, &str); 4] = [
    ("application_manager", "measures"),
    ("application_manager", "measure-tasks"),
    ("ict_infrastructure_manager", "measures"),
    ("ict_infrastructure_manager", "measure-tasks"),
];

/// Who may send a batch at all; each row is a question of its own.
pub fn sends_batches(role: &str) -> bool {
    !["user", "auditor"].contains(&role)
}

/// The collection whose permission a path needs: one below another has that of what it holds.
pub fn collection(template: &str) -> &str {
    let path = template.trim_start_matches("/api/v1/");
    let mut parts = path.split('/');
    match (parts.next().unwrap_or_default(), parts.nth(1)) {
        ("measures", Some("tasks")) => "measure-tasks",
        ("plans", Some("versions")) => "plan-versions",
        ("runs", Some("steps" | "notes")) => "run-steps",
        (_, Some("proof")) => "measurements",
        ("analysis", _) | (_, Some("recovery" | "single-points-of-failure")) => "analyses",
        ("gaps", _) | (_, Some("continuity" | "badge.svg")) => "analyses",
        ("calendar" | "calendar.ics", _) => "exercises",
        (first, _) => first,
    }
}
