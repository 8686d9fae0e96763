//! What a token that may not read everything sees of single objects, and what it cannot do by not seeing it.

use crate::both;
use crate::support::{Api, Server, fresh, token};
use serde_json::{Value, json};
use std::sync::Arc;

/// Somebody who may do all this, in the organisation of another.
fn scoped(server: &Arc<Server>, api: &Api, scope: &str) -> Api {
    let mut claims = token::claims(&api.organization, "eve", &token::ALL_POWERFUL);
    claims["scope"] = json!(scope);
    server.with_token(&api.organization, &server.token(&claims))
}

/// A contact, a supplier, and a component that names both.
fn owned(api: &Api) -> [Value; 3] {
    let ana = api.create("contacts", &json!({"name": format!("Ana {}", fresh()), "kind": "person"}));
    let vendor = api.create("suppliers", &json!({"name": format!("Vendor {}", fresh()), "contacts": [ana["id"]]}));
    let draft = json!({"name": "Disk", "kind": "storage", "owner": ana["id"], "supplier": vendor["id"]});
    let disk = api.create("components", &draft);
    [ana, vendor, disk]
}

fn at(collection: &str, object: &Value) -> String {
    format!("/{collection}/{}", object["id"].as_str().expect("an id"))
}

fn marks(all: &[&Value]) -> Vec<String> {
    let of = |one: &&Value| ["id", "key", "name"].map(|name| one[name].as_str().expect("a text").to_owned());
    all.iter().flat_map(of).collect()
}

both! {
    fn a_user_sees_no_people_and_no_suppliers(server) {
        let api = server.fresh_organization();
        let [ana, vendor, disk] = owned(&api);
        let user = server.client(&api.organization, "ann", &["user"]);
        let path = at("components", &disk);
        let report = json!({"title": "Gone", "suppliers": [vendor["id"]], "components": [disk["id"]]});
        let answers = [
            user.get(&path).expect(200),
            user.get(&path).expect(200),
            user.get(&format!("{path}?fields=owner,supplier")).expect(200),
            user.get("/components").expect(200),
            user.get(&format!("{path}?as_of={}", api.seq())).expect(200),
            user.call("GET", "/components").header("Accept", "text/csv").send().expect(200),
            user.call("POST", "/disruptions").header("Prefer", "tx=rollback").json(&report).send().expect(201),
        ];
        for answer in &answers {
            for mark in marks(&[&ana, &vendor]) {
                assert!(!answer.text().contains(&mark), "{mark}: {}", answer.story());
            }
            assert!(answer.header("withheld").is_some_and(|told| told.contains("suppliers")), "{}", answer.story());
        }
        let seen = answers[0].json();
        assert_eq!((&seen["owner"], &seen["supplier"]), (&Value::Null, &Value::Null));
        assert_eq!(seen["withheld"], json!(["contacts", "suppliers"]));
        assert_eq!(answers[6].json()["suppliers"], json!([]));
        assert_eq!(api.get(&path).expect(200).json()["owner"]["id"], ana["id"]);
    }

    fn whoever_sees_all_is_told_of_nothing_left_out(server) {
        let api = server.fresh_organization();
        let [.., disk] = owned(&api);
        let auditor = server.client(&api.organization, "axel", &["auditor"]);
        let answer = auditor.get(&at("components", &disk)).expect(200);
        assert!(answer.header("withheld").is_none() && answer.json().get("withheld").is_none(), "{}", answer.story());
        let nothing = server.client(&api.organization, "ann", &["user"]).get("/sites").expect(200);
        assert!(nothing.header("withheld").is_none(), "{}", nothing.story());
    }

    fn an_etag_is_that_of_what_is_seen(server) {
        let api = server.fresh_organization();
        let [.., disk] = owned(&api);
        let (path, user) = (at("components", &disk), server.client(&api.organization, "ann", &["user"]));
        let (whole, less) = (api.get(&path).expect(200).etag(), user.get(&path).expect(200).etag());
        assert_ne!(whole, less);
        let ask = |api: &Api, tag: &str| api.call("GET", &path).header("If-None-Match", tag).send().status();
        assert_eq!((ask(&user, &less), ask(&user, &whole), ask(&api, &less), ask(&api, &whole)), (304, 200, 200, 304));
        let some = scoped(server, &api, "components:read components:write");
        let tag = some.get(&path).expect(200).etag();
        let write = |tag: &str| some.call("PATCH", &path).header("If-Match", tag).json(&json!({"description": "it"})).send().status();
        assert_eq!((write("\"7\""), write(&tag)), (412, 200));
    }

    fn what_is_not_seen_is_not_taken_away(server) {
        let api = server.fresh_organization();
        let [ana, vendor, disk] = owned(&api);
        let (path, some) = (at("components", &disk), scoped(server, &api, "components:read components:write suppliers:read suppliers:write"));
        let less = json!({"name": "Disk", "kind": "storage", "supplier": vendor["id"]});
        let refused = some.put(&path, &less);
        refused.refused(409, "withheld");
        assert_eq!(refused.faults(), [("/owner".to_owned(), "withheld".to_owned())]);
        assert_eq!(refused.json()["withheld"], json!(["contacts"]));
        some.patch(&path, &json!({"owner": null})).refused(409, "withheld");
        some.put(&at("suppliers", &vendor), &json!({"name": "Vendor", "contacts": []})).refused(409, "withheld");
        some.patch(&path, &json!({"description": "Two of them"})).expect(200);
        let ben = api.create("contacts", &json!({"name": "Ben", "kind": "person"}));
        let mut named = less.clone();
        named["owner"] = ben["id"].clone();
        some.put(&path, &named).expect(200);
        assert_eq!(api.get(&path).expect(200).json()["owner"]["id"], ben["id"]);
        api.put(&path, &less).expect(200);
        assert_eq!(api.get(&at("suppliers", &vendor)).expect(200).json()["contacts"][0]["id"], ana["id"]);
    }

    fn who_refers_to_it_is_not_named_to_those_who_may_not_read_them(server) {
        let api = server.fresh_organization();
        let [ana, vendor, disk] = owned(&api);
        let some = scoped(server, &api, "contacts:read contacts:write suppliers:read");
        let refused = some.delete(&at("contacts", &ana));
        refused.refused(409, "still_referenced");
        let pointers: Vec<String> = refused.faults().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, [at("suppliers", &vendor)]);
        assert_eq!(refused.json()["withheld"], json!(["components"]));
        assert!(!refused.text().contains(disk["key"].as_str().expect("a key")), "{}", refused.story());
        assert!(refused.json()["detail"].as_str().is_some_and(|text| text.starts_with("2 ")), "{}", refused.story());
    }

    fn nobody_filters_by_what_may_not_be_read(server) {
        let api = server.fresh_organization();
        let [ana, ..] = owned(&api);
        let user = server.client(&api.organization, "ann", &["user"]);
        for value in [ana["id"].as_str().expect("an id"), "key:NOBODY", "null"] {
            user.get(&format!("/components?owner={value}")).refused(403, "forbidden");
        }
        assert_eq!(api.get(&format!("/components?owner={}", ana["id"].as_str().expect("an id"))).expect(200).items().len(), 1);
    }

    fn a_page_about_an_object_needs_the_right_to_read_it(server) {
        let api = server.fresh_organization();
        let shop = api.create("services", &json!({"name": "Shop"}));
        let some = scoped(server, &api, "analyses:read sites:read");
        for tail in ["continuity", "recovery", "single-points-of-failure"] {
            some.get(&format!("{}/{tail}", at("services", &shop))).refused(403, "forbidden");
        }
        let both = scoped(server, &api, "analyses:read services:read");
        both.get(&format!("{}/continuity", at("services", &shop))).expect(200);
    }
}
