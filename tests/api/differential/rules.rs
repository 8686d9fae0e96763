//! The rules between objects: parents form no circle, a mapping stands there once, and a group agrees on `required`.

use super::kinds::Shape;
use super::model::{Fields, Model, Number, link};
use super::orders::Fault;
use serde_json::json;
use std::collections::BTreeMap;

/// The orders, among those planned, whose objects would break a rule once all of them are there.
pub fn broken(model: &Model, shape: &Shape, orders: Vec<(Number, &Fields)>, planned: &[usize]) -> Vec<(usize, Fault)> {
    let there = model.objects.iter().filter(|(_, object)| object.shape.kind == shape.kind);
    let mut all: BTreeMap<Number, &Fields> = there.map(|(number, object)| (*number, &object.fields)).collect();
    all.extend(planned.iter().map(|index| orders[*index]));
    let rule = match shape.kind {
        "mapping" => mapping,
        "site" | "business_process" => circle,
        _ => return Vec::new(),
    };
    planned.iter().filter_map(|index| Some((*index, rule(&all, orders[*index].0)?))).collect()
}

fn circle(all: &BTreeMap<Number, &Fields>, number: Number) -> Option<Fault> {
    let parent = |number: Number| all.get(&number).and_then(|fields| link(&fields["parent"]));
    let mut at = parent(number);
    for _ in 0..=all.len() {
        at = match at {
            Some(ancestor) if ancestor == number => return Some(Fault::new(422, "invalid", &[("/parent", "inconsistent")])),
            Some(ancestor) => parent(ancestor),
            None => None,
        };
    }
    None
}

fn mapping(all: &BTreeMap<Number, &Fields>, number: Number) -> Option<Fault> {
    let mine = all[&number];
    let others = || all.iter().filter(|(other, _)| **other != number).map(|(_, fields)| *fields);
    let same = |other: &Fields, names: &[&str]| names.iter().all(|name| other[*name] == mine[*name]);
    if others().any(|other| same(other, &["dependent", "provider", "relation", "redundancy_group"])) {
        return Some(Fault::new(409, "mapping_exists", &[]));
    }
    let group = |other: &&Fields| mine["redundancy_group"] != json!(null) && same(other, &["dependent", "redundancy_group"]);
    // Wherever two members of the group differ, each that is being written is at fault.
    let members: Vec<&Fields> = others().filter(group).chain([mine]).collect();
    let agreed = members.iter().all(|member| member["required"] == mine["required"]);
    (!agreed).then(|| Fault::new(422, "invalid", &[("/required", "inconsistent")]))
}
