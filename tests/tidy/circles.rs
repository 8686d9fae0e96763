//! No two files use each other, directly or by way of others.
use super::paths::{Arrow, House, pairs};
use super::rooms::room;
use super::source::code_of_the_crate;
use std::collections::{BTreeMap, BTreeSet};

/// All files that can be reached from one.
fn reached<'a>(from: &'a str, pairs: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        next.extend(pairs.get(file).into_iter().flatten().copied().filter(|to| reached.insert(*to)));
    }
    reached
}

/// The circles: files each of which is reached from every other.
fn circles(arrows: &BTreeSet<Arrow>) -> Vec<BTreeSet<&str>> {
    let pairs = pairs(arrows);
    let reach: BTreeMap<&str, BTreeSet<&str>> = pairs.keys().map(|file| (*file, reached(file, &pairs))).collect();
    let mut circles: Vec<BTreeSet<&str>> = Vec::new();
    for (file, others) in &reach {
        if others.contains(file) && !circles.iter().any(|circle| circle.contains(file)) {
            let back = |other: &&&str| reach.get(**other).is_some_and(|all| all.contains(file));
            circles.push(others.iter().filter(back).copied().collect());
        }
    }
    circles
}

/// A circle in words: its files, and one arrow for each pair of them.
fn told(circle: &BTreeSet<&str>, arrows: &BTreeSet<Arrow>) -> String {
    let mut lines = vec![format!("{} files use each other in a circle:", circle.len())];
    let mut seen = BTreeSet::new();
    for arrow in arrows {
        let inside = circle.contains(arrow.from.as_str()) && circle.contains(arrow.to.as_str());
        if inside && seen.insert((&arrow.from, &arrow.to)) {
            lines.push(format!("    {arrow}"));
        }
    }
    lines.join("\n")
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let code = code_of_the_crate();
    let mut arrows = House::of(code.iter().map(|(path, code)| (path.as_str(), code.as_str()))).uses();
    assert!(arrows.len() > 1000, "the uses were not found");
    // Between rooms all arrows lead down, see `rooms`: a circle lies within one.
    arrows.retain(|arrow| room(&arrow.from) == room(&arrow.to));
    let circles: Vec<String> = circles(&arrows).iter().map(|circle| told(circle, &arrows)).collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_with_its_arrows() {
    let files = [
        ("src/lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
        ("src/a.rs", "mod inner;\nuse crate::b::{self, B};\npub struct A;\nfn f() { inner::g() }\n"),
        ("src/a/inner.rs", "pub fn g() {}\n"),
        ("src/b.rs", "pub struct B(crate::c::C);\n"),
        ("src/c.rs", "pub struct C;\nfn f(a: &super::a::A) {}\n"),
        ("src/d.rs", "use crate::a::A;\n"),
    ];
    let arrows = House::of(files).uses();
    let found = circles(&arrows);
    assert_eq!(found, [BTreeSet::from(["src/a.rs", "src/b.rs", "src/c.rs"])]);
    let told = told(&found[0], &arrows);
    assert!(told.contains("src/c.rs:2 uses super::a::A of src/a.rs"), "{told}");
    assert!(!told.contains("inner") && !told.contains("src/d.rs"), "{told}");
}

#[test]
fn a_parent_and_its_child_can_be_a_circle() {
    let child = |code: &'static str| {
        [("src/lib.rs", "mod a;\n"), ("src/a.rs", "mod b;\npub struct A;\nfn f() { b::g() }\n"), ("src/a/b.rs", code)]
    };
    assert_eq!(circles(&House::of(child("use super::A;\npub fn g() {}\n")).uses()).len(), 1);
    assert!(circles(&House::of(child("pub fn g() {}\n")).uses()).is_empty());
}
