//! Plans: whose approval they need, what is fixed from then on, what is in force, and copies.

mod findings;
mod parts;
mod runs;

use crate::both;
use crate::prepared::{
    activate, active_version, approvals, approve, colleague, draft_of, go, id, plan, plan_in_force, two_steps, words,
};
use crate::support::cluster::Cluster;
use crate::support::sql::Database;
use crate::support::{Answer, Api, Server};
use serde_json::{Value, json};

const SCM: &str = "it_service_continuity_manager";

/// A version in review.
fn reviewed(api: &Api, plan: &Value) -> Value {
    let version = draft_of(api, plan, &words());
    go(api, "plan-versions", &version, &json!({"to": "in_review"}))
}

fn says(api: &Api, version: &Value, role: &str, decision: &str) -> Answer {
    api.post(&approvals(version), &json!({"role": role, "decision": decision, "comment": "Read it"}))
}

/// What is told to be wanting for the approval of a version, by the try and by the list alike.
#[track_caller]
fn wanting(api: &Api, version: &Value) -> Vec<String> {
    let path = format!("/plan-versions/{}/transitions", id(version));
    let rehearsed = api.call("POST", &path).header("Prefer", "tx=rollback").json(&json!({"to": "approved"})).send();
    let tried: Vec<String> = rehearsed.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(rehearsed.status(), if tried.is_empty() { 200 } else { 409 }, "{}", rehearsed.story());
    let told = api.get(&path).expect(200).json();
    let moves = told["transitions"].as_array().expect("a list");
    let one = moves.iter().find(|one| one["to"] == json!("approved")).expect("the move");
    let mut told: Vec<&str> =
        one["reasons"].as_array().expect("a list").iter().filter_map(|reason| reason["code"].as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, tried, "{one}");
    tried
}

fn version_path(version: &Value) -> String {
    format!("/plans/{}/versions/{}", id(&version["plan"]), version["number"])
}

/// What `statements` are refused with by the database itself.
fn refusal(server: &Server, statements: &str) -> String {
    let database = Database::of(&server.home, Cluster::shared);
    database.try_execute(statements).expect_err("the database refuses it")
}

/// An id as it stands in SQL.
fn literal(server: &Server, object: &Value) -> String {
    let plain = id(object).replace('-', "");
    let text = format!("'{}'", id(object));
    let bytes = format!("X'{plain}'");
    Database::of(&server.home, Cluster::shared).either(&bytes, &text).to_owned()
}

both! {
    fn an_author_alone_approves_nothing(server) {
        let api = server.fresh_organization();
        let version = reviewed(&api, &plan(&api));
        assert_eq!(wanting(&api, &version), ["approval_missing", "four_eyes"]);
        says(&api, &version, SCM, "approved").expect(200);
        assert_eq!(wanting(&api, &version), ["four_eyes"]);
        says(&api, &version, "administrator", "approved").refused(409, "already_decided");
        let bob = colleague(&api, "bob", &["process_owner"]);
        let now = says(&bob, &version, "process_owner", "approved").expect(200).json();
        assert_eq!(wanting(&api, &version), Vec::<String>::new());
        let who: Vec<&Value> = now["approvals"].as_array().expect("a list").iter().map(|one| &one["approver"]).collect();
        assert_eq!(who, [&json!("ana"), &json!("bob")]);
        assert_eq!((&now["approvals"][1]["role"], &now["approvals"][1]["comment"]), (&json!("process_owner"), &json!("Read it")));
    }

    fn whoever_has_changed_a_draft_is_one_of_its_authors(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &words());
        let bob = colleague(&api, "bob", &[SCM]);
        let path = version_path(&version);
        assert_eq!(bob.patch(&path, &json!({"tags": ["x"]})).expect(200).json()["authors"], json!(["ana"]), "tags are no content");
        bob.put(&format!("{path}/sections/more"), &json!({"title": "More"})).expect(201);
        let now = bob.get(&format!("/plan-versions/{}", id(&version))).expect(200).json();
        assert_eq!(now["authors"], json!(["ana", "bob"]));
        go(&api, "plan-versions", &version, &json!({"to": "in_review"}));
        says(&bob, &version, SCM, "approved").expect(200);
        assert_eq!(wanting(&api, &version), ["four_eyes"]);
        says(&colleague(&api, "eve", &["process_owner"]), &version, "process_owner", "approved").expect(200);
        assert_eq!(wanting(&api, &version), Vec::<String>::new());
    }

    fn the_settings_say_whose_approval_a_kind_of_plan_needs(server) {
        let api = server.fresh_organization();
        let roles = ["process_owner", "administrator"];
        api.put("/settings", &json!({"plan_approvals": [{"kind": "disaster_recovery", "roles": roles}]})).expect(200);
        let version = reviewed(&api, &plan(&api));
        let other = api.create("plans", &json!({"title": "Crisis", "kind": "crisis"}));
        let crisis = reviewed(&api, &other);
        assert_eq!(wanting(&api, &version), ["approval_missing", "approval_missing", "four_eyes"]);
        assert_eq!(wanting(&api, &crisis), ["approval_missing", "four_eyes"]);
        let bob = colleague(&api, "bob", &["process_owner"]);
        for one in [&version, &crisis] {
            says(&bob, one, "process_owner", "approved").expect(200);
            assert_eq!(wanting(&api, one), ["approval_missing"]);
        }
        says(&api, &version, "administrator", "approved").expect(200);
        says(&api, &crisis, SCM, "approved").expect(200);
        for one in [&version, &crisis] {
            go(&api, "plan-versions", one, &json!({"to": "approved"}));
        }
    }

    fn one_decides_in_a_role_one_has_and_only_in_review(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &words());
        let bob = colleague(&api, "bob", &["process_owner"]);
        says(&bob, &version, "process_owner", "approved").refused(409, "transition_closed");
        go(&api, "plan-versions", &version, &json!({"to": "in_review"}));
        says(&bob, &version, SCM, "approved").refused(403, "forbidden");
        says(&bob, &version, "test_manager", "approved").invalid(&[("/role", "not_allowed")]);
        says(&bob, &version, "process_owner", "maybe").invalid(&[("/decision", "not_allowed")]);
        let nothing = bob.post(&approvals(&version), &json!({"nonsense": 1}));
        nothing.invalid(&[("/role", "required"), ("/decision", "required"), ("/nonsense", "unknown_field")]);
        let stale = bob.call("POST", &approvals(&version)).header("If-Match", "\"1\"");
        stale.json(&json!({"role": "process_owner", "decision": "approved"})).send().refused(412, "precondition_failed");
        let told = api.get(&format!("/plan-versions/{}", id(&version))).expect(200).json();
        assert_eq!(told["approvals"], json!([]));
    }

    fn a_rejected_version_goes_back_to_draft_and_begins_anew(server) {
        let api = server.fresh_organization();
        let version = reviewed(&api, &plan(&api));
        let bob = colleague(&api, "bob", &[SCM]);
        says(&bob, &version, SCM, "rejected").expect(200);
        says(&colleague(&api, "eve", &[SCM]), &version, SCM, "approved").expect(200);
        assert_eq!(wanting(&api, &version), ["rejected"]);
        let draft = go(&api, "plan-versions", &version, &json!({"to": "draft"}));
        assert_eq!(draft["approvals"], json!([]), "what was decided was decided on other content");
        api.patch(&version_path(&version), &json!({"scope": "Payroll"})).expect(200);
        approve(&api, &version);
    }

    fn what_says_nothing_is_not_reviewed(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &json!({}));
        let answer = api.post(&format!("{}/transitions", version_path(&version)), &json!({"to": "in_review"}));
        answer.refused(409, "transition_closed");
        assert_eq!(answer.faults(), [("/to".to_owned(), "empty".to_owned())]);
    }

    fn content_is_fixed_from_review_on(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &two_steps());
        let (path, own) = (version_path(&version), format!("/plan-versions/{}", id(&version)));
        let mut whole = two_steps();
        whole["plan"] = version["plan"]["id"].clone();
        let changed = |member: &str, value: Value| { let mut changed = whole.clone(); changed[member] = value; changed };
        let refuse = || {
            let section = json!({"title": "More"});
            let all = [
                api.patch(&path, &json!({"scope": "more"})),
                api.patch(&own, &json!({"steps": []})),
                api.put(&own, &changed("scope", json!("more"))),
                api.put(&format!("{path}/sections/more"), &section),
                api.put(&format!("{path}/sections"), &json!([{"key": "more", "title": "More"}])),
                api.patch(&format!("{path}/steps/check"), &json!({"title": "Look"})),
                api.delete(&format!("{path}/steps/check")),
            ];
            for answer in all {
                answer.refused(409, "content_fixed");
            }
            let row = json!({"op": "merge", "kind": "plan_version", "id": id(&version), "data": {"scope": "more"}});
            let answer = api.post("/batch", &json!({"mode": "partial", "rows": [row]})).expect(200).json();
            assert_eq!(answer["rows"][0]["problem"]["code"], json!("content_fixed"), "{answer}");
            let now = api.get(&own).expect(200).json();
            assert_eq!((&now["content_sha256"], &now["steps"]), (&version["content_sha256"], &version["steps"]));
        };
        go(&api, "plan-versions", &version, &json!({"to": "in_review"}));
        refuse();
        says(&colleague(&api, "bob", &[SCM]), &version, SCM, "approved").expect(200);
        for status in ["approved", "active", "withdrawn"] {
            go(&api, "plan-versions", &version, &json!({"to": status}));
            refuse();
            api.delete(&own).refused(409, "content_fixed");
            api.put(&own, &whole).expect(200);
            let tagged = api.patch(&path, &json!({"tags": [status]})).expect(200).json();
            assert_eq!(tagged["tags"], json!([status]), "what is no content may change");
        }
    }

    fn the_database_itself_refuses_to_change_or_delete_what_was_approved(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &words());
        let approved = approve(&api, &version);
        let row = format!("id = {}", literal(server, &version));
        for change in ["content = '{}'", "content_sha256 = 'x'", "number = 7", "status = 'draft'"] {
            let refused = refusal(server, &format!("UPDATE plan_versions SET {change} WHERE {row}"));
            assert!(refused.contains("approved content never changes"), "{change}: {refused}");
        }
        let refused = refusal(server, &format!("DELETE FROM plan_versions WHERE {row}"));
        assert!(refused.contains("approved content is never deleted"), "{refused}");
        assert_eq!(api.get(&format!("/plan-versions/{}", id(&version))).expect(200).json(), approved);
    }

    fn one_version_of_a_plan_is_in_force_and_the_next_supersedes_it(server) {
        let api = server.fresh_organization();
        let plan = api.create("plans", &json!({"title": "Array", "kind": "disaster_recovery", "review_cycle_months": 12}));
        let shown = || api.get(&format!("/plans/{}", id(&plan))).expect(200).json();
        let first = activate(&api, &draft_of(&api, &plan, &words()));
        assert_eq!((&shown()["active_version"]["id"], &shown()["active_number"]), (&first["id"], &json!(1)));
        assert!(shown()["review_due"].as_str().is_some_and(|due| due > &jiff::Timestamp::now().to_string()[..10]), "{}", shown());
        let second = activate(&api, &draft_of(&api, &plan, &two_steps()));
        assert_eq!((&shown()["active_version"]["id"], &shown()["active_number"]), (&second["id"], &json!(2)));
        let old = api.get(&format!("/plan-versions/{}", id(&first))).expect(200).json();
        assert_eq!((&old["status"], &old["content_sha256"]), (&json!("superseded"), &first["content_sha256"]));
        assert_eq!(api.get(&format!("/plans/{}/versions?status=active", id(&plan))).expect(200).each("id"), [id(&second)]);
        go(&api, "plan-versions", &second, &json!({"to": "withdrawn"}));
        assert_eq!((&shown()["active_version"], &shown()["active_number"]), (&Value::Null, &Value::Null));
    }

    fn a_version_is_found_by_its_number_and_by_what_it_is(server) {
        let api = server.fresh_organization();
        let plan = plan_in_force(&api);
        let latest = draft_of(&api, &plan, &words());
        let active = id(&plan["active_version"]).to_owned();
        let key = format!("key:{}", latest["key"].as_str().expect("a key"));
        let found = |word: &str| {
            let answer = api.patch(&format!("/plans/{}/versions/{word}", id(&plan)), &json!({}));
            (answer.status(), answer.json()["id"].as_str().unwrap_or_default().to_owned())
        };
        for (word, wanted) in [("1", active.as_str()), ("active", &active), ("2", id(&latest)), ("latest", id(&latest)), (&key, id(&latest)), (id(&latest), id(&latest))] {
            assert_eq!(found(word), (200, wanted.to_owned()), "{word}");
        }
        let foreign = active_version(&api);
        for word in ["0", "3", "-1", "newest", "key:NOBODY", id(&foreign), "018f6c2e-0000-7000-8000-000000000000"] {
            assert_eq!(found(word).0, 404, "{word}");
        }
        let bare = crate::prepared::plan(&api);
        for word in ["active", "latest", "1"] {
            api.patch(&format!("/plans/{}/versions/{word}", id(&bare)), &json!({})).refused(404, "not_found");
        }
    }

    fn the_digest_is_that_of_the_content_and_of_nothing_else(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &two_steps());
        let (path, digest) = (version_path(&version), version["content_sha256"].clone());
        assert!(digest.as_str().is_some_and(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())));
        let same = |change: Value| api.patch(&path, &change).expect(200).json()["content_sha256"] == digest;
        assert!(same(json!({"title": "Renamed", "tags": ["x"], "description": "y", "key": "RENAMED"})));
        assert!(!same(json!({"scope": "Payroll"})));
        assert!(same(json!({"scope": null})));
        assert!(!same(json!({"steps": [two_steps()["steps"][0]]})));
        assert!(same(json!({"steps": two_steps()["steps"]})), "the same content has the same digest");
        assert_eq!(activate(&api, &version)["content_sha256"], digest);
        assert_eq!(api.get(&format!("/plan-versions?content_sha256={}", digest.as_str().expect("text"))).expect(200).each("id"), [id(&version)]);
    }

    fn a_copy_of_a_version_is_a_draft_by_its_authors_and_whoever_asks(server) {
        let api = server.fresh_organization();
        let version = activate(&api, &draft_of(&api, &plan(&api), &two_steps()));
        let bob = colleague(&api, "bob", &["process_owner"]);
        let answer = bob.post(&format!("{}/copy", version_path(&version)), &json!({"title": "After the move"})).expect(201);
        let copy = answer.json();
        assert_eq!((&copy["number"], &copy["status"], &copy["title"]), (&json!(2), &json!("draft"), &json!("After the move")));
        assert_eq!((&copy["authors"], &copy["approvals"], &copy["version"]), (&json!(["ana", "bob"]), &json!([]), &json!(1)));
        assert_eq!((&copy["steps"], &copy["plan"]), (&version["steps"], &version["plan"]));
        assert!(answer.needed_header("location").ends_with(id(&copy)), "{}", answer.story());
        let again = bob.post(&format!("{}/copy", version_path(&copy)), &json!({})).expect(201).json();
        assert_eq!((&again["number"], &again["title"]), (&json!(3), &json!("After the move")));
        bob.post(&format!("{}/copy", version_path(&copy)), &json!({"nonsense": 1})).invalid(&[("/nonsense", "unknown_field")]);
    }

    fn a_copy_of_a_plan_begins_with_a_draft_of_what_is_in_force(server) {
        let api = server.fresh_organization();
        let plan = plan(&api);
        api.post(&format!("/plans/{}/copy", id(&plan)), &json!({"title": "Empty"})).invalid(&[("/version", "unknown_version")]);
        let active = activate(&api, &draft_of(&api, &plan, &two_steps()));
        draft_of(&api, &plan, &words());
        let bob = colleague(&api, "bob", &["process_owner"]);
        let copied = |body: Value| {
            let copy = bob.post(&format!("/plans/{}/copy", id(&plan)), &body).expect(201).json();
            let versions = bob.get(&format!("/plans/{}/versions", id(&copy))).expect(200).items();
            assert_eq!(versions.len(), 1);
            assert_eq!((&copy["title"], &copy["kind"], &copy["active_version"]), (&body["title"], &plan["kind"], &Value::Null));
            assert_ne!(copy["key"], plan["key"]);
            versions[0].clone()
        };
        let first = copied(json!({"title": "South"}));
        assert_eq!((&first["steps"], &first["number"], &first["status"]), (&active["steps"], &json!(1), &json!("draft")));
        assert_eq!((&first["authors"], &first["approvals"]), (&json!(["ana", "bob"]), &json!([])));
        let second = copied(json!({"title": "East", "version": 2}));
        assert_eq!((&second["steps"], &second["sections"][0]["key"]), (&json!([]), &json!("background")));
        bob.post(&format!("/plans/{}/copy", id(&plan)), &json!({"title": "West", "version": 9})).invalid(&[("/version", "unknown_version")]);
        bob.post(&format!("/plans/{}/copy", id(&plan)), &json!({})).invalid(&[("/title", "required")]);
    }
}
