//! What is missing for continuity: the list of gaps, its filters, order and pages, and each rule.

mod proofs;
mod rules;

use crate::both;
use crate::support::{Api, fresh};
use serde_json::{Value, json};

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_else(|| panic!("no id in {object}"))
}

/// The gaps of an item by a rule.
#[track_caller]
pub fn of(api: &Api, code: &str, item: &Value, more: &str) -> Option<Value> {
    let answer = api.get(&format!("/gaps?code={code}&item={}{more}", id(item))).expect(200);
    let items = answer.items();
    assert!(items.len() <= 1, "more than one: {}", answer.story());
    assert_eq!(answer.json()["totals"]["all"], json!(items.len()));
    items.into_iter().next()
}

/// A gap that stands, and goes on standing by the same id whatever else is written.
#[track_caller]
pub fn stands(api: &Api, code: &str, item: &Value) -> Value {
    let first = of(api, code, item, "").unwrap_or_else(|| panic!("no {code} of {item}"));
    api.create("sites", &json!({"name": format!("Site {}", fresh()), "kind": "data_centre"}));
    assert_eq!(of(api, code, item, "").as_ref(), Some(&first));
    assert_eq!(first["item"]["id"], item["id"]);
    first
}

#[track_caller]
pub fn gone(api: &Api, code: &str, item: &Value) {
    assert_eq!(of(api, code, item, ""), None);
}

pub fn needs(api: &Api, dependent: &Value, provider: &Value) -> Value {
    api.create("mappings", &json!({"dependent": dependent["id"], "provider": provider["id"]}))
}

pub fn keys(details: &Value) -> Vec<&str> {
    details.as_array().into_iter().flatten().filter_map(|one| one["key"].as_str()).collect()
}

/// An organisation with a vital function on a service on a disk, of which nothing else is known.
fn bare(server: &std::sync::Arc<crate::support::Server>) -> (Api, [Value; 3]) {
    let api = server.fresh_organization();
    let pay = api.create("business-processes", &json!({"name": "Pay", "key": "PAY", "vital": true}));
    let shop = api.create("services", &json!({"name": "Shop", "key": "SHOP", "criticality": "critical"}));
    let disk = api.create("components", &json!({"name": "Disk", "key": "DISK", "kind": "storage"}));
    needs(&api, &pay, &shop);
    needs(&api, &shop, &disk);
    (api, [pay, shop, disk])
}

const OF_BARE: [(&str, &str, &str); 5] = [
    ("critical", "plan_missing", "SHOP"),
    ("major", "impact_assessment_missing", "PAY"),
    ("major", "proof_missing", "SHOP"),
    ("major", "rto_missing", "SHOP"),
    ("major", "single_point_of_failure", "DISK"),
];

fn told(items: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    items.iter().map(|gap| (text(&gap["severity"]), text(&gap["code"]), text(&gap["item"]["key"]))).collect()
}

fn wanted(all: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    all.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

both! {
    fn gaps_are_listed_the_gravest_first_and_counted(server) {
        let (api, _) = bare(server);
        let answer = api.get("/gaps").expect(200);
        assert_eq!(told(&answer.items()), wanted(&OF_BARE), "{}", answer.story());
        let totals = &answer.json()["totals"];
        assert_eq!((&totals["all"], &totals["critical"], &totals["major"], &totals["minor"]), (&json!(5), &json!(1), &json!(4), &json!(0)));
        assert_eq!(totals["by_code"][0], json!({"code": "impact_assessment_missing", "count": 1}));
        for gap in answer.items() {
            assert_eq!(gap["id"].as_str().map(str::len), Some(16), "{gap}");
            assert!(gap["explanation"].as_str().is_some_and(|text| !text.is_empty()) && gap["remedy"].is_string(), "{gap}");
        }
        let seq = api.seq();
        assert_eq!(answer.json()["seq"], json!(seq));
    }

    fn filters_narrow_the_list_and_its_totals(server) {
        let (api, [_, shop, _]) = bare(server);
        let asked = |query: &str| told(&api.get(&format!("/gaps?{query}")).expect(200).items());
        let some = |places: &[usize]| wanted(&places.iter().map(|place| OF_BARE[*place]).collect::<Vec<_>>());
        assert_eq!(asked("code=plan_missing,rto_missing"), some(&[0, 3]));
        assert_eq!(asked("severity=critical"), some(&[0]));
        assert_eq!(asked("severity=minor"), some(&[]));
        assert_eq!(asked("severity=minor,major,critical"), some(&[0, 1, 2, 3, 4]));
        assert_eq!(asked("kind=component,business_process"), some(&[1, 4]));
        assert_eq!(asked("item=key:SHOP"), some(&[0, 2, 3]));
        assert_eq!(asked(&format!("item={}&severity=major", id(&shop))), some(&[2, 3]));
        let totals = api.get("/gaps?item=key:SHOP&limit=1").expect(200).json()["totals"].clone();
        assert_eq!((&totals["all"], &totals["major"]), (&json!(3), &json!(2)));
        for query in ["code=no_such_rule", "severity=grave", "kind=mapping", "limit=0", "limit=501", "cursor=x", "as_of=x", "more=1"] {
            assert_eq!(api.get(&format!("/gaps?{query}")).status(), 400, "{query}");
        }
        api.get("/gaps?item=key:NOBODY").invalid(&[("item", "unknown_reference")]);
    }

    fn a_cursor_goes_on_where_the_page_ended_whatever_has_closed_since(server) {
        let (api, [_, shop, _]) = bare(server);
        let (mut all, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = api.get(&format!("/gaps?{query}")).expect(200);
            all.extend(told(&page.items()));
            assert_eq!(page.json()["totals"]["all"], json!(5));
            let Some(next) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
            query = format!("limit=2&cursor={next}");
        }
        assert_eq!(all, wanted(&OF_BARE));
        let first = api.get("/gaps?limit=3").expect(200).json();
        // The gap the page ended with is closed: the next page begins behind its place all the same.
        let measured = json!({"subject": shop["id"], "source": "restore_test", "restoration_seconds": 60});
        api.create("measurements", &measured);
        let next = first["next_cursor"].as_str().expect("more");
        assert_eq!(told(&api.get(&format!("/gaps?limit=3&cursor={next}")).expect(200).items()), wanted(&OF_BARE[3..]));
    }

    fn the_list_has_an_etag_and_is_another_when_a_gap_closes(server) {
        let (api, [_, shop, _]) = bare(server);
        let etag = api.get("/gaps").expect(200).etag();
        let again = |etag: &str| api.call("GET", "/gaps").header("If-None-Match", etag).send();
        assert_eq!(again(&etag).expect(304).etag(), etag);
        api.patch(&format!("/services/{}", id(&shop)), &json!({"rto_seconds": 60})).expect(200);
        assert_ne!(again(&etag).expect(200).etag(), etag);
    }

    fn the_past_has_the_gaps_of_then_and_another_organisation_has_none(server) {
        let (api, [_, shop, _]) = bare(server);
        let now = api.get("/gaps").expect(200).json();
        let then = api.seq();
        api.patch(&format!("/services/{}", id(&shop)), &json!({"rto_seconds": 60, "name": "Store"})).expect(200);
        api.create("business-processes", &json!({"name": "Ship", "vital": true}));
        let past = api.get(&format!("/gaps?as_of={then}")).expect(200).json();
        assert_eq!((&past["items"], &past["totals"], &past["seq"]), (&now["items"], &now["totals"], &json!(then)));
        assert_eq!(told(&api.get("/gaps?as_of=0").expect(200).items()), wanted(&[]));
        let other = server.fresh_organization();
        assert_eq!(other.get("/gaps").expect(200).json()["totals"]["all"], json!(0));
        other.get(&format!("/gaps?item={}", id(&shop))).invalid(&[("item", "unknown_reference")]);
    }

    fn what_is_not_in_use_has_no_gaps(server) {
        let (api, [pay, shop, disk]) = bare(server);
        api.patch(&format!("/business-processes/{}", id(&pay)), &json!({"status": "retired"})).expect(200);
        let left = api.get("/gaps").expect(200).items();
        assert_eq!(told(&left), wanted(&[("major", "plan_missing", "SHOP"), ("major", "rto_missing", "SHOP")]));
        api.patch(&format!("/services/{}", id(&shop)), &json!({"lifecycle": "planned"})).expect(200);
        assert_eq!(told(&api.get("/gaps").expect(200).items()), wanted(&[]));
        gone(&api, "single_point_of_failure", &disk);
    }
}
