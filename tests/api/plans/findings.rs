//! Findings: what shows them to be put right, and the measures that do it.

use crate::both;
use crate::prepared::{colleague, exercise_under_way, go, id, mover, successful_exercise};
use crate::support::{Answer, Api};
use serde_json::{Value, json};

fn finding(api: &Api, severity: &str) -> Value {
    let draft = json!({"title": "Nobody knew the password", "severity": severity, "source": "audit"});
    let finding = api.create("findings", &draft);
    go(api, "findings", &finding, &json!({"to": "resolved"}))
}

fn verify(api: &Api, finding: &Value, retest: Option<&Value>) -> Answer {
    let mut order = json!({"to": "verified"});
    if let Some(retest) = retest {
        order["retest"] = retest["id"].clone();
    }
    mover(api, "findings", "verified").post(&format!("/findings/{}/transitions", id(finding)), &order)
}

both! {
    fn what_is_grave_is_verified_by_an_exercise_that_succeeded(server) {
        let api = server.fresh_organization();
        let good = successful_exercise(&api);
        let going_on = exercise_under_way(&api);
        let nothing_measured = go(&api, "exercises", &exercise_under_way(&api), &json!({"to": "completed"}));
        assert_eq!(nothing_measured["result"], json!("not_proven"));
        for severity in ["major", "minor"] {
            let finding = finding(&api, severity);
            verify(&api, &finding, None).invalid(&[("/retest", "required")]);
            for shows_nothing in [&going_on, &nothing_measured] {
                verify(&api, &finding, Some(shows_nothing)).invalid(&[("/retest", "not_proven")]);
            }
            let verified = verify(&api, &finding, Some(&good)).expect(200).json();
            assert_eq!(verified["retest"]["id"], good["id"]);
        }
        for severity in ["observation", "opportunity"] {
            verify(&api, &finding(&api, severity), None).expect(200);
        }
        let open = api.create("findings", &json!({"title": "x", "severity": "minor", "source": "audit"}));
        let early = api.post(&format!("/findings/{}/transitions", id(&open)), &json!({"to": "resolved", "retest": good["id"]}));
        early.invalid(&[("/retest", "not_allowed")]);
    }

    fn the_exercise_a_finding_was_made_in_does_not_show_it_to_be_put_right(server) {
        let api = server.fresh_organization();
        let exercise = successful_exercise(&api);
        let draft = json!({"title": "Late", "severity": "minor", "source": "exercise", "exercise": exercise["id"]});
        let made = go(&api, "findings", &api.create("findings", &draft), &json!({"to": "resolved"}));
        verify(&api, &made, Some(&exercise)).invalid(&[("/retest", "not_proven")]);
        verify(&api, &made, Some(&successful_exercise(&api))).expect(200);
    }

    fn a_finding_waits_for_its_corrective_measure(server) {
        let api = server.fresh_organization();
        let finding = api.create("findings", &json!({"title": "Late", "severity": "observation", "source": "review"}));
        let path = format!("/findings/{}", id(&finding));
        let draft = json!({"title": "Write it down", "nature": "organisational", "purpose": "recovery"});
        let tester = colleague(&api, "tom", &["test_manager"]);
        tester.post("/measures", &draft).refused(403, "forbidden");
        let answer = tester.post(&format!("{path}/measure"), &draft).expect(201);
        let measure = answer.json()["measure"].clone();
        assert!(answer.needed_header("location").ends_with(id(&measure)), "{}", answer.story());
        tester.post(&format!("{path}/measure"), &draft).refused(409, "already_linked");
        let proposed = api.get(&format!("/measures/{}", id(&measure))).expect(200).json();
        assert_eq!((&proposed["status"], &proposed["created_by"]), (&json!("proposed"), &json!("tom")));
        let early = api.post(&format!("{path}/transitions"), &json!({"to": "resolved"}));
        early.refused(409, "transition_closed");
        assert_eq!(early.faults(), [("/to".to_owned(), "unfinished_measure".to_owned())]);
        go(&api, "measures", &measure, &json!({"to": "cancelled"}));
        go(&api, "findings", &finding, &json!({"to": "resolved"}));
        verify(&api, &finding, None).expect(200);
    }

    fn faults_of_the_measure_are_told_as_they_stand_in_its_draft(server) {
        let api = server.fresh_organization();
        let finding = api.create("findings", &json!({"title": "Late", "severity": "minor", "source": "review"}));
        let path = format!("/findings/{}", id(&finding));
        let wrong = json!({"title": 7, "nature": "magic", "purpose": "recovery"});
        api.post(&format!("{path}/measure"), &wrong).invalid(&[("/title", "wrong_type"), ("/nature", "not_allowed")]);
        assert_eq!(api.get(&path).expect(200).json(), finding);
        assert_eq!(api.get("/measures").expect(200).items(), Vec::<Value>::new());
    }

    fn what_came_of_an_exercise_is_found_again_when_it_is_reported_and_then_fixed(server) {
        let api = server.fresh_organization();
        let exercise = successful_exercise(&api);
        let draft = json!({"title": "Late", "severity": "major", "source": "exercise", "exercise": exercise["id"]});
        api.create("findings", &draft);
        let reported = go(&api, "exercises", &exercise, &json!({"to": "reported"}));
        assert_eq!(reported["result"], json!("successful_with_issues"));
        let path = format!("/exercises/{}", id(&exercise));
        api.patch(&path, &json!({"scenario": "Another"})).refused(409, "content_fixed");
        assert_eq!(api.get(&path).expect(200).json(), reported);
    }
}
