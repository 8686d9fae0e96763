//! The published document, the pages that explain it, and the pages for machines.

use crate::both;
use crate::support::document::{Document, FILE};
use crate::support::server::program;
use serde_json::{Value, json};
use std::collections::HashSet;

const OPEN: [&str; 7] =
    ["/livez", "/readyz", "/metrics", "/problems", "/problems/{code}", "/api/v1/problems", "/api/v1/problems/{code}"];

/// Whether there is an example anywhere in a body or an answer of the operation.
fn has_example(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, member)| name == "example" || name == "examples" || has_example(member))
        }
        Value::Array(items) => items.iter().any(has_example),
        _ => false,
    }
}

/// The parts of an operation with every reference followed once, to look for examples in.
fn with_schemas(value: &Value) -> Value {
    let document = Document::committed();
    match value {
        Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
            Some(reference) => document.root.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default(),
            None => Value::Object(members.iter().map(|(name, member)| (name.clone(), with_schemas(member))).collect()),
        },
        Value::Array(items) => items.iter().map(with_schemas).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_committed_document_is_the_one_the_program_writes() {
    let output = program().args(["openapi", "--output", "-"]).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = String::from_utf8(output.stdout).expect("UTF-8");
    let committed = std::fs::read_to_string(FILE).expect("the committed document");
    assert!(written.trim_end() == committed.trim_end(), "run `holdfast openapi --output openapi/openapi.json`");
}

#[test]
fn every_operation_has_an_id_of_its_own_and_a_summary() {
    let mut ids = HashSet::new();
    for operation in &Document::committed().operations {
        let name = format!("{} {}", operation.method, operation.template);
        let id = operation.value["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no id"));
        assert!(ids.insert(id), "{name}: {id} is taken");
        let summary = operation.value["summary"].as_str().unwrap_or_default();
        assert!(summary.len() > 5, "{name} has no summary");
    }
    assert!(ids.len() > 50, "there are only {} operations", ids.len());
}

#[test]
fn every_operation_names_the_permission_it_needs() {
    for operation in &Document::committed().operations {
        let name = format!("{} {}", operation.method, operation.template);
        let permission = operation.value["x-permission"].as_str().unwrap_or_default();
        let open = OPEN.contains(&operation.template.as_str());
        assert!(open || !permission.is_empty(), "{name} has no x-permission");
        let roles = operation.value["x-roles"].as_array();
        assert_eq!(permission.contains(':'), roles.is_some_and(|roles| !roles.is_empty()), "{name} is for nobody");
        let path = operation.template.trim_start_matches("/api/v1/");
        // A collection below another has the permission of what it holds.
        let parts: Vec<&str> = path.split('/').collect();
        let resource = match (parts[0], parts.get(2)) {
            ("measures", Some(&"tasks")) => "measure-tasks",
            ("plans", Some(&"versions")) => "plan-versions",
            ("runs", Some(&"steps" | &"notes")) => "run-steps",
            (first, _) => first,
        };
        // Analyses are asked by POST, and write nothing.
        if operation.method != "GET" && !["batch", "analysis"].contains(&resource) {
            let action = match parts.last() {
                Some(&"approvals") => "approve",
                Some(&"erase") => "erase",
                _ => "write",
            };
            assert_eq!(permission, format!("{resource}:{action}"), "{name}");
        }
    }
}

#[test]
fn every_operation_shows_an_example() {
    for operation in &Document::committed().operations {
        let name = format!("{} {}", operation.method, operation.template);
        let body = &operation.value["requestBody"];
        assert!(body.is_null() || has_example(&with_schemas(body)), "the body of {name} has no example");
        let answers = operation.value["responses"].as_object().expect("answers");
        let good = answers.iter().filter(|(status, _)| status.starts_with('2') && *status != "204");
        for (status, answer) in good {
            assert!(has_example(&with_schemas(answer)), "{name} {status} has no example");
        }
    }
}

#[test]
fn every_operation_tells_how_it_refuses() {
    for operation in &Document::committed().operations {
        let name = format!("{} {}", operation.method, operation.template);
        let answers = operation.value["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        let refuses = answers.keys().any(|status| status == "default" || status.starts_with('4'));
        assert!(refuses || OPEN.contains(&operation.template.as_str()), "{name} tells no refusal");
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = Document::committed();
    let mut found = Vec::new();
    references(&document.root, &mut found);
    assert!(found.len() > 50, "the document shares nothing");
    for reference in found {
        assert!(document.root.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn every_schema_of_the_document_is_a_schema() {
    let document = Document::committed();
    let schemas = document.root["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        document.validator(&format!("#/components/schemas/{name}"));
    }
}

/// The schemas in which a text, a list or a figure has no bound.
fn unbounded(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is = |kind: &str| match members.get("type") {
                Some(Value::Array(types)) => types.iter().any(|one| one == kind),
                Some(one) => one == kind,
                None => false,
            };
            let any = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
            let loose = is("string") && !any(&["maxLength", "enum", "const", "format"])
                || is("array") && !any(&["maxItems"])
                || is("integer") && !any(&["maximum", "format"])
                || is("number") && !any(&["maximum", "maxLength"]);
            // A whole page or picture is bounded by what it is one of.
            if loose && !["/content/text/", "/content/image/"].iter().any(|page| place.contains(page)) {
                found.push(place.to_owned());
            }
            for (name, member) in members.iter().filter(|(name, _)| !["example", "examples", "default"].contains(&name.as_str()))
            {
                unbounded(member, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| unbounded(item, &format!("{place}/{n}"), found)),
        _ => {}
    }
}

#[test]
fn every_text_list_and_figure_of_the_document_is_bounded() {
    let mut found = Vec::new();
    unbounded(&Document::committed().root, "", &mut found);
    assert!(found.is_empty(), "without a limit: {found:#?}");
}

#[test]
fn every_parameter_of_a_path_is_described() {
    for operation in &Document::committed().operations {
        let described = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        for part in operation.template.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            let known = described.iter().any(|parameter| parameter["in"] == "path" && parameter["name"] == name);
            assert!(known, "{} {}: {name}", operation.method, operation.template);
        }
    }
}

both! {
    fn the_served_document_is_the_committed_one(server) {
        let served = server.stranger().absolute("GET", "/openapi.json").send().expect(200).json();
        assert!(served == Document::committed().root, "the served document is another");
    }

    fn the_document_is_readable_as_a_page_without_a_network(server) {
        let mut page = server.stranger().absolute("GET", "/docs").send();
        if let Some(location) = page.header("location") {
            page = server.stranger().absolute("GET", location).send();
        }
        let html = page.expect(200).text();
        assert!(html.to_lowercase().contains("<html"), "{html}");
        let sources = html.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css"));
        for source in sources {
            assert!(!source.starts_with("http") && !source.starts_with("//"), "{source} needs a network");
            let target = match source.strip_prefix("./") {
                Some(relative) => format!("/docs/{relative}"),
                None if source.starts_with('/') => source.to_owned(),
                None => format!("/docs/{source}"),
            };
            server.stranger().absolute("GET", &target).send().expect(200);
        }
    }

    fn every_problem_a_client_can_meet_is_explained(server) {
        let codes = [
            "malformed_json", "unknown_parameter", "invalid_parameter", "unauthenticated", "forbidden", "not_found",
            "method_not_allowed", "conflict", "still_referenced", "key_taken", "external_ref_taken",
            "idempotency_in_flight", "snapshot_brake", "precondition_failed", "payload_too_large",
            "unsupported_media_type", "invalid", "idempotency_key_reused", "precondition_required", "unavailable",
            "storage_full", "internal",
        ];
        for code in codes {
            for prefix in ["", "/api/v1"] {
                let answer = server.stranger().absolute("GET", &format!("{prefix}/problems/{code}")).send().expect(200);
                assert!(answer.text().contains(code), "{}", answer.story());
            }
        }
        server.stranger().absolute("GET", "/problems/nonsense").send().refused(404, "not_found");
        let listed = server.stranger().absolute("GET", "/problems").send().expect(200).each("code");
        assert_eq!(server.stranger().absolute("GET", "/api/v1/problems").send().expect(200).each("code"), listed);
        assert!(codes.iter().all(|code| listed.iter().any(|known| known == code)), "{listed:?}");
        for code in &listed {
            let api = server.stranger();
            let page = api.absolute("GET", &format!("/problems/{code}")).header("Accept", "application/json");
            let page = page.send().expect(200).json();
            assert_eq!((&page["code"], &page["example"]["code"]), (&json!(code), &json!(code)));
        }
    }

    fn a_page_refuses_the_methods_it_does_not_have(server) {
        let api = server.fresh_organization();
        let pages = ["/docs", "/docs/", "/openapi.json", "/livez", "/readyz", "/metrics", "/problems", "/problems/invalid"];
        for page in pages.into_iter().chain(["/api/v1/problems", "/api/v1/problems/invalid", "/api/v1/me", "/api/v1/changes"]) {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let answer = api.absolute(method, page).send();
                answer.refused(405, "method_not_allowed");
                assert_eq!(answer.needed_header("allow"), "GET, HEAD", "{}", answer.story());
            }
            assert!(api.absolute("HEAD", page).send_unjudged().status() < 400, "HEAD {page}");
        }
        let answer = api.get("/batch");
        answer.refused(405, "method_not_allowed");
        assert_eq!(answer.needed_header("allow"), "POST");
    }

    fn the_pages_for_machines_are_answered(server) {
        for page in ["/livez", "/readyz"] {
            server.stranger().absolute("GET", page).send().expect(200);
        }
        let metrics = server.stranger().absolute("GET", "/metrics").send().expect(200).text();
        assert!(metrics.contains("# TYPE ") && metrics.trim_end().ends_with("# EOF"), "{metrics}");
        let value = |name: &str| -> f64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in:\n{metrics}"))
        };
        assert!((value("holdfast_database_up") - 1.0).abs() < f64::EPSILON);
        assert!(value("process_resident_memory_bytes") > 1e6 && value("process_open_fds") > 3.0);
        assert!(value("holdfast_writes_waiting") >= 0.0 && value("holdfast_commits_done") >= 0.0);
        assert!(metrics.contains("holdfast_build_info{version="));
    }
}
