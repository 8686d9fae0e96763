//! The batch as a whole: forward references, forms, bounds, and the snapshot with its brake.

use crate::both;
use crate::support::{Answer, Api, Server};
use serde_json::{Value, json};

fn row(kind: &str, id: &str, data: Value) -> Value {
    json!({"op": "upsert", "kind": kind, "id": id, "data": data})
}

fn site(n: usize) -> Value {
    row("site", &format!("ref:netbox:site/{n}"), json!({"name": format!("Site {n}"), "kind": "office"}))
}

fn device(n: usize) -> Value {
    row("component", &format!("ref:netbox:device/{n}"), json!({"name": format!("Device {n}"), "kind": "server"}))
}

#[track_caller]
fn counts(answer: &Answer) -> [u64; 5] {
    let counts = &answer.json()["counts"];
    ["created", "updated", "unchanged", "deleted", "failed"]
        .map(|name| counts[name].as_u64().unwrap_or_else(|| panic!("no {name}\n{}", answer.story())))
}

#[track_caller]
fn total(api: &Api, collection: &str) -> u64 {
    let list = api.get(&format!("/{collection}?count=true&limit=1")).expect(200);
    list.json()["total"].as_u64().unwrap_or_else(|| panic!("no total\n{}", list.story()))
}

/// A catalogue whose rows all point to rows that come later, and some in a circle.
fn forward_rows() -> Vec<Value> {
    vec![
        row("mapping", "ref:netbox:cable/1", json!({"dependent": "ref:netbox:service/1", "provider": "ref:netbox:device/1"})),
        row("mapping", "ref:netbox:cable/2", json!({"dependent": "ref:netbox:device/1", "provider": "key:DC-1"})),
        row("service", "ref:netbox:service/1", json!({"name": "Mail", "owner": "key:ANA"})),
        row("component", "ref:netbox:device/1", json!({"name": "Mail server", "kind": "server", "site": "ref:netbox:site/2"})),
        row("site", "ref:netbox:site/2", json!({"name": "Room", "kind": "other", "parent": "key:DC-1"})),
        row("site", "key:DC-1", json!({"name": "Data centre", "kind": "data_centre"})),
        row("contact", "key:ANA", json!({"name": "Ana", "deputy": "key:BOB"})),
        row("contact", "key:BOB", json!({"name": "Bob", "deputy": {"id": "key:ANA", "kind": "contact"}})),
    ]
}

/// Risks and all that is about them, likewise.
fn forward_risks() -> Vec<Value> {
    let measure = json!({"title": "Raise it", "nature": "technical", "purpose": "preventive", "risks": ["ref:grc:risk/1"]});
    let risk = json!({"title": "Flood", "threat": "key:FLOOD", "vulnerabilities": ["key:SILL"], "services": ["key:MAIL"]});
    vec![
        row("change_request", "ref:itsm:1", json!({"title": "Raise it", "measures": ["key:RAISE"], "services": ["key:MAIL"]})),
        row("measure_task", "key:ORDER", json!({"title": "Order", "measure": "key:RAISE", "assignee": "key:ANA"})),
        row("risk_assessment", "ref:grc:1", json!({"risk": "ref:grc:risk/1", "likelihood": 5, "impact": 5})),
        row("risk_assessment", "ref:grc:2", json!({"risk": "ref:grc:risk/1", "likelihood": 2, "impact": 3})),
        row("measure", "key:RAISE", measure),
        row("risk", "ref:grc:risk/1", risk),
        row("vulnerability", "key:SILL", json!({"name": "Low sill", "severity": "high", "threats": ["key:FLOOD"]})),
        row("threat", "key:FLOOD", json!({"name": "Flood", "category": "natural"})),
        row("impact_assessment", "key:BIA", json!({"business_process": "key:PAY", "assessed_on": "2026-11-10"})),
        row("business_process", "key:PAY", json!({"name": "Pay"})),
        row("service", "key:MAIL", json!({"name": "Mail"})),
        row("contact", "key:ANA", json!({"name": "Ana"})),
    ]
}

fn snapshot(api: &Api, rows: &[Value], more: Value) -> Answer {
    let mut body = json!({"snapshot": {"system": "netbox", "kinds": ["component"]}, "rows": rows});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    api.post("/batch", &body)
}

/// Twenty components of one system, one of another and one of nobody's.
fn inventory(api: &Api) -> Vec<Value> {
    let rows: Vec<Value> = (0..20).map(device).collect();
    api.post("/batch", &json!({"rows": rows})).expect(200);
    api.create("components", &json!({"name": "By hand", "kind": "other"}));
    let refs = json!([{"system": "servicenow", "id": "1"}]);
    api.create("components", &json!({"name": "Theirs", "kind": "other", "external_refs": refs}));
    rows
}

both! {
    fn rows_may_point_to_any_row_in_any_order(server) {
        for mode in ["atomic", "partial"] {
            let api = server.fresh_organization();
            let body = json!({"mode": mode, "rows": forward_rows()});
            let answer = api.post("/batch", &body).expect(200);
            assert_eq!(counts(&answer), [8, 0, 0, 0, 0], "{}", answer.story());
            let again = api.post("/batch", &body).expect(200);
            assert_eq!(counts(&again), [0, 0, 8, 0, 0], "{}", again.story());
            let room = api.get("/sites/ref%3Anetbox%3Asite%2F2").expect(200).json();
            assert_eq!(room["parent"]["key"], json!("DC-1"));
            let ana = api.get("/contacts/key:ANA").expect(200).json();
            assert_eq!(ana["deputy"]["key"], json!("BOB"));
        }
    }

    fn risks_and_what_is_about_them_come_in_any_order_too(server) {
        for mode in ["atomic", "partial"] {
            let api = server.fresh_organization();
            let body = json!({"mode": mode, "rows": forward_risks()});
            let answer = api.post("/batch", &body).expect(200);
            assert_eq!(counts(&answer), [12, 0, 0, 0, 0], "{}", answer.story());
            let risk = api.get("/risks/ref%3Agrc%3Arisk%2F1").expect(200).json();
            // Of two assessments of one moment the one that was recorded last counts.
            assert_eq!(risk["current"], json!({"likelihood": 2, "impact": 3}));
            let again = api.post("/batch", &body).expect(200);
            assert_eq!(counts(&again), [0, 0, 12, 0, 0], "{}", again.story());
            assert_eq!(api.get("/risks/ref%3Agrc%3Arisk%2F1").expect(200).json(), risk);
        }
    }

    fn a_row_that_points_to_a_failed_row_fails_with_it(server) {
        let api = server.fresh_organization();
        let mut rows = forward_rows();
        rows[5]["data"]["kind"] = json!("castle");
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200);
        let failed: Vec<u64> = answer.json()["rows"].as_array().expect("rows").iter()
            .filter(|row| row["result"] == json!("failed"))
            .filter_map(|row| row["index"].as_u64())
            .collect();
        assert_eq!(failed, [0, 1, 3, 4, 5], "{}", answer.story());
        assert_eq!(total(&api, "contacts"), 2);
        assert_eq!(total(&api, "sites"), 0);
    }

    fn a_row_that_points_to_a_row_whose_key_was_taken_fails_with_it(server) {
        let api = server.fresh_organization();
        let keyed = |id: &str| row("site", id, json!({"name": "One", "kind": "office", "key": "ONE"}));
        let child = row("site", "ref:netbox:3", json!({"name": "Room", "kind": "other", "parent": "ref:netbox:2"}));
        let desk = row("component", "ref:netbox:4", json!({"name": "Desk", "kind": "other", "site": "ref:netbox:3"}));
        let rows = [keyed("ref:netbox:1"), keyed("ref:netbox:2"), child, desk];
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200);
        assert_eq!(counts(&answer), [1, 0, 0, 0, 3], "{}", answer.story());
        let problems = &answer.json()["rows"];
        assert_eq!(problems[1]["problem"]["code"], json!("key_taken"));
        assert_eq!(problems[2]["problem"]["errors"][0]["code"], json!("unknown_reference"));
        assert_eq!(problems[3]["problem"]["errors"][0]["code"], json!("unknown_reference"));
        assert_eq!((total(&api, "sites"), total(&api, "components")), (1, 0));
        api.post("/batch", &json!({"rows": rows})).refused(422, "invalid");
    }

    fn every_moment_of_a_batch_can_be_looked_back_at(server) {
        let api = server.fresh_organization();
        let answer = api.post("/batch", &json!({"rows": forward_rows()})).expect(200);
        for seq in 1..=answer.json()["seq"].as_u64().expect("a number") {
            for collection in ["contacts", "sites", "services", "components", "mappings"] {
                api.get(&format!("/{collection}?as_of={seq}")).expect(200);
            }
        }
    }

    fn an_object_named_twice_for_deletion_is_deleted_once(server) {
        let api = server.fresh_organization();
        let refs = json!([{"system": "cmdb", "id": "2"}]);
        api.create("contacts", &json!({"name": "Ana", "key": "ANA", "external_refs": refs}));
        let seq = api.seq();
        let gone = |id: &str| json!({"op": "delete", "kind": "contact", "id": id});
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": [gone("ref:cmdb:2"), gone("key:ANA")]})).expect(200);
        assert_eq!(counts(&answer), [0, 0, 0, 1, 1], "{}", answer.story());
        assert_eq!(api.seq(), seq + 1);
    }

    fn rows_of_two_kinds_may_have_one_key(server) {
        let api = server.fresh_organization();
        let site = row("site", "key:NORTH", json!({"name": "North", "kind": "office"}));
        let contact = row("contact", "key:NORTH", json!({"name": "North desk", "kind": "team"}));
        let answer = api.post("/batch", &json!({"rows": [site, contact]})).expect(200);
        assert_eq!(counts(&answer), [2, 0, 0, 0, 0], "{}", answer.story());
    }

    fn whoever_holds_what_has_to_stay_stays_as_well(server) {
        let api = server.fresh_organization();
        let place = |key: &str, parent: Value| json!({"name": key, "kind": "other", "key": key, "parent": parent});
        for (key, parent) in [("CAMPUS", Value::Null), ("HALL", json!("key:CAMPUS")), ("ROOM", json!("key:HALL")), ("SHED", json!("key:CAMPUS"))] {
            api.create("sites", &place(key, parent));
        }
        api.create("components", &json!({"name": "Rack", "kind": "other", "key": "RACK", "site": "key:ROOM"}));
        let gone = |key: &str| json!({"op": "delete", "kind": "site", "id": format!("key:{key}")});
        let rows = ["CAMPUS", "HALL", "ROOM", "SHED"].map(gone);
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200);
        assert_eq!(counts(&answer), [0, 0, 0, 1, 3], "{}", answer.story());
        assert_eq!(api.get("/sites?sort=key").expect(200).each("key"), ["CAMPUS", "HALL", "ROOM"]);
        api.post("/batch", &json!({"rows": rows[..3]})).refused(422, "invalid");
        let rack = json!({"op": "delete", "kind": "component", "id": "key:RACK"});
        let all = [&rows[..3], &[rack]].concat();
        assert_eq!(counts(&api.post("/batch", &json!({"rows": all})).expect(200)), [0, 0, 0, 4, 0]);
    }

    fn rows_are_deleted_in_an_order_that_works(server) {
        let api = server.fresh_organization();
        api.post("/batch", &json!({"rows": forward_rows()})).expect(200);
        let rows: Vec<Value> = forward_rows().iter().rev()
            .map(|row| json!({"op": "delete", "kind": row["kind"], "id": row["id"]}))
            .collect();
        let one = api.post("/batch", &json!({"mode": "atomic", "rows": [rows[2]]}));
        assert!(one.status() >= 400, "{}", one.story());
        let answer = api.post("/batch", &json!({"rows": rows})).expect(200);
        assert_eq!(counts(&answer), [0, 0, 0, 8, 0]);
        assert_eq!(total(&api, "sites") + total(&api, "contacts") + total(&api, "mappings"), 0);
    }

    fn a_batch_of_lines_does_as_a_batch_of_one_document(server) {
        let api = server.fresh_organization();
        let lines: String = forward_rows().iter().map(|row| format!("{row}\n")).collect();
        let send = |query: &str, body: &str| api.call("POST", &format!("/batch{query}")).body("application/x-ndjson", body).send();
        let rehearsed = send("?mode=atomic&dry_run=true", &lines).expect(200);
        assert_eq!(counts(&rehearsed), [8, 0, 0, 0, 0]);
        assert_eq!(total(&api, "sites"), 0);
        assert_eq!(counts(&send("", &lines).expect(200)), [8, 0, 0, 0, 0]);
        assert_eq!(counts(&send("?mode=partial", lines.trim_end()).expect(200)), [0, 0, 8, 0, 0]);
        let broken = format!("{lines}{{\"op\": \n");
        assert_eq!(send("", &broken).status(), 400);
        send("?nonsense=1", &lines).refused(400, "unknown_parameter");
        let wiped = send("?snapshot_system=netbox&snapshot_kinds=component&max_delete_percent=100", &lines[..0]);
        assert!(matches!(wiped.status(), 200 | 400 | 409 | 422), "{}", wiped.story());
    }

    fn ten_thousand_rows_are_taken_and_one_more_is_not(shared) {
        // On a server of its own: nobody else waits for so much to be written.
        let api = Server::start(shared.backend).fresh_organization();
        let rows: Vec<Value> = (0..10_001).map(device).collect();
        let refused = api.post("/batch", &json!({"rows": rows}));
        assert!(matches!(refused.status(), 413 | 422), "{}", refused.status());
        assert_eq!(total(&api, "components"), 0);
        let taken = api.post("/batch", &json!({"rows": rows[..10_000]})).expect(200);
        assert_eq!(counts(&taken), [10_000, 0, 0, 0, 0]);
        assert_eq!(total(&api, "components"), 10_000);
        let again = api.post("/batch", &json!({"rows": rows[..10_000]})).expect(200);
        assert_eq!(counts(&again), [0, 0, 10_000, 0, 0]);
    }

    fn a_batch_of_more_than_sixteen_mebibytes_is_too_large(server) {
        let api = server.fresh_organization();
        let row = row("site", "key:BIG", json!({"name": "x", "kind": "office", "description": "x".repeat(16 * 1024 * 1024)}));
        api.post("/batch", &json!({"rows": [row]})).refused(413, "payload_too_large");
    }

    fn a_batch_without_rows_does_nothing(server) {
        let api = server.fresh_organization();
        let seq = api.seq();
        let answer = api.post("/batch", &json!({"rows": []})).expect(200);
        assert_eq!(counts(&answer), [0; 5]);
        assert_eq!(api.seq(), seq);
    }

    fn a_batch_that_is_no_batch_is_refused(server) {
        let api = server.fresh_organization();
        let good = site(1);
        for (member, value) in [
            ("mode", json!("maybe")),
            ("dry_run", json!("yes")),
            ("nonsense", json!(1)),
            ("max_delete_percent", json!(101)),
            ("max_delete_percent", json!(-1)),
            ("snapshot", json!({"system": "netbox"})),
            ("snapshot", json!({"system": "netbox", "kinds": ["castle"]})),
            ("snapshot", json!({"system": "", "kinds": ["site"]})),
            ("snapshot", json!({"system": "netbox", "kinds": []})),
            ("snapshot", json!({"system": "netbox", "kinds": ["organization"]})),
        ] {
            let mut body = json!({"rows": [good]});
            body[member] = value;
            api.post("/batch", &body).refused(422, "invalid");
        }
        for (member, value, code) in [
            ("op", json!("replace"), "not_allowed"),
            ("kind", json!("castle"), "not_allowed"),
            ("kind", json!("organization"), "not_allowed"),
            ("nonsense", json!(1), "unknown_field"),
            ("if_version", json!("1"), "wrong_type"),
            ("data", json!("x"), "wrong_type"),
            ("id", json!(7), "wrong_type"),
        ] {
            let mut row = good.clone();
            row[member] = value;
            let answer = api.post("/batch", &json!({"rows": [row]}));
            answer.invalid(&[(&format!("/rows/0/{member}"), code)]);
        }
        for member in ["op", "kind", "data"] {
            let mut row = good.clone();
            row.as_object_mut().expect("an object").remove(member);
            api.post("/batch", &json!({"rows": [row]})).invalid(&[(&format!("/rows/0/{member}"), "required")]);
        }
        api.post("/batch", &json!({})).invalid(&[("/rows", "required")]);
        assert_eq!(total(&api, "sites"), 0);
    }

    fn what_a_snapshot_did_not_send_is_gone_and_nothing_else(server) {
        let api = server.fresh_organization();
        let rows = inventory(&api);
        let answer = snapshot(&api, &rows[..18], json!({})).expect(200);
        assert_eq!(counts(&answer), [0, 0, 18, 2, 0]);
        assert_eq!(total(&api, "components"), 20);
        api.get("/components/ref%3Anetbox%3Adevice%2F19").refused(404, "not_found");
        api.get("/components/ref%3Aservicenow%3A1").expect(200);
        let again = snapshot(&api, &rows[..18], json!({})).expect(200);
        assert_eq!(counts(&again), [0, 0, 18, 0, 0]);
    }

    fn a_kind_named_twice_in_a_snapshot_counts_once(server) {
        let api = server.fresh_organization();
        let rows = inventory(&api);
        let seq = api.seq();
        let more = json!({"snapshot": {"system": "netbox", "kinds": ["component", "component"]}});
        assert_eq!(counts(&snapshot(&api, &rows[..19], more).expect(200)), [0, 0, 19, 1, 0]);
        assert_eq!(api.seq(), seq + 1);
    }

    fn a_snapshot_that_would_delete_too_much_is_stopped(server) {
        let api = server.fresh_organization();
        let rows = inventory(&api);
        let seq = api.seq();
        snapshot(&api, &rows[..17], json!({})).refused(409, "snapshot_brake");
        snapshot(&api, &rows[..17], json!({"mode": "partial"})).refused(409, "snapshot_brake");
        snapshot(&api, &[], json!({})).refused(409, "snapshot_brake");
        snapshot(&api, &rows[..19], json!({"max_delete_percent": 0})).refused(409, "snapshot_brake");
        assert_eq!((total(&api, "components"), api.seq()), (22, seq));
        let rehearsed = snapshot(&api, &rows[..10], json!({"max_delete_percent": 50, "dry_run": true})).expect(200);
        assert_eq!(counts(&rehearsed), [0, 0, 10, 10, 0]);
        assert_eq!((total(&api, "components"), api.seq()), (22, seq));
        let meant = snapshot(&api, &rows[..10], json!({"max_delete_percent": 50})).expect(200);
        assert_eq!(counts(&meant), [0, 0, 10, 10, 0]);
        assert_eq!(total(&api, "components"), 12);
    }

    fn what_a_snapshot_would_delete_but_is_still_needed_stays(server) {
        let api = server.fresh_organization();
        let rows = inventory(&api);
        let service = api.create("services", &json!({"name": "Mail"}));
        let mapping = json!({"dependent": service["id"], "provider": "ref:netbox:device/19"});
        api.create("mappings", &mapping);
        let answer = snapshot(&api, &rows[..19], json!({}));
        assert!(matches!(answer.status(), 409 | 422), "{}", answer.story());
        api.get("/components/ref%3Anetbox%3Adevice%2F19").expect(200);
    }

    fn a_fault_in_every_row_is_still_an_answer(server) {
        let api = server.fresh_organization();
        let rows: Vec<Value> = (0..1000).map(|n| row("site", &format!("ref:netbox:{n}"), json!({"name": 7}))).collect();
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200);
        assert_eq!(counts(&answer), [0, 0, 0, 0, 1000]);
        let atomic = api.post("/batch", &json!({"rows": rows}));
        atomic.refused(422, "invalid");
        let first = atomic.faults().first().cloned();
        assert!(first.is_some_and(|(pointer, _)| pointer.starts_with("/rows/")), "{}", atomic.story());
    }
}
