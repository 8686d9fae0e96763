//! The business viewpoint of risks: which processes they expose, through mappings and respecting redundancy.

use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

/// PAYROLL needs HR, which needs one of two databases on servers of their own; SHOP needs server S2 and, partly, S3.
fn landscape(api: &Api) {
    let mut rows = Vec::new();
    let mut row = |kind: &str, key: &str, data: Value| {
        rows.push(json!({"op": "upsert", "kind": kind, "id": format!("key:{key}"), "data": data}));
    };
    for key in ["PAYROLL", "SHOP", "ALONE"] {
        row("business_process", key, json!({"name": key}));
    }
    row("service", "HR", json!({"name": "HR"}));
    for key in ["S1", "S2", "S3"] {
        row("component", key, json!({"name": key, "kind": "server"}));
    }
    let mut needs = |key: &str, dependent: &str, provider: &str, more: Value| {
        let mut data = json!({"dependent": format!("key:{dependent}"), "provider": format!("key:{provider}")});
        data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        row("mapping", key, data);
    };
    needs("M1", "PAYROLL", "HR", json!({}));
    needs("M2", "HR", "S1", json!({"redundancy_group": "db"}));
    needs("M3", "HR", "S2", json!({"redundancy_group": "db"}));
    needs("M4", "SHOP", "S2", json!({}));
    needs("M5", "SHOP", "S3", json!({"effect": "partial"}));
    needs("M6", "ALONE", "S3", json!({"effect": "none"}));
    api.post("/batch", &json!({"rows": rows})).expect(200);
}

fn risk(api: &Api, key: &str, components: &[&str]) -> Value {
    let components: Vec<String> = components.iter().map(|key| format!("key:{key}")).collect();
    api.create("risks", &json!({"key": key, "title": key, "components": components}))
}

fn exposed(risk: &Value) -> Vec<&str> {
    risk["exposed_processes"].as_array().expect("a list").iter().filter_map(|one| one["key"].as_str()).collect()
}

fn keys(api: &Api, query: &str) -> Vec<String> {
    let mut keys = api.get(&format!("/risks?{query}")).expect(200).each("key");
    keys.sort();
    keys
}

both! {
    fn losing_one_of_two_exposes_nothing_and_losing_both_does(server) {
        let api = server.fresh_organization();
        landscape(&api);
        assert_eq!(exposed(&risk(&api, "ONE", &["S1"])), [""; 0]);
        assert_eq!(exposed(&risk(&api, "OTHER", &["S2"])), ["SHOP"]);
        assert_eq!(exposed(&risk(&api, "BOTH", &["S1", "S2"])), ["PAYROLL", "SHOP"]);
        assert_eq!(exposed(&risk(&api, "PARTLY", &["S3"])), ["SHOP"], "degraded is exposed, for information only is not");
        let direct = json!({"key": "DIRECT", "title": "x", "business_processes": ["key:ALONE"], "services": ["key:HR"]});
        let direct = api.create("risks", &direct);
        assert_eq!(exposed(&direct), ["PAYROLL", "ALONE"]);
        assert_eq!(direct["exposed_processes"][0]["kind"], json!("business_process"));
        for (key, wanted) in [("ONE", vec![]), ("BOTH", vec!["PAYROLL", "SHOP"])] {
            let one = api.get(&format!("/risks/key:{key}")).expect(200).json();
            assert_eq!(exposed(&one), wanted);
            let listed = api.get(&format!("/risks?key={key}")).expect(200).items().remove(0);
            assert_eq!(listed, one, "a list tells what the object tells");
        }
    }

    fn risks_are_found_by_what_they_expose_and_affect(server) {
        let api = server.fresh_organization();
        landscape(&api);
        risk(&api, "ONE", &["S1"]);
        risk(&api, "OTHER", &["S2"]);
        risk(&api, "BOTH", &["S1", "S2"]);
        api.create("risks", &json!({"key": "SERVICE", "title": "x", "services": ["key:HR"]}));
        api.create("risks", &json!({"key": "NOTHING", "title": "x", "business_processes": ["key:ALONE"]}));
        assert_eq!(keys(&api, "exposes=key:PAYROLL"), ["BOTH", "SERVICE"]);
        assert_eq!(keys(&api, "exposes=key:SHOP"), ["BOTH", "OTHER"]);
        assert_eq!(keys(&api, "exposes=key:ALONE"), ["NOTHING"]);
        assert_eq!(keys(&api, "exposes=key:PAYROLL,key:ALONE"), ["BOTH", "NOTHING", "SERVICE"]);
        assert_eq!(keys(&api, "exposes=key:PAYROLL&component=key:S1"), ["BOTH"]);
        assert_eq!(keys(&api, "component=key:S1"), ["BOTH", "ONE"]);
        assert_eq!(keys(&api, "service=key:HR"), ["SERVICE"]);
        let page = api.get("/risks?exposes=key:PAYROLL&limit=1&sort=key&count=true").expect(200).json();
        assert_eq!((&page["total"], &page["items"][0]["key"]), (&json!(2), &json!("BOTH")));
        let cursor = page["next_cursor"].as_str().expect("more");
        assert_eq!(keys(&api, &format!("exposes=key:PAYROLL&sort=key&cursor={cursor}")), ["SERVICE"]);
        api.get("/risks?exposes=key:HR").invalid(&[("exposes", "unknown_reference")]);
        api.get("/risks?exposes[ne]=key:PAYROLL").refused(400, "unknown_parameter");
        api.get("/risks?sort=exposes").refused(400, "invalid_parameter");
    }

    fn a_change_of_the_mappings_counts_at_once(server) {
        let api = server.fresh_organization();
        landscape(&api);
        let path = "/risks/key:ONE";
        risk(&api, "ONE", &["S1"]);
        let before = api.get(path).expect(200);
        assert_eq!(keys(&api, "exposes=key:PAYROLL"), [""; 0]);
        let seq = api.seq();
        api.delete("/mappings/key:M3").expect(204);
        let after = api.get(path).expect(200);
        assert_eq!(exposed(&after.json()), ["PAYROLL"]);
        assert_eq!(keys(&api, "exposes=key:PAYROLL"), ["ONE"]);
        assert_eq!(after.json()["version"], before.json()["version"], "nothing of the risk was written");
        assert_ne!(after.etag(), before.etag(), "and yet a cache must ask again");
        assert_eq!(exposed(&api.get(&format!("{path}?as_of={seq}")).expect(200).json()), [""; 0]);
        assert_eq!(keys(&api, &format!("exposes=key:PAYROLL&as_of={seq}")), [""; 0]);
        assert_eq!(keys(&api, &format!("exposes=key:PAYROLL&as_of={}", seq + 1)), ["ONE"]);
        api.patch("/business-processes/key:PAYROLL", &json!({"name": "Wages"})).expect(200);
        assert_eq!(api.get(path).expect(200).json()["exposed_processes"][0]["name"], json!("Wages"));
    }

    fn a_write_answers_with_the_mappings_of_its_own_moment(server) {
        let api = server.fresh_organization();
        landscape(&api);
        risk(&api, "ONE", &["S1"]);
        api.get("/risks").expect(200);
        api.delete("/mappings/key:M3").expect(204);
        let patched = api.patch("/risks/key:ONE", &json!({"description": "x"})).expect(200);
        assert_eq!(exposed(&patched.json()), ["PAYROLL"]);
        assert_eq!(api.get("/risks/key:ONE").expect(200).etag(), patched.etag());
    }

    fn another_organisation_exposes_nothing_of_ours(server) {
        let (ours, theirs) = (server.fresh_organization(), server.fresh_organization());
        landscape(&ours);
        risk(&ours, "BOTH", &["S1", "S2"]);
        theirs.create("business-processes", &json!({"name": "Theirs", "key": "PAYROLL"}));
        assert_eq!(keys(&theirs, "exposes=key:PAYROLL"), [""; 0]);
        let process = ours.get("/business-processes/key:PAYROLL").expect(200).json();
        let foreign = format!("/risks?exposes={}", process["id"].as_str().expect("an id"));
        theirs.get(&foreign).invalid(&[("exposes", "unknown_reference")]);
    }

    fn a_circle_and_a_long_chain_are_walked_once(server) {
        let api = server.fresh_organization();
        let mut rows = vec![json!({"op": "upsert", "kind": "business_process", "id": "key:TOP", "data": {"name": "Top"}})];
        let component = |n: usize| json!({"op": "upsert", "kind": "component", "id": format!("key:C{n}"), "data": {"name": "c", "kind": "other"}});
        let mapping = |key: String, a: String, b: String| json!({"op": "upsert", "kind": "mapping", "id": key, "data": {"dependent": a, "provider": b}});
        rows.extend((0..1500).map(component));
        rows.extend((1..1500).map(|n| mapping(format!("key:N{n}"), format!("key:C{}", n - 1), format!("key:C{n}"))));
        rows.push(mapping("key:BACK".into(), "key:C1499".into(), "key:C0".into()));
        rows.push(mapping("key:UP".into(), "key:TOP".into(), "key:C0".into()));
        api.post("/batch", &json!({"rows": rows})).expect(200);
        assert_eq!(exposed(&risk(&api, "DEEP", &["C1499"])), ["TOP"]);
        assert_eq!(exposed(&api.get("/risks/key:DEEP").expect(200).json()), ["TOP"]);
        assert_eq!(keys(&api, "exposes=key:TOP"), ["DEEP"]);
    }
}
