//! What a schema cannot say about the content of a plan.
use super::content::{Message, PlanStep, Seat, Section};
use crate::model::Faults;
use crate::planning::schedule;
use std::collections::{HashMap, HashSet};

/// Looks at keys, dependencies and circles.
pub fn content(sections: &[Section], team: &[Seat], communications: &[Message], steps: &[PlanStep], faults: &mut Faults) {
    unique("sections", sections.iter().map(|one| one.key.as_str()), faults);
    unique("team", team.iter().map(|one| one.key.as_str()), faults);
    unique("communications", communications.iter().map(|one| one.key.as_str()), faults);
    unique("steps", steps.iter().map(|one| one.key.as_str()), faults);
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(place, step)| (step.key.as_str(), place)).collect();
    for (index, step) in steps.iter().enumerate() {
        let mut seen = HashSet::new();
        for (place, key) in step.depends_on.iter().enumerate() {
            let pointer = format!("/steps/{index}/depends_on/{place}");
            if !places.contains_key(key.as_str()) {
                faults.add(pointer, "unknown_step", format!("{key:?} is no step of this version"));
            } else if !seen.insert(key) {
                faults.add(pointer, "duplicate", "the same stands there twice");
            }
        }
    }
    circle(steps, &places, faults);
}

fn unique<'a>(part: &str, keys: impl Iterator<Item = &'a str>, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (index, key) in keys.enumerate() {
        if !seen.insert(key) {
            faults.add(format!("/{part}/{index}/key"), "duplicate", format!("the key {key:?} stands there twice"));
        }
    }
}

fn circle(steps: &[PlanStep], places: &HashMap<&str, usize>, faults: &mut Faults) {
    let after = |keys: &[String]| keys.iter().filter_map(|key| places.get(key.as_str()).copied()).collect();
    let after: Vec<Vec<usize>> = steps.iter().map(|step| after(&step.depends_on)).collect();
    if let Some(circle) = schedule::circle(&after) {
        let keys: Vec<&str> = circle.iter().chain(circle.first()).map(|place| steps[*place].key.as_str()).collect();
        let first = circle.first().copied().unwrap_or_default();
        let detail = format!("the steps wait for each other: {}", keys.join(" → "));
        faults.add(format!("/steps/{first}/depends_on"), "circle", detail);
    }
}
