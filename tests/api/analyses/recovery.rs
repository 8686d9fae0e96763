//! How soon things are back, and in which order.

use super::{keys, needs, shop};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

fn of_shop(api: &Api, query: &str) -> Value {
    api.get(&format!("/services/key:SHOP/recovery{query}")).expect(200).json()
}

both! {
    fn what_takes_an_unknown_time_is_never_told_to_be_in_time(server) {
        let api = server.fresh_organization();
        api.create("services", &json!({"key": "SHOP", "name": "Shop", "kind": "business_service", "rto_seconds": 600, "restart_seconds": 60}));
        api.create("components", &json!({"key": "DB", "name": "DB", "kind": "database"}));
        needs(&api, "SHOP", "DB", json!({}));
        let items = |lost: Value| -> Vec<Value> {
            let answer = api.post("/analysis/recovery-sequence", &lost).expect(200).json();
            answer["waves"].as_array().expect("waves").iter().flat_map(|wave| wave["items"].as_array().expect("items").clone()).collect()
        };
        let unknown = items(json!({"lost": ["key:DB"]}));
        assert!(unknown.iter().all(|one| one["known"] == json!(false) && one["in_time"].is_null()), "{unknown:?}");
        let drawn = api.call("POST", "/analysis/recovery-sequence").header("Accept", "image/svg+xml").json(&json!({"lost": ["key:DB"]}));
        let drawn = drawn.send().expect(200).text().to_owned();
        assert!(drawn.contains("time unknown") && !drawn.contains("milestone"), "{drawn}");
        api.patch("/components/key:DB", &json!({"recovery_time_seconds": 300})).expect(200);
        assert!(items(json!({"lost": ["key:DB"]})).iter().all(|one| one["in_time"] == json!(true)));
        api.patch("/components/key:DB", &json!({"recovery_time_seconds": 900})).expect(200);
        assert!(items(json!({"lost": ["key:DB"]})).iter().all(|one| one["in_time"] == json!(false)));
    }

    fn processes_that_are_down_with_a_service_are_told_though_another_stands_in_for_it(server) {
        let api = server.fresh_organization();
        api.create("business-processes", &json!({"key": "SELL", "name": "Sell", "rto_seconds": 600}));
        for key in ["SHOP", "BRANCH"] {
            api.create("services", &json!({"key": key, "name": key, "kind": "business_service", "restart_seconds": 60}));
            needs(&api, "SELL", key, json!({"redundancy_group": "ways", "required": 1}));
        }
        let back = api.get("/services/key:SHOP/recovery").expect(200).json();
        assert_eq!(keys(&back["processes"], "/item"), ["SELL"], "{back}");
    }

    fn a_service_is_back_after_what_it_waits_for(server) {
        let api = server.fresh_organization();
        shop(&api);
        // Of both nodes the quicker one is enough; the mailer and the gateway are quicker still.
        let total = of_shop(&api, "");
        let service = &total["service"];
        assert_eq!((&service["achievable_seconds"], &service["known"]), (&json!(3600 + 600), &json!(true)), "{total}");
        assert_eq!((&service["verdict"], &service["slack_seconds"]), (&json!("met"), &json!(14400 - 4200)));
        assert_eq!(keys(&total["bottleneck"], "/item"), ["DB-2", "SHOP"]);
        assert_eq!(total["bottleneck"][0]["how"], json!("recovery"));
        assert_eq!(service["waits_for"]["key"], json!("DB-2"));
        assert_eq!((&service["data_loss_seconds"], &service["data_verdict"]), (&json!(300), &json!("met")), "the better of the two");
        assert_eq!(total["level"], json!("declared"));
        let process = &total["processes"][0];
        assert_eq!((&process["item"]["key"], &process["wrt_seconds"], &process["mtpd_verdict"]), (&json!("SELL"), &json!(3600), &json!("met")));

        let gate = of_shop(&api, "?scenario=component:key:GATE");
        assert_eq!((&gate["service"]["achievable_seconds"], &gate["lost"][0]["key"]), (&json!(1800 + 600), &json!("GATE")));
        let one = of_shop(&api, "?scenario=component:key:DB-1");
        assert_eq!((&one["service"]["state"], &one["service"]["verdict"]), (&json!("up"), &json!("not_affected")));
        let site = of_shop(&api, "?scenario=site:key:NORTH");
        assert_eq!(site["service"]["achievable_seconds"], json!(4200), "built up elsewhere: {site}");
        let carrier = of_shop(&api, "?scenario=supplier:key:CARRIER");
        assert_eq!(carrier["service"]["achievable_seconds"], json!(60 + 600), "the gateway only restarts");
    }

    fn time_to_notice_and_to_declare_counts(server) {
        let api = server.fresh_organization();
        shop(&api);
        api.put("/settings", &json!({"detection_seconds": 600, "declaration_seconds": 1200})).expect(200);
        let total = of_shop(&api, "");
        assert_eq!((&total["detection_seconds"], &total["declaration_seconds"]), (&json!(600), &json!(1200)));
        assert_eq!(total["service"]["achievable_seconds"], json!(4200 + 1800));
        assert_eq!(total["bottleneck"][0]["start_seconds"], json!(1800));
        let all = api.post("/analysis/recovery", &json!({})).expect(200).json();
        assert_eq!((keys(&all["items"], "/item"), &all["totals"]["met"]), (vec!["SELL".into(), "SHOP".into()], &json!(2)));
        api.put("/settings", &json!({"detection_seconds": -1})).invalid(&[("/detection_seconds", "out_of_range")]);
        api.put("/settings", &json!({"declaration_seconds": 2_592_001})).invalid(&[("/declaration_seconds", "out_of_range")]);
    }

    fn the_cheapest_improvement_closes_the_gap(server) {
        let api = server.fresh_organization();
        shop(&api);
        api.patch("/business-processes/key:SELL", &json!({"rto_seconds": 3000})).expect(200);
        let total = of_shop(&api, "");
        assert_eq!((&total["service"]["verdict"], &total["service"]["slack_seconds"]), (&json!("missed"), &json!(-1200)));
        let better = &total["improvement"];
        assert_eq!((&better["item"]["key"], &better["capability"]), (&json!("DB-2"), &json!("recovery_time_seconds")), "{total}");
        assert_eq!((&better["from_seconds"], &better["to_seconds"], &better["achievable_seconds"]), (&json!(3600), &json!(2400), &json!(3000)));
        api.patch("/components/key:DB-2", &json!({"recovery_time_seconds": 2400})).expect(200);
        let closed = of_shop(&api, "");
        assert_eq!((&closed["service"]["verdict"], &closed["improvement"]), (&json!("met"), &Value::Null));
    }

    fn what_is_not_declared_is_not_taken_for_good(server) {
        let api = server.fresh_organization();
        shop(&api);
        api.patch("/components/key:GATE", &json!({"recovery_time_seconds": null})).expect(200);
        let total = of_shop(&api, "");
        assert_eq!((&total["service"]["verdict"], &total["service"]["known"]), (&json!("unknown"), &json!(false)), "{total}");
        assert_eq!(keys(&total["undeclared"], ""), ["GATE"]);
        api.patch("/components/key:DB-1", &json!({"data_loss_seconds": null})).expect(200);
        api.patch("/components/key:DB-2", &json!({"data_loss_seconds": null})).expect(200);
        assert_eq!(of_shop(&api, "")["service"]["data_verdict"], json!("unknown"));
    }

    fn circles_that_never_start_are_told_and_broken_by_what_is_not_needed_to_start(server) {
        let api = server.fresh_organization();
        shop(&api);
        needs(&api, "GATE", "MAILER", json!({}));
        let back = needs(&api, "MAILER", "GATE", json!({}));
        let total = of_shop(&api, "");
        assert_eq!((&total["service"]["verdict"], &total["service"]["achievable_seconds"]), (&json!("never"), &Value::Null));
        let circle = keys(&total["deadlocks"][0], "");
        assert_eq!((circle.len(), circle.contains(&"GATE".into()), circle.contains(&"MAILER".into())), (2, true, true));
        let order = api.post("/analysis/recovery-sequence", &json!({})).expect(200).json();
        assert_eq!((&order["never"], order["deadlocks"].as_array().map(Vec::len)), (&json!(4), Some(1)), "{order}");
        api.patch(&format!("/mappings/{}", back["id"].as_str().expect("an id")), &json!({"needed_to_start": false})).expect(200);
        assert_eq!(of_shop(&api, "")["service"]["verdict"], json!("met"));
    }

    fn the_sequence_restores_in_waves_and_is_drawn(server) {
        let api = server.fresh_organization();
        shop(&api);
        let order = api.post("/analysis/recovery-sequence", &json!({"lost": ["key:NORTH", "key:GATE"], "at": "2030-01-01T00:00:00Z"}));
        let order = order.expect(200).json();
        let waves: Vec<Vec<String>> =
            order["waves"].as_array().expect("waves").iter().map(|wave| keys(&wave["items"], "/item")).collect();
        assert_eq!(waves, [vec!["DB-1", "DB-2", "GATE"], vec!["SHOP"], vec!["SELL"]], "{order}");
        let shop = &order["waves"][1]["items"][0];
        assert_eq!((&shop["start_seconds"], &shop["ends_at"]), (&json!(3600), &json!("2030-01-01T01:10:00.000000Z")));
        assert_eq!((&shop["in_time"], &order["total"]), (&json!(true), &json!(5)));
        let first: Vec<&Value> = order["waves"][0]["items"].as_array().expect("items").iter().map(|one| &one["critical"]).collect();
        assert_eq!(first, [&json!(true), &json!(false), &json!(false)], "the slowest node is the last to be back");
        let drawn = api.post("/analysis/recovery-sequence?format=svg", &json!({})).expect(200);
        assert!(drawn.needed_header("content-type").starts_with("image/svg+xml"));
        assert!(drawn.text().contains("Wave 1") && drawn.text().contains("DB-2"), "{}", drawn.text());
        let few = api.post("/analysis/recovery-sequence?limit=1", &json!({})).expect(200).json();
        let shown: usize = few["waves"].as_array().expect("waves").iter().map(|w| w["items"].as_array().map_or(0, Vec::len)).sum();
        assert_eq!((shown, &few["total"]), (1, &json!(6)));
    }

    fn what_is_asked_of_recovery_is_checked(server) {
        let api = server.fresh_organization();
        shop(&api);
        for query in ["scenario=fire", "scenario=contact:key:ana", "limit=0", "x=1"] {
            assert_eq!(api.get(&format!("/services/key:SHOP/recovery?{query}")).status(), 400, "{query}");
        }
        api.get("/services/key:SHOP/recovery?scenario=site:key:NOWHERE").invalid(&[("scenario", "unknown_reference")]);
        api.get("/services/key:NOBODY/recovery").refused(404, "not_found");
        api.get("/services/key:GATE/recovery").refused(404, "not_found");
        let first = api.get("/services/key:SHOP/recovery").expect(200);
        let again = api.call("GET", "/services/key:SHOP/recovery").header("If-None-Match", first.etag()).send();
        assert_eq!(again.status(), 304);
        api.post("/analysis/recovery", &json!({"lost": ["key:NOBODY"], "of": ["key:GATE"]}))
            .invalid(&[("/lost/0", "unknown_reference"), ("/of/0", "unknown_reference")]);
        let only = api.post("/analysis/recovery", &json!({"of": ["key:SHOP"], "hypothetical": [{"op": "set_capability",
            "item": "key:DB-2", "recovery_time_seconds": 60}]})).expect(200).json();
        assert_eq!((keys(&only["items"], "/item"), &only["items"][0]["achievable_seconds"]), (vec!["SHOP".to_owned()], &json!(1800 + 600)));
    }
}
