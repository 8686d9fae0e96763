//! No path of the document is without a test: each is one of a collection, and so tried by every
//! behaviour here, or is named with the file that tries it.

use super::{ALL, Spec};
use crate::support::document::Document;
use crate::{each_changing_collection, each_own_changing_collection, each_own_collection};
use std::collections::BTreeSet;

/// Paths beside those every collection has, with where they are tried.
const OTHERS: [(&str, &str, &str); 35] = [
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
    ("GET", "/problems", "openapi.rs"),
    ("GET", "/api/v1/problems", "openapi.rs"),
    ("GET", "/api/v1/problems/{code}", "openapi.rs"),
    ("GET", "/problems/{code}", "openapi.rs"),
    ("GET", "/livez", "openapi.rs"),
    ("GET", "/readyz", "openapi.rs"),
    ("GET", "/metrics", "openapi.rs"),
];

const OF_A_COLLECTION: [(&str, &str); 5] = [("GET", ""), ("POST", ""), ("GET", "/{}"), ("PUT", "/{}"), ("GET", "/{}/history")];
/// What a collection has besides where its objects change.
const OF_WHAT_CHANGES: [(&str, &str); 2] = [("PATCH", "/{}"), ("DELETE", "/{}")];

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
    let collections = ALL.into_iter().flat_map(|spec| {
        let changes = OF_WHAT_CHANGES.into_iter().filter(|_| !spec.append_only);
        let all = OF_A_COLLECTION.into_iter().chain(changes);
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

#[test]
fn every_collection_is_tried_by_the_behaviours_that_are_about_it() {
    let paths = |specs: &[&'static Spec]| specs.iter().map(|spec| spec.path).collect::<Vec<_>>();
    let such = |wanted: &dyn Fn(&Spec) -> bool| paths(&ALL.into_iter().filter(|spec| wanted(spec)).collect::<Vec<_>>());
    assert_eq!(paths(&each_own_collection!(specs)), such(&|spec| !spec.shared));
    assert_eq!(paths(&each_changing_collection!(specs)), such(&|spec| !spec.append_only));
    assert_eq!(paths(&each_own_changing_collection!(specs)), such(&|spec| !spec.shared && !spec.append_only));
}
