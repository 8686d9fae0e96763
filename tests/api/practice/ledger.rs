//! What stands in the ledger of a run, held against what people were told.

use super::crew::Press;
use super::stage::{events, id, texts};
use crate::support::Api;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub struct Ledger {
    steps: Vec<Value>,
    /// For each step, the oldest first: version, status, and who.
    histories: BTreeMap<String, Vec<(u64, String, String)>>,
    events: Vec<Value>,
    /// The seqs of everything written to steps, as the feed of the whole organisation tells.
    feed: Vec<u64>,
}

/// A press as the ledger tells it: version of the step, status, and who.
fn told(version: &Value, status: &str, by: &Value) -> (u64, String, String) {
    (version.as_u64().expect("a version"), status.to_owned(), by.as_str().expect("a name").to_owned())
}

fn history(api: &Api, step: &Value) -> Vec<(u64, String, String)> {
    let mut items = api.get(&format!("/run-steps/{}/history?limit=100", id(step))).expect(200).items();
    items.reverse();
    let one = |item: &Value| {
        let status = item["changes"]["status"]["to"].as_str()?;
        Some(told(&item["version"], status, &item["by"]))
    };
    items.iter().filter_map(one).collect()
}

impl Ledger {
    pub fn of(api: &Api, run: &Value) -> Ledger {
        let steps = api.get(&format!("/runs/{}/steps?limit=100", id(run))).expect(200).items();
        let key = |step: &Value| step["step"].as_str().expect("a key").to_owned();
        let histories = steps.iter().map(|step| (key(step), history(api, step))).collect();
        let changes = api.get("/changes?kind=run_step&limit=1000").expect(200).items();
        let feed = changes.iter().map(|one| one["seq"].as_u64().expect("a seq")).collect();
        Ledger { histories, events: events(api, run), feed, steps }
    }

    pub fn check(&self, presses: &[Press]) {
        self.every_press_stands_there_once(presses);
        self.the_courses_are_what_they_should_be();
        self.the_events_tell_the_same(presses);
        self.prerequisites_were_respected();
    }

    /// What was acknowledged stands there with the version that was told; nothing else does, but becoming ready.
    fn every_press_stands_there_once(&self, presses: &[Press]) {
        for (key, history) in &self.histories {
            let mut acked: Vec<(u64, String, String)> = presses
                .iter()
                .filter(|press| press.step == *key)
                .filter_map(|press| Some((press.version?, press.to.clone(), press.by.clone())))
                .collect();
            acked.sort();
            let pressed: Vec<_> = history.iter().filter(|(_, to, _)| to != "ready" && to != "pending").cloned().collect();
            assert_eq!(pressed, acked, "the history of {key} is not what people were told");
        }
    }

    fn the_courses_are_what_they_should_be(&self) {
        for step in &self.steps {
            let key = step["step"].as_str().expect("a key");
            let mut course: Vec<&str> = self.histories[key].iter().map(|(_, to, _)| to.as_str()).collect();
            // What a step is made with is no change of its status where it waits for something.
            course.retain(|to| !matches!(*to, "pending" | "ready"));
            let wanted: &[&str] = match key {
                "fax" => &["skipped"],
                "db-restore" => &["in_progress", "failed", "in_progress", "done"],
                _ => &["in_progress", "done"],
            };
            assert_eq!(course, wanted, "{key}");
            // Whoever begins a step ends it: nobody else had it in hand meanwhile.
            let hands: Vec<&str> = self.histories[key]
                .iter()
                .filter(|(_, to, _)| to != "ready" && to != "pending")
                .map(|one| one.2.as_str())
                .collect();
            assert!(hands.chunks(2).all(|pair| pair.iter().all(|by| *by == pair[0])), "{key}: {hands:?}");
        }
    }

    fn the_events_tell_the_same(&self, presses: &[Press]) {
        let seqs: Vec<u64> = self.events.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect();
        assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
        let of_steps: Vec<&Value> = self.events.iter().filter(|event| event["kind"] == "run_step").collect();
        let listed: Vec<u64> = of_steps.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect();
        assert_eq!(listed, self.feed, "the log of the run and the feed of changes differ");
        let one = |event: &&&Value| {
            let word = event["event"].as_str()?.strip_prefix("step_")?;
            let pressed = !matches!(word, "planned" | "ready");
            pressed
                .then(|| (event["body"]["step"].as_str().expect("a key").to_owned(), told(&event["version"], word, &event["by"])))
        };
        let mut logged: Vec<_> = of_steps.iter().filter_map(|event| one(&event)).collect();
        logged.sort();
        let mut acked: Vec<_> = presses
            .iter()
            .filter_map(|press| Some((press.step.clone(), (press.version?, press.to.clone(), press.by.clone()))))
            .collect();
        acked.sort();
        assert_eq!(logged, acked);
    }

    /// No step was begun before all that comes before it was over, by the order of the ledger.
    fn prerequisites_were_respected(&self) {
        let mut over: BTreeSet<&str> = BTreeSet::new();
        let before: BTreeMap<&str, Vec<&str>> =
            self.steps.iter().map(|step| (step["step"].as_str().expect("a key"), texts(&step["depends_on"]))).collect();
        // What is for the real thing only hands its prerequisites on.
        assert_eq!(before["gather"], ["brief"]);
        assert!(!before.contains_key("authorities"));
        for event in self.events.iter().filter(|event| event["kind"] == "run_step") {
            let (step, word) = (event["body"]["step"].as_str().expect("a key"), event["event"].as_str().expect("a word"));
            if matches!(word, "step_ready" | "step_in_progress") {
                let missing: Vec<&&str> = before[step].iter().filter(|key| !over.contains(*key)).collect();
                assert!(missing.is_empty(), "{word} of {step} before {missing:?}");
            }
            if matches!(word, "step_done" | "step_skipped") {
                assert!(over.insert(step), "{step} was over twice: {}", json!(event));
            }
        }
        assert_eq!(over.len(), self.steps.len());
    }
}
