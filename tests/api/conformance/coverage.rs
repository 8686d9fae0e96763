//! No path of the document is without a test: each is one of a collection, and so tried by every
//! behaviour here, or is named with the file that tries it.

use super::ALL;
use crate::support::document::Document;
use std::collections::BTreeSet;

/// Paths beside those every collection has, with where they are tried.
const OTHERS: [(&str, &str, &str); 15] = [
    ("POST", "/api/v1/batch", "conformance/batch.rs, conformance/bulk.rs"),
    ("GET", "/api/v1/changes", "conformance/history.rs"),
    ("GET", "/api/v1/me", "access.rs"),
    ("GET", "/api/v1/services/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/business-processes/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/components/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/sites/{id}/dependencies", "dependencies.rs"),
    ("GET", "/api/v1/suppliers/{id}/dependencies", "dependencies.rs"),
    ("GET", "/problems", "openapi.rs"),
    ("GET", "/api/v1/problems", "openapi.rs"),
    ("GET", "/api/v1/problems/{code}", "openapi.rs"),
    ("GET", "/problems/{code}", "openapi.rs"),
    ("GET", "/livez", "openapi.rs"),
    ("GET", "/readyz", "openapi.rs"),
    ("GET", "/metrics", "openapi.rs"),
];

const OF_A_COLLECTION: [(&str, &str); 7] =
    [("GET", ""), ("POST", ""), ("GET", "/{}"), ("PUT", "/{}"), ("PATCH", "/{}"), ("DELETE", "/{}"), ("GET", "/{}/history")];

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
        OF_A_COLLECTION.into_iter().map(|(method, tail)| shape(method, &format!("/api/v1/{}{tail}", spec.path)))
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
