//! What is special about one collection or another.

use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

fn service(api: &Api, name: &str, objectives: Value) -> Value {
    let mut draft = json!({"name": name});
    draft.as_object_mut().expect("an object").extend(objectives.as_object().expect("an object").clone());
    api.create("services", &draft)
}

fn component(api: &Api, name: &str) -> Value {
    api.create("components", &json!({"name": name, "kind": "server"}))
}

fn map(dependent: &Value, provider: &Value, more: Value) -> Value {
    let mut draft = json!({"dependent": dependent["id"], "provider": provider["id"]});
    draft.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    draft
}

/// The effective RTO, RPO and MTPD of an object, as it reads now.
fn effective(api: &Api, collection: &str, object: &Value) -> [Option<u64>; 3] {
    let id = object["id"].as_str().expect("an id");
    let now = api.get(&format!("/{collection}/{id}")).expect(200).json();
    ["effective_rto_seconds", "effective_rpo_seconds", "effective_mtpd_seconds"].map(|name| now[name].as_u64())
}

both! {
    fn an_organisation_suspended_or_deleted_takes_no_more_writes(server) {
        let api = server.fresh_organization();
        let site = json!({"name": "Here", "kind": "other"});
        let operator = server.client("default", "operator", &["administrator"]);
        let path = format!("/organizations/key:{}", api.organization);
        api.get("/sites").expect(200);
        operator.patch(&path, &json!({"status": "suspended"})).expect(200);
        api.get("/sites").refused(403, "forbidden");
        api.post("/sites", &site).refused(403, "forbidden");
        operator.patch(&path, &json!({"status": "active"})).expect(200);
        let kept = api.create("sites", &site);
        operator.delete(&path).refused(409, "still_referenced");
        api.delete(&format!("/sites/{}", kept["id"].as_str().expect("an id"))).expect(204);
        let first = operator.get(&path).expect(200).json();
        operator.delete(&path).expect(204);
        // The operator's own issuer names it again, so it begins anew.
        let site = api.create("sites", &site);
        assert_ne!(operator.get(&path).expect(200).json()["id"], first["id"]);
        assert_eq!(api.get("/sites").expect(200).each("id"), [site["id"].as_str().expect("an id")]);
    }

    fn an_answer_given_again_is_never_old(server) {
        let api = server.fresh_organization();
        let owner = api.create("contacts", &json!({"name": "Ada", "kind": "person"}));
        let mail = service(&api, "Mail", json!({"owner": owner["id"]}));
        let web = service(&api, "Web", json!({"rto_seconds": 60}));
        let path = format!("/services/{}", mail["id"].as_str().expect("an id"));
        let seen: Vec<(String, Value)> = [
            ("GET", path.clone(), Value::Null),
            ("PATCH", format!("/contacts/{}", owner["id"].as_str().expect("an id")), json!({"name": "Ada Byron"})),
            ("POST", "/mappings".to_owned(), map(&web, &mail, json!({}))),
            ("PATCH", path.clone(), json!({"description": "Letters"})),
        ]
        .into_iter()
        .map(|(method, target, body)| {
            if !body.is_null() {
                let status = api.call(method, &target).json(&body).send().status();
                assert!(matches!(status, 200 | 201), "{method} {target}: {status}");
            }
            // Twice, so that the second may come from memory.
            let (first, again) = (api.get(&path).expect(200), api.get(&path).expect(200));
            assert_eq!((first.etag(), first.json()), (again.etag(), again.json()));
            (again.etag(), again.json())
        })
        .collect();
        let names: Vec<&Value> = seen.iter().map(|(_, body)| &body["owner"]["name"]).collect();
        assert_eq!(names, ["Ada", "Ada Byron", "Ada Byron", "Ada Byron"]);
        let rto: Vec<&Value> = seen.iter().map(|(_, body)| &body["effective_rto_seconds"]).collect();
        assert_eq!(rto, [&Value::Null, &Value::Null, &json!(60), &json!(60)]);
        let tags: std::collections::BTreeSet<&String> = seen.iter().map(|(etag, _)| etag).collect();
        assert_eq!(tags.len(), 4, "{tags:?}");
        api.delete(&path).expect(409);
        let mapping = api.get("/mappings").expect(200).each("id").concat();
        api.delete(&format!("/mappings/{mapping}")).expect(204);
        api.delete(&path).expect(204);
        api.get(&path).refused(404, "not_found");
    }

    fn a_mapping_to_itself_is_refused(server) {
        let api = server.fresh_organization();
        let mail = service(&api, "Mail", json!({}));
        api.post("/mappings", &map(&mail, &mail, json!({}))).refused(422, "invalid");
        let disk = component(&api, "Disk");
        let mapping = api.create("mappings", &map(&mail, &disk, json!({})));
        let path = format!("/mappings/{}", mapping["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"provider": mail["id"]})).refused(422, "invalid");
    }

    fn the_same_mapping_twice_is_refused_but_not_in_another_group_or_relation(server) {
        let api = server.fresh_organization();
        let (mail, disk) = (service(&api, "Mail", json!({})), component(&api, "Disk"));
        api.create("mappings", &map(&mail, &disk, json!({})));
        let again = api.post("/mappings", &map(&mail, &disk, json!({})));
        assert!(matches!(again.status(), 409 | 422), "{}", again.story());
        for more in [json!({"relation": "runs_on"}), json!({"redundancy_group": "a"}), json!({"redundancy_group": "b"})] {
            api.create("mappings", &map(&mail, &disk, more));
        }
        let again = api.post("/mappings", &map(&mail, &disk, json!({"redundancy_group": "b", "required": 1})));
        assert!(matches!(again.status(), 409 | 422), "{}", again.story());
        assert_eq!(api.get("/mappings?count=true").expect(200).json()["total"], json!(4));
    }

    fn the_members_of_a_group_require_the_same_number(server) {
        let api = server.fresh_organization();
        let (mail, web) = (service(&api, "Mail", json!({})), service(&api, "Web", json!({})));
        let [a, b, c] = ["a", "b", "c"].map(|name| component(&api, name));
        let group = |required: u64| json!({"redundancy_group": "cluster", "required": required});
        let first = api.create("mappings", &map(&mail, &a, group(2)));
        api.post("/mappings", &map(&mail, &b, group(1))).invalid(&[("/required", "inconsistent")]);
        let second = api.create("mappings", &map(&mail, &b, group(2)));
        api.create("mappings", &map(&web, &c, group(1)));
        let at = |mapping: &Value| format!("/mappings/{}", mapping["id"].as_str().expect("an id"));
        api.patch(&at(&first), &json!({"required": 1})).invalid(&[("/required", "inconsistent")]);
        let both: Vec<Value> = [(&first, &a), (&second, &b)]
            .map(|(mapping, provider)| {
                json!({"op": "upsert", "kind": "mapping", "id": mapping["id"], "data": map(&mail, provider, group(1))})
            })
            .to_vec();
        api.post("/batch", &json!({"rows": both})).expect(200);
        assert_eq!(api.get(&at(&second)).expect(200).json()["required"], json!(1));
    }

    fn a_number_is_required_only_of_a_group(server) {
        let api = server.fresh_organization();
        let (mail, disk) = (service(&api, "Mail", json!({})), component(&api, "Disk"));
        api.post("/mappings", &map(&mail, &disk, json!({"required": 1}))).invalid(&[("/required", "inconsistent")]);
        let alone = api.create("mappings", &map(&mail, &disk, json!({})));
        assert_eq!(alone["required"], Value::Null);
        let member = api.create("mappings", &map(&mail, &disk, json!({"redundancy_group": "pair"})));
        assert_eq!(member["required"], json!(1));
    }

    fn circles_are_data_like_any_other(server) {
        let api = server.fresh_organization();
        let [a, b, c] = ["a", "b", "c"].map(|name| component(&api, name));
        for (dependent, provider) in [(&a, &b), (&b, &c), (&c, &a)] {
            api.create("mappings", &map(dependent, provider, json!({})));
        }
        let mail = service(&api, "Mail", json!({"rto_seconds": 60}));
        api.create("mappings", &map(&mail, &b, json!({})));
        for component in [&a, &b, &c] {
            assert_eq!(effective(&api, "components", component)[0], Some(60));
        }
    }

    fn objectives_that_contradict_each_other_are_taken_and_shown(server) {
        let api = server.fresh_organization();
        let draft = |key: &str, rto: u64, wrt: Value| {
            json!({"key": key, "name": "Pay", "rto_seconds": rto, "wrt_seconds": wrt, "mtpd_seconds": 100})
        };
        for (key, rto, wrt) in [("FIT", 60, json!(40)), ("WRT", 60, json!(41)), ("RTO", 101, json!(null)), ("NONE", 100, json!(null))] {
            api.create("business-processes", &draft(key, rto, wrt));
        }
        let shown = || -> Vec<String> {
            let gaps = api.get("/gaps?code=objectives_inconsistent").expect(200).json();
            let gaps = gaps["items"].as_array().expect("gaps").clone();
            gaps.iter().map(|gap| gap["item"]["key"].as_str().expect("a key").to_owned()).collect()
        };
        let mut found = shown();
        found.sort();
        assert_eq!(found, ["RTO", "WRT"]);
        api.patch("/business-processes/key:WRT", &json!({"mtpd_seconds": 101})).expect(200);
        api.patch("/business-processes/key:RTO", &json!({"status": "draft"})).expect(200);
        assert_eq!(shown(), [""; 0]);
    }

    fn a_contract_is_with_a_supplier_and_agreements_hold_from_day_to_day(server) {
        let api = server.fresh_organization();
        let (carrier, desk) = (api.create("suppliers", &json!({"name": "Carrier"})), api.create("contacts", &json!({"name": "Desk"})));
        let wrong = json!({"name": "Lines", "kind": "underpinning_contract", "valid_from": "2026-02-01", "valid_to": "2026-01-31"});
        api.post("/agreements", &wrong).invalid(&[("/supplier", "required"), ("/valid_to", "inconsistent")]);
        let good = json!({"name": "Lines", "kind": "underpinning_contract", "supplier": carrier["id"], "valid_from": "2026-01-31",
                          "valid_to": "2026-01-31", "notice_period_days": 31});
        let made = api.create("agreements", &good);
        assert_eq!((&made["state"], &made["notice_by"]), (&json!("expired"), &json!("2025-12-31")));
        let path = format!("/agreements/{}", made["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"supplier": null})).invalid(&[("/supplier", "required")]);
        let team = api.patch(&path, &json!({"kind": "ola", "supplier": null, "provider": desk["id"]})).expect(200).json();
        assert_eq!((&team["provider"]["id"], &team["supplier"]), (&desk["id"], &Value::Null));
        let later = api.create("agreements", &json!({"name": "Later", "kind": "sla", "valid_from": "2999-01-01"}));
        let open = api.create("agreements", &json!({"name": "Open", "kind": "sla"}));
        for (state, one) in [("expired", &made), ("upcoming", &later), ("in_force", &open)] {
            assert_eq!(api.get(&format!("/agreements?state={state}")).expect(200).each("id"), [one["id"].as_str().expect("an id")]);
            assert_eq!(one["state"], json!(state));
        }
    }

    fn an_objective_reaches_all_it_depends_on_through_cascades(server) {
        let api = server.fresh_organization();
        let pay = api.create("business-processes", &json!({"name": "Pay", "rto_seconds": 3600, "rpo_seconds": 0, "mtpd_seconds": 7200}));
        let web = service(&api, "Web", json!({"rto_seconds": 7200, "rpo_seconds": 900}));
        let base = service(&api, "Base", json!({"rto_seconds": 1800}));
        let [server_a, disk, spare] = ["server", "disk", "spare"].map(|name| component(&api, name));
        let link = api.create("mappings", &map(&pay, &web, json!({})));
        for (dependent, provider) in [(&web, &base), (&base, &server_a), (&server_a, &disk)] {
            api.create("mappings", &map(dependent, provider, json!({})));
        }
        for effect in ["partial", "none"] {
            api.create("mappings", &map(&web, &spare, json!({"effect": effect, "relation": "runs_on", "redundancy_group": effect})));
        }
        assert_eq!(effective(&api, "services", &web), [Some(3600), Some(0), Some(7200)]);
        assert_eq!(effective(&api, "services", &base), [Some(1800), Some(0), Some(7200)]);
        assert_eq!(effective(&api, "components", &disk), [Some(1800), Some(0), Some(7200)]);
        assert_eq!(effective(&api, "components", &spare), [None, None, None]);
        let path = format!("/mappings/{}", link["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"effect": "partial"})).expect(200);
        assert_eq!(effective(&api, "components", &disk), [Some(1800), Some(900), None]);
        api.patch(&path, &json!({"effect": "cascade"})).expect(200);
        assert_eq!(effective(&api, "components", &disk), [Some(1800), Some(0), Some(7200)]);
        api.delete(&path).expect(204);
        assert_eq!(effective(&api, "services", &web), [Some(7200), Some(900), None]);
    }

    fn an_objective_that_nobody_has_set_any_more_does_not_hold_itself_up_in_a_circle(server) {
        let api = server.fresh_organization();
        let pay = api.create("business-processes", &json!({"name": "Pay", "rto_seconds": 3600, "mtpd_seconds": 7200}));
        let sell = api.create("business-processes", &json!({"name": "Sell", "rto_seconds": 3600}));
        let (web, base) = (service(&api, "Web", json!({})), service(&api, "Base", json!({})));
        let disk = component(&api, "disk");
        let links: Vec<String> = [(&pay, &web), (&sell, &base), (&web, &base), (&base, &web), (&base, &disk)]
            .map(|(dependent, provider)| api.create("mappings", &map(dependent, provider, json!({}))))
            .iter()
            .map(|link| format!("/mappings/{}", link["id"].as_str().expect("an id")))
            .collect();
        let all = || [("services", &web), ("services", &base), ("components", &disk)].map(|(kind, one)| effective(&api, kind, one));
        assert_eq!(all(), [[Some(3600), None, Some(7200)]; 3]);
        // The same RTO still comes from the other process; the MTPD from nobody but each other.
        api.delete(&links[0]).expect(204);
        assert_eq!(all(), [[Some(3600), None, None]; 3]);
        api.delete(&links[1]).expect(204);
        assert_eq!(all(), [[None, None, None]; 3]);
        // What a service sets itself goes around too, and away again.
        let path = format!("/services/{}", web["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"rto_seconds": 60, "rpo_seconds": 5})).expect(200);
        assert_eq!(all(), [[Some(60), Some(5), None]; 3]);
        api.patch(&path, &json!({"rto_seconds": 90, "rpo_seconds": null})).expect(200);
        assert_eq!(all(), [[Some(90), None, None]; 3]);
    }

    fn lists_filter_and_sort_by_effective_objectives(server) {
        let api = server.fresh_organization();
        let strict = service(&api, "Strict", json!({"rto_seconds": 60}));
        let loose = service(&api, "Loose", json!({"rto_seconds": 6000}));
        let unset = service(&api, "Unset", json!({}));
        let shared = service(&api, "Shared", json!({}));
        api.create("mappings", &map(&strict, &shared, json!({})));
        let keys = |query: &str| api.get(&format!("/services?{query}")).expect(200).each("name");
        assert_eq!(keys("effective_rto_seconds[lte]=60&sort=name"), ["Shared", "Strict"]);
        assert_eq!(keys("effective_rto_seconds=6000"), [loose["name"].as_str().expect("a name")]);
        let sorted = keys("sort=effective_rto_seconds,name");
        assert_eq!(sorted, ["Shared", "Strict", "Loose", unset["name"].as_str().expect("a name")]);
    }

    fn the_mappings_of_an_object_are_included_on_demand_in_both_directions(server) {
        let api = server.fresh_organization();
        let (web, base, disk) = (service(&api, "Web", json!({})), service(&api, "Base", json!({})), component(&api, "Disk"));
        let up = api.create("mappings", &map(&web, &base, json!({})));
        let down = api.create("mappings", &map(&base, &disk, json!({})));
        let path = format!("/services/{}", base["id"].as_str().expect("an id"));
        assert!(api.get(&path).expect(200).json().get("mappings").is_none());
        let with = api.get(&format!("{path}?include=mappings")).expect(200);
        let found: Vec<String> = with.json()["mappings"].as_array().expect("mappings").iter()
            .filter_map(|mapping| mapping["id"].as_str().map(str::to_owned))
            .collect();
        for mapping in [up, down] {
            assert!(found.contains(&mapping["id"].as_str().expect("an id").to_owned()), "{}", with.story());
        }
        assert_eq!(found.len(), 2);
        api.get(&format!("{path}?include=nonsense")).refused(400, "invalid_parameter");
    }

    fn a_new_mapping_changes_the_entity_tag_of_what_it_makes_stricter(server) {
        let api = server.fresh_organization();
        let (web, base) = (service(&api, "Web", json!({"rto_seconds": 60})), service(&api, "Base", json!({})));
        let path = format!("/services/{}", base["id"].as_str().expect("an id"));
        let before = api.get(&path).expect(200).etag();
        api.create("mappings", &map(&web, &base, json!({})));
        let known = api.call("GET", &path).header("If-None-Match", before.as_str()).send();
        assert_eq!(known.expect(200).json()["effective_rto_seconds"], json!(60));
        api.call("PATCH", &path).header("If-Match", "\"1\"").json(&json!({"description": "x"})).send().expect(200);
    }
}

both! {
    fn what_no_calendar_and_no_ledger_can_keep_is_refused_where_it_stands(server) {
        let api = server.fresh_organization();
        for time in ["9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z"] {
            api.post("/change-requests", &json!({"title": "x", "planned_start": time})).invalid(&[("/planned_start", "bad_format")]);
        }
        api.post("/risks", &json!({"title": "x", "identified_on": "0000-01-01"})).invalid(&[("/identified_on", "bad_format")]);
        let change = api.create("change-requests", &json!({"title": "x"}));
        let path = format!("/change-requests/{}", change["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"status": 7})).invalid(&[("/status", "wrong_type")]);
    }

    fn a_yearly_loss_beyond_all_amounts_is_not_told(server) {
        let api = server.fresh_organization();
        let loss = |amount: &str| json!({"title": "x", "yearly_rate": 1_000_000, "single_loss": {"amount": amount, "currency": "EUR"}});
        assert_eq!(api.create("risks", &loss("999999999999999.9999"))["annual_loss_expectancy"], Value::Null);
        let told = api.create("risks", &loss("12.5"))["annual_loss_expectancy"].clone();
        assert_eq!(told, json!({"amount": "12500000.00", "currency": "EUR"}));
    }

    fn a_batch_tells_the_version_in_which_it_leaves_an_object(server) {
        let api = server.fresh_organization();
        let rows = json!([
            {"op": "upsert", "kind": "risk", "id": "key:R", "data": {"title": "x"}},
            {"op": "upsert", "kind": "risk_assessment", "id": "key:A", "data": {"risk": "key:R", "likelihood": 2, "impact": 2}},
        ]);
        let answer = api.post("/batch", &json!({"rows": rows})).expect(200).json();
        assert_eq!(answer["rows"][0]["version"], api.get("/risks/key:R").expect(200).json()["version"]);
        assert_eq!(answer["rows"][0]["version"], json!(2));
    }

    fn what_nobody_has_written_is_there_to_be_conditioned_on(server) {
        let api = server.fresh_organization();
        let put = |level: i64, tag: &str| {
            api.call("PUT", "/settings").header("If-Match", tag).json(&json!({"intolerable_level": level})).send()
        };
        put(2, "\"1\"").refused(412, "precondition_failed");
        put(2, "*").expect(200);
        put(1, "\"0\", \"1\"").expect(200);
        put(2, "\"0\"").refused(412, "precondition_failed");
    }
}

/// The objective of the one item that an impact analysis tells as down.
fn told(api: &Api, lost: &Value, query: &str) -> Value {
    let answer = api.post(&format!("/analysis/impact{query}"), &json!({"lost": [lost["id"]]})).expect(200).json();
    assert_eq!(answer["totals"]["down"], 1);
    answer["down"][0]["objective"].clone()
}

both! {
    fn a_recovery_tier_gives_the_objectives_that_are_not_set_and_they_follow_it(server) {
        let api = server.fresh_organization();
        let gold = api.create("recovery-tiers", &json!({"name": "Gold", "rank": 1, "rto_seconds": 3600, "rpo_seconds": 60}));
        let tier = format!("/recovery-tiers/{}", gold["id"].as_str().expect("an id"));
        let web = service(&api, "Web", json!({"recovery_tier": gold["id"], "rpo_seconds": 900}));
        assert_eq!(web["effective_rto_seconds"], 3600);
        let disk = component(&api, "disk");
        api.create("mappings", &map(&web, &disk, json!({})));
        let all = || (effective(&api, "services", &web), effective(&api, "components", &disk), told(&api, &disk, ""));
        let expected = |rto: Option<u64>, rpo: Option<u64>| {
            ([rto, rpo, None], [rto, rpo, None], json!({"rto_seconds": rto, "rpo_seconds": rpo, "mtpd_seconds": null}))
        };
        assert_eq!(all(), expected(Some(3600), Some(900)));
        let before = api.seq();
        // Laxer, stricter, and no more than it was.
        for rto in [Some(7200), Some(60), None, Some(1800)] {
            api.patch(&tier, &json!({"rto_seconds": rto, "rpo_seconds": 1})).expect(200);
            assert_eq!(all(), expected(rto, Some(900)));
        }
        let path = format!("/services/{}", web["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"rpo_seconds": null})).expect(200);
        assert_eq!(all(), expected(Some(1800), Some(1)));
        api.patch(&path, &json!({"rto_seconds": 5})).expect(200);
        assert_eq!(all(), expected(Some(5), Some(1)));
        api.delete(&tier).refused(409, "still_referenced");
        api.patch(&path, &json!({"recovery_tier": null})).expect(200);
        assert_eq!(all(), expected(Some(5), None));
        api.delete(&tier).expect(204);

        // As it was, before the tier changed and went.
        let query = format!("?as_of={before}");
        assert_eq!(told(&api, &disk, &query), expected(Some(3600), Some(900)).2);
        let then = api.get(&format!("{path}{query}")).expect(200).json();
        assert_eq!((&then["effective_rto_seconds"], &then["effective_rpo_seconds"]), (&json!(3600), &json!(900)));
    }

    fn a_process_hands_down_what_its_tier_gives_it_also_when_one_batch_makes_them_all(server) {
        let api = server.fresh_organization();
        let rows = json!([
            {"op": "upsert", "kind": "mapping", "id": "key:M1", "data": {"dependent": "key:PAY", "provider": "key:WEB"}},
            {"op": "upsert", "kind": "business_process", "id": "key:PAY", "data": {"name": "Pay", "recovery_tier": "key:GOLD", "mtpd_seconds": 90000}},
            {"op": "upsert", "kind": "service", "id": "key:WEB", "data": {"name": "Web", "recovery_tier": "key:IRON"}},
            {"op": "upsert", "kind": "recovery_tier", "id": "key:IRON", "data": {"name": "Iron", "rank": 4, "rto_seconds": 500000, "rpo_seconds": 5}},
            {"op": "upsert", "kind": "recovery_tier", "id": "key:GOLD", "data": {"name": "Gold", "rank": 1, "rto_seconds": 3600, "rpo_seconds": 60}},
        ]);
        api.post("/batch", &json!({"rows": rows})).expect(200);
        let web = api.get("/services/key:WEB").expect(200).json();
        assert_eq!(effective(&api, "services", &web), [Some(3600), Some(5), Some(90_000)]);
        let named = api.get("/business-processes?recovery_tier=key:GOLD").expect(200).each("key");
        assert_eq!(named, ["PAY"]);
        api.patch("/recovery-tiers/key:GOLD", &json!({"rto_seconds": 60})).expect(200);
        assert_eq!(effective(&api, "services", &web), [Some(60), Some(5), Some(90_000)]);
        api.patch("/business-processes/key:PAY", &json!({"recovery_tier": "key:IRON"})).expect(200);
        assert_eq!(effective(&api, "services", &web), [Some(500_000), Some(5), Some(90_000)]);
    }
}
