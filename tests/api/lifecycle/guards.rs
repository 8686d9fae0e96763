//! What is missing for a move, each named by its code.

use crate::both;
use crate::prepared::mover;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

fn go(api: &Api, collection: &str, object: &Value, order: &Value) -> Answer {
    api.post(&format!("/{collection}/{}/transitions", id(object)), order)
}

/// A closed move names what is missing, and `GET …/transitions` says the same.
#[track_caller]
fn lacks(api: &Api, collection: &str, object: &Value, order: &Value, codes: &[&str]) {
    let answer = go(api, collection, object, order);
    answer.refused(409, "transition_closed");
    let named: Vec<String> = answer.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(named, codes, "{}", answer.story());
    let told = api.get(&format!("/{collection}/{}/transitions", id(object))).expect(200).json();
    let moves = told["transitions"].as_array().expect("a list");
    let one = moves.iter().find(|one| one["to"] == order["to"]).expect("the move");
    let told: Vec<&str> =
        one["reasons"].as_array().expect("a list").iter().filter_map(|reason| reason["code"].as_str()).collect();
    assert_eq!((told, &one["open"]), (codes.to_vec(), &json!(false)), "{one}");
}

fn assessed(api: &Api, risk: &Value) {
    api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 3, "impact": 3}));
}

both! {
    fn a_risk_is_assessed_before_anything_is_decided(server) {
        let api = server.fresh_organization();
        let risk = api.create("risks", &json!({"title": "Flood"}));
        lacks(&api, "risks", &risk, &json!({"to": "assessed"}), &["not_assessed"]);
        lacks(&api, "risks", &risk, &json!({"to": "accepted"}), &["not_from_here"]);
        assessed(&api, &risk);
        go(&api, "risks", &risk, &json!({"to": "assessed"})).expect(200);
        lacks(&api, "risks", &risk, &json!({"to": "in_treatment"}), &["no_treatment"]);
        api.patch(&format!("/risks/{}", id(&risk)), &json!({"treatment": "avoid"})).expect(200);
        go(&api, "risks", &risk, &json!({"to": "in_treatment"})).expect(200);
    }

    fn a_risk_is_closed_when_its_measures_are_done_with(server) {
        let api = server.fresh_organization();
        let risk = api.create("risks", &json!({"title": "Flood"}));
        let draft = json!({"title": "Move up", "nature": "organisational", "purpose": "preventive", "risks": [risk["id"]]});
        let measure = api.create("measures", &draft);
        lacks(&api, "risks", &risk, &json!({"to": "closed"}), &["unfinished_measures"]);
        go(&api, "measures", &measure, &json!({"to": "cancelled"})).expect(200);
        go(&api, "risks", &risk, &json!({"to": "closed", "comment": "The site is given up"})).expect(200);
    }

    fn whoever_owns_a_risk_does_not_accept_it(server) {
        let api = server.fresh_organization();
        let ana = api.create("contacts", &json!({"name": "Ana", "key": "ANA", "subject": "ana"}));
        let bob = api.create("contacts", &json!({"name": "Bob", "key": "BOB", "subject": "bob"}));
        let risk = api.create("risks", &json!({"title": "Flood", "owner": "key:BOB"}));
        assessed(&api, &risk);
        go(&api, "risks", &risk, &json!({"to": "assessed"})).expect(200);
        let order = |approver: &str| json!({"to": "accepted", "comment": "Rare", "accepted_until": "2099-01-01", "approver": approver});
        go(&api, "risks", &risk, &order(id(&bob))).invalid(&[("/approver", "approver_is_owner")]);
        go(&api, "risks", &risk, &order("key:NOBODY")).invalid(&[("/approver", "unknown_reference")]);
        let owner = server.client(&api.organization, "bob", &["process_owner"]);
        lacks(&owner, "risks", &risk, &order(id(&ana)), &["owner_cannot_accept"]);
        let mut plain = order(id(&ana));
        plain.as_object_mut().expect("an object").remove("approver");
        let accepted = go(&api, "risks", &risk, &plain).expect(200).json();
        assert_eq!((&accepted["approver"]["key"], &accepted["acceptance"]), (&json!("ANA"), &json!("valid")));
        assert_eq!((&accepted["accepted_until"], &accepted["status_reason"]), (&json!("2099-01-01"), &json!("Rare")));
        let back = go(&api, "risks", &risk, &json!({"to": "assessed"})).expect(200).json();
        assert_eq!((&back["approver"], &back["accepted_until"], &back["acceptance"]), (&Value::Null, &Value::Null, &json!("none")));
    }

    fn an_acceptance_says_why_by_whom_and_until_when(server) {
        let api = server.fresh_organization();
        let risk = api.create("risks", &json!({"title": "Flood"}));
        assessed(&api, &risk);
        go(&api, "risks", &risk, &json!({"to": "assessed"})).expect(200);
        let faults = [("/accepted_until", "required"), ("/comment", "required"), ("/approver", "required")];
        go(&api, "risks", &risk, &json!({"to": "accepted"})).invalid(&faults);
        api.create("contacts", &json!({"name": "Ana", "key": "ANA", "subject": "ana"}));
        let past = json!({"to": "accepted", "comment": "Rare", "accepted_until": "2020-01-01"});
        go(&api, "risks", &risk, &past).invalid(&[("/accepted_until", "out_of_range")]);
        let nonsense = json!({"to": "accepted", "accepted_until": "soon", "approver": 7});
        go(&api, "risks", &risk, &nonsense).invalid(&[("/accepted_until", "bad_format"), ("/approver", "bad_format")]);
        let elsewhere = json!({"to": "monitored", "accepted_until": "2099-01-01"});
        go(&api, "risks", &risk, &elsewhere).invalid(&[("/accepted_until", "not_allowed")]);
        assert_eq!(api.get(&format!("/risks/{}", id(&risk))).expect(200).json()["status"], json!("assessed"));
    }

    fn a_technical_measure_waits_for_its_change_and_its_tasks(server) {
        let api = server.fresh_organization();
        let draft = json!({"title": "Move up", "nature": "technical", "purpose": "preventive"});
        let measure = api.create("measures", &draft);
        let to = |status: &str| json!({"to": status});
        lacks(&mover(&api, "measures", "approved"), "measures", &measure, &to("approved"), &["change_not_cleared", "rfc_not_raised"]);
        go(&api, "measures", &measure, &to("rfc_raised")).expect(200);
        lacks(&mover(&api, "measures", "approved"), "measures", &measure, &to("approved"), &["change_not_cleared"]);
        api.create("change-requests", &json!({"title": "RFC", "status": "approved", "measures": [measure["id"]]}));
        lacks(&api, "measures", &measure, &to("commissioned"), &["no_assigned_task"]);
        let tasks = format!("/measures/{}/tasks", id(&measure));
        let task = api.post(&tasks, &json!({"title": "Do it"})).expect(201).json();
        assert_eq!(task["measure"]["id"], measure["id"]);
        lacks(&api, "measures", &measure, &to("commissioned"), &["no_assigned_task"]);
        api.create("contacts", &json!({"name": "Ana", "key": "ANA"}));
        let assigned = json!({"assignee": "key:ANA", "due_on": "2027-01-01"});
        api.patch(&format!("/measure-tasks/{}", id(&task)), &assigned).expect(200);
        go(&api, "measures", &measure, &to("commissioned")).expect(200);
        go(&api, "measures", &measure, &to("in_progress")).expect(200);
        lacks(&api, "measures", &measure, &to("implemented"), &["open_tasks"]);
        go(&api, "measure-tasks", &task, &to("done")).expect(200);
        go(&api, "measures", &measure, &to("implemented")).expect(200);
        assert_eq!(api.get(&format!("{tasks}?status=done")).expect(200).each("id"), [id(&task)]);
    }

    fn an_organisational_measure_needs_neither(server) {
        let api = server.fresh_organization();
        let measure = api.create("measures", &json!({"title": "Train", "nature": "organisational", "purpose": "recovery"}));
        lacks(&api, "measures", &measure, &json!({"to": "rfc_raised"}), &["no_rfc_needed"]);
        for status in ["approved", "commissioned", "in_progress", "implemented", "verified_effective"] {
            go(&mover(&api, "measures", status), "measures", &measure, &json!({"to": status})).expect(200);
        }
    }

    fn an_assessment_is_approved_once_and_supersedes_the_one_before(server) {
        let api = server.fresh_organization();
        let other = mover(&api, "impact-assessments", "approved");
        let process = api.create("business-processes", &json!({"name": "Payroll", "rto_seconds": 3600, "mtpd_seconds": 7200}));
        let draft = json!({"business_process": process["id"], "assessed_on": "2026-11-01"});
        let first = api.create("impact-assessments", &draft);
        assert_eq!(first["derived_mtpd_seconds"], Value::Null);
        lacks(&api, "impact-assessments", &first, &json!({"to": "in_review"}), &["not_rated"]);
        let ratings = json!([
            {"category": "financial", "after_seconds": 3600, "level": 1}, {"category": "financial", "after_seconds": 86400, "level": 3},
            {"category": "legal", "after_seconds": 43200, "level": 4}, {"category": "customer", "after_seconds": 60, "level": 2}
        ]);
        let path = format!("/impact-assessments/{}", id(&first));
        let rated = json!({"ratings": ratings, "rto_seconds": 40000, "wrt_seconds": 4000});
        assert_eq!(api.patch(&path, &rated).expect(200).json()["derived_mtpd_seconds"], json!(43200));
        go(&api, "impact-assessments", &first, &json!({"to": "in_review"})).expect(200);
        lacks(&other, "impact-assessments", &first, &json!({"to": "approved"}), &["objectives_too_late"]);
        api.patch(&path, &json!({"wrt_seconds": 3000})).expect(200);
        go(&api, "impact-assessments", &first, &json!({"to": "draft", "set_objectives": true})).invalid(&[("/set_objectives", "not_allowed")]);
        go(&other, "impact-assessments", &first, &json!({"to": "approved", "set_objectives": true})).expect(200);
        let set = api.get(&format!("/business-processes/{}", id(&process))).expect(200).json();
        assert_eq!((&set["rto_seconds"], &set["wrt_seconds"], &set["mtpd_seconds"]), (&json!(40000), &json!(3000), &json!(43200)));
        api.patch(&path, &json!({"rto_seconds": 1})).refused(409, "append_only");
        api.patch(&path, &json!({"description": "still mine to describe"})).expect(200);
        api.put("/settings", &json!({"intolerable_level": 2})).expect(200);
        assert_eq!(api.get(&path).expect(200).json()["derived_mtpd_seconds"], json!(60));
        let mut second = draft.clone();
        second["ratings"] = json!([{"category": "legal", "after_seconds": 600, "level": 4}]);
        let second = api.create("impact-assessments", &second);
        go(&api, "impact-assessments", &second, &json!({"to": "in_review"})).expect(200);
        let refused = go(&other, "impact-assessments", &second, &json!({"to": "approved", "set_objectives": true}));
        refused.refused(409, "objectives_inconsistent");
        go(&other, "impact-assessments", &second, &json!({"to": "approved"})).expect(200);
        assert_eq!(api.get(&path).expect(200).json()["status"], json!("superseded"));
        let approved = api.get(&format!("/impact-assessments?business_process={}&status=approved", id(&process))).expect(200);
        assert_eq!(approved.each("id"), [id(&second)]);
    }

    fn those_who_carry_a_measure_out_write_it_and_its_tasks(server) {
        let api = server.fresh_organization();
        let draft = json!({"title": "Move up", "nature": "organisational", "purpose": "preventive", "implementer": "application_management"});
        let measure = api.create("measures", &draft);
        let path = format!("/measures/{}", id(&measure));
        let app = server.client(&api.organization, "max", &["application_manager"]);
        let ict = server.client(&api.organization, "ida", &["ict_infrastructure_manager"]);
        let change = json!({"description": "Half done"});
        app.patch(&path, &change).refused(403, "forbidden");
        for status in ["approved", "commissioned"] {
            go(&mover(&api, "measures", status), "measures", &measure, &json!({"to": status})).expect(200);
        }
        app.patch(&path, &change).expect(200);
        ict.patch(&path, &json!({"description": "Not mine"})).refused(403, "forbidden");
        app.patch(&path, &json!({"implementer": "other"})).refused(403, "forbidden");
        app.post("/measures", &draft).refused(403, "forbidden");
        let task = app.post(&format!("{path}/tasks"), &json!({"title": "Mine"})).expect(201).json();
        ict.post(&format!("{path}/tasks"), &json!({"title": "Not mine"})).refused(403, "forbidden");
        go(&ict, "measure-tasks", &task, &json!({"to": "done"})).refused(403, "forbidden");
        go(&app, "measure-tasks", &task, &json!({"to": "done"})).expect(200);
        go(&app, "measures", &measure, &json!({"to": "in_progress"})).expect(200);
        go(&app, "measures", &measure, &json!({"to": "implemented"})).expect(200);
        go(&app, "measures", &measure, &json!({"to": "verified_effective"})).refused(403, "forbidden");
        let told = ict.get(&format!("{path}/transitions")).expect(200).json().to_string();
        assert!(!told.contains("\"allowed\":true"), "{told}");
    }
}
