//! Only what is live belongs to the present landscape: what is planned, a draft or retired stands in for nobody, carries no objectives
//! down, and is neither lost nor listed.

use super::{impact, keys, needs};
use crate::both;
use crate::support::server::Home;
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// PAY needs MAIL, and MAIL one of two nodes, of which one is retired.
fn mail(api: &Api, required: i64) {
    let pay = json!({"key": "PAY", "name": "Pay", "vital": true, "rto_seconds": 3600});
    api.create("business-processes", &pay);
    api.create("services", &json!({"key": "MAIL", "name": "Mail", "kind": "technical_service"}));
    needs(api, "PAY", "MAIL", json!({}));
    for (key, lifecycle) in [("N1", "in_service"), ("N2", "retired")] {
        api.create("components", &json!({"key": key, "name": key, "kind": "server", "lifecycle": lifecycle}));
        needs(api, "MAIL", key, json!({"redundancy_group": "nodes", "required": required}));
    }
}

fn down(answer: &Value) -> Vec<String> {
    let mut all = keys(&answer["down"], "/item");
    all.sort();
    all
}

fn points(api: &Api) -> Vec<String> {
    keys(&api.get("/analysis/single-points-of-failure").expect(200).json()["items"], "/item")
}

fn gaps(api: &Api, code: &str) -> Vec<String> {
    let all = api.get(&format!("/gaps?code={code}")).expect(200).json();
    keys(&all["items"], "/item")
}

fn effective(api: &Api, path: &str) -> Value {
    api.get(path).expect(200).json()["effective_rto_seconds"].clone()
}

both! {
    fn what_is_retired_stands_in_for_nobody(server) {
        let api = server.fresh_organization();
        mail(&api, 1);
        assert_eq!(down(&impact(&api, &["N1"])), ["MAIL", "PAY"]);
        assert_eq!(down(&impact(&api, &["N2"])), [""; 0]);
        assert!(points(&api).contains(&"N1".to_owned()), "{:?}", points(&api));
        assert!(gaps(&api, "redundancy_insufficient").is_empty(), "one of one is there");
        let seq = api.seq();
        api.patch("/components/key:N2", &json!({"lifecycle": "in_service"})).expect(200);
        assert_eq!(down(&impact(&api, &["N1"])), [""; 0]);
        assert!(!points(&api).contains(&"N1".to_owned()));
        let then = api.post(&format!("/analysis/impact?as_of={seq}"), &json!({"lost": ["key:N1"]})).expect(200).json();
        assert_eq!(down(&then), ["MAIL", "PAY"], "as it was then");
        for (lifecycle, wanted) in [("retired", vec!["MAIL", "PAY"]), ("planned", vec!["MAIL", "PAY"]), ("in_service", vec![])] {
            let edit = json!({"op": "set_lifecycle", "item": "key:N2", "lifecycle": lifecycle});
            let answer = api.post("/analysis/impact", &json!({"lost": ["key:N1"], "hypothetical": [edit]})).expect(200).json();
            assert_eq!(down(&answer), wanted, "{lifecycle}");
        }
        let edit = json!({"op": "set_lifecycle", "item": "key:N2", "lifecycle": "live"});
        let refused = api.post("/analysis/impact", &json!({"lost": ["key:N1"], "hypothetical": [edit]})).expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], json!("/hypothetical/0/lifecycle"), "{refused}");
    }

    fn fewer_live_members_than_are_required_are_a_gap(server) {
        let api = server.fresh_organization();
        mail(&api, 2);
        assert_eq!(gaps(&api, "redundancy_insufficient"), ["MAIL"]);
        api.patch("/components/key:N2", &json!({"lifecycle": "in_service"})).expect(200);
        assert!(gaps(&api, "redundancy_insufficient").is_empty());
        assert!(gaps(&api, "depends_on_retired").is_empty());
        api.create("components", &json!({"key": "OLD", "name": "Old", "kind": "server", "lifecycle": "retired"}));
        needs(&api, "MAIL", "OLD", json!({}));
        assert_eq!(gaps(&api, "depends_on_retired"), ["MAIL"]);
        assert_eq!(down(&impact(&api, &["OLD"])), [""; 0]);
        api.patch("/services/key:MAIL", &json!({"lifecycle": "retired"})).expect(200);
        assert_eq!(gaps(&api, "depends_on_retired"), ["PAY"], "what is retired itself may, and what needs it may not");
    }

    fn what_is_not_live_carries_no_objectives_down(server) {
        let api = server.fresh_organization();
        api.create("services", &json!({"key": "SHOP", "name": "Shop", "kind": "business_service"}));
        api.create("components", &json!({"key": "DB", "name": "DB", "kind": "database"}));
        needs(&api, "SHOP", "DB", json!({}));
        for (key, status, rto) in [("SELL", "active", 14400), ("OLD", "retired", 60), ("NEXT", "draft", 30)] {
            api.create("business-processes", &json!({"key": key, "name": key, "status": status, "rto_seconds": rto}));
            needs(&api, key, "SHOP", json!({}));
        }
        assert_eq!(effective(&api, "/services/key:SHOP"), json!(14400));
        assert_eq!(effective(&api, "/components/key:DB"), json!(14400));
        let seq = api.seq();
        let then = || api.get(&format!("/components/key:DB?as_of={seq}")).expect(200).json()["effective_rto_seconds"].clone();
        api.patch("/business-processes/key:NEXT", &json!({"status": "active"})).expect(200);
        assert_eq!(effective(&api, "/components/key:DB"), json!(30));
        api.patch("/services/key:SHOP", &json!({"lifecycle": "planned"})).expect(200);
        assert_eq!(effective(&api, "/components/key:DB"), json!(null), "nothing goes through what is only planned");
        api.patch("/services/key:SHOP", &json!({"lifecycle": "live"})).expect(200);
        api.patch("/business-processes/key:NEXT", &json!({"status": "retired"})).expect(200);
        assert_eq!(effective(&api, "/components/key:DB"), json!(14400));
        assert_eq!(then(), json!(14400), "as it was then");
    }

    fn what_was_deleted_is_not_restored(server) {
        let api = server.fresh_organization();
        mail(&api, 1);
        let everything = || api.post("/analysis/recovery-sequence", &json!({})).expect(200).json();
        let listed = |answer: &Value| -> Vec<String> {
            let waves = answer["waves"].as_array().expect("waves");
            let mut all: Vec<String> = waves.iter().flat_map(|wave| keys(&wave["items"], "/item")).collect();
            all.sort();
            all
        };
        assert_eq!(listed(&everything()), ["MAIL", "N1", "PAY"], "what is retired is not there");
        api.create("components", &json!({"key": "GONE", "name": "Gone", "kind": "server"}));
        assert_eq!(listed(&everything()), ["GONE", "MAIL", "N1", "PAY"]);
        api.delete("/components/key:GONE").expect(204);
        assert_eq!(listed(&everything()), ["MAIL", "N1", "PAY"], "a ghost stands in it");
    }
}

/// A small generator of numbers: the same ones at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// After any changes effective objectives are what a computation from nothing gives: `verify` looks.
fn objectives_follow(backend: Backend) {
    const OBJECTS: usize = 18;
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    let kinds = ["business-processes", "services", "components"];
    let states = [["active", "draft", "retired"], ["live", "planned", "retired"], ["in_service", "planned", "retired"]];
    let field = ["status", "lifecycle", "lifecycle"];
    for n in 0..OBJECTS {
        let kind = if n % 3 == 1 { "technical_service" } else { "server" };
        let mut draft = json!({"key": format!("X{n}"), "name": "X", "kind": kind});
        if n % 3 == 0 {
            draft.as_object_mut().expect("an object").remove("kind");
        }
        api.create(kinds[n % 3], &draft);
    }
    let mut dice = Dice(20_261_128);
    let mut mappings: Vec<Value> = Vec::new();
    for _ in 0..220 {
        let (n, other) = (dice.below(OBJECTS), dice.below(OBJECTS));
        let path = format!("/{}/key:X{n}", kinds[n % 3]);
        match dice.below(6) {
            0 | 1 => drop(api.patch(&path, &json!({field[n % 3]: states[n % 3][dice.below(3)]})).expect(200)),
            2 if n % 3 < 2 => {
                let rto = [json!(null), json!(60), json!(600), json!(7200)][dice.below(4)].clone();
                api.patch(&path, &json!({"rto_seconds": rto})).expect(200);
            }
            3 if !mappings.is_empty() => {
                let id = mappings.swap_remove(dice.below(mappings.len()));
                api.delete(&format!("/mappings/{}", id.as_str().expect("an id"))).expect(204);
            }
            _ if n != other && other % 3 > 0 => {
                let effect = if dice.below(4) == 0 { "partial" } else { "cascade" };
                let draft = json!({"dependent": format!("key:X{n}"), "provider": format!("key:X{other}"), "effect": effect});
                let made = api.post("/mappings", &draft);
                if made.status() == 201 {
                    mappings.push(made.json()["id"].clone());
                }
            }
            _ => {}
        }
    }
    server.terminate(Duration::from_secs(10));
    let output = home.run("verify", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn objectives_follow_life_cycles_on_sqlite() {
    objectives_follow(Backend::Sqlite);
}

#[test]
fn objectives_follow_life_cycles_on_postgres() {
    objectives_follow(Backend::Postgres);
}
