//! The rooms of the house, and that arrows between them lead down.
use super::paths::{Arrow, House};
use super::source::code_of_the_crate;

/// From above. A room uses only rooms below its line; those of one line do not know each other.
const ROOMS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["server"],
    &["exchange", "reports", "analysis"],
    &["landscape"],
    &["resources"],
    &["collection"],
    &["http"],
    &["store"],
    &["graph", "planning", "config"],
    &["auth"],
    &["model"],
];

/// The room a file stands in: its folder, or its own name; `lib.rs` only opens the doors.
pub fn room(path: &str) -> &str {
    let inner = path.trim_start_matches("src/");
    inner.split_once('/').map_or(inner.trim_end_matches(".rs"), |(room, _)| room)
}

fn floor(room: &str) -> Option<usize> {
    ROOMS.iter().position(|floor| floor.contains(&room))
}

/// Whether an arrow stays in its room or leads down. Of files in no room another test tells.
fn is_allowed(arrow: &Arrow) -> bool {
    let (from, to) = (room(&arrow.from), room(&arrow.to));
    from == to || floor(from).zip(floor(to)).is_none_or(|(from, to)| from < to)
}

fn told(arrow: &Arrow) -> String {
    format!("{arrow}: {} must not use {}", room(&arrow.from), room(&arrow.to))
}

#[test]
fn every_file_stands_in_a_room() {
    let strays: Vec<String> = code_of_the_crate()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path != "src/lib.rs" && floor(room(path)).is_none())
        .collect();
    assert!(strays.is_empty(), "no room of the table:\n{}", strays.join("\n"));
}

#[test]
fn rooms_use_only_rooms_below() {
    let code = code_of_the_crate();
    let arrows = House::of(code.iter().map(|(path, code)| (path.as_str(), code.as_str()))).mentions();
    assert!(arrows.len() > 1000, "the uses were not found");
    let wrong: Vec<String> = arrows.iter().filter(|arrow| !is_allowed(arrow)).map(told).collect();
    assert!(wrong.is_empty(), "{} arrows lead up or sideways:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_arrow_upwards_is_found_however_it_is_written() {
    let files = [
        ("src/lib.rs", "pub mod http;\npub mod model;\npub mod store;\npub mod graph;\n"),
        ("src/http/mod.rs", "pub mod headers;\npub use crate::model::Id;\n"),
        ("src/http/headers.rs", "pub struct Guard;\n"),
        ("src/model/mod.rs", "pub struct Id;\n"),
        ("src/graph/mod.rs", "use crate::model::Id;\n"),
        ("src/store/mod.rs", "use crate::model::Id;\nuse crate::http::{Id as Other, headers as h};\nfn f(guard: h::Guard) {}\n"),
    ];
    let arrows = House::of(files).mentions();
    let wrong: Vec<String> = arrows.iter().filter(|arrow| !is_allowed(arrow)).map(told).collect();
    let lines: Vec<&str> = wrong.iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(lines.iter().all(|line| ["src/store/mod.rs:2", "src/store/mod.rs:3"].contains(line)), "{wrong:#?}");
    let first = "src/store/mod.rs:2 uses crate::http::Id of src/http/mod.rs: store must not use http";
    assert!(wrong.contains(&first.to_owned()), "{wrong:#?}");
    assert!(lines.contains(&"src/store/mod.rs:3"), "{wrong:#?}");
}

#[test]
fn rooms_side_by_side_do_not_know_each_other() {
    let arrow = |from: &str, to: &str| Arrow { from: from.into(), to: to.into(), line: 1, path: String::new() };
    assert!(is_allowed(&arrow("src/analysis/gaps.rs", "src/graph/net.rs")));
    assert!(is_allowed(&arrow("src/main.rs", "src/cli.rs")));
    assert!(!is_allowed(&arrow("src/analysis/gaps.rs", "src/reports/mod.rs")));
    assert!(!is_allowed(&arrow("src/auth/token.rs", "src/config.rs")));
}
