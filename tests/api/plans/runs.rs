//! Runs: how they start, how their steps follow each other, what they measure, and what is written down.

use crate::both;
use crate::prepared::{
    active_version, and, approve, colleague, declared_disruption, disruption, draft_of, exercise_draft, exercise_under_way, go,
    id, plan, plan_in_force, run_of, step_of, successful_exercise, two_steps, version_in_force, words,
};
use crate::support::Api;
use serde_json::{Value, json};

fn move_step(api: &Api, run: &Value, key: &str, order: &Value) -> crate::support::Answer {
    api.post(&format!("/runs/{}/steps/{key}/transitions", id(run)), order)
}

fn status(api: &Api, run: &Value, key: &str) -> Value {
    step_of(api, run, key)["status"].clone()
}

both! {
    fn a_run_starts_from_what_is_in_force_on_an_occasion_that_is_one(server) {
        let api = server.fresh_organization();
        let exercise = exercise_under_way(&api);
        let start = |body: Value| api.post("/runs", &body);
        let bare = plan(&api);
        start(json!({"plan": bare["id"], "exercise": exercise["id"]})).invalid(&[("/plan", "not_active")]);
        let version = draft_of(&api, &bare, &words());
        start(json!({"plan_version": version["id"], "exercise": exercise["id"]})).invalid(&[("/plan_version", "not_active")]);
        approve(&api, &version);
        start(json!({"plan_version": version["id"], "exercise": exercise["id"]})).invalid(&[("/plan_version", "not_active")]);
        let plan = plan_in_force(&api);
        let planned = api.create("exercises", &exercise_draft());
        let completed = successful_exercise(&api);
        for exercise in [&planned, &completed] {
            start(json!({"plan": plan["id"], "exercise": exercise["id"]})).invalid(&[("/exercise", "not_in_progress")]);
        }
        let reported = disruption(&api);
        start(json!({"plan": plan["id"], "disruption": reported["id"]})).invalid(&[("/disruption", "not_declared")]);
        let declared = declared_disruption(&api);
        let both = json!({"plan": plan["id"], "disruption": declared["id"], "exercise": exercise["id"]});
        start(both).invalid(&[("/disruption", "inconsistent")]);
        let other = active_version(&api);
        let mixed = json!({"plan": plan["id"], "plan_version": other["id"], "exercise": exercise["id"]});
        start(mixed).invalid(&[("/plan_version", "inconsistent")]);
        let run = start(json!({"plan": plan["id"], "exercise": exercise["id"]})).expect(201).json();
        assert_eq!((&run["plan_version"]["id"], &run["mode"]), (&plan["active_version"]["id"], &json!("exercise")));
        assert_eq!(run["clock_started_at"], run["started_at"]);
    }

    fn an_exercise_of_some_plans_runs_no_other(server) {
        let api = server.fresh_organization();
        let (tried, other) = (plan_in_force(&api), plan_in_force(&api));
        let mut draft = exercise_draft();
        draft["plans"] = json!([tried["id"]]);
        let exercise = api.create("exercises", &draft);
        go(&api, "exercises", &exercise, &json!({"to": "approved"}));
        go(&api, "exercises", &exercise, &json!({"to": "in_progress"}));
        api.post("/runs", &json!({"plan": other["id"], "exercise": exercise["id"]})).invalid(&[("/plan", "not_allowed")]);
        api.create("runs", &json!({"plan": tried["id"], "exercise": exercise["id"]}));
    }

    fn a_run_in_earnest_counts_from_the_disruption_and_has_it_recovering(server) {
        let api = server.fresh_organization();
        let service = api.create("services", &json!({"name": "Payroll"}));
        let began = "2026-02-03T09:00:00.000000Z";
        let disruption = api.create("disruptions", &json!({"title": "Water", "services": [service["id"]], "occurred_at": began}));
        go(&api, "disruptions", &disruption, &json!({"to": "declared"}));
        let run = api.create("runs", &json!({"plan": plan_in_force(&api)["id"], "disruption": disruption["id"]}));
        assert_eq!((&run["mode"], &run["clock_started_at"]), (&json!("actual"), &json!(began)));
        let now = || api.get(&format!("/disruptions/{}", id(&disruption))).expect(200).json();
        assert_eq!(now()["status"], json!("recovering"));
        go(&api, "disruptions", &disruption, &json!({"to": "restored"}));
        let closing = api.post(&format!("/disruptions/{}/transitions", id(&disruption)), &json!({"to": "closed"}));
        closing.refused(409, "transition_closed");
        assert_eq!(closing.faults(), [("/to".to_owned(), "runs_go_on".to_owned())]);
        go(&api, "runs", &run, &json!({"to": "completed"}));
        go(&api, "disruptions", &disruption, &json!({"to": "closed"}));
        api.patch(&format!("/disruptions/{}", id(&disruption)), &json!({"severity": "major"})).refused(409, "content_fixed");
    }

    fn a_step_is_ready_when_all_it_waits_for_is_done_or_skipped(server) {
        let api = server.fresh_organization();
        let third = json!({"key": "tell", "phase": "recovery", "title": "Tell", "expected_seconds": 60});
        let mut content = and(two_steps(), third);
        content["steps"][1]["depends_on"] = json!(["restore", "tell"]);
        let run = run_of(&api, &content);
        let now = |key: &str| status(&api, &run, key);
        assert_eq!((now("restore"), now("tell"), now("check")), (json!("ready"), json!("ready"), json!("pending")));
        move_step(&api, &run, "check", &json!({"to": "in_progress"})).refused(409, "transition_closed");
        move_step(&api, &run, "restore", &json!({"to": "in_progress"})).expect(200);
        move_step(&api, &run, "restore", &json!({"to": "failed"})).expect(200);
        assert_eq!(now("check"), json!("pending"));
        move_step(&api, &run, "restore", &json!({"to": "in_progress"})).expect(200);
        let done = move_step(&api, &run, "restore", &json!({"to": "done"})).expect(200).json();
        assert_eq!((&done["failures"], &done["started_by"], &done["ended_by"]), (&json!(1), &json!("ana"), &json!("ana")));
        assert_eq!(now("check"), json!("pending"), "one of two is not enough");
        move_step(&api, &run, "tell", &json!({"to": "skipped"})).invalid(&[("/comment", "required")]);
        move_step(&api, &run, "tell", &json!({"to": "skipped", "comment": "Nobody there"})).expect(200);
        assert_eq!(now("check"), json!("ready"));
        let closing = api.post(&format!("/runs/{}/transitions", id(&run)), &json!({"to": "completed"}));
        assert_eq!(closing.faults(), [("/to".to_owned(), "open_steps".to_owned())]);
        move_step(&api, &run, "check", &json!({"to": "skipped", "comment": "Checked before"})).expect(200);
        go(&api, "runs", &run, &json!({"to": "completed"}));
        move_step(&api, &run, "check", &json!({"to": "in_progress"})).refused(409, "transition_closed");
    }

    fn steps_of_a_run_that_is_over_stay_where_they_are(server) {
        let api = server.fresh_organization();
        let run = run_of(&api, &two_steps());
        let contact = api.create("contacts", &json!({"name": "Ben"}));
        let path = format!("/runs/{}/steps/restore", id(&run));
        let given = api.patch(&path, &json!({"responsible": contact["id"]})).expect(200).json();
        assert_eq!(given["responsible"]["id"], contact["id"]);
        go(&api, "runs", &run, &json!({"to": "aborted", "comment": "The water is back"}));
        let refused = move_step(&api, &run, "restore", &json!({"to": "in_progress"}));
        assert_eq!(refused.faults(), [("/to".to_owned(), "run_over".to_owned())]);
        api.patch(&path, &json!({"responsible": null})).refused(409, "content_fixed");
        let told = api.get(&format!("{path}/transitions")).expect(200).json();
        assert!(told["transitions"].as_array().expect("a list").iter().all(|one| one["open"] == json!(false)), "{told}");
    }

    fn steps_of_the_other_mode_are_left_out_and_passed_over(server) {
        let api = server.fresh_organization();
        let third = json!({"key": "real", "phase": "recovery", "title": "For real", "depends_on": ["restore"], "expected_seconds": 60, "used_in": "actual"});
        let mut content = and(two_steps(), third);
        content["steps"][1]["depends_on"] = json!(["real"]);
        let version = version_in_force(&api, &content);
        let keys = |run: &Value| api.get(&format!("/runs/{}/steps?sort=position", id(run))).expect(200).each("step");
        let exercised = api.create("runs", &json!({"plan_version": version["id"], "exercise": exercise_under_way(&api)["id"]}));
        assert_eq!(keys(&exercised), ["restore", "check"]);
        assert_eq!(step_of(&api, &exercised, "check")["depends_on"], json!(["restore"]));
        let actual = api.create("runs", &json!({"plan_version": version["id"], "disruption": declared_disruption(&api)["id"]}));
        assert_eq!(keys(&actual), ["restore", "check", "real"]);
        api.get(&format!("/runs/{}/steps/real", id(&exercised))).refused(404, "not_found");
    }

    fn what_the_last_step_brings_back_is_measured_once(server) {
        let api = server.fresh_organization();
        let service = api.create("services", &json!({"name": "Payroll"}));
        let mut content = two_steps();
        for step in 0..2 {
            content["steps"][step]["recovers"] = json!([service["id"]]);
        }
        let run = run_of(&api, &content);
        let measured = || api.get(&format!("/measurements?subject={}", id(&service))).expect(200).items();
        for (key, wanted) in [("restore", 0), ("check", 1)] {
            move_step(&api, &run, key, &json!({"to": "in_progress"})).expect(200);
            move_step(&api, &run, key, &json!({"to": "done"})).expect(200);
            assert_eq!(measured().len(), wanted, "after {key}");
        }
        let one = &measured()[0];
        assert_eq!((&one["source"], &one["level"], &one["run"]["id"]), (&json!("run"), &json!("exercised"), &run["id"]));
        assert_eq!((&one["exercise"]["id"], &one["data_loss_seconds"]), (&run["exercise"]["id"], &Value::Null));
        assert!(one["restoration_seconds"].as_i64().is_some_and(|took| (0..600).contains(&took)), "{one}");
    }

    fn notes_are_added_by_whoever_carries_steps_out_until_the_run_is_over(server) {
        let api = server.fresh_organization();
        let run = run_of(&api, &two_steps());
        let path = format!("/runs/{}/notes", id(&run));
        let ben = colleague(&api, "ben", &["ict_infrastructure_manager"]);
        let noted = ben.post(&path, &json!({"text": "The courier is late"})).expect(200).json();
        assert_eq!((&noted["notes"][0]["by"], &noted["notes"][0]["text"]), (&json!("ben"), &json!("The courier is late")));
        assert_eq!(noted["version"], json!(2));
        ben.post(&path, &json!({"text": ""})).invalid(&[("/text", "too_short")]);
        ben.post(&path, &json!({"text": "x".repeat(2001)})).invalid(&[("/text", "too_long")]);
        ben.post(&path, &json!({"nonsense": 1})).invalid(&[("/text", "required"), ("/nonsense", "unknown_field")]);
        colleague(&api, "eve", &["auditor"]).post(&path, &json!({"text": "x"})).refused(403, "forbidden");
        let keyed = || ben.call("POST", &path).header("Idempotency-Key", "once").json(&json!({"text": "He is here"})).send();
        assert_eq!(keyed().expect(200).json(), keyed().expect(200).json());
        go(&api, "runs", &run, &json!({"to": "aborted", "comment": "Enough"}));
        ben.post(&path, &json!({"text": "Too late"})).refused(409, "content_fixed");
        assert_eq!(api.get(&format!("/runs/{}", id(&run))).expect(200).json()["notes"].as_array().map(Vec::len), Some(2));
    }

    fn how_a_run_goes_is_told_as_of_now(server) {
        let api = server.fresh_organization();
        let run = run_of(&api, &two_steps());
        let path = format!("/runs/{}", id(&run));
        let first = api.get(&path).expect(200);
        let progress = first.json()["progress"].clone();
        assert_eq!((&progress["steps"], &progress["ready"], &progress["done"]), (&json!(2), &json!(1), &json!(0)));
        assert_eq!(progress["critical_path"], json!(["restore", "check"]));
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let later = api.call("GET", &path).header("If-None-Match", first.etag()).send().expect(200);
        assert!(later.json()["progress"]["at"].as_str() > progress["at"].as_str(), "{}", later.story());
        assert_eq!(later.json()["version"], first.json()["version"]);
        let ended = go(&api, "runs", &run, &json!({"to": "aborted", "comment": "Enough"}));
        assert_eq!(ended["progress"]["at"], ended["ended_at"]);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(api.get(&path).expect(200).json(), ended, "what is over stands still");
    }
}
