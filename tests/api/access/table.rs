//! The contract's table of roles, as far as it is not about kinds: their rows stand in their specs.

use crate::conformance::Spec;

const MIGHTY: [&str; 3] = ["it_service_continuity_manager", "integration", "administrator"];

/// Whether a role may call an operation on objects others have made.
pub fn may(role: &str, method: &str, template: &str) -> bool {
    let path = template.trim_start_matches("/api/v1/");
    let resource = collection(template);
    let mighty = MIGHTY.contains(&role);
    let governs = mighty && role != "integration";
    match resource {
        "me" => true,
        "changes" => mighty || role == "auditor",
        _ if path.ends_with("/history") => reads(role, resource) && (mighty || role == "auditor"),
        // Dependencies show mappings.
        _ if path.ends_with("/dependencies") => reads(role, resource) && reads(role, "mappings"),
        _ if method == "GET" || resource == "analyses" => reads(role, resource),
        "settings" | "risk-matrix" => governs,
        _ if path.ends_with("/erase") => role == "administrator",
        _ if decides(template) => Spec::of(resource).access.decides(role),
        _ if method == "POST" => Spec::of(resource).access.creates(role),
        _ => Spec::of(resource).access.writes(role),
    }
}

/// What is no collection is read by everybody but those who only use the services.
fn reads(role: &str, resource: &str) -> bool {
    let spec = Spec::all().find(|spec| spec.path == resource);
    spec.map_or(role != "user", |spec| spec.access.reads(role))
}

/// Whether the operation, as it is tried here, decides something: every move of a disruption does.
pub fn decides(template: &str) -> bool {
    template.ends_with("/approvals") || template.ends_with("/erase") || template.ends_with("/disruptions/{id}/transitions")
}

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
