//! The rules of the house that a compiler does not know: who may use what, and how long things get.
mod circles;
mod parse;
mod paths;
mod rooms;
mod source;

use source::{Source, functions, is_of, lines_with, sources, test_modules, without_tests};

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 70;

fn is_pure(path: &str) -> bool {
    let of_a_resource = path.starts_with("src/resources/") && path.ends_with("/mod.rs") && path != "src/resources/mod.rs";
    let pure = ["src/model/", "src/planning/", "src/graph/"];
    of_a_resource || pure.iter().any(|room| path.starts_with(room))
}

fn is_store(path: &str) -> bool {
    path.starts_with("src/") && (path.ends_with("/store.rs") || path.contains("/store/"))
}

fn is_http(path: &str) -> bool {
    path.starts_with("src/") && (path.ends_with("/http.rs") || (path.starts_with("src/resources/") && path.contains("/http/")))
}

/// Asserts that in the chosen files of `src` none of the words stands outside of tests.
fn forbid(chosen: impl Fn(&str) -> bool, words: &[&str]) {
    let mut checked = 0;
    let mut hits = Vec::new();
    let all = sources("src");
    let tests = test_modules(&all);
    for source in all.iter().filter(|source| chosen(&source.path) && !is_of(&tests, &source.path)) {
        checked += 1;
        hits.extend(lines_with(source, &without_tests(&source.code), words));
    }
    assert!(checked > 0, "no file was checked");
    assert!(hits.is_empty(), "{words:?} may not stand here:\n{}", hits.join("\n"));
}

#[test]
fn the_rules_know_neither_the_web_nor_the_database_nor_waiting() {
    forbid(is_pure, &["actix", "diesel", "async fn", "async move", ".await"]);
}

#[test]
fn the_store_never_sees_the_web() {
    forbid(is_store, &["actix"]);
}

#[test]
fn handlers_never_see_the_database() {
    forbid(is_http, &["diesel"]);
}

#[test]
fn no_resource_uses_anothers_handlers() {
    for source in sources("src") {
        let Some(rest) = source.path.strip_prefix("src/resources/") else { continue };
        let Some((own, _)) = rest.split_once('/') else { continue };
        for line in source.code.lines().filter(|line| line.contains("::http")) {
            let foreign = line.match_indices("::http").any(|(at, tail)| {
                let before: String = line[..at].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let owner: String = before.chars().rev().collect();
                let whole = line[at + tail.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
                whole && ![own, "crate", "self", "super", "collection", "actix_web", "utoipa_actix_web"].contains(&owner.as_str())
            });
            assert!(!foreign, "{}: {}", source.path, line.trim());
        }
    }
}

#[test]
fn no_query_escapes_the_filter_of_its_organisation() {
    forbid(|_| true, &["or_filter"]);
}

#[test]
fn no_error_of_a_query_is_swallowed() {
    for source in sources("src").iter().filter(|source| is_store(&source.path)) {
        // An empty queue is no error; everything else that is asked here is asked of a database.
        let code = without_tests(&source.code).replace("try_recv().ok()", "");
        let hits = lines_with(source, &code, &[".ok()"]);
        assert!(hits.is_empty(), "{}", hits.join("\n"));
    }
}

#[test]
fn nothing_is_unwrapped() {
    forbid(|_| true, &[".unwrap()", ".expect(", ".unwrap_unchecked("]);
}

#[test]
fn nothing_is_unfinished() {
    let marks = ["todo!", "unimplemented!", "dbg!", "TODO", "FIXME", "XXX", "HACK"];
    for source in sources("src") {
        let hits = lines_with(&source, &source.text, &marks);
        assert!(hits.is_empty(), "{}", hits.join("\n"));
    }
}

#[test]
fn no_test_is_switched_off() {
    let marks = [concat!("#[ig", "nore")];
    for source in ["src", "tests"].into_iter().flat_map(sources) {
        let hits = lines_with(&source, &source.code, &marks);
        assert!(hits.is_empty(), "{}", hits.join("\n"));
    }
}

#[test]
fn no_file_is_longer_than_one_can_hold_in_mind() {
    let all: Vec<Source> = ["src", "tests", "benches", "examples"].into_iter().flat_map(sources).collect();
    assert!(all.len() > 10, "the files were not found");
    let long = all.iter().map(|source| (source.text.lines().count(), &source.path));
    let long: Vec<_> = long.filter(|(lines, _)| *lines > LONGEST_FILE).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn no_function_is_longer_than_one_can_hold_in_mind() {
    let mut counted = 0;
    for source in ["src", "tests", "benches", "examples"].into_iter().flat_map(sources) {
        for (line, name, lines) in functions(&source.code) {
            counted += 1;
            assert!(lines <= LONGEST_FUNCTION, "{}:{line}: {name} has {lines} lines", source.path);
        }
    }
    assert!(counted > 100, "the functions were not found");
}
