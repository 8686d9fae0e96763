//! Several people press the same button.

use super::stage::{active_plan, events, practised, press, step};
use crate::both;
use crate::support::{Answer, Api};
use serde_json::{Value, json};
use std::sync::Barrier;

/// So many people begin the step at the same moment; each answer with the name of who pressed.
fn pressed_at_once(api: &Api, run: &Value, step: &str, people: usize) -> Vec<(String, Answer)> {
    let start = Barrier::new(people);
    let one = |number: usize| {
        let name = format!("hand-{number}");
        let api = api.server.client(&api.organization, &name, &["ict_infrastructure_manager"]);
        start.wait();
        let answer = press(&api, run, step, &json!({"to": "in_progress"}));
        (name, answer)
    };
    std::thread::scope(|scope| {
        let one = &one;
        let all: Vec<_> = (0..people).map(|number| scope.spawn(move || one(number))).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    })
}

fn one_wins(api: &Api, people: usize) {
    let plan = active_plan(api, &[], &json!([]), &[step("only", &[], 60), step("next", &["only"], 60)]);
    let run = practised(api, &plan);
    let pressed = pressed_at_once(api, &run, "only", people);
    let (won, lost): (Vec<_>, Vec<_>) = pressed.into_iter().partition(|(_, answer)| answer.status() == 200);
    let [(winner, answer)] = &won[..] else { panic!("{} of {people} have begun the same step", won.len()) };
    let begun = answer.json();
    assert_eq!((&begun["started_by"], &begun["updated_by"]), (&json!(winner), &json!(winner)));
    for (_, answer) in &lost {
        let told = answer.refused(409, "transition_closed");
        assert_eq!(told["present"]["status"], json!("in_progress"), "{}", answer.story());
        assert_eq!(told["present"]["updated_by"], json!(winner), "{}", answer.story());
        assert_eq!(told["present"]["version"], begun["version"], "{}", answer.story());
    }
    let begun: Vec<Value> = events(api, &run).into_iter().filter(|event| event["event"] == "step_in_progress").collect();
    assert_eq!(begun.len(), 1, "{begun:?}");
    press(api, &run, "next", &json!({"to": "in_progress"})).refused(409, "transition_closed");
}

both! {
    fn of_two_who_begin_a_step_one_wins_and_the_other_is_told_who(server) {
        for _ in 0..5 {
            one_wins(&server.fresh_organization(), 2);
        }
    }

    fn of_twenty_who_begin_a_step_one_wins_and_the_others_are_told_who(server) {
        one_wins(&server.fresh_organization(), 20);
    }
}
