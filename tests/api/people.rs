//! Four eyes: who counts as the same person, and what nobody decides on alone.

use crate::both;
use crate::prepared::{approvals, colleague, draft_of, id, plan, words};
use crate::support::token::ALL_POWERFUL;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

const SCM: &str = "it_service_continuity_manager";

fn moved(api: &Api, collection: &str, object: &Value, order: &Value) -> Answer {
    api.post(&format!("/{collection}/{}/transitions", id(object)), order)
}

/// Makes a move that must be open, as the very caller.
#[track_caller]
fn go(api: &Api, collection: &str, object: &Value, order: &Value) -> Value {
    moved(api, collection, object, order).expect(200).json()
}

/// A move is refused for want of a second pair of eyes, and the list of moves says so.
#[track_caller]
fn alone(api: &Api, collection: &str, object: &Value, order: &Value) {
    let refused = moved(api, collection, object, order);
    refused.refused(409, "transition_closed");
    assert_eq!(refused.faults(), [("/to".to_owned(), "four_eyes".to_owned())], "{}", refused.story());
    let told = api.get(&format!("/{collection}/{}/transitions", id(object))).expect(200).json();
    let moves = told["transitions"].as_array().expect("a list");
    let one = moves.iter().find(|one| one["to"] == order["to"]).expect("the move");
    assert_eq!((&one["open"], &one["reasons"][0]["code"]), (&json!(false), &json!("four_eyes")), "{one}");
}

/// A risk that is assessed and owned by a contact.
fn assessed(api: &Api, owner: &str) -> Value {
    let risk = api.create("risks", &json!({"title": "Flood", "owner": owner}));
    api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 3, "impact": 3}));
    go(api, "risks", &risk, &json!({"to": "assessed"}))
}

fn accept(api: &Api, risk: &Value) -> Answer {
    moved(api, "risks", risk, &json!({"to": "accepted", "comment": "Rare", "accepted_until": "2099-01-01"}))
}

fn contact(api: &Api, key: &str, subject: Option<&str>) -> Value {
    api.create("contacts", &json!({"name": key, "key": key, "subject": subject}))
}

both! {
    fn spellings_of_a_name_are_one_person(server) {
        let api = server.fresh_organization();
        let version = draft_of(&colleague(&api, "J\u{fc}rgen", &[SCM]), &plan(&api), &words());
        go(&api, "plan-versions", &version, &json!({"to": "in_review"}));
        let says = |subject: &str| colleague(&api, subject, &[SCM]).post(&approvals(&version), &json!({"role": SCM, "decision": "approved"}));
        says(" JU\u{308}RGEN ").expect(200);
        for subject in ["j\u{fc}rgen", "J\u{fc}rgen", "ju\u{308}rgen  "] {
            says(subject).refused(409, "already_decided");
        }
        alone(&api, "plan-versions", &version, &json!({"to": "approved"}));
        says("jurgen").expect(200);
        go(&api, "plan-versions", &version, &json!({"to": "approved"}));
        // The history has one spelling of space and composition.
        let me = colleague(&api, " ju\u{308}rgen ", &[SCM]).get("/me").expect(200).json();
        assert_eq!(me["subject"], json!("j\u{fc}rgen"));
    }

    fn nobody_accepts_his_own_risk_by_another_spelling(server) {
        let api = server.fresh_organization();
        contact(&api, "BOB", Some(" Bob"));
        contact(&api, "EVE", Some("eve"));
        let risk = assessed(&api, "key:BOB");
        for subject in ["bob", "BOB", "Bob "] {
            let refused = accept(&colleague(&api, subject, &ALL_POWERFUL), &risk);
            assert_eq!(refused.faults(), [("/to".to_owned(), "owner_cannot_accept".to_owned())], "{}", refused.story());
        }
        let accepted = accept(&colleague(&api, "EVE", &ALL_POWERFUL), &risk).expect(200).json();
        assert_eq!(accepted["approver"]["key"], json!("EVE"));
    }

    fn nobody_accepts_in_the_name_of_somebody_else(server) {
        let api = server.fresh_organization();
        contact(&api, "BOB", Some("bob"));
        contact(&api, "EVE", Some("eve"));
        let risk = assessed(&api, "key:BOB");
        let order = |approver: &str| {
            json!({"to": "accepted", "comment": "Rare", "accepted_until": "2099-01-01", "approver": approver})
        };
        moved(&api, "risks", &risk, &order("key:EVE")).invalid(&[("/approver", "not_own_contact")]);
        accept(&api, &risk).invalid(&[("/approver", "required")]);
        let eve = colleague(&api, "eve", &ALL_POWERFUL);
        moved(&eve, "risks", &risk, &order("key:BOB")).invalid(&[("/approver", "approver_is_owner")]);
        moved(&eve, "risks", &risk, &order("key:EVE")).expect(200);
    }

    fn nobody_gives_or_takes_his_own_name(server) {
        let api = server.fresh_organization();
        let ana = contact(&api, "ANA", Some("ana"));
        let eve = contact(&api, "EVE", Some("eve"));
        let none = contact(&api, "NONE", None);
        let own = format!("/contacts/{}", id(&ana));
        for subject in [json!(null), json!("eve"), json!("anna")] {
            api.patch(&own, &json!({"subject": subject})).refused(409, "own_subject");
        }
        api.put(&own, &json!({"name": "Ana"})).refused(409, "own_subject");
        api.delete(&own).refused(409, "own_subject");
        for (op, data) in [("merge", json!({"subject": null})), ("upsert", json!({"name": "Ana"})), ("delete", Value::Null)] {
            let mut row = json!({"op": op, "kind": "contact", "id": ana["id"], "data": data});
            if data.is_null() {
                row.as_object_mut().expect("an object").remove("data");
            }
            let answer = api.post("/batch", &json!({"rows": [row]}));
            assert!(answer.status() >= 400 && answer.text().contains("own_subject"), "{}", answer.story());
        }
        for other in [&eve, &none] {
            api.patch(&format!("/contacts/{}", id(other)), &json!({"subject": " ANA"})).refused(409, "own_subject");
        }
        api.post("/contacts", &json!({"name": "Ana too", "subject": "Ana"})).refused(409, "own_subject");
        assert_eq!(api.get(&own).expect(200).json()["version"], json!(1));
        // Everything else about it is one's own to change, and its spelling.
        api.patch(&own, &json!({"email": "ana@example.org", "subject": "Ana"})).expect(200);
        // Who is no contact yet may enter himself, once, and not as somebody who is there.
        let bob = colleague(&api, "bob", &ALL_POWERFUL);
        bob.patch(&format!("/contacts/{}", id(&none)), &json!({"subject": "bob"})).refused(409, "own_subject");
        let twice = ["BOB-1", "BOB-2"].map(|key| json!({"op": "upsert", "kind": "contact", "id": format!("key:{key}"), "data": {"name": key, "subject": "bob"}}));
        let answer = bob.post("/batch", &json!({"rows": twice}));
        assert!(answer.text().contains("own_subject"), "{}", answer.story());
        contact(&bob, "BOB", Some("bob"));
        bob.post("/contacts", &json!({"name": "Bob too", "subject": "bob"})).refused(409, "own_subject");
        // Somebody else may do all of it.
        bob.patch(&own, &json!({"subject": null})).expect(200);
    }

    fn who_was_the_owner_stays_the_owner(server) {
        let api = server.fresh_organization();
        let owner = contact(&api, "ANA", Some("ana"));
        let bob = colleague(&api, "bob", &ALL_POWERFUL);
        let risk = assessed(&bob, "key:ANA");
        bob.patch(&format!("/contacts/{}", id(&owner)), &json!({"subject": null})).expect(200);
        bob.patch(&format!("/contacts/{}", id(&owner)), &json!({"subject": "somebody"})).expect(200);
        contact(&api, "ANA-2", Some("ana"));
        let refused = accept(&api, &risk);
        assert_eq!(refused.faults(), [("/to".to_owned(), "owner_cannot_accept".to_owned())], "{}", refused.story());
        contact(&bob, "BOB", Some("bob"));
        accept(&bob, &risk).expect(200);
    }

    fn a_copy_keeps_its_authors(server) {
        let api = server.fresh_organization();
        let original = plan(&api);
        let version = draft_of(&api, &original, &words());
        let robot = colleague(&api, "robot", &["integration"]);
        let path = format!("/plans/{}/versions/{}/copy", id(&original), version["number"]);
        let copy = robot.post(&path, &json!({})).expect(201).json();
        assert_eq!(copy["authors"], json!(["ana", "robot"]));
        let other = robot.post(&format!("/plans/{}/copy", id(&original)), &json!({"title": "Another"})).expect(201).json();
        let first = api.get(&format!("/plans/{}/versions/1", id(&other))).expect(200).json();
        for copy in [copy, first] {
            assert_eq!(copy["authors"], json!(["ana", "robot"]));
            go(&robot, "plan-versions", &copy, &json!({"to": "in_review"}));
            api.post(&approvals(&copy), &json!({"role": SCM, "decision": "approved"})).expect(200);
            alone(&api, "plan-versions", &copy, &json!({"to": "approved"}));
        }
    }

    fn whoever_wrote_or_made_it_does_not_approve_it(server) {
        let api = server.fresh_organization();
        let (bob, eve) = (colleague(&api, "bob", &ALL_POWERFUL), colleague(&api, "eve", &ALL_POWERFUL));
        let approved = json!({"to": "approved"});
        contact(&eve, "BOB", Some("Bob"));
        let process = api.create("business-processes", &json!({"name": "Payroll"}));
        let drafts = [
            ("measures", json!({"title": "Move up", "nature": "organisational", "purpose": "preventive", "owner": "key:BOB"})),
            ("impact-assessments", json!({
                "business_process": process["id"], "assessed_on": "2026-01-01", "assessor": "key:BOB",
                "ratings": [{"category": "legal", "after_seconds": 600, "level": 1}],
            })),
            ("exercises", crate::prepared::exercise_draft()),
            ("change-requests", json!({"title": "RFC", "status": "submitted"})),
        ];
        for (collection, draft) in drafts {
            let object = api.create(collection, &draft);
            let path = format!("/{collection}/{}", id(&object));
            if collection == "impact-assessments" {
                // To send it to review is not to write it.
                go(&eve, collection, &object, &json!({"to": "in_review"}));
            }
            alone(&api, collection, &object, &approved);
            alone(&colleague(&api, "ANA ", &ALL_POWERFUL), collection, &object, &approved);
            if matches!(collection, "measures" | "impact-assessments") {
                alone(&bob, collection, &object, &approved);
            } else {
                bob.patch(&path, &json!({"description": "More of it"})).expect(200);
                alone(&bob, collection, &object, &approved);
            }
            go(&eve, collection, &object, &approved);
        }
    }

    fn whoever_owns_a_measure_or_resolved_a_finding_does_not_verify_it(server) {
        let api = server.fresh_organization();
        let (bob, eve) = (colleague(&api, "bob", &ALL_POWERFUL), colleague(&api, "eve", &ALL_POWERFUL));
        contact(&eve, "BOB", Some("bob"));
        let draft = json!({"title": "Move up", "nature": "organisational", "purpose": "preventive", "owner": "key:BOB"});
        let measure = api.create("measures", &draft);
        go(&eve, "measures", &measure, &json!({"to": "approved"}));
        for to in ["commissioned", "in_progress", "implemented"] {
            go(&bob, "measures", &measure, &json!({"to": to}));
        }
        for to in ["verified_effective", "verified_ineffective"] {
            alone(&bob, "measures", &measure, &json!({"to": to}));
            alone(&api, "measures", &measure, &json!({"to": to}));
        }
        go(&eve, "measures", &measure, &json!({"to": "verified_effective"}));
        let finding = api.create("findings", &json!({"title": "No torch", "severity": "observation", "source": "audit", "owner": "key:BOB"}));
        go(&eve, "findings", &finding, &json!({"to": "resolved"}));
        alone(&eve, "findings", &finding, &json!({"to": "verified"}));
        alone(&bob, "findings", &finding, &json!({"to": "verified"}));
        // Whoever has found it may look whether it is gone.
        go(&api, "findings", &finding, &json!({"to": "verified"}));
    }

    fn a_report_is_amended_by_whoever_made_it_in_any_spelling(server) {
        let api = server.fresh_organization();
        let user = |subject: &str| colleague(&api, subject, &["user"]);
        let service = api.create("services", &json!({"name": "Payroll"}));
        let draft = json!({"title": "Payroll is down", "services": [service["id"]]});
        let disruption = user("max").post("/disruptions", &draft).expect(201).json();
        let path = format!("/disruptions/{}", id(&disruption));
        user("Max ").patch(&path, &json!({"description": "Since nine"})).expect(200);
        user("maxi").patch(&path, &json!({"description": "Since ten"})).refused(403, "forbidden");
    }
}
