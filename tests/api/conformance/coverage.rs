//! No path of the document is without a test: each is one of a collection, and so tried by every
//! behaviour here, or is named with the file that tries it.

use super::Spec;
use crate::support::document::Document;
use std::collections::BTreeSet;

/// Paths beside those every collection has, with where they are tried.
const OTHERS: [(&str, &str, &str); 110] = [
    ("POST", "/api/v1/analysis/impact", "analyses.rs, analyses/fresh.rs"),
    ("POST", "/api/v1/analysis/recovery", "analyses/recovery.rs"),
    ("POST", "/api/v1/analysis/recovery-sequence", "analyses/recovery.rs"),
    ("POST", "/api/v1/analysis/change", "analyses/change.rs"),
    ("GET", "/api/v1/analysis/single-points-of-failure", "analyses/points.rs"),
    ("GET", "/api/v1/services/{id}/single-points-of-failure", "analyses/points.rs"),
    ("GET", "/api/v1/business-processes/{id}/single-points-of-failure", "analyses/points.rs"),
    ("GET", "/api/v1/services/{id}/recovery", "analyses/recovery.rs"),
    ("POST", "/api/v1/batch", "conformance/batch.rs, conformance/bulk.rs"),
    ("GET", "/api/v1/changes", "conformance/history.rs"),
    ("GET", "/api/v1/me", "access.rs"),
    ("GET", "/api/v1/services/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/business-processes/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/components/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/sites/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/suppliers/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/risks/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/risks/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/measures/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/measures/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/measure-tasks/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/measure-tasks/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/change-requests/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/change-requests/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/impact-assessments/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/impact-assessments/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/measures/{id}/tasks", "lifecycle/guards.rs"),
    ("POST", "/api/v1/measures/{id}/tasks", "lifecycle/guards.rs"),
    ("GET", "/api/v1/measures/{id}/rfc-draft", "lifecycle/rfc.rs"),
    ("GET", "/api/v1/reports/risk-situation", "reports.rs"),
    ("GET", "/api/v1/reports/measures", "reports.rs"),
    ("GET", "/api/v1/reports/risk-matrix", "reports.rs"),
    ("GET", "/api/v1/risk-matrix", "singles.rs"),
    ("PUT", "/api/v1/risk-matrix", "singles.rs"),
    ("GET", "/api/v1/settings", "singles.rs"),
    ("PUT", "/api/v1/settings", "singles.rs"),
    ("GET", "/api/v1/plan-versions/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/plan-versions/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/exercises/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/exercises/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/disruptions/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/disruptions/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/runs/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/runs/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/run-steps/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/run-steps/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/findings/{id}/transitions", "lifecycle.rs"),
    ("POST", "/api/v1/findings/{id}/transitions", "lifecycle.rs"),
    ("GET", "/api/v1/plans/{id}/versions", "plans.rs"),
    ("POST", "/api/v1/plans/{id}/versions", "plans.rs"),
    ("PATCH", "/api/v1/plans/{id}/versions/{version}", "plans.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/transitions", "plans.rs"),
    ("POST", "/api/v1/plans/{id}/versions/{version}/transitions", "plans.rs"),
    ("POST", "/api/v1/plans/{id}/versions/{version}/approvals", "plans.rs"),
    ("POST", "/api/v1/plans/{id}/versions/{version}/copy", "plans.rs"),
    ("POST", "/api/v1/plans/{id}/copy", "plans.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/sections", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/sections", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/sections/{key}", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/sections/{key}", "plans/parts.rs"),
    ("PATCH", "/api/v1/plans/{id}/versions/{version}/sections/{key}", "plans/parts.rs"),
    ("DELETE", "/api/v1/plans/{id}/versions/{version}/sections/{key}", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/team", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/team", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/team/{key}", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/team/{key}", "plans/parts.rs"),
    ("PATCH", "/api/v1/plans/{id}/versions/{version}/team/{key}", "plans/parts.rs"),
    ("DELETE", "/api/v1/plans/{id}/versions/{version}/team/{key}", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/communications", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/communications", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/communications/{key}", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/communications/{key}", "plans/parts.rs"),
    ("PATCH", "/api/v1/plans/{id}/versions/{version}/communications/{key}", "plans/parts.rs"),
    ("DELETE", "/api/v1/plans/{id}/versions/{version}/communications/{key}", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/steps", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/steps", "plans/parts.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/steps/{key}", "plans/parts.rs"),
    ("PUT", "/api/v1/plans/{id}/versions/{version}/steps/{key}", "plans/parts.rs"),
    ("PATCH", "/api/v1/plans/{id}/versions/{version}/steps/{key}", "plans/parts.rs"),
    ("DELETE", "/api/v1/plans/{id}/versions/{version}/steps/{key}", "plans/parts.rs"),
    ("POST", "/api/v1/contacts/{id}/erase", "erasure.rs"),
    ("POST", "/api/v1/runs/{id}/notes", "plans/runs.rs"),
    ("GET", "/api/v1/runs/{id}/steps", "plans/runs.rs"),
    ("GET", "/api/v1/runs/{id}/steps/{step}", "plans/runs.rs"),
    ("PATCH", "/api/v1/runs/{id}/steps/{step}", "plans/runs.rs"),
    ("GET", "/api/v1/runs/{id}/steps/{step}/transitions", "plans/runs.rs"),
    ("POST", "/api/v1/runs/{id}/steps/{step}/transitions", "plans/runs.rs"),
    ("POST", "/api/v1/findings/{id}/measure", "plans/findings.rs"),
    ("POST", "/api/v1/api-keys/{id}/secret", "access/keys.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}", "planning.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/schedule", "planning.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/diff", "planning.rs"),
    ("GET", "/api/v1/plans/{id}/versions/{version}/content", "planning.rs"),
    ("GET", "/api/v1/runs/{id}/timeline", "practice/figures.rs"),
    ("GET", "/api/v1/runs/{id}/events", "practice/stream.rs"),
    ("GET", "/api/v1/disruptions/{id}/situation", "practice/disruptions.rs"),
    ("GET", "/api/v1/services/{id}/proof", "practice/crew.rs"),
    ("GET", "/api/v1/components/{id}/proof", "practice/crew.rs"),
    ("GET", "/api/v1/gaps", "gaps.rs, gaps/rules.rs, gaps/proofs.rs"),
    ("GET", "/api/v1/services/{id}/continuity", "continuity.rs"),
    ("GET", "/api/v1/services/{id}/badge.svg", "continuity.rs"),
    ("GET", "/api/v1/calendar", "practice/series.rs"),
    ("GET", "/api/v1/calendar.ics", "practice/series.rs"),
    ("GET", "/problems", "openapi.rs"),
    ("GET", "/api/v1/problems", "openapi.rs"),
    ("GET", "/api/v1/problems/{code}", "openapi.rs"),
    ("GET", "/problems/{code}", "openapi.rs"),
    ("GET", "/livez", "openapi.rs"),
    ("GET", "/readyz", "openapi.rs"),
    ("GET", "/metrics", "openapi.rs"),
];

/// Kinds of which an organisation has one object, at a path of its own: singles.rs tries them.
const SINGLES: [&str; 2] = ["settings", "risk_matrix"];

/// What a collection has by what clients can do with its objects.
const OF_A_COLLECTION: [(&str, &str); 3] = [("GET", ""), ("GET", "/{}"), ("GET", "/{}/history")];
const OF_WHAT_IS_CREATED: [(&str, &str); 2] = [("POST", ""), ("PUT", "/{}")];
const OF_WHAT_CHANGES: [(&str, &str); 1] = [("PATCH", "/{}")];
const OF_WHAT_GOES: [(&str, &str); 1] = [("DELETE", "/{}")];

/// A template without the names of its parameters.
fn shape(method: &str, template: &str) -> (String, String) {
    let parts: Vec<&str> = template.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    (method.to_owned(), parts.join("/"))
}

fn documented() -> BTreeSet<(String, String)> {
    let operations = &Document::committed().operations;
    operations.iter().map(|operation| shape(&operation.method, &operation.template)).collect()
}

fn tried() -> BTreeSet<(String, String)> {
    let collections = Spec::all().flat_map(|spec| {
        let created = OF_WHAT_IS_CREATED.into_iter().filter(|_| spec.can.create);
        let changed = OF_WHAT_CHANGES.into_iter().filter(|_| spec.can.change);
        let deleted = OF_WHAT_GOES.into_iter().filter(|_| spec.can.delete);
        let all = OF_A_COLLECTION.into_iter().chain(created).chain(changed).chain(deleted);
        all.map(|(method, tail)| shape(method, &format!("/api/v1/{}{tail}", spec.path)))
    });
    collections.chain(OTHERS.into_iter().map(|(method, template, _)| shape(method, template))).collect()
}

#[test]
fn every_operation_of_the_document_is_tried_by_a_test() {
    let (documented, tried) = (documented(), tried());
    let untried: Vec<_> = documented.difference(&tried).collect();
    assert!(untried.is_empty(), "no test tries {untried:#?}");
}

#[test]
fn every_collection_of_the_contract_is_in_the_document() {
    let (documented, tried) = (documented(), tried());
    let missing: Vec<_> = tried.difference(&documented).collect();
    assert!(missing.is_empty(), "the document lacks {missing:#?}");
}

#[test]
fn the_files_that_try_the_other_paths_exist() {
    for (_, template, files) in OTHERS {
        for file in files.split(", ") {
            let path = format!("{}/tests/api/{file}", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&path).exists(), "{template}: {file}");
        }
    }
}

/// Every kind the service knows has a spec, by which all behaviours are tried with it.
#[test]
fn every_kind_has_a_spec() {
    let known: BTreeSet<&str> = Spec::all().map(|spec| spec.kind).collect();
    let kinds = Document::committed().root["components"]["schemas"]["Kind"]["enum"].as_array().expect("the kinds");
    let kinds = kinds.iter().filter_map(|kind| kind.as_str());
    let missing: Vec<&str> = kinds.filter(|kind| !known.contains(kind) && !SINGLES.contains(kind)).collect();
    assert!(missing.is_empty(), "no Spec in tests/api/conformance/spec/ tells of the kind {missing:?}");
}
