//! API keys: what opens with one, what does not, and when it ends.

use crate::both;
use crate::conformance::in_days;
use crate::prepared::id;
use crate::support::token::{ALL_POWERFUL, claims};
use crate::support::{Api, Backend, Server, fresh};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn draft(roles: &[&str]) -> Value {
    json!({"key": format!("pipeline-{}", fresh()), "name": "Pipeline", "roles": roles, "expires_at": in_days(30)})
}

#[track_caller]
fn secret(api: &Api, key: &Value, overlap: i64) -> String {
    let made = api.post(&format!("/api-keys/{}/secret", id(key)), &json!({"overlap_seconds": overlap})).expect(201).json();
    made["secret"].as_str().expect("a secret").to_owned()
}

/// A client with a new key.
#[track_caller]
fn keyed(api: &Api, draft: &Value) -> (Value, Api) {
    let key = api.create("api-keys", draft);
    let secret = secret(api, &key, 0);
    (key, api.server.with_token(&api.organization, &secret))
}

fn scoped(api: &Api, scope: &str) -> Api {
    let mut claims = claims(&api.organization, "ana", &ALL_POWERFUL);
    claims["scope"] = json!(scope);
    api.server.with_token(&api.organization, &api.server.token(&claims))
}

fn log(server: &Server) -> String {
    std::fs::read_to_string(server.home.folder.join("log")).expect("a log")
}

both! {
    fn a_key_opens_what_its_roles_and_scopes_let_it(server) {
        let api = server.fresh_organization();
        let (key, machine) = keyed(&api, &draft(&["integration"]));
        let me = machine.get("/me").expect(200).json();
        let subject = format!("api-key:{}", key["key"].as_str().expect("a key"));
        assert_eq!((&me["subject"], &me["api_key"], &me["roles"]), (&json!(subject), &key["id"], &json!(["integration"])));
        let site = machine.create("sites", &json!({"name": "North", "kind": "office"}));
        assert_eq!(site["created_by"], json!(subject));
        machine.get("/api-keys").refused(403, "forbidden");
        machine.post("/api-keys", &draft(&["integration"])).refused(403, "forbidden");
        let mut narrow = draft(&["integration"]);
        narrow["scopes"] = json!(["sites:read"]);
        let (_, narrow) = keyed(&api, &narrow);
        narrow.get("/sites").expect(200);
        narrow.post("/sites", &json!({"name": "South", "kind": "office"})).refused(403, "forbidden");
        narrow.get("/services").refused(403, "forbidden");
        let again = |client: &Api| client.call("POST", "/sites").header("Idempotency-Key", "once").json(&json!({"name": "x", "kind": "office"})).send().expect(201).json();
        assert_eq!(again(&machine)["id"], again(&machine)["id"]);
    }

    fn a_key_decides_nothing(server) {
        let api = server.fresh_organization();
        let (_, machine) = keyed(&api, &draft(&["it_service_continuity_manager", "process_owner"]));
        let measure = api.create("measures", &json!({"title": "Move", "nature": "technical", "purpose": "recovery"}));
        machine.post(&format!("/measures/{}/transitions", id(&measure)), &json!({"to": "approved"})).refused(403, "forbidden");
        let held = machine.get("/me").expect(200).json()["permissions"].to_string();
        assert!(!held.contains(":approve") && !held.contains(":accept"), "{held}");
    }

    fn a_secret_is_told_once_and_stands_nowhere(server) {
        let api = server.fresh_organization();
        let key = api.create("api-keys", &draft(&["user"]));
        assert_eq!((&key["secret_issued_at"], &key["last_used_at"]), (&Value::Null, &Value::Null));
        let path = format!("/api-keys/{}", id(&key));
        let answer = api.post(&format!("{path}/secret"), &json!({})).expect(201);
        let secret = answer.json()["secret"].as_str().expect("a secret").to_owned();
        assert!(secret.starts_with("hf_") && secret.len() == 46, "{secret}");
        let shown = api.get(&path).expect(200);
        assert_eq!(shown.json()["secret_issued_at"], answer.json()["issued_at"]);
        let history = api.get(&format!("{path}/history")).expect(200).text();
        let changes = api.get("/changes?after=0&include=body").expect(200).text();
        for text in [shown.text(), history, changes, log(server)] {
            assert!(!text.contains(&secret[3..]), "{text}");
        }
        let keyed = api.call("POST", &format!("{path}/secret")).header("Idempotency-Key", "once").json(&json!({})).send();
        keyed.refused(400, "invalid_parameter");
        for wrong in [json!({"overlap_seconds": -1}), json!({"overlap_seconds": 604_801})] {
            api.post(&format!("{path}/secret"), &wrong).expect(422);
        }
    }

    fn a_key_that_is_revoked_deleted_or_shut_opens_nothing_at_once(server) {
        let api = server.fresh_organization();
        let ((one, first), (two, second)) = (keyed(&api, &draft(&["user"])), keyed(&api, &draft(&["user"])));
        first.get("/sites").expect(200);
        second.get("/sites").expect(200);
        let path = format!("/api-keys/{}", id(&one));
        api.patch(&path, &json!({"status": "revoked"})).expect(200);
        first.get("/sites").refused(401, "unauthenticated");
        api.patch(&path, &json!({"status": "active"})).expect(200);
        first.get("/sites").expect(200);
        api.delete(&format!("/api-keys/{}", id(&two))).expect(204);
        second.get("/sites").refused(401, "unauthenticated");
        let batch = json!({"rows": [{"op": "delete", "kind": "api_key", "id": id(&one)}]});
        api.post("/batch", &batch).expect(200);
        first.get("/sites").refused(401, "unauthenticated");
    }

    fn another_secret_takes_the_place_of_the_one_before(server) {
        let api = server.fresh_organization();
        let (key, first) = keyed(&api, &draft(&["user"]));
        let at = |secret: &str| server.with_token(&api.organization, secret);
        let second = at(&secret(&api, &key, 600));
        first.get("/sites").expect(200);
        second.get("/sites").expect(200);
        let third = at(&secret(&api, &key, 600));
        first.get("/sites").refused(401, "unauthenticated");
        second.get("/sites").expect(200);
        let fourth = at(&secret(&api, &key, 0));
        for gone in [&first, &second, &third] {
            gone.get("/sites").refused(401, "unauthenticated");
        }
        fourth.get("/sites").expect(200);
        let fifth = at(&secret(&api, &key, 1));
        std::thread::sleep(Duration::from_millis(2100));
        fourth.get("/sites").refused(401, "unauthenticated");
        fifth.get("/sites").expect(200);
    }

    fn nobody_gives_a_key_more_than_they_have(server) {
        let api = server.fresh_organization();
        let some = scoped(&api, "api-keys:write api-keys:read sites:read");
        let mut wanted = draft(&["integration"]);
        some.post("/api-keys", &wanted).invalid(&[("/scopes", "required")]);
        wanted["scopes"] = json!(["sites:read", "sites:write", "nonsense"]);
        some.post("/api-keys", &wanted).invalid(&[("/scopes/1", "not_held"), ("/scopes/2", "not_allowed")]);
        let broad = api.create("api-keys", &draft(&["administrator"]));
        some.post(&format!("/api-keys/{}/secret", id(&broad)), &json!({})).refused(403, "forbidden");
        some.patch(&format!("/api-keys/{}", id(&broad)), &json!({"description": "broad"})).expect(200);
        wanted["scopes"] = json!(["sites:read"]);
        let narrow = some.create("api-keys", &wanted);
        some.patch(&format!("/api-keys/{}", id(&narrow)), &json!({"scopes": []})).invalid(&[("/scopes", "required")]);
        for (when, code) in [(in_days(-1), "out_of_range"), (in_days(401), "out_of_range")] {
            let mut wrong = draft(&["user"]);
            wrong["expires_at"] = json!(when);
            api.post("/api-keys", &wrong).invalid(&[("/expires_at", code)]);
        }
        let mut short = draft(&["administrator"]);
        short["expires_at"] = json!(in_days(2));
        let (_, machine) = keyed(&api, &short);
        machine.post("/api-keys", &draft(&["user"])).invalid(&[("/expires_at", "out_of_range")]);
        short["key"] = json!(format!("pipeline-{}", fresh()));
        machine.create("api-keys", &short);
    }

    fn other_spellings_open_nothing(server) {
        let api = server.fresh_organization();
        let key = api.create("api-keys", &draft(&["user"]));
        let good = secret(&api, &key, 0);
        let other = format!("hf_{}A", "B".repeat(42));
        let wrong = [
            "hf_".to_owned(), good.to_uppercase(), good[..45].to_owned(), format!("{good}A"), format!("{good}="), format!("hf_{good}"),
            good.replace("hf_", "HF_"), format!("hf_{}", "A".repeat(9000)), "hf_../../etc/passwd".into(), "hf_' OR 1=1 --".into(), other,
        ];
        for text in wrong {
            server.with_token(&api.organization, &text).get("/sites").refused(401, "unauthenticated");
        }
        server.with_token(&api.organization, &good).get("/sites").expect(200);
        assert!(!log(server).contains(&good[3..]));
    }

    fn a_key_is_of_one_organisation(server) {
        let (ours, theirs) = (server.fresh_organization(), server.fresh_organization());
        let (key, machine) = keyed(&ours, &draft(&["integration"]));
        let site = theirs.create("sites", &json!({"name": "Theirs", "kind": "office"}));
        machine.get(&format!("/sites/{}", id(&site))).expect(404);
        theirs.get(&format!("/api-keys/{}", id(&key))).expect(404);
        theirs.post(&format!("/api-keys/{}/secret", id(&key)), &json!({})).expect(404);
        assert!(!machine.get("/sites").expect(200).text().contains("Theirs"));
    }

    fn only_administrators_see_keys_in_the_feed(server) {
        let api = server.fresh_organization();
        let key = api.create("api-keys", &draft(&["user"]));
        let auditor = server.client(&api.organization, "axel", &["auditor"]);
        for path in ["/changes?after=0", "/changes?after=0&include=body"] {
            assert!(api.get(path).expect(200).text().contains(id(&key)));
            assert!(!auditor.get(path).expect(200).text().contains(id(&key)));
        }
    }

    fn the_last_use_is_noted_without_a_version(server) {
        let api = server.fresh_organization();
        let (key, machine) = keyed(&api, &draft(&["user"]));
        let path = format!("/api-keys/{}", id(&key));
        let version = api.get(&path).expect(200).json()["version"].clone();
        machine.get("/sites").expect(200);
        let begin = Instant::now();
        loop {
            let shown = api.get(&path).expect(200).json();
            assert_eq!(shown["version"], version);
            if !shown["last_used_at"].is_null() {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it is not noted");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn a_suspension_shuts_keys_out(server: &Arc<Server>) {
    let api = server.fresh_organization();
    let (_, machine) = keyed(&api, &draft(&["user"]));
    machine.get("/sites").expect(200);
    let operator = server.client("default", "operator", &["administrator"]);
    let path = format!("/organizations/key:{}", api.organization);
    operator.patch(&path, &json!({"status": "suspended"})).expect(200);
    machine.get("/sites").refused(403, "forbidden");
    operator.patch(&path, &json!({"status": "active"})).expect(200);
    machine.get("/sites").expect(200);
}

#[test]
fn a_suspended_organisation_shuts_its_keys_out_on_sqlite() {
    a_suspension_shuts_keys_out(&Server::start(Backend::Sqlite));
}

#[test]
fn a_suspended_organisation_shuts_its_keys_out_on_postgres() {
    a_suspension_shuts_keys_out(&Server::start(Backend::Postgres));
}
