//! How a run goes: planned against forecast, what decides now when it ends, and what is left of each objective.

use super::stage::{active_plan, declared, done, exercise, id, moment, practised, press, second, step, texts, went, with};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn service(api: &Api, name: &str, rto_seconds: i64) -> Value {
    api.create("services", &json!({"name": name, "rto_seconds": rto_seconds}))
}

fn progress(api: &Api, run: &Value) -> Value {
    api.get(&format!("/runs/{}", id(run))).expect(200).json()["progress"].clone()
}

fn course(progress: &Value, service: &Value) -> Value {
    let all = progress["services"].as_array().expect("a list");
    all.iter().find(|one| one["service"]["id"] == service["id"]).unwrap_or_else(|| panic!("no such service: {progress}")).clone()
}

fn back(key: &str, after: &[&str], seconds: i64, what: &Value) -> Value {
    with(step(key, after, seconds), json!({"recovers": [what["id"]]}))
}

/// Begins what brings each of these services back, for a disruption that began so long ago.
fn in_earnest(api: &Api, services: &[&Value], ago: i64) -> Value {
    let steps: Vec<Value> = services.iter().enumerate().map(|(place, one)| back(&format!("s{place}"), &[], 1, one)).collect();
    let plan = active_plan(api, services, &json!([]), &steps);
    let disruption = declared(api, services, &moment(-ago));
    api.create("runs", &json!({"plan": plan["id"], "disruption": disruption["id"]}))
}

both! {
    fn deadlines_count_from_when_the_disruption_began(server) {
        let api = server.fresh_organization();
        let names = [("Calm", 100_000), ("Near", 12_000), ("Late", 9_000)];
        let services: Vec<Value> = names.iter().map(|(name, rto)| service(&api, name, *rto)).collect();
        let process = api.create("business-processes", &json!({"name": "Pay", "mtpd_seconds": 200_000}));
        api.create("mappings", &json!({"dependent": process["id"], "provider": services[0]["id"]}));
        let all: Vec<&Value> = services.iter().collect();
        let run = in_earnest(&api, &all, 10_000);
        let disruption = api.get(&format!("/disruptions/{}", id(&run["disruption"]))).expect(200).json();
        assert_eq!((&run["mode"], &run["clock_started_at"]), (&json!("actual"), &disruption["occurred_at"]));
        let now = progress(&api, &run);
        for (one, state) in services.iter().zip(["not_started", "at_risk", "overdue"]) {
            let course = course(&now, one);
            assert_eq!(course["state"], json!(state), "{course}");
            let (rto, clock) = (&course["rto"], second(&run["clock_started_at"]));
            assert_eq!(second(&rto["due_at"]), clock + one["rto_seconds"].as_i64().expect("a figure"), "{course}");
            assert_eq!(rto["left_seconds"].as_i64().expect("a figure"), second(&rto["due_at"]) - second(&now["at"]), "{course}");
        }
        let tolerable = course(&now, &services[0])["mtpd"].clone();
        assert_eq!(second(&tolerable["due_at"]), second(&run["clock_started_at"]) + 200_000, "{tolerable}");
        press(&api, &run, "s0", &json!({"to": "in_progress"})).expect(200);
        assert_eq!(course(&progress(&api, &run), &services[0])["state"], json!("on_track"));
        let ended = done(&api, &run, "s2")["ended_at"].clone();
        let late = course(&progress(&api, &run), &services[2]);
        assert_eq!((&late["state"], &late["restored_at"]), (&json!("recovered"), &ended));
        assert_eq!(late["rto"]["left_seconds"].as_i64().expect("a figure"), second(&late["rto"]["due_at"]) - second(&ended));
        let measured = api.get(&format!("/measurements?run={}", id(&run))).expect(200).items();
        assert_eq!(measured.len(), 1);
        assert_eq!(measured[0]["level"], json!("proven"));
        let took = second(&ended) - second(&run["clock_started_at"]);
        assert_eq!(measured[0]["restoration_seconds"], json!(took));
        assert!((10_000..11_000).contains(&took), "{took}");
    }

    fn a_service_of_an_exercise_gets_from_on_track_over_at_risk_to_overdue(server) {
        let api = server.fresh_organization();
        let quick = service(&api, "Quick", 15);
        let plan = active_plan(&api, &[&quick], &json!([]), &[back("only", &[], 1, &quick)]);
        let run = practised(&api, &plan);
        assert_eq!((&run["mode"], &run["clock_started_at"]), (&json!("exercise"), &run["started_at"]));
        press(&api, &run, "only", &json!({"to": "in_progress"})).expect(200);
        let (mut states, started) = (Vec::new(), Instant::now());
        while states.last() != Some(&json!("overdue")) {
            assert!(started.elapsed() < Duration::from_secs(60), "{states:?}");
            let now = course(&progress(&api, &run), &quick);
            let left = now["rto"]["left_seconds"].as_i64().expect("a figure");
            // A fifth of the time is three seconds.
            let wanted = if left < 0 { "overdue" } else if left <= 3 { "at_risk" } else { "on_track" };
            assert_eq!(now["state"], json!(wanted), "{now}");
            if states.last() != Some(&now["state"]) {
                states.push(now["state"].clone());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(states, [json!("on_track"), json!("at_risk"), json!("overdue")]);
        press(&api, &run, "only", &json!({"to": "done"})).expect(200);
        assert_eq!(course(&progress(&api, &run), &quick)["state"], json!("recovered"));
        let over = went(&api, "runs", &run, &["completed"]);
        let exercise = api.get(&format!("/exercises/{}", id(&over["exercise"]))).expect(200).json();
        let ended = went(&api, "exercises", &exercise, &["completed"]);
        assert_eq!(ended["result"], json!("unsuccessful"), "an objective was missed: {}", ended["result_reasons"]);
    }

    fn the_forecast_follows_what_happens_and_the_critical_path_with_it(server) {
        let api = server.fresh_organization();
        let steps = [
            step("begin", &[], 60), step("long", &["begin"], 7200), step("short", &["begin"], 600), step("end", &["long", "short"], 60),
        ];
        let run = practised(&api, &active_plan(&api, &[], &json!([]), &steps));
        let planned = |progress: &Value| second(&progress["planned_end_at"]) - second(&run["started_at"]);
        let now = progress(&api, &run);
        assert_eq!(texts(&now["critical_path"]), ["begin", "long", "end"]);
        assert_eq!(planned(&now), 60 + 7200 + 60);
        let delay = now["delay_seconds"].as_i64().expect("a figure");
        assert!((0..600).contains(&delay), "{delay}");
        done(&api, &run, "begin");
        done(&api, &run, "long");
        let now = progress(&api, &run);
        let path = texts(&now["critical_path"]);
        assert!(path.ends_with(&["short", "end"]) && !path.contains(&"long"), "{path:?}");
        assert_eq!(planned(&now), 60 + 7200 + 60);
        let delay = now["delay_seconds"].as_i64().expect("a figure");
        assert!((-7260 + 600..-5000).contains(&delay), "{delay}");
        assert_eq!(second(&now["forecast_end_at"]) - second(&now["planned_end_at"]), delay);
        assert_eq!((&now["done"], &now["ready"], &now["steps"]), (&json!(2), &json!(1), &json!(4)));
        done(&api, &run, "short");
        done(&api, &run, "end");
        let over = went(&api, "runs", &run, &["completed"]);
        assert_eq!(over["progress"]["forecast_end_at"].as_str().map(|at| &at[..19]), over["ended_at"].as_str().map(|at| &at[..19]));
        assert_eq!(texts(&over["progress"]["critical_path"]), Vec::<&str>::new());
    }

    fn steps_of_the_other_mode_are_left_out_and_hand_their_prerequisites_on(server) {
        let api = server.fresh_organization();
        let steps = [
            step("a", &[], 60),
            with(step("rehearse", &["a"], 60), json!({"used_in": "exercise"})),
            with(step("really", &["rehearse"], 60), json!({"used_in": "actual"})),
            with(step("really-too", &["really"], 60), json!({"used_in": "actual"})),
            step("b", &["really-too"], 60),
        ];
        let shop = service(&api, "Shop", 3600);
        let plan = active_plan(&api, &[&shop], &json!([]), &steps);
        let exercise = exercise(&api, &plan);
        let practice = api.create("runs", &json!({"plan": plan["id"], "exercise": exercise["id"]}));
        let disruption = declared(&api, &[&shop], &moment(-5));
        let earnest = api.create("runs", &json!({"plan": plan["id"], "disruption": disruption["id"]}));
        let waits = |run: &Value| -> Vec<(String, Value, Value)> {
            let items = api.get(&format!("/runs/{}/steps?sort=position", id(run))).expect(200).items();
            let text = |one: &Value| one["step"].as_str().expect("a key").to_owned();
            items.iter().map(|one| (text(one), one["depends_on"].clone(), one["planned_start_seconds"].clone())).collect()
        };
        let told = |key: &str, after: Value, start: i64| (key.to_owned(), after, json!(start));
        assert_eq!(waits(&practice), [
            told("a", json!([]), 0), told("rehearse", json!(["a"]), 60), told("b", json!(["rehearse"]), 120),
        ]);
        assert_eq!(waits(&earnest), [
            told("a", json!([]), 0), told("really", json!(["a"]), 60), told("really-too", json!(["really"]), 120),
            told("b", json!(["really-too"]), 180),
        ]);
        press(&api, &practice, "really", &json!({"to": "in_progress"})).refused(404, "not_found");
        press(&api, &earnest, "really", &json!({"to": "in_progress"})).refused(409, "transition_closed");
        done(&api, &practice, "a");
        press(&api, &practice, "b", &json!({"to": "in_progress"})).refused(409, "transition_closed");
        done(&api, &practice, "rehearse");
        done(&api, &practice, "b");
        done(&api, &earnest, "a");
        done(&api, &earnest, "really");
        press(&api, &earnest, "b", &json!({"to": "in_progress"})).refused(409, "transition_closed");
    }

    fn whoever_waited_for_a_step_that_is_skipped_waits_for_what_that_waited_for(server) {
        let api = server.fresh_organization();
        let steps = [step("a", &[], 60), step("b", &["a"], 60), step("c", &["b"], 60), step("d", &["c"], 60)];
        let run = practised(&api, &active_plan(&api, &[], &json!([]), &steps));
        press(&api, &run, "b", &json!({"to": "skipped"})).invalid(&[("/comment", "required")]);
        for key in ["b", "c"] {
            press(&api, &run, key, &json!({"to": "skipped", "comment": "not this time"})).expect(200);
        }
        press(&api, &run, "d", &json!({"to": "in_progress"})).refused(409, "transition_closed");
        done(&api, &run, "a");
        done(&api, &run, "d");
        press(&api, &run, "b", &json!({"to": "in_progress"})).refused(409, "transition_closed");
        let over = went(&api, "runs", &run, &["completed"]);
        assert_eq!((&over["progress"]["done"], &over["progress"]["skipped"]), (&json!(2), &json!(2)));
        press(&api, &run, "d", &json!({"to": "failed"})).refused(409, "transition_closed");
        api.post(&format!("/runs/{}/notes", id(&run)), &json!({"text": "too late"})).refused(409, "content_fixed");
    }
}
