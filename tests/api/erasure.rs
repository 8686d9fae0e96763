//! Erasing a contact: nothing that the service says afterwards tells who it was, and everything else holds.

mod kept;

use crate::both;
use crate::prepared::{colleague, go, id, run_of};
use crate::support::token::ALL_POWERFUL;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

/// What tells who somebody is, once as they were first and once as they were later.
const PERSONAL: [&str; 9] = [
    "Quirina",
    "Zwetschke",
    "quirina.z@",
    "555 0199",
    "555 0188",
    "#pager-quz",
    "sub-quz",
    "desk by the plum tree",
    "payroll-4711",
];

fn person() -> Value {
    json!({
        "key": "P-17", "name": "Quirina Zwetschke", "email": "quirina.z@example.org", "phones": ["+49 431 555 0199"],
        "channel": "#pager-quz", "subject": "sub-quz", "description": "The desk by the plum tree", "tags": ["payroll-4711"],
        "attributes": {"badge": "payroll-4711"}, "external_refs": [{"system": "hr", "id": "payroll-4711"}],
    })
}

fn erase(api: &Api, contact: &Value) -> Answer {
    api.post(&format!("/contacts/{}/erase", id(contact)), &json!({"reason": "Left the company"}))
}

#[track_caller]
fn tells_nobody(what: &str, text: &str) {
    for word in PERSONAL {
        assert!(!text.contains(word), "{what} tells {word}: {text}");
    }
}

/// A contact that much points to, in its second version.
struct Scene {
    api: Api,
    contact: Value,
    service: Value,
    plan: Value,
    run: Value,
    /// The newest entry before the erasure.
    seq: u64,
}

impl Scene {
    fn new(api: Api) -> Scene {
        let contact = api.call("POST", "/contacts").header("Idempotency-Key", "first").json(&person()).send().expect(201).json();
        let contact =
            api.patch(&format!("/contacts/{}", id(&contact)), &json!({"phones": ["+49 431 555 0188"]})).expect(200).json();
        let by = contact["id"].clone();
        api.create("contacts", &json!({"key": "LEFT", "name": "Left behind", "deputy": by}));
        let service = api.create("services", &json!({"key": "PAY", "name": "Payroll", "owner": by}));
        let supplier = api.create("suppliers", &json!({"name": "Power", "kind": "external", "contacts": [by]}));
        let agreement = json!({
            "name": "Power", "kind": "underpinning_contract", "supplier": supplier["id"], "services": [service["id"]],
            "emergency_contact": by,
        });
        api.create("agreements", &agreement);
        api.create("risks", &json!({"title": "Flood", "owner": by, "services": [service["id"]]}));
        let team = json!([{"key": "lead", "role": "Lead", "contact": by}]);
        let steps = json!([{"key": "one", "phase": "recovery", "title": "Restore", "responsible": by, "expected_seconds": 60}]);
        let run = run_of(&api, &json!({"team": team, "steps": steps}));
        let version = api.get(&format!("/plan-versions/{}", id(&run["plan_version"]))).expect(200).json();
        let plan = api.get(&format!("/plans/{}", id(&version["plan"]))).expect(200).json();
        let seq = api.seq();
        Scene { api, contact, service, plan, run, seq }
    }

    /// Everything that shows contacts, now and as of then.
    fn paths(&self) -> Vec<String> {
        let (contact, service, plan, run) = (id(&self.contact), id(&self.service), id(&self.plan), id(&self.run));
        let mut all = vec![
            "/changes?limit=1000&include=body".to_owned(),
            "/changes?limit=1000".to_owned(),
            format!("/contacts/{contact}/history"),
            format!("/services/{service}/history"),
            format!("/services/{service}/continuity"),
            format!("/services/{service}?include=mappings"),
            format!("/plans/{plan}/versions/latest/content"),
            format!("/plans/{plan}/versions/latest/schedule"),
            format!("/runs/{run}/timeline"),
            format!("/runs/{run}"),
            format!("/runs/{run}/steps"),
            "/gaps".to_owned(),
            "/contacts?q=zwetschke".to_owned(),
            "/contacts?tag=payroll-4711".to_owned(),
        ];
        let lists = ["contacts", "services", "suppliers", "agreements", "risks", "plan-versions", "run-steps"];
        for list in lists {
            all.push(format!("/{list}?limit=500"));
            all.push(format!("/{list}?limit=500&as_of={}", self.seq));
        }
        for seq in ["", &format!("?as_of={}", self.seq), &format!("?as_of={}", self.seq - 1)] {
            all.extend([format!("/contacts/{contact}{seq}"), format!("/services/{service}{seq}")]);
        }
        all
    }

    /// Asks everything, and gives all that was said.
    fn said(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for path in self.paths() {
            let answer = self.api.call("GET", &path).send();
            all.push((path, answer.expect(200).text()));
        }
        for list in ["contacts", "services", "risks"] {
            let path = format!("/{list}?limit=500");
            all.push((
                format!("{path} as CSV"),
                self.api.call("GET", &path).header("Accept", "text/csv").send_unjudged().expect(200).text(),
            ));
        }
        for format in ["html", "markdown"] {
            let path = format!("/plans/{}/versions/latest?format={format}", id(&self.plan));
            all.push((path.clone(), self.api.call("GET", &path).send_unjudged().expect(200).text()));
        }
        for tail in ["".to_owned(), format!("?as_of={}", self.seq)] {
            let lost = json!({"lost": [self.service["id"]]});
            all.push((format!("impact{tail}"), self.api.post(&format!("/analysis/impact{tail}"), &lost).expect(200).text()));
        }
        let rows = json!([{"op": "merge", "kind": "service", "id": "key:PAY", "data": {"description": "same"}}]);
        let batch = self.api.call("POST", "/batch").header("Prefer", "tx=rollback").json(&json!({"rows": rows}));
        all.push(("a batch on trial".to_owned(), batch.send().text()));
        all
    }
}

both! {
    fn nothing_tells_who_an_erased_contact_was(server) {
        let scene = Scene::new(server.fresh_organization());
        let told = scene.said();
        let telling = told.iter().filter(|(_, text)| text.contains("Zwetschke")).count();
        assert!(telling >= 12, "only {telling} answers told anything to begin with");
        let answer = erase(&scene.api, &scene.contact).expect(200).json();
        assert_eq!(answer["deleted"], json!(false));
        assert_eq!(answer["erased_versions"], json!(2));
        assert!(answer["deleted_answers"].as_i64() >= Some(1), "{answer}");
        for (path, text) in scene.said() {
            tells_nobody(&path, &text);
        }
        // What pointed to it points to what is left of it, now and then.
        for tail in ["".to_owned(), format!("?as_of={}", scene.seq)] {
            let service = scene.api.get(&format!("/services/key:PAY{tail}")).expect(200).json();
            let owner = json!({"id": scene.contact["id"], "kind": "contact", "key": answer["key"], "name": "Erased contact"});
            assert_eq!(service["owner"], owner, "{tail}");
            let left = scene.api.get(&format!("/contacts/{}{tail}", id(&scene.contact))).expect(200).json();
            assert_eq!((&left["name"], &left["key"]), (&json!("Erased contact"), &answer["key"]), "{tail}");
            for (member, nothing) in [("email", json!(null)), ("phones", json!([])), ("subject", json!(null)), ("tags", json!([]))] {
                assert_eq!(left[member], nothing, "{member}");
            }
        }
        let now = scene.api.get(&format!("/contacts/{}", id(&scene.contact))).expect(200).json();
        assert_eq!(now["version"], json!(3));
        assert_eq!(now["erased_at"], now["updated_at"]);
        // The history says that something was there, who erased it and why.
        let history = scene.api.get(&format!("/contacts/{}/history", id(&scene.contact))).expect(200).items();
        assert_eq!(history.iter().map(|one| one["erased"] == json!(true)).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!((&history[0]["by"], &history[0]["reason"]), (&json!("ana"), &json!("Left the company")));
        let changes = scene.api.get("/changes?limit=1000&include=body&kind=contact").expect(200).items();
        let own: Vec<_> = changes.iter().filter(|one| one["id"] == scene.contact["id"]).collect();
        assert!(own[0]["body"].is_null() && own[0]["erased"] == json!(true) && own[2]["body"]["name"] == json!("Erased contact"));
        // The first answer is not given again, and the old names find nothing.
        scene.api.get("/contacts/key:P-17").refused(404, "not_found");
        scene.api.get("/contacts/ref:hr:payroll-4711").refused(404, "not_found");
        let again = scene.api.call("POST", "/contacts").header("Idempotency-Key", "first").json(&json!({"name": "Another"})).send();
        assert_eq!((again.status(), again.header("Idempotent-Replayed")), (201, None), "{}", again.story());
    }

    fn a_contact_that_was_deleted_is_erased_by_its_id(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        let seq = api.seq();
        api.delete(&format!("/contacts/{}", id(&contact))).expect(204);
        let answer = erase(&api, &contact).expect(200).json();
        assert_eq!((&answer["deleted"], &answer["erased_versions"]), (&json!(true), &json!(1)));
        for path in [
            "/changes?limit=1000&include=body".to_owned(),
            format!("/contacts/{}/history", id(&contact)),
            format!("/contacts?as_of={seq}"),
            format!("/contacts/{}?as_of={seq}", id(&contact)),
        ] {
            tells_nobody(&path, &api.get(&path).expect(200).text());
        }
        api.get(&format!("/contacts/{}", id(&contact))).refused(404, "not_found");
        let history = api.get(&format!("/contacts/{}/history", id(&contact))).expect(200).items();
        assert_eq!((&history[0]["operation"], &history[0]["reason"]), (&json!("deleted"), &json!("Left the company")));
        // Nobody was there.
        let nobody = json!({"id": "018f6c2e-0000-7000-8000-000000000000"});
        erase(&api, &nobody).refused(404, "not_found");
        let site = api.create("sites", &json!({"name": "Office", "kind": "office"}));
        erase(&api, &site).refused(404, "not_found");
        let other = server.fresh_organization();
        erase(&other, &contact).refused(404, "not_found");
    }

    fn erasing_twice_changes_nothing(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        let first = erase(&api, &contact).expect(200).json();
        let (seq, shown) = (api.seq(), api.get(&format!("/contacts/{}", id(&contact))).expect(200).json());
        let second = erase(&api, &contact).expect(200).json();
        assert_eq!((&second["key"], &second["erased_versions"]), (&first["key"], &json!(0)));
        assert_eq!((api.seq(), api.get(&format!("/contacts/{}", id(&contact))).expect(200).json()), (seq, shown));
        api.delete(&format!("/contacts/{}", id(&contact))).expect(204);
        assert_eq!(erase(&api, &contact).expect(200).json()["erased_versions"], json!(0));
        assert_eq!(api.seq(), seq + 1);
    }

    fn a_dry_run_and_a_stale_version_erase_nothing(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        let path = format!("/contacts/{}/erase", id(&contact));
        let call = || api.call("POST", &path).json(&json!({"reason": "Left the company"}));
        let seq = api.seq();
        let tried = call().header("Prefer", "tx=rollback").send().expect(200);
        assert_eq!((tried.header("Preference-Applied"), &tried.json()["erased_versions"]), (Some("tx=rollback"), &json!(1)));
        call().header("If-Match", "\"2\"").send().refused(412, "precondition_failed");
        assert_eq!((api.seq(), api.get(&format!("/contacts/{}", id(&contact))).expect(200).json()), (seq, contact.clone()));
        let history = api.get(&format!("/contacts/{}/history", id(&contact))).expect(200).items();
        assert_eq!(history[0]["changes"]["name"]["to"], contact["name"]);
        let keyed = || call().header("If-Match", "\"1\"").header("Idempotency-Key", "erase").send().expect(200);
        let (first, again) = (keyed(), keyed());
        assert_eq!((first.json(), again.header("Idempotent-Replayed")), (again.json(), Some("true")));
    }

    fn a_reason_is_wanted(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        let path = format!("/contacts/{}/erase", id(&contact));
        api.post(&path, &json!({})).invalid(&[("/reason", "required")]);
        for (reason, code) in [(json!(""), "too_short"), (json!("x".repeat(501)), "too_long"), (json!(7), "wrong_type"), (json!(" "), "bad_format")] {
            api.post(&path, &json!({"reason": reason})).invalid(&[("/reason", code)]);
        }
        api.post(&path, &json!({"reason": "x".repeat(500), "also": true})).invalid(&[("/also", "unknown_field")]);
        api.post(&path, &json!({"reason": "x".repeat(500)})).expect(200);
    }

    fn only_administrators_erase_and_nobody_himself(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        for role in ["it_service_continuity_manager", "integration", "application_manager", "ict_infrastructure_manager", "auditor"] {
            erase(&colleague(&api, "max", &[role]), &contact).refused(403, "forbidden");
        }
        let own = colleague(&api, "sub-quz", &["administrator"]);
        erase(&own, &contact).refused(409, "own_subject");
        // What it named once it names for good.
        api.patch(&format!("/contacts/{}", id(&contact)), &json!({"subject": null})).expect(200);
        erase(&own, &contact).refused(409, "own_subject");
        api.delete(&format!("/contacts/{}", id(&contact))).expect(204);
        erase(&own, &contact).refused(409, "own_subject");
        erase(&colleague(&api, "max", &["administrator"]), &contact).expect(200);
    }

    fn an_erased_contact_is_not_written_again(server) {
        let api = server.fresh_organization();
        let contact = api.create("contacts", &person());
        let key = erase(&api, &contact).expect(200).json()["key"].clone();
        let path = format!("/contacts/{}", id(&contact));
        api.patch(&path, &json!({"name": "Quirin"})).refused(409, "erased");
        api.put(&path, &json!({"name": "Quirin"})).refused(409, "erased");
        let row = json!({"op": "merge", "kind": "contact", "id": contact["id"], "data": {"name": "Quirin"}});
        let answer = api.post("/batch", &json!({"rows": [row]}));
        assert!(answer.status() >= 400 && answer.text().contains("\"erased\""), "{}", answer.story());
        api.post("/contacts", &json!({"name": "Quirin", "key": "ERASED-1"})).invalid(&[("/key", "not_allowed")]);
        api.post("/contacts", &json!({"name": "Quirin", "erased_at": "2026-01-01T00:00:00Z"})).invalid(&[("/erased_at", "read_only")]);
        assert_eq!(api.get(&path).expect(200).json()["key"], key);
        api.delete(&path).expect(204);
    }

    fn erasing_an_owner_lets_nobody_decide_alone(server) {
        let api = server.fresh_organization();
        let owner = api.create("contacts", &json!({"key": "BOB", "name": "Bob", "subject": "bob"}));
        api.create("contacts", &json!({"key": "EVE", "name": "Eve", "subject": "eve"}));
        let risk = api.create("risks", &json!({"title": "Flood", "owner": owner["id"]}));
        api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 3, "impact": 3}));
        go(&api, "risks", &risk, &json!({"to": "assessed"}));
        let accept = |subject: &str| {
            let order = json!({"to": "accepted", "comment": "Rare", "accepted_until": "2099-01-01", "approver": "key:EVE"});
            colleague(&api, subject, &ALL_POWERFUL).post(&format!("/risks/{}/transitions", id(&risk)), &order)
        };
        assert_eq!(accept("bob").code(), "transition_closed");
        erase(&api, &owner).expect(200);
        for subject in ["bob", "eve"] {
            accept(subject).refused(409, "transition_closed");
        }
        // With an owner who is somebody it goes on.
        api.create("contacts", &json!({"key": "MAX", "name": "Max", "subject": "max"}));
        api.patch(&format!("/risks/{}", id(&risk)), &json!({"owner": "key:MAX"})).expect(200);
        accept("eve").expect(200);
    }
}
