//! Exercises that are held again, and the calendar.

use super::stage::{active_plan, exercise_draft, go, id, moment, step, went, with};
use crate::both;
use crate::prepared::mover;
use crate::support::Api;
use serde_json::{Value, json};

fn series(api: &Api, rule: &str, more: Value) -> Value {
    let plan = active_plan(api, &[], &json!([]), &[step("only", &[], 60)]);
    let draft = with(
        exercise_draft(&plan),
        json!({
            "recurrence": rule, "time_zone": "Europe/Berlin", "scheduled_start": "2099-01-15T09:00:00Z", "scheduled_end": "2099-01-15T11:00:00Z",
            "objectives": [{"text": "Back in time", "met": true, "comment": "by far"}]
        }),
    );
    api.create("exercises", &with(draft, more))
}

fn held(api: &Api, exercise: &Value, order: &Value) -> Value {
    went(api, "exercises", exercise, &["approved", "in_progress"]);
    go(api, "exercises", exercise, order).expect(200).json()
}

fn followers(api: &Api, exercise: &Value) -> Vec<Value> {
    api.get(&format!("/exercises?previous={}", id(exercise))).expect(200).items()
}

fn calendar(api: &Api, window: &str) -> Vec<Value> {
    api.get(&format!("/calendar?{window}")).expect(200).items()
}

fn starts(entries: &[Value]) -> Vec<(&str, &str)> {
    let exercises = entries.iter().filter(|one| one["entry"] == "exercise");
    exercises.map(|one| (&one["starts_at"].as_str().expect("a time")[..16], one["status"].as_str().expect("a word"))).collect()
}

both! {
    fn the_end_of_an_exercise_plans_the_next_one_until_none_is_left(server) {
        let api = server.fresh_organization();
        let mut one = series(&api, "FREQ=MONTHLY;INTERVAL=3;COUNT=3", json!({}));
        let rest = [("FREQ=MONTHLY;INTERVAL=3;COUNT=2", "2099-04-15T08:00"), ("FREQ=MONTHLY;INTERVAL=3;COUNT=1", "2099-07-15T08:00")];
        for (rule, start) in rest {
            let over = held(&api, &one, &json!({"to": "completed"}));
            assert_eq!(over["result"], json!("not_proven"));
            let [next] = &followers(&api, &one)[..] else { panic!("one exercise follows") };
            assert_eq!((&next["recurrence"], &next["status"], &next["previous"]["id"]), (&json!(rule), &json!("planned"), &one["id"]));
            assert_eq!(&next["scheduled_start"].as_str().expect("a time")[..16], start, "nine o'clock in Berlin, also in summer");
            assert_eq!((&next["result"], &next["objectives"][0]["met"]), (&Value::Null, &Value::Null));
            assert_eq!((&next["title"], &next["plans"]), (&one["title"], &one["plans"]));
            assert_ne!(next["key"], one["key"]);
            one = next.clone();
        }
        held(&api, &one, &json!({"to": "completed"}));
        assert!(followers(&api, &one).is_empty(), "the third of three was the last");
    }

    fn a_series_is_ended_with_one_exercise_or_goes_on_without_it(server) {
        let api = server.fresh_organization();
        let last = series(&api, "FREQ=YEARLY", json!({}));
        let approver = mover(&api, "exercises", "approved");
        go(&approver, "exercises", &last, &json!({"to": "approved", "ends_series": true})).invalid(&[("/ends_series", "not_allowed")]);
        held(&api, &last, &json!({"to": "completed", "ends_series": true}));
        assert!(followers(&api, &last).is_empty());
        let skipped = series(&api, "FREQ=YEARLY", json!({}));
        go(&api, "exercises", &skipped, &json!({"to": "cancelled"})).invalid(&[("/comment", "required")]);
        go(&api, "exercises", &skipped, &json!({"to": "cancelled", "comment": "No room"})).expect(200);
        let [next] = &followers(&api, &skipped)[..] else { panic!("one exercise follows") };
        assert_eq!(&next["scheduled_start"].as_str().expect("a time")[..10], "2100-01-15");
        go(&api, "exercises", next, &json!({"to": "cancelled", "comment": "Given up", "ends_series": true})).expect(200);
        assert!(followers(&api, next).is_empty());
        let wrong = json!({"recurrence": "FREQ=SOMETIMES"});
        api.patch(&format!("/exercises/{}", id(&series(&api, "FREQ=DAILY;COUNT=2", json!({})))), &wrong)
            .invalid(&[("/recurrence", "bad_format")]);
    }

    // An exercise that is held late has missed some of its times; they are counted, and not planned.
    fn times_that_have_passed_are_not_held_later(server) {
        let api = server.fresh_organization();
        let past = json!({"scheduled_start": moment(-10 * 86_400 - 3600), "scheduled_end": moment(-10 * 86_400), "time_zone": "UTC"});
        let late = series(&api, "FREQ=DAILY;COUNT=30", past);
        held(&api, &late, &json!({"to": "completed"}));
        let [next] = &followers(&api, &late)[..] else { panic!("one exercise follows") };
        assert_eq!(next["recurrence"], json!("FREQ=DAILY;COUNT=19"));
        assert!(next["scheduled_start"].as_str() > Some(moment(0).as_str()), "{next}");
    }

    fn the_calendar_lists_what_is_planned_and_what_follows_by_its_rule(server) {
        let api = server.fresh_organization();
        let one = series(&api, "FREQ=MONTHLY;INTERVAL=3;COUNT=3", json!({}));
        let listed = calendar(&api, "from=2099-01-01&to=2100-01-01");
        let all = [("2099-01-15T09:00", "tentative"), ("2099-04-15T08:00", "tentative"), ("2099-07-15T08:00", "tentative")];
        assert_eq!(starts(&listed), all);
        went(&api, "exercises", &one, &["approved"]);
        let listed = calendar(&api, "from=2099-01-01&to=2100-01-01");
        assert_eq!(starts(&listed), [("2099-01-15T09:00", "confirmed"), all[1], all[2]]);
        assert_eq!(starts(&calendar(&api, "from=2099-01-15&to=2099-01-16")).len(), 1);
        assert_eq!(starts(&calendar(&api, "from=2099-01-16&to=2099-04-15")).len(), 0);
        went(&api, "exercises", &one, &["in_progress", "completed"]);
        let listed = calendar(&api, "from=2099-01-01&to=2100-01-01");
        assert_eq!(starts(&listed), [("2099-01-15T09:00", "confirmed"), all[1], all[2]], "each time once, though two have a rule");
        let plan = json!({"title": "Reviewed", "kind": "crisis", "review_due": "2099-02-01"});
        let plan = api.create("plans", &plan);
        let risk = api.create("risks", &json!({"title": "Flood", "review_due": "2099-02-03"}));
        api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 2, "impact": 2}));
        api.create("contacts", &json!({"name": "Bob", "subject": "bob"}));
        let bob = server.client(&api.organization, "bob", &["process_owner"]);
        went(&api, "risks", &risk, &["assessed"]);
        let accept = json!({"to": "accepted", "comment": "Cheap", "accepted_until": "2099-02-02"});
        go(&bob, "risks", &risk, &accept).expect(200);
        let desk = json!({"name": "Desk", "kind": "ola", "valid_to": "2099-02-04", "review_due": "2099-02-05"});
        let desk = api.create("agreements", &desk);
        let due = calendar(&api, "from=2099-02-01&to=2099-03-01");
        let told: Vec<(&Value, &Value, &Value)> = due.iter().map(|one| (&one["entry"], &one["day"], &one["object"]["id"])).collect();
        assert_eq!(told, [
            (&json!("plan_review"), &json!("2099-02-01"), &plan["id"]), (&json!("acceptance_ends"), &json!("2099-02-02"), &risk["id"]),
            (&json!("risk_review"), &json!("2099-02-03"), &risk["id"]),
            (&json!("agreement_ends"), &json!("2099-02-04"), &desk["id"]), (&json!("agreement_review"), &json!("2099-02-05"), &desk["id"]),
        ]);
        let feed = api.get("/calendar.ics?from=2099-01-01&to=2100-01-01").expect(200);
        assert!(feed.needed_header("content-type").starts_with("text/calendar"));
        let text = feed.text();
        let count = |word: &str| text.lines().filter(|line| line.trim_end() == word).count();
        assert_eq!((count("BEGIN:VEVENT"), count("END:VEVENT"), count("STATUS:TENTATIVE")), (8, 8, 2), "{text}");
        let uids: std::collections::BTreeSet<&str> = text.lines().filter(|line| line.starts_with("UID:")).collect();
        assert_eq!(uids.len(), 8, "{text}");
    }

    fn the_window_of_the_calendar_has_bounds(server) {
        let api = server.fresh_organization();
        for window in ["from=2099-01-02&to=2099-01-02", "from=2099-01-02&to=2099-01-01", "from=2099-01-01&to=2105-01-01", "from=soon"] {
            for path in ["/calendar", "/calendar.ics"] {
                api.get(&format!("{path}?{window}")).refused(400, "invalid_parameter");
            }
        }
        api.get("/calendar?until=2099-01-01").refused(400, "unknown_parameter");
        assert_eq!(api.get("/calendar?from=2099-01-01&to=2104-01-01").expect(200).items(), Vec::<Value>::new());
        for number in 0..4 {
            series(&api, "FREQ=DAILY", json!({"title": format!("Daily {number}")}));
        }
        let many = calendar(&api, "from=2099-01-15&to=2101-10-12");
        assert_eq!(many.len(), 4 * 1000, "every day of every rule");
        api.get("/calendar?from=2099-01-15&to=2103-01-15").refused(422, "too_many_objects");
    }

    fn the_calendar_leaves_out_what_the_caller_may_not_see(server) {
        let (api, stranger) = (server.fresh_organization(), server.fresh_organization());
        series(&api, "FREQ=MONTHLY", json!({}));
        assert_eq!(calendar(&stranger, "from=2099-01-01&to=2100-01-01"), Vec::<Value>::new());
        let auditor = server.client(&api.organization, "aud", &["auditor"]);
        assert_eq!(calendar(&auditor, "from=2099-01-01&to=2100-01-01").len(), 12);
        let user = server.client(&api.organization, "una", &["user"]);
        for path in ["/calendar", "/calendar.ics"] {
            user.get(path).refused(403, "forbidden");
        }
    }
}
