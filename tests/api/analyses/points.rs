//! Single points of failure, pairs, and what hangs on sites and suppliers.

use super::{impact, keys, needs, shop};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn of_shop(api: &Api, query: &str) -> Value {
    api.get(&format!("/services/key:SHOP/single-points-of-failure{query}")).expect(200).json()
}

fn pairs(list: &Value) -> BTreeSet<(String, String)> {
    let pair = |one: &Value| {
        let keys = keys(one.get("items").unwrap_or(one), "");
        let mut keys = keys.into_iter();
        (keys.next().expect("one"), keys.next().expect("two"))
    };
    list.as_array().expect("a list").iter().map(pair).collect()
}

both! {
    fn single_points_of_a_service_are_those_whose_loss_alone_takes_it_down(server) {
        let api = server.fresh_organization();
        shop(&api);
        let one = of_shop(&api, "");
        let mut all = keys(&one["items"], "/item");
        all.sort();
        assert_eq!((all, &one["total"]), (vec!["CARRIER".into(), "GATE".into(), "HALL".into(), "NORTH".into()], &json!(4)), "{one}");
        // By the definition: each of these takes it down, and nothing else does.
        for key in ["DB-1", "DB-2", "GATE", "MAILER", "HALL", "NORTH", "CARRIER"] {
            let down = keys(&impact(&api, &[key])["down"], "/item").contains(&"SHOP".to_owned());
            assert_eq!(down, keys(&one["items"], "/item").contains(&key.to_owned()), "{key}");
        }
        let way = one["items"].as_array().expect("items").iter().find(|item| item["item"]["key"] == json!("CARRIER")).expect("it");
        assert_eq!(keys(&way["cause"], ""), ["CARRIER", "GATE", "SHOP"]);
        assert_eq!((&way["services"], &way["vital_business_functions"]), (&json!(1), &json!(1)));
        let some = of_shop(&api, "?kinds=site&limit=1");
        assert_eq!((some["items"].as_array().map(Vec::len), &some["total"]), (Some(1), &json!(2)));
        let process = api.get("/business-processes/key:SELL/single-points-of-failure?kinds=service").expect(200).json();
        assert_eq!(keys(&process["items"], "/item"), ["SHOP"]);
    }

    fn pairs_take_it_down_together_only(server) {
        let api = server.fresh_organization();
        shop(&api);
        let both = of_shop(&api, "?order=2");
        assert_eq!(pairs(&both["pairs"]), BTreeSet::from([("DB-1".into(), "DB-2".into())]), "{both}");
        assert_eq!(both["total_pairs"], json!(1));
        needs(&api, "DB-2", "MAILER", json!({}));
        let more = of_shop(&api, "?order=2");
        let wanted = BTreeSet::from([("DB-1".into(), "DB-2".into()), ("DB-1".into(), "MAILER".into())]);
        assert_eq!(pairs(&more["pairs"]), wanted);
        let all = api.get("/analysis/single-points-of-failure?order=2").expect(200).json();
        assert_eq!((pairs(&all["pairs"]), &all["pairs"][0]["vital_business_functions"]), (wanted, &json!(1)));
        assert!(of_shop(&api, "?order=1").get("pairs").is_none());
    }

    fn the_organisation_sees_them_ranked_and_what_hangs_on_places_and_suppliers(server) {
        let api = server.fresh_organization();
        shop(&api);
        api.create("services", &json!({"key": "WIKI", "name": "Wiki"}));
        needs(&api, "WIKI", "DB-1", json!({}));
        let all = api.get("/analysis/single-points-of-failure").expect(200).json();
        let told: Vec<(String, u64, u64)> = all["items"].as_array().expect("items").iter()
            .map(|one| (one["item"]["key"].as_str().expect("a key").to_owned(), one["vital_business_functions"].as_u64().expect("n"), one["services"].as_u64().expect("n")))
            .collect();
        let wanted = [("HALL", 1, 2), ("NORTH", 1, 2), ("CARRIER", 1, 1), ("GATE", 1, 1), ("DB-1", 0, 1)];
        assert_eq!(told, wanted.map(|(key, vital, services)| (key.to_owned(), vital, services)), "{all}");
        assert_eq!(keys(&all["items"][0]["vital"], ""), ["SELL"]);
        let (site, supplier) = (&all["concentration"]["sites"][0], &all["concentration"]["suppliers"][0]);
        assert_eq!((&site["item"]["key"], &site["dependents"], &site["services_percent"]), (&json!("HALL"), &json!(2), &json!(100.0)));
        assert_eq!((&supplier["item"]["key"], &supplier["services"], &supplier["services_percent"]), (&json!("CARRIER"), &json!(1), &json!(50.0)));
    }

    fn what_is_asked_of_points_is_checked(server) {
        let api = server.fresh_organization();
        shop(&api);
        for path in ["/services/key:SHOP/single-points-of-failure", "/analysis/single-points-of-failure"] {
            for query in ["order=3", "kinds=contact", "kinds=", "limit=10001", "x=1", "as_of=77777"] {
                assert_eq!(api.get(&format!("{path}?{query}")).status(), 400, "{path} {query}");
            }
            let tag = api.get(path).expect(200).etag();
            assert_eq!(api.call("GET", path).header("If-None-Match", tag).send().status(), 304);
        }
        api.get("/services/key:NOBODY/single-points-of-failure").refused(404, "not_found");
        api.get("/business-processes/key:SHOP/single-points-of-failure").refused(404, "not_found");
    }
}
