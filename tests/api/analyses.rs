//! What is asked of the dependency graph: impact, recovery, single points of failure, changes.

mod bombs;
mod change;
mod fresh;
mod live;
mod points;
mod recovery;

use crate::both;
use crate::prepared::{activate, draft_of, go, two_steps};
use crate::support::{Answer, Api};
use serde_json::{Value, json};

/// A pharmacy in little: a vital process on a shop, which needs one of two database nodes and a gateway; both nodes stand in
/// the north, and a mailer only degrades the shop.
pub fn shop(api: &Api) {
    api.create("sites", &json!({"key": "NORTH", "name": "North", "kind": "data_centre"}));
    api.create("sites", &json!({"key": "HALL", "name": "Hall", "kind": "data_centre", "parent": "key:NORTH"}));
    api.create("suppliers", &json!({"key": "CARRIER", "name": "Carrier"}));
    api.create("contacts", &json!({"key": "ana", "name": "Ana"}));
    api.create("contacts", &json!({"key": "ben", "name": "Ben"}));
    api.create(
        "business-processes",
        &json!({"key": "SELL", "name": "Sell", "vital": true, "criticality": "highly_critical", "rto_seconds": 14400,
                "rpo_seconds": 900, "wrt_seconds": 3600, "mtpd_seconds": 28800, "owner": "key:ana"}),
    );
    api.create(
        "services",
        &json!({"key": "SHOP", "name": "Shop", "restart_seconds": 600, "owner": "key:ben", "external_refs": [{"system": "cmdb", "id": "7/a"}]}),
    );
    for (key, kind, recovery, loss) in [
        ("DB-1", "database", json!(7200), json!(300)),
        ("DB-2", "database", json!(3600), json!(600)),
        ("GATE", "network", json!(1800), json!(null)),
        ("MAILER", "application", json!(900), json!(null)),
    ] {
        let site = if key.starts_with("DB") { json!("key:HALL") } else { json!(null) };
        api.create(
            "components",
            &json!({"key": key, "name": key, "kind": kind, "recovery_time_seconds": recovery, "restart_seconds": 60,
                    "data_loss_seconds": loss, "site": site}),
        );
    }
    needs(api, "SELL", "SHOP", json!({}));
    for node in ["DB-1", "DB-2"] {
        needs(api, "SHOP", node, json!({"redundancy_group": "db", "required": 1}));
    }
    needs(api, "SHOP", "GATE", json!({}));
    needs(api, "SHOP", "MAILER", json!({"effect": "partial"}));
    needs(api, "GATE", "CARRIER", json!({"relation": "supplied_by", "needed_to_start": false}));
}

/// A mapping between two keys.
pub fn needs(api: &Api, dependent: &str, provider: &str, more: Value) -> Value {
    let mut draft = json!({"dependent": format!("key:{dependent}"), "provider": format!("key:{provider}")});
    for (name, value) in more.as_object().expect("an object") {
        draft[name] = value.clone();
    }
    api.create("mappings", &draft)
}

pub fn impact(api: &Api, lost: &[&str]) -> Value {
    let lost: Vec<String> = lost.iter().map(|key| format!("key:{key}")).collect();
    api.post("/analysis/impact", &json!({"lost": lost})).expect(200).json()
}

/// The keys of references in a list, in order; `at` leads from a member to its reference.
pub fn keys(list: &Value, at: &str) -> Vec<String> {
    let all = list.as_array().unwrap_or_else(|| panic!("a list: {list}"));
    all.iter().map(|one| one.pointer(at).and_then(|r| r["key"].as_str()).expect("a reference").to_owned()).collect()
}

fn cause(answer: &Value, list: &str, key: &str) -> Vec<String> {
    let hit = answer[list].as_array().expect("a list").iter().find(|hit| hit["item"]["key"] == json!(key));
    keys(&hit.unwrap_or_else(|| panic!("{key} in {answer}"))["cause"], "")
}

fn code_of(answer: &Answer) -> String {
    answer.code()
}

both! {
    fn an_impact_tells_what_is_down_and_why_and_when_that_hurts(server) {
        let api = server.fresh_organization();
        shop(&api);
        let gate = api.post("/analysis/impact", &json!({"lost": ["key:GATE"], "at": "2030-01-01T00:00:00Z"})).expect(200).json();
        assert_eq!(keys(&gate["down"], "/item"), ["SELL", "SHOP"], "vital first: {gate}");
        assert_eq!(cause(&gate, "down", "SELL"), ["GATE", "SHOP", "SELL"]);
        let sell = &gate["down"][0];
        assert_eq!(sell["objective"], json!({"rto_seconds": 14400, "rpo_seconds": 900, "mtpd_seconds": 28800}));
        assert_eq!(sell["breach_at"], json!("2030-01-01T04:00:00.000000Z"));
        assert_eq!(sell["mtpd_breach_at"], json!("2030-01-01T08:00:00.000000Z"));
        assert_eq!(keys(&gate["processes"], "/item"), ["SELL"]);
        assert_eq!(gate["processes"][0]["vital"], json!(true));
        let totals = json!({"down": 2, "degraded": 0, "untouched_by_redundancy": 0, "services": 1, "processes": 1, "vital_business_functions": 1});
        assert_eq!(gate["totals"], totals);
        assert_eq!(gate["seq"], json!(api.seq()));

        let mailer = impact(&api, &["MAILER"]);
        assert_eq!((keys(&mailer["down"], "/item").len(), keys(&mailer["degraded"], "/item")), (0, vec!["SELL".into(), "SHOP".into()]));
        assert_eq!(mailer["processes"][0]["state"], json!("degraded"));
        assert_eq!(cause(&mailer, "degraded", "SELL"), ["MAILER", "SHOP", "SELL"]);
    }

    fn redundancy_saves_what_it_can_and_a_site_takes_what_stands_there(server) {
        let api = server.fresh_organization();
        shop(&api);
        let one = impact(&api, &["DB-1"]);
        assert_eq!((one["totals"]["down"].as_u64(), keys(&one["untouched_by_redundancy"], "")), (Some(0), vec!["SHOP".to_owned()]));
        let both = impact(&api, &["DB-1", "DB-2"]);
        assert_eq!(keys(&both["down"], "/item"), ["SELL", "SHOP"]);
        let north = impact(&api, &["NORTH"]);
        assert_eq!(north["totals"]["down"], json!(5), "{north}");
        let way = cause(&north, "down", "SHOP");
        assert_eq!((&way[0], &way[1], way.len()), (&"NORTH".to_owned(), &"HALL".to_owned(), 4), "{way:?}");
        assert_eq!(keys(&impact(&api, &["CARRIER"])["down"], "/item"), ["SELL", "SHOP", "GATE"]);
    }

    fn an_impact_names_plans_people_and_costs_or_only_what_is_included(server) {
        let api = server.fresh_organization();
        shop(&api);
        let ratings = json!([
            {"category": "financial", "after_seconds": 3600, "level": 2, "amount": "1000.50", "currency": "EUR"},
            {"category": "financial", "after_seconds": 14400, "level": 3, "amount": "5000", "currency": "EUR"},
            {"category": "legal", "after_seconds": 14400, "level": 4, "amount": "2.25", "currency": "EUR"}
        ]);
        let bia = json!({"business_process": "key:SELL", "assessed_on": "2026-01-01", "ratings": ratings});
        let bia = api.create("impact-assessments", &bia);
        for to in ["in_review", "approved"] {
            go(&api, "impact-assessments", &bia, &json!({"to": to}));
        }
        let plan = api.create("plans", &json!({"key": "DR", "title": "DR", "kind": "disaster_recovery", "services": ["key:SHOP"], "owner": "key:ana"}));
        let mut content = two_steps();
        content["team"] = json!([{"key": "lead", "role": "Lead", "contact": "key:ben"}]);
        activate(&api, &draft_of(&api, &plan, &content));
        let all = impact(&api, &["GATE"]);
        let cost = |at: usize| (all["cost_over_time"][at]["after_seconds"].clone(), all["cost_over_time"][at]["amounts"].clone());
        assert_eq!(cost(0), (json!(3600), json!([{"amount": "1000.50", "currency": "EUR"}])));
        assert_eq!(cost(1), (json!(14400), json!([{"amount": "5002.25", "currency": "EUR"}])));
        assert_eq!(all["cost_over_time"][1]["levels"], json!([{"category": "financial", "level": 3}, {"category": "legal", "level": 4}]));
        assert_eq!(keys(&all["plans_to_invoke"], "/plan"), ["DR"]);
        assert_eq!(keys(&all["plans_to_invoke"][0]["covers"], ""), ["SHOP"]);
        assert_eq!(keys(&all["contacts"], "/contact"), ["ana", "ben"]);
        let why: Vec<_> = all["contacts"][1]["reasons"].as_array().expect("reasons").iter().map(|r| r["code"].clone()).collect();
        assert_eq!(why, ["team", "owner"]);
        let bare = api.post("/analysis/impact", &json!({"lost": ["key:GATE"], "include": []})).expect(200).json();
        for name in ["cost_over_time", "plans_to_invoke", "contacts"] {
            assert!(bare.get(name).is_none(), "{bare}");
        }
        // Nothing of it where nothing is down.
        let none = impact(&api, &["MAILER"]);
        assert_eq!((&none["plans_to_invoke"], &none["cost_over_time"], &none["contacts"]), (&json!([]), &json!([]), &json!([])));
    }

    fn agreements_on_what_is_lost_say_whom_to_call(server) {
        let api = server.fresh_organization();
        shop(&api);
        let lines = json!({"key": "LINES", "name": "Lines", "kind": "underpinning_contract", "supplier": "key:CARRIER",
                           "emergency_contact": "key:ben", "components": ["key:MAILER"]});
        let before = api.create("agreements", &lines)["created_at"].clone();
        let path = "/agreements/key:LINES";
        let called = |lost: &str, at: &str| {
            let all = api.post(&format!("/analysis/impact?{at}"), &json!({"lost": [lost], "include": ["contacts"]})).expect(200).json();
            let reasons: Vec<Value> = all["contacts"].as_array().expect("contacts").iter().flat_map(|one| {
                one["reasons"].as_array().expect("reasons").iter().filter(|why| why["object"]["key"] == json!("LINES")).cloned()
            }).collect();
            reasons.iter().map(|why| why["code"].as_str().expect("a code").to_owned()).collect::<Vec<String>>()
        };
        for lost in ["key:CARRIER", "key:MAILER"] {
            assert_eq!(called(lost, ""), ["emergency"]);
        }
        assert!(called("key:DB-1", "").is_empty() && called("key:GATE", "").is_empty());
        api.patch(path, &json!({"escalation_contact": "key:ana", "emergency_contact": null})).expect(200);
        assert_eq!(called("key:CARRIER", ""), ["escalation"]);
        api.patch(path, &json!({"valid_to": "2020-01-01"})).expect(200);
        assert!(called("key:CARRIER", "").is_empty());
        assert_eq!(called("key:CARRIER", &format!("as_of={}", before.as_str().expect("a time"))), ["emergency"]);
    }

    fn what_is_asked_is_checked_with_all_faults_at_once(server) {
        let api = server.fresh_organization();
        shop(&api);
        let post = |body: Value| api.post("/analysis/impact", &body);
        post(json!({"lost": ["key:NOBODY", "nonsense", "key:GATE"]})).invalid(&[("/lost/0", "unknown_reference"), ("/lost/1", "bad_format")]);
        post(json!({"lost": []})).invalid(&[("/lost", "too_short")]);
        post(json!({"lost": vec!["key:GATE"; 1001]})).invalid(&[("/lost", "too_long")]);
        post(json!({"lost": vec!["key:GATE"; 1000]})).expect(200);
        post(json!({"lost": ["key:GATE"], "at": "yesterday", "more": 1})).invalid(&[("/at", "bad_format"), ("/more", "unknown_field")]);
        post(json!({"lost": ["key:ana"]})).invalid(&[("/lost/0", "unknown_reference")]);
        let edits = json!([
            {"op": "add_mapping", "dependent": "key:SHOP"},
            {"op": "remove_mapping", "mapping": "key:NOBODY", "effect": "cascade"},
            {"op": "set_capability", "item": "key:NORTH", "recovery_time_seconds": 1}
        ]);
        post(json!({"lost": ["key:GATE"], "hypothetical": edits})).invalid(&[
            ("/hypothetical/0/provider", "required"),
            ("/hypothetical/1/effect", "not_allowed"),
            ("/hypothetical/1/mapping", "unknown_reference"),
            ("/hypothetical/2/item", "unknown_reference"),
        ]);
        post(json!({"lost": ["key:GATE"], "hypothetical": [{"op": "add_mapping", "dependent": "key:SHOP", "provider": "key:SHOP"}]}))
            .invalid(&[("/hypothetical/0/provider", "not_allowed")]);
        for query in ["limit=0", "limit=10001", "limit=x", "nonsense=1", "as_of=99999999", "as_of=x"] {
            assert_eq!(api.post(&format!("/analysis/impact?{query}"), &json!({"lost": ["key:GATE"]})).status(), 400, "{query}");
        }
        assert_eq!(code_of(&api.call("POST", "/analysis/impact").body("text/plain", "x").send()), "unsupported_media_type");
        for limit in [1, 10_000] {
            let some = api.post(&format!("/analysis/impact?limit={limit}"), &json!({"lost": ["key:NORTH"]})).expect(200).json();
            assert_eq!((some["down"].as_array().map(Vec::len), &some["totals"]["down"]), (Some(limit.min(5)), &json!(5)));
        }
    }

    fn every_spelling_of_a_reference_serves(server) {
        let api = server.fresh_organization();
        shop(&api);
        let id = api.get("/services/key:SHOP").expect(200).json()["id"].clone();
        for lost in [json!(id), json!("ref:cmdb:7/a"), json!({"id": id, "kind": "service"}), json!({"id": "key:SHOP"})] {
            let answer = api.post("/analysis/impact", &json!({"lost": [lost]})).expect(200).json();
            assert_eq!((keys(&answer["lost"], ""), keys(&answer["down"], "/item")), (vec!["SHOP".to_owned()], vec!["SELL".to_owned()]));
        }
        api.create("components", &json!({"key": "SHOP", "name": "A twin", "kind": "other"}));
        let twice = api.post("/analysis/impact", &json!({"lost": ["key:SHOP"]}));
        twice.invalid(&[("/lost/0", "ambiguous_reference")]);
        api.post("/analysis/impact", &json!({"lost": [{"id": "key:SHOP", "kind": "component"}]})).expect(200);
    }

    fn changes_that_are_only_thought_of_count_and_are_not_kept(server) {
        let api = server.fresh_organization();
        shop(&api);
        let before = api.seq();
        let ask = |edits: Value| api.post("/analysis/impact", &json!({"lost": ["key:DB-1"], "hypothetical": edits})).expect(200).json();
        let mapping = api.get("/mappings?provider=key:DB-2").expect(200).items()[0]["id"].clone();
        assert_eq!(keys(&ask(json!([{"op": "remove_mapping", "mapping": mapping}]))["down"], "/item"), ["SELL", "SHOP"]);
        let tighter = json!([{"op": "change_mapping", "mapping": mapping, "effect": "none"}]);
        assert_eq!(ask(tighter)["totals"]["down"], json!(0));
        let more = json!([{"op": "add_mapping", "dependent": "key:MAILER", "provider": "key:DB-1"}]);
        assert_eq!(keys(&ask(more)["down"], "/item"), ["MAILER"]);
        let moved = json!([{"op": "set_capability", "item": "key:GATE", "site": "key:HALL"}]);
        let hall = api.post("/analysis/impact", &json!({"lost": ["key:HALL"], "hypothetical": moved})).expect(200).json();
        assert!(keys(&hall["down"], "/item").contains(&"GATE".to_owned()), "{hall}");
        assert_eq!(api.seq(), before);
        assert_eq!(impact(&api, &["DB-1"])["totals"]["down"], json!(0));
    }

    fn the_past_is_asked_like_the_present(server) {
        let api = server.fresh_organization();
        shop(&api);
        let then = api.seq();
        let mapping = api.get("/mappings?provider=key:GATE").expect(200).items()[0].clone();
        api.delete(&format!("/mappings/{}", mapping["id"].as_str().expect("an id"))).expect(204);
        api.patch("/services/key:SHOP", &json!({"key": "STORE", "name": "Store"})).expect(200);
        assert_eq!(impact(&api, &["GATE"])["totals"]["down"], json!(0));
        let past = api.post(&format!("/analysis/impact?as_of={then}"), &json!({"lost": ["key:GATE"]})).expect(200).json();
        assert_eq!((keys(&past["down"], "/item"), &past["seq"]), (vec!["SELL".to_owned(), "SHOP".to_owned()], &json!(then)));
        let old = api.post(&format!("/analysis/impact?as_of={then}"), &json!({"lost": ["key:SHOP"]})).expect(200).json();
        assert_eq!(old["down"][0]["item"]["key"], json!("SELL"), "by the key it had: {old}");
        api.post(&format!("/analysis/impact?as_of={then}"), &json!({"lost": ["key:STORE"]})).invalid(&[("/lost/0", "unknown_reference")]);
        let recovery = api.get(&format!("/services/key:SHOP/recovery?as_of={then}")).expect(200).json();
        assert_eq!(recovery["seq"], json!(then));
        api.get("/services/key:SHOP/recovery").refused(404, "not_found");
        api.get(&format!("/services/key:SHOP/single-points-of-failure?as_of={then}")).expect(200);
        api.post(&format!("/analysis/change?as_of={then}"), &json!({"items": ["key:GATE"]})).expect(200);
        api.post(&format!("/analysis/recovery-sequence?as_of={then}"), &json!({})).expect(200);
    }
}
