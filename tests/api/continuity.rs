//! The continuity of a service in one call, its readiness, and its badge.

use crate::both;
use crate::gaps::{id, needs};
use crate::practice::stage::{active_plan, declared, moment, step, went};
use crate::support::Api;
use serde_json::{Value, json};

struct Stage {
    api: Api,
    shop: Value,
    disk: Value,
    plan: Value,
}

/// A service of which nearly everything is known: owner, objectives, capabilities, two disks, a plan in force.
fn stage(server: &std::sync::Arc<crate::support::Server>) -> Stage {
    let api = server.fresh_organization();
    let ana = api.create("contacts", &json!({"name": "Ana", "key": "ana"}));
    let pay = api.create("business-processes", &json!({"name": "Pay", "vital": true, "mtpd_seconds": 86400}));
    let draft = json!({
        "name": "Shop", "key": "SHOP", "criticality": "highly_critical", "owner": ana["id"], "rto_seconds": 7200, "rpo_seconds": 900,
        "recovery_time_seconds": 600, "data_loss_seconds": 60
    });
    let shop = api.create("services", &draft);
    let disk = |name: &str| {
        let draft = json!({"name": name, "key": name, "kind": "server", "recovery_time_seconds": 1800, "data_loss_seconds": 60});
        api.create("components", &draft)
    };
    let (disk, second) = (disk("DISK-1"), disk("DISK-2"));
    needs(&api, &pay, &shop);
    for one in [&disk, &second] {
        let draft = json!({"dependent": shop["id"], "provider": one["id"], "redundancy_group": "disks", "required": 1});
        api.create("mappings", &draft);
    }
    let mut restore = step("restore", &["look"], 3600);
    restore["recovers"] = json!([disk["id"]]);
    let plan = active_plan(&api, &[&shop], &json!([]), &[step("look", &[], 600), restore, step("party", &["restore"], 900)]);
    api.patch(&format!("/plans/{}", id(&plan)), &json!({"review_due": "2999-01-01"})).expect(200);
    Stage { api, shop, disk, plan }
}

impl Stage {
    #[track_caller]
    fn told(&self) -> Value {
        self.api.get("/services/key:SHOP/continuity").expect(200).json()
    }
    fn measured(&self) -> Value {
        let draft =
            json!({"subject": self.shop["id"], "source": "restore_test", "restoration_seconds": 3000, "data_loss_seconds": 1000});
        self.api.create("measurements", &draft)
    }
    fn exercised(&self) -> Value {
        let draft = json!({
            "title": "Try it", "kind": "functional", "category": "technical", "plans": [self.plan["id"]],
            "scheduled_start": moment(-7200), "scheduled_end": moment(-3600)
        });
        let exercise = self.api.create("exercises", &draft);
        went(&self.api, "exercises", &exercise, &["approved", "in_progress", "completed"])
    }
    fn badge(&self) -> String {
        let answer = self.api.get("/services/key:SHOP/badge.svg").expect(200);
        assert!(answer.needed_header("content-type").starts_with("image/svg+xml"), "{}", answer.story());
        answer.text()
    }
}

/// What a rule of readiness gave, and of how much.
#[track_caller]
fn points(told: &Value, rule: &str) -> (i64, i64) {
    let all = told["readiness"]["points"].as_array().expect("a list");
    let one = all.iter().find(|one| one["rule"] == rule).unwrap_or_else(|| panic!("no {rule}"));
    assert_eq!(one["met"], json!(one["points"] == one["of"]), "{one}");
    (one["points"].as_i64().expect("a figure"), one["of"].as_i64().expect("a figure"))
}

#[track_caller]
fn score(told: &Value) -> i64 {
    let all = told["readiness"]["points"].as_array().expect("a list");
    let sum = |member: &str| all.iter().map(|one| one[member].as_i64().expect("a figure")).sum::<i64>();
    assert_eq!(sum("of"), 100);
    assert_eq!(told["readiness"]["score"], json!(sum("points")));
    sum("points")
}

both! {
    fn one_call_tells_everything_there_is_to_a_service(server) {
        let stage = stage(server);
        let api = &stage.api;
        let measurement = stage.measured();
        let exercise = stage.exercised();
        let risk = api.create("risks", &json!({"title": "Flood", "components": [stage.disk["id"]]}));
        api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 4, "impact": 4}));
        let unrated = api.create("risks", &json!({"title": "Strike", "services": [stage.shop["id"]]}));
        api.create("risks", &json!({"title": "Elsewhere"}));
        let measure = json!({"title": "Raise it", "nature": "organisational", "purpose": "preventive", "risks": [risk["id"]], "due_on": "2020-01-01"});
        let measure = api.create("measures", &measure);
        let finding = api.create("findings", &json!({"title": "No key", "severity": "minor", "source": "audit", "components": [stage.disk["id"]]}));
        let disruption = declared(api, &[&stage.shop], &moment(-60));
        let told = stage.told();
        assert_eq!((&told["service"]["key"], &told["criticality"], &told["lifecycle"]), (&json!("SHOP"), &json!("highly_critical"), &json!("live")));
        assert_eq!(told["owner"]["key"], json!("ana"));
        assert_eq!(told["objectives"], json!({"rto_seconds": 7200, "rpo_seconds": 900, "mtpd_seconds": 86400}));
        let achievable = &told["achievable"];
        assert_eq!((&achievable["seconds"], &achievable["known"], &achievable["verdict"]), (&json!(2400), &json!(true), &json!("met")));
        assert_eq!((&achievable["data_verdict"], &achievable["bottleneck"]["kind"]), (&json!("met"), &json!("component")));
        let (restoration, loss) = (&told["proven"]["restoration"], &told["proven"]["data_loss"]);
        assert_eq!((&restoration["seconds"], &restoration["level"], &restoration["stale"]), (&json!(3000), &json!("exercised"), &json!(false)));
        assert_eq!((&restoration["met"], &loss["met"], &restoration["source"]["id"]), (&json!(true), &json!(false), &measurement["id"]));
        assert_eq!(told["dependencies"], json!({"providers": 2, "dependents": 1}));
        assert_eq!(told["single_points_of_failure"], json!({"items": [], "total": 0}));
        let risks = &told["risks"];
        assert_eq!((&risks["total"], &risks["items"][0]["risk"]["id"], &risks["items"][1]["risk"]["id"]), (&json!(2), &risk["id"], &unrated["id"]));
        assert_eq!((&risks["items"][0]["score"], &risks["by_class"]), (&json!(16), &json!([{"class": "high", "count": 1}])));
        let measures = &told["measures"];
        assert_eq!((&measures["open"], &measures["overdue"], &measures["items"][0]["measure"]["id"]), (&json!(1), &json!(1), &measure["id"]));
        assert_eq!((&told["findings"]["open"], &told["findings"]["overdue"]), (&json!(1), &json!(0)));
        assert_eq!(told["findings"]["items"][0]["finding"]["id"], finding["id"]);
        let plan = &told["plans"]["items"][0];
        assert_eq!((&plan["plan"]["id"], &plan["number"], &plan["planned_seconds"]), (&stage.plan["id"], &json!(1), &json!(4200)));
        assert_eq!((&told["exercises"]["last"]["exercise"]["id"], &told["exercises"]["next"]), (&exercise["id"], &Value::Null));
        assert_eq!(told["exercises"]["last"]["result"], exercise["result"]);
        let open = &told["disruptions"]["items"][0];
        assert_eq!((&open["disruption"]["id"], &open["state"], &open["status"]), (&disruption["id"], &json!("down"), &json!("declared")));
        let gaps = told["gaps"]["items"].as_array().expect("a list");
        assert_eq!(told["gaps"]["total"], json!(gaps.len()));
        assert!(gaps.iter().any(|gap| gap["code"] == "measure_overdue" && gap["item"]["id"] == measure["id"]), "{gaps:?}");
    }

    fn readiness_grows_with_what_is_done_and_adds_up(server) {
        let api = server.fresh_organization();
        let bare = api.create("services", &json!({"name": "Bare"}));
        let told = api.get(&format!("/services/{}/continuity", id(&bare))).expect(200).json();
        // Nothing is known against it, and nothing for it.
        assert_eq!((score(&told), points(&told, "nothing_critical_or_overdue")), (5, (5, 5)));
        let stage = stage(server);
        let before = stage.told();
        assert_eq!((points(&before, "exercised_within_a_year"), points(&before, "proof_fresh")), ((0, 15), (0, 15)));
        assert_eq!(score(&before), 70);
        stage.measured();
        assert_eq!(score(&stage.told()), 85);
        stage.exercised();
        assert_eq!(score(&stage.told()), 100);
        stage.api.patch(&format!("/plans/{}", id(&stage.plan)), &json!({"review_due": "2020-01-01"})).expect(200);
        assert_eq!(points(&stage.told(), "plan_reviewed"), (0, 5));
        stage.api.patch("/services/key:SHOP", &json!({"rto_seconds": 60, "rpo_seconds": null})).expect(200);
        let told = stage.told();
        assert_eq!((points(&told, "objectives_set"), points(&told, "rto_achievable"), points(&told, "rpo_achievable")), ((5, 10), (0, 10), (0, 5)));
        // A missed RTO of what a vital function depends on is critical.
        assert_eq!(points(&told, "nothing_critical_or_overdue"), (0, 5));
        score(&told);
    }

    fn a_badge_is_grey_without_a_proof_and_with_a_stale_one(server) {
        let stage = stage(server);
        let (grey, green, amber) = ("#666666", "#1f7a3d", "#8a5a00");
        let none = stage.badge();
        assert!(none.contains("no proof") && none.contains(grey), "{none}");
        stage.measured();
        let good = stage.badge();
        assert!(good.contains("85 · exercised") && good.contains(green), "{good}");
        stage.api.patch(&format!("/plans/{}", id(&stage.plan)), &json!({"review_due": null})).expect(200);
        stage.api.patch("/services/key:SHOP", &json!({"rto_seconds": 60})).expect(200);
        let fair = stage.badge();
        assert!(fair.contains("65 · exercised") && fair.contains(amber), "{fair}");
        stage.api.patch("/components/key:DISK-1", &json!({"recovery_option": "fast"})).expect(200);
        let stale = stage.badge();
        assert!(stale.contains("stale") && stale.contains(grey) && !stale.contains("exercised"), "{stale}");
        let told = stage.told();
        let restoration = &told["proven"]["restoration"];
        assert_eq!((&restoration["stale"], &restoration["counts_as"], &restoration["level"]), (&json!(true), &json!("estimated"), &json!("exercised")));
        assert_eq!(stage.api.get("/services/key:NOBODY/badge.svg").status(), 404);
        assert_eq!(stage.api.get("/services/key:SHOP/badge.svg?x=1").status(), 400);
    }

    fn the_past_is_told_as_it_was_and_what_has_not_changed_is_not_sent_again(server) {
        let stage = stage(server);
        stage.measured();
        stage.exercised();
        let (now, then) = (stage.told(), stage.api.seq());
        let api = &stage.api;
        let path = "/services/key:SHOP/continuity";
        let etag = api.get(path).expect(200).etag();
        assert_eq!(api.call("GET", path).header("If-None-Match", etag.as_str()).send().expect(304).etag(), etag);
        api.patch("/services/key:SHOP", &json!({"rto_seconds": 60, "owner": null, "lifecycle": "retired"})).expect(200);
        api.patch("/components/key:DISK-1", &json!({"recovery_option": "fast", "name": "Old disk"})).expect(200);
        api.create("risks", &json!({"title": "Flood", "components": [stage.disk["id"]]}));
        declared(api, &[&stage.shop], &moment(-60));
        let later = stage.told();
        assert_ne!(api.get(path).expect(200).etag(), etag);
        // What is retired depends on nothing any more, so that no risk reaches it.
        assert_eq!((&later["lifecycle"], &later["owner"], &later["risks"]["total"]), (&json!("retired"), &Value::Null, &json!(0)));
        assert_eq!(api.get(&format!("{path}?as_of={then}")).expect(200).json(), now);
        assert_eq!(api.get(&format!("{path}?as_of=1")).status(), 404);
        assert_eq!(api.get(&format!("{path}?limit=1")).status(), 400);
        assert_eq!(now["gaps"], json!({"items": [], "total": 0}));
    }
}
