//! What is computed of a plan: when its steps happen, how two versions differ, and how it is printed.

use crate::both;
use crate::support::{Answer, Api};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A plan with one version that has these steps, worked at by Ana and Ben.
fn plan(api: &Api, steps: &Value) -> String {
    for (key, name) in [("ANA", "Ana"), ("BEN", "Ben")] {
        api.create("contacts", &json!({"key": key, "name": name, "email": "crew@example.org", "phones": ["+49 431 555"]}));
    }
    let shop = json!({"key": "SHOP", "name": "Shop", "kind": "technical_service", "rto_seconds": 3600});
    api.create("services", &shop);
    api.create("services", &json!({"key": "MAIL", "name": "Mail", "kind": "technical_service", "rto_seconds": 7200}));
    api.create("components", &json!({"key": "DB", "name": "Database", "kind": "database"}));
    let needs = json!({"dependent": "key:SHOP", "provider": "key:DB", "relation": "requires", "effect": "cascade"});
    api.create("mappings", &needs);
    api.create(
        "plans",
        &json!({
            "key": "PLAN", "title": "Loss of <b>everything</b>", "kind": "disaster_recovery", "services": ["key:SHOP", "key:MAIL"]
        }),
    );
    let team = json!([
        {"key": "lead", "role": "Lead", "contact": "key:ANA"}, {"key": "one", "role": "Admin", "contact": "key:ANA"},
        {"key": "two", "role": "Admin", "contact": "key:BEN"}
    ]);
    api.post("/plans/key:PLAN/versions", &json!({"team": team, "steps": steps})).expect(201);
    "/plans/key:PLAN/versions/1".into()
}

fn step(key: &str, seconds: i64, after: &[&str]) -> Value {
    json!({"key": key, "title": key, "phase": "recovery", "expected_seconds": seconds, "depends_on": after})
}

fn with(mut step: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().expect("an object") {
        step[name] = value.clone();
    }
    step
}

fn schedule(api: &Api, version: &str) -> Value {
    api.get(&format!("{version}/schedule")).expect(200).json()
}

fn of<'a>(schedule: &'a Value, key: &str) -> &'a Value {
    schedule["steps"].as_array().expect("a list").iter().find(|step| step["key"] == key).expect("the step")
}

fn service<'a>(schedule: &'a Value, key: &str) -> &'a Value {
    let services = schedule["services"].as_array().expect("a list");
    services.iter().find(|one| one["service"]["key"] == key).expect("the service")
}

fn accepting(api: &Api, path: &str, media_type: &str) -> Answer {
    api.call("GET", path).header("Accept", media_type).send()
}

both! {
    fn the_critical_path_is_the_longest_and_what_has_float_may_wait(server) {
        let api = server.fresh_organization();
        let steps = json!([step("a", 100, &[]), step("b", 300, &["a"]), step("c", 50, &["a"]), step("d", 10, &["b", "c"])]);
        let told = schedule(&api, &plan(&api, &steps));
        assert_eq!((&told["critical_path"], &told["unlimited_seconds"]), (&json!(["a", "b", "d"]), &json!(410)));
        let c = of(&told, "c");
        let times = [&c["earliest_start_seconds"], &c["latest_start_seconds"], &c["float_seconds"]];
        assert_eq!(times, [&json!(100), &json!(350), &json!(250)]);
        assert_eq!(of(&told, "b")["float_seconds"], 0);
    }

    fn one_person_does_one_step_at_a_time(server) {
        let api = server.fresh_organization();
        let by = |role: &str| json!({"role": role});
        let steps = json!([
            with(step("a", 100, &[]), &by("Lead")), with(step("b", 200, &[]), &by("Lead")),
            with(step("c", 50, &[]), &json!({"responsible": "key:ANA"})), with(step("d", 400, &[]), &json!({"execution": "automated"}))
        ]);
        let version = plan(&api, &steps);
        let told = schedule(&api, &version);
        // Ana leads and is named: 100 + 200 + 50; the machine waits for nobody.
        assert_eq!((&told["planned_seconds"], &told["unlimited_seconds"]), (&json!(400), &json!(400)));
        let ends = ["a", "b", "c"].map(|key| of(&told, key)["planned_end_seconds"].as_i64().expect("a number"));
        assert_eq!(ends.into_iter().max(), Some(350));
        // Two have the role of admins, so two steps go on at once.
        let two = json!([with(step("a", 100, &[]), &by("Admin")), with(step("b", 200, &[]), &by("Admin")), with(step("c", 50, &[]), &by("Admin"))]);
        api.call("PUT", &format!("{version}/steps")).json(&two).send().expect(200);
        let told = schedule(&api, &version);
        assert_eq!((&told["planned_seconds"], &told["people"]), (&json!(200), &json!(2)));
        let alone = json!([with(step("a", 100, &[]), &by("Lead")), with(step("b", 200, &[]), &by("Lead"))]);
        api.call("PUT", &format!("{version}/steps")).json(&alone).send().expect(200);
        let told = schedule(&api, &version);
        assert_eq!((&told["planned_seconds"], &told["unlimited_seconds"]), (&json!(300), &json!(200)));
        let waits: Vec<&Value> = ["a", "b"].iter().map(|key| &of(&told, key)["waits_for"]).filter(|one| !one.is_null()).collect();
        assert_eq!(waits.len(), 1, "one of both waits for the other's person");
    }

    fn a_service_is_back_with_what_it_depends_on_and_that_is_held_against_its_objective(server) {
        let api = server.fresh_organization();
        let steps = json!([
            with(step("db", 3000, &[]), &json!({"recovers": ["key:DB"]})), with(step("app", 900, &["db"]), &json!({"recovers": ["key:SHOP"]}))
        ]);
        let version = plan(&api, &steps);
        let told = schedule(&api, &version);
        let shop = service(&told, "SHOP");
        assert_eq!((&shop["planned_seconds"], &shop["rto_seconds"], &shop["verdict"]), (&json!(3900), &json!(3600), &json!("missed")));
        assert_eq!((&shop["slack_seconds"], &shop["steps"]), (&json!(-300), &json!(["db", "app"])));
        assert_eq!(service(&told, "MAIL")["verdict"], "not_planned");
        api.patch("/plans/key:PLAN/versions/1/steps/app", &json!({"expected_seconds": 600})).expect(200);
        assert_eq!(service(&schedule(&api, &version), "SHOP")["verdict"], "met");
        api.patch("/services/key:SHOP", &json!({"rto_seconds": null})).expect(200);
        assert_eq!(service(&schedule(&api, &version), "SHOP")["verdict"], "no_objective");
    }

    fn steps_of_the_other_mode_are_left_out_and_hand_their_prerequisites_on(server) {
        let api = server.fresh_organization();
        let steps = json!([
            step("a", 100, &[]), with(step("drill", 1000, &["a"]), &json!({"used_in": "exercise"})), step("b", 100, &["drill"]),
            with(step("call", 50, &[]), &json!({"used_in": "actual"}))
        ]);
        let version = plan(&api, &steps);
        let told = schedule(&api, &version);
        assert_eq!((&told["mode"], &told["planned_seconds"], of(&told, "b")["earliest_start_seconds"].as_i64()), (&json!("actual"), &json!(200), Some(100)));
        let told = api.get(&format!("{version}/schedule?mode=exercise")).expect(200).json();
        let keys: Vec<&Value> = told["steps"].as_array().expect("a list").iter().map(|step| &step["key"]).collect();
        assert_eq!(keys, ["a", "drill", "b"]);
        assert_eq!(told["planned_seconds"], 1200);
        api.get(&format!("{version}/schedule?mode=play")).refused(400, "invalid_parameter");
    }

    fn a_schedule_says_what_it_had_to_guess(server) {
        let api = server.fresh_organization();
        let steps = json!([step("a", 100, &[]), with(step("b", 100, &[]), &json!({"role": "Pilot"}))]);
        let told = schedule(&api, &plan(&api, &steps));
        let codes: Vec<&Value> = told["warnings"].as_array().expect("a list").iter().map(|one| &one["code"]).collect();
        assert_eq!(codes, ["nobody_named", "unknown_role"]);
    }

    fn a_schedule_is_drawn_and_told_once_while_it_is_the_same(server) {
        let api = server.fresh_organization();
        let version = plan(&api, &json!([with(step("a", 100, &[]), &json!({"title": "<script>alert(1)</script>"}))]));
        let path = format!("{version}/schedule");
        let svg = accepting(&api, &path, "image/svg+xml").expect(200).text();
        assert!(svg.starts_with("<svg") && !svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
        assert_eq!(api.get(&format!("{path}?format=svg")).expect(200).text(), svg);
        let text = accepting(&api, &path, "text/vnd.mermaid").expect(200).text();
        assert!(text.starts_with("gantt\n") && !text.contains('<'), "{text}");
        let tag = api.get(&path).expect(200).etag();
        api.call("GET", &path).header("If-None-Match", tag.as_str()).send().expect(304);
        api.patch(&format!("{version}/steps/a"), &json!({"expected_seconds": 101})).expect(200);
        api.call("GET", &path).header("If-None-Match", tag.as_str()).send().expect(200);
        api.get(&format!("{path}?format=pdf")).refused(400, "invalid_parameter");
    }

    fn two_versions_differ_step_by_step(server) {
        let api = server.fresh_organization();
        let version = plan(&api, &json!([step("a", 100, &[]), step("b", 200, &["a"]), step("c", 10, &[])]));
        api.post(&format!("{version}/copy"), &json!({})).expect(201);
        let next = "/plans/key:PLAN/versions/2";
        api.get(&format!("{version}/diff?against=9")).refused(400, "invalid_parameter");
        assert_eq!(api.get(&format!("{version}/diff")).expect(200).json()["from"], 1);
        let none = api.get(&format!("{next}/diff")).expect(200).json();
        let same = json!({"added": [], "removed": [], "changed": [], "reordered": false});
        assert_eq!((&none["steps"], &none["team"], &none["fields"]), (&same, &same, &json!({})));
        let steps = json!([step("c", 10, &[]), step("a", 150, &[]), step("new", 5, &["a"])]);
        api.patch(next, &json!({"scope": "Only the shop", "steps": steps})).expect(200);
        let told = api.get(&format!("{next}/diff?against=1")).expect(200).json();
        assert_eq!(told["fields"], json!({"scope": {"from": null, "to": "Only the shop"}}));
        let keys = |what: &str| told["steps"][what].as_array().expect("a list").iter().map(|one| one["key"].clone()).collect::<Vec<_>>();
        assert_eq!((keys("added"), keys("removed"), keys("changed")), (vec![json!("new")], vec![json!("b")], vec![json!("a")]));
        assert_eq!(told["steps"]["changed"][0]["changes"], json!({"expected_seconds": {"from": 100, "to": 150}}));
        assert_eq!((&told["steps"]["reordered"], &told["planned_seconds"]), (&json!(true), &json!({"from": 300, "to": 155})));
    }

    fn the_content_is_told_as_it_is_hashed(server) {
        let api = server.fresh_organization();
        let version = plan(&api, &json!([with(step("a", 100, &[]), &json!({"instruction": "größer \"than\" \\ ever\n"}))]));
        let content = api.get(&format!("{version}/content")).expect(200).text();
        let told = api.get("/plan-versions?plan=key:PLAN").items()[0]["content_sha256"].clone();
        assert_eq!(told, hex::encode(Sha256::digest(&content)));
        assert!(content.starts_with("{\"activation_criteria\":null,") && !content.contains(": "), "{content}");
    }

    fn a_plan_is_printed_and_whatever_stands_in_it_is_text(server) {
        let api = server.fresh_organization();
        let hostile = "<img src=x onerror=alert(1)> [click](javascript:alert(1)) **bold** ![p](http://x.example/p.png)";
        let version = plan(&api, &json!([with(step("a", 5400, &[]), &json!({"instruction": hostile, "role": "Lead"}))]));
        api.patch(&version, &json!({"objectives": hostile})).expect(200);
        let page = accepting(&api, &version, "text/html").expect(200);
        let policy = page.needed_header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let page = page.text();
        for word in ["Loss of &lt;b&gt;everything&lt;/b&gt;", "UNCONTROLLED COPY", "<strong>bold</strong>", "+49 431 555", "1 h 30 min", "class=\"box\""] {
            assert!(page.contains(word), "{word} is missing");
        }
        for word in ["<img", "<script", "href=\"javascript", " onerror=\"", "http://x.example/p.png\""] {
            assert!(!page.contains(word), "{word} stands there");
        }
        let text = accepting(&api, &version, "text/markdown").expect(200).text();
        assert!(text.starts_with("# Loss of") && !text.contains("<img") && text.contains("**bold**"), "{text}");
        assert_eq!(api.get(&format!("{version}?format=html")).expect(200).header("content-type"), Some("text/html; charset=utf-8"));
        api.get(&format!("{version}?format=pdf")).refused(400, "invalid_parameter");
        let user = server.client(&api.organization, "uli", &["user"]);
        accepting(&user, &version, "text/html").refused(403, "forbidden");
    }
}
