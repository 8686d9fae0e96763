//! What a change touches and breaks, and whether it may go ahead.

use super::{keys, needs, shop};
use crate::both;
use crate::prepared::{activate, draft_of, id, two_steps};
use crate::support::Api;
use serde_json::{Value, json};

fn assess(api: &Api, question: Value) -> Value {
    api.post("/analysis/change", &question).expect(200).json()
}

fn codes(answer: &Value) -> Vec<String> {
    let all = answer["reasons"].as_array().expect("reasons");
    all.iter()
        .map(|one| format!("{} {}", one["severity"].as_str().expect("a word"), one["code"].as_str().expect("a code")))
        .collect()
}

both! {
    fn a_change_that_touches_nothing_of_business_passes(server) {
        let api = server.fresh_organization();
        shop(&api);
        api.create("components", &json!({"key": "ALONE", "name": "Alone", "kind": "other"}));
        let answer = assess(&api, json!({"items": ["key:ALONE"]}));
        assert_eq!((&answer["verdict"], codes(&answer).len()), (&json!("pass"), 0), "{answer}");
        let touched = assess(&api, json!({"items": ["key:DB-1"]}));
        assert_eq!((&touched["verdict"], keys(&touched["services"], "")), (&json!("pass"), vec!["SHOP".to_owned()]), "{touched}");
        assert_eq!(keys(&touched["vital_business_functions"], ""), ["SELL"], "redundancy saves it, but it is touched");
        assert_eq!(codes(&assess(&api, json!({"items": ["key:GATE"]}))), ["warn single_point_of_failure_touched"]);
    }

    fn a_new_single_point_of_failure_of_a_vital_function_blocks(server) {
        let api = server.fresh_organization();
        shop(&api);
        let mapping = api.get("/mappings?provider=key:DB-2").expect(200).items()[0]["id"].clone();
        let before = api.seq();
        let answer = assess(&api, json!({"proposed": [{"op": "remove_mapping", "mapping": mapping}]}));
        assert_eq!(answer["verdict"], json!("block"), "{answer}");
        assert!(codes(&answer).contains(&"block single_point_of_failure_added".to_owned()), "{:?}", codes(&answer));
        let points = keys(&answer["new_single_points_of_failure"], "/item");
        assert_eq!(points, ["DB-1"]);
        let mut takes = keys(&answer["new_single_points_of_failure"][0]["takes_down"], "");
        takes.sort();
        assert_eq!(takes, ["SELL", "SHOP"]);
        assert_eq!(api.seq(), before, "it writes nothing");
    }

    fn whatever_never_starts_any_more_is_told_beside_an_old_circle_too(server) {
        for order in [["A", "B", "C"], ["A", "C", "B"], ["B", "A", "C"], ["B", "C", "A"], ["C", "A", "B"], ["C", "B", "A"]] {
            let api = server.fresh_organization();
            for key in order {
                api.create("components", &json!({"key": key, "name": key, "kind": "server"}));
            }
            api.create("services", &json!({"key": "S", "name": "S", "kind": "business_service"}));
            for (dependent, provider) in [("A", "B"), ("B", "A"), ("A", "C"), ("S", "C")] {
                needs(&api, dependent, provider, json!({}));
            }
            let edge = json!({"op": "add_mapping", "dependent": "key:C", "provider": "key:B"});
            let answer = assess(&api, json!({"proposed": [edge]}));
            assert_eq!(answer["verdict"], json!("block"), "{order:?}: {answer}");
            let reason = answer["reasons"].as_array().expect("reasons").iter().find(|one| one["code"] == "startup_deadlock_added");
            let mut stuck = keys(&reason.expect("a reason")["items"], "");
            stuck.sort();
            assert_eq!(stuck, ["C", "S"], "{order:?}");
            let circles = answer["new_deadlocks"].as_array().expect("circles");
            assert!(circles.iter().any(|circle| keys(circle, "").contains(&"C".to_owned())), "{order:?}: {circles:?}");
        }
    }

    fn objectives_that_are_no_longer_met_block_where_it_is_vital(server) {
        let api = server.fresh_organization();
        shop(&api);
        let slow = |seconds: i64| json!({"op": "set_capability", "item": "key:GATE", "recovery_time_seconds": seconds});
        let answer = assess(&api, json!({"proposed": [slow(20_000)]}));
        let both = ["warn single_point_of_failure_touched", "block objective_broken", "warn objective_broken"];
        assert_eq!(codes(&answer), both, "of the process it blocks, of the service beneath it warns");
        let stake = &answer["objectives"][0];
        assert_eq!((&stake["before"]["verdict"], &stake["after"]["verdict"]), (&json!("met"), &json!("missed")));
        assert_eq!(stake["after"]["achievable_seconds"], json!(20_600));
        assert_eq!(assess(&api, json!({"proposed": [slow(13_000)]}))["verdict"], json!("warn"), "slower, but in time");
        api.patch("/components/key:GATE", &json!({"recovery_time_seconds": 20_000})).expect(200);
        assert!(codes(&assess(&api, json!({"items": ["key:GATE"]}))).contains(&"warn objective_missed_already".to_owned()));
        let circle = json!([{"op": "add_mapping", "dependent": "key:DB-2", "provider": "key:GATE"},
                            {"op": "add_mapping", "dependent": "key:GATE", "provider": "key:DB-2"}]);
        let stuck = assess(&api, json!({"proposed": circle}));
        assert!(codes(&stuck).contains(&"block startup_deadlock_added".to_owned()), "{stuck}");
        assert_eq!(stuck["new_deadlocks"].as_array().map(Vec::len), Some(1));
    }

    fn proofs_plans_tests_and_exercises_are_named(server) {
        let api = server.fresh_organization();
        shop(&api);
        let plan = api.create("plans", &json!({"key": "DR", "title": "DR", "kind": "disaster_recovery", "services": ["key:SHOP"]}));
        activate(&api, &draft_of(&api, &plan, &two_steps()));
        api.create("measurements", &json!({"subject": {"id": "key:SHOP", "kind": "service"}, "source": "restore_test",
            "restoration_seconds": 3000, "measured_at": "2026-01-01T00:00:00Z"}));
        api.create("exercises", &json!({"key": "EX", "title": "Drill", "kind": "functional", "category": "technical", "plans": ["key:DR"],
            "scheduled_start": "2030-05-01T08:00:00Z", "scheduled_end": "2030-05-01T12:00:00Z"}));
        let window = |day: u8| json!({"start": format!("2030-05-{day:02}T11:00:00Z"), "end": format!("2030-05-{day:02}T23:00:00Z")});
        let answer = assess(&api, json!({"items": ["key:DB-1"], "window": window(1)}));
        assert_eq!(codes(&answer), ["warn proof_becomes_stale", "warn exercise_collides"], "{answer}");
        assert_eq!((keys(&answer["plans"], "/plan"), keys(&answer["proofs"], "/subject")), (vec!["DR".into()], vec!["SHOP".to_owned()]));
        assert_eq!(keys(&answer["tests_to_repeat"][0]["subjects"], ""), ["SHOP"]);
        assert_eq!((keys(&answer["collisions"], "/exercise"), keys(&answer["collisions"][0]["services"], "")), (vec!["EX".into()], vec!["SHOP".to_owned()]));
        assert_eq!(codes(&assess(&api, json!({"items": ["key:DB-1"], "window": window(2)}))), ["warn proof_becomes_stale"]);
        let edited = json!({"proposed": [{"op": "set_capability", "item": "key:DB-1", "recovery_time_seconds": 7000}]});
        assert_eq!(codes(&assess(&api, edited)), ["warn proof_becomes_stale", "warn plan_to_review"]);
        // Whether it becomes so: the change is made.
        let fresh = api.get("/services/key:SHOP/proof").expect(200).json();
        assert_eq!(fresh["restoration"]["stale"], json!(false), "{fresh}");
        needs(&api, "DB-1", "CARRIER", json!({}));
        assert_eq!(api.get("/services/key:SHOP/proof").expect(200).json()["restoration"]["stale"], json!(true));
    }

    fn a_change_request_is_known_by_the_id_of_its_own_tool_and_keeps_the_verdict(server) {
        let api = server.fresh_organization();
        shop(&api);
        let draft = json!({"title": "Swap the gateway", "components": ["key:GATE"], "planned_start": "2030-05-01T08:00:00Z",
            "planned_end": "2030-05-01T12:00:00Z", "external_refs": [{"system": "servicenow", "id": "CHG/1"}]});
        let change = api.create("change-requests", &draft);
        assert_eq!(change["assessment"], Value::Null);
        let question = json!({"change": {"system": "servicenow", "id": "CHG/1"}});
        let path = format!("/change-requests/{}", id(&change));
        let answer = assess(&api, question.clone());
        assert_eq!((&answer["change"]["id"], keys(&answer["items"], "")), (&change["id"], vec!["GATE".to_owned()]));
        assert_eq!(api.get(&path).expect(200).json()["version"], change["version"], "only asked");
        let recorded = api.post("/analysis/change?record=true", &question).expect(200).json();
        let kept = api.get(&path).expect(200).json();
        assert_eq!((&kept["assessment"]["verdict"], &kept["assessment"]["seq"]), (&recorded["verdict"], &recorded["seq"]));
        assert_eq!(kept["assessment"]["reasons"], recorded["reasons"]);
        assert_eq!(kept["version"], json!(2));
        // What is recorded stays through the news of the tool, and nobody else writes it.
        let put = api.put("/change-requests/ref:servicenow:CHG%2F1", &draft).expect(200).json();
        assert_eq!(put["assessment"]["verdict"], recorded["verdict"]);
        let forged = api.patch(&path, &json!({"assessment": null}));
        forged.invalid(&[("/assessment", "read_only")]);
        api.call("POST", "/analysis/change?record=true").header("Prefer", "tx=rollback").json(&question).send().expect(200);
        assert_eq!(api.get(&path).expect(200).json()["version"], json!(2));
        let nobody = json!({"change": {"system": "servicenow", "id": "CHG/2"}, "items": ["key:GATE"]});
        assert_eq!(assess(&api, nobody.clone())["change"], Value::Null, "an unknown one is assessed by its items");
        api.post("/analysis/change?record=true", &nobody).invalid(&[("/change", "unknown_reference")]);
    }

    fn recording_needs_the_right_to_write_change_requests(server) {
        let api = server.fresh_organization();
        shop(&api);
        let organization = api.get("/me").expect(200).json()["organization"]["key"].as_str().expect("a key").to_owned();
        let auditor = server.client(&organization, "eve", &["auditor"]);
        auditor.post("/analysis/change", &json!({"items": ["key:GATE"]})).expect(200);
        auditor.post("/analysis/change?record=true", &json!({"items": ["key:GATE"]})).refused(403, "forbidden");
        let user = server.client(&organization, "uwe", &["user"]);
        user.post("/analysis/change", &json!({"items": ["key:GATE"]})).refused(403, "forbidden");
    }

    fn what_is_asked_of_a_change_is_checked(server) {
        let api = server.fresh_organization();
        shop(&api);
        let post = |body: Value| api.post("/analysis/change", &body);
        post(json!({})).invalid(&[("/items", "required")]);
        post(json!({"items": ["key:NOBODY"]})).invalid(&[("/items/0", "unknown_reference")]);
        post(json!({"items": ["key:GATE"], "window": {"start": "2030-01-02T00:00:00Z", "end": "2030-01-01T00:00:00Z"}}))
            .invalid(&[("/window/end", "inconsistent")]);
        post(json!({"change": {"system": ""}})).invalid(&[("/change/id", "required"), ("/change/system", "too_short")]);
        post(json!({"items": vec!["key:GATE"; 1001]})).invalid(&[("/items", "too_long")]);
        for query in ["record=maybe", "record=true&as_of=1", "limit=0", "x=1"] {
            assert_eq!(api.post(&format!("/analysis/change?{query}"), &json!({"items": ["key:GATE"]})).status(), 400, "{query}");
        }
    }
}
