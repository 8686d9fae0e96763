//! The change tool tells of its requests for change, in any order and as often as it likes; measures follow once.

use crate::both;
use crate::support::{Api, fresh};
use serde_json::{Value, json};

fn measure(api: &Api, nature: &str) -> Value {
    api.create("measures", &json!({"title": "Move up", "nature": nature, "purpose": "preventive"}))
}

fn status(api: &Api, measure: &Value) -> (String, String) {
    let now = api.get(&format!("/measures/{}", measure["id"].as_str().expect("an id"))).expect(200).json();
    let text = |member: &str| now[member].as_str().unwrap_or_default().to_owned();
    (text("status"), text("status_reason"))
}

struct Tool<'a> {
    api: &'a Api,
    path: String,
    measure: &'a Value,
}

impl Tool<'_> {
    fn tells(&self, status: &str, at: Option<&str>) -> Value {
        let mut body = json!({"title": "RFC", "status": status, "measures": [self.measure["id"]]});
        if let Some(at) = at {
            body["status_changed_at"] = json!(at);
        }
        if status == "rejected" {
            body["status_reason"] = json!("no window this year");
        }
        let answer = self.api.put(&self.path, &body);
        assert!(matches!(answer.status(), 200 | 201), "{}", answer.story());
        answer.json()
    }
}

fn tool<'a>(api: &'a Api, measure: &'a Value) -> Tool<'a> {
    Tool { api, path: format!("/change-requests/ref%3Atool%3A{}", fresh()), measure }
}

both! {
    fn a_measure_follows_its_request_step_by_step(server) {
        let api = server.fresh_organization();
        let measure = measure(&api, "technical");
        let tool = tool(&api, &measure);
        tool.tells("draft", None);
        assert_eq!(status(&api, &measure).0, "proposed");
        tool.tells("submitted", None);
        assert_eq!(status(&api, &measure).0, "rfc_raised");
        tool.tells("under_review", None);
        assert_eq!(status(&api, &measure).0, "rfc_raised");
        tool.tells("approved", None);
        let (now, reason) = status(&api, &measure);
        assert_eq!(now, "approved");
        assert!(reason.contains("tool:") && reason.contains("approved"), "{reason}");
    }

    fn a_rejected_request_sends_its_measure_back_with_the_reason(server) {
        let api = server.fresh_organization();
        let measure = measure(&api, "technical");
        let tool = tool(&api, &measure);
        tool.tells("submitted", None);
        tool.tells("rejected", None);
        let (now, reason) = status(&api, &measure);
        assert_eq!(now, "proposed");
        assert!(reason.contains("no window this year"), "{reason}");
        tool.tells("approved", None);
        assert_eq!(status(&api, &measure).0, "approved", "an appeal was granted");
    }

    fn the_same_news_again_moves_nothing_and_leaves_no_trace(server) {
        let api = server.fresh_organization();
        let measure = measure(&api, "technical");
        let tool = tool(&api, &measure);
        tool.tells("submitted", None);
        let first = tool.tells("approved", None);
        let path = format!("/measures/{}/transitions", measure["id"].as_str().expect("an id"));
        api.post(&path, &json!({"to": "cancelled"})).expect(200);
        let seq = api.seq();
        assert_eq!(tool.tells("approved", None), first);
        assert_eq!(api.seq(), seq);
        assert_eq!(status(&api, &measure).0, "cancelled");
    }

    fn whatever_the_order_of_the_calls_the_end_is_the_same(server) {
        let news = [
            ("submitted", "2026-11-01T08:00:00Z"), ("under_review", "2026-11-02T08:00:00Z"), ("approved", "2026-11-03T08:00:00Z"),
        ];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let api = server.fresh_organization();
            let measure = measure(&api, "technical");
            let tool = tool(&api, &measure);
            for turn in order.into_iter().chain(order) {
                tool.tells(news[turn].0, Some(news[turn].1));
            }
            assert_eq!(status(&api, &measure).0, "approved", "{order:?}");
            let mirror = api.get(&tool.path).expect(200).json();
            assert_eq!((&mirror["status"], mirror["status_changed_at"].as_str().map(|at| &at[..10])), (&json!("approved"), Some("2026-11-03")));
            let history = api.get(&format!("/measures/{}/history", measure["id"].as_str().expect("an id"))).expect(200).items();
            let approvals = history.iter().filter(|one| one["changes"]["status"]["to"] == json!("approved")).count();
            assert_eq!(approvals, 1, "{order:?}: approved once");
        }
    }

    fn a_measure_raised_after_its_request_was_approved_is_approved_at_once(server) {
        let api = server.fresh_organization();
        let measure = measure(&api, "technical");
        let id = measure["id"].as_str().expect("an id");
        // Approved for something else first; the measure is put onto it by a patch, which moves it too.
        let change = api.create("change-requests", &json!({"title": "RFC", "status": "approved"}));
        let path = format!("/change-requests/{}", change["id"].as_str().expect("an id"));
        api.patch(&path, &json!({"measures": [id]})).expect(200);
        assert_eq!(status(&api, &measure).0, "approved");
        let history = api.get(&format!("/measures/{id}/history")).expect(200).items();
        let steps: Vec<&Value> = history.iter().rev().map(|one| &one["changes"]["status"]["to"]).collect();
        assert_eq!(steps[1..], [&json!("rfc_raised"), &json!("approved")], "both steps stand in the history");
    }

    fn one_refusal_of_two_requests_is_not_the_end(server) {
        let api = server.fresh_organization();
        let measure = measure(&api, "technical");
        let (one, two) = (tool(&api, &measure), tool(&api, &measure));
        one.tells("submitted", None);
        two.tells("submitted", None);
        one.tells("rejected", None);
        assert_eq!(status(&api, &measure).0, "rfc_raised");
        two.tells("cancelled", None);
        assert_eq!(status(&api, &measure).0, "proposed");
    }

    fn an_organisational_measure_and_one_under_way_stay_where_they_are(server) {
        let api = server.fresh_organization();
        let organisational = measure(&api, "organisational");
        tool(&api, &organisational).tells("approved", None);
        assert_eq!(status(&api, &organisational).0, "proposed");
        let technical = measure(&api, "technical");
        let tool = tool(&api, &technical);
        tool.tells("approved", None);
        let path = format!("/measures/{}", technical["id"].as_str().expect("an id"));
        api.create("contacts", &json!({"name": "Ana", "key": "ANA"}));
        api.post(&format!("{path}/tasks"), &json!({"title": "Do it", "assignee": "key:ANA", "due_on": "2027-01-01"})).expect(201);
        api.post(&format!("{path}/transitions"), &json!({"to": "commissioned"})).expect(200);
        tool.tells("rejected", None);
        assert_eq!(status(&api, &technical).0, "commissioned");
    }

    fn a_batch_tells_as_a_single_call_does(server) {
        let api = server.fresh_organization();
        let data = json!({"title": "Move up", "nature": "technical", "purpose": "preventive"});
        let change = json!({"title": "RFC", "status": "approved", "measures": ["key:MOVE-UP"]});
        let rows = json!([
            {"op": "upsert", "kind": "change_request", "id": "ref:tool:1", "data": change},
            {"op": "upsert", "kind": "measure", "id": "key:MOVE-UP", "data": data},
        ]);
        let answer = api.post("/batch", &json!({"rows": rows})).expect(200).json();
        assert_eq!(answer["counts"]["created"], json!(2));
        let measure = api.get("/measures/key:MOVE-UP").expect(200).json();
        assert_eq!(measure["status"], json!("approved"));
        let again = api.post("/batch", &json!({"rows": rows})).expect(200).json();
        assert_eq!(again["counts"]["unchanged"], json!(2), "{again}");
    }

    fn the_draft_says_what_the_tool_needs_with_its_own_ids(server) {
        let api = server.fresh_organization();
        let process = api.create("business-processes", &json!({"name": "Payroll <b>"}));
        let server_one = json!({"name": "Server *1*", "kind": "server", "external_refs": [{"system": "snow", "id": "ci/1", "url": "https://snow.example/1"}]});
        let component = api.create("components", &server_one);
        api.create("mappings", &json!({"dependent": process["id"], "provider": component["id"]}));
        let risk = api.create("risks", &json!({"title": "Flood", "key": "FLOOD", "components": [component["id"]]}));
        api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": 4, "impact": 4}));
        let measure = api.create("measures", &json!({
            "title": "Move # up", "nature": "technical", "purpose": "preventive", "risks": ["key:FLOOD"], "components": [component["id"]],
            "implementation_plan": "1. lift\n2. bolt", "backout_plan": "Lower it", "test_plan": "Spill"
        }));
        let path = format!("/measures/{}/rfc-draft", measure["id"].as_str().expect("an id"));
        let draft = api.get(&format!("{path}?system=snow")).expect(200).json();
        assert_eq!(draft["title"], json!("Move # up"));
        assert_eq!((&draft["risks"][0]["class"], &draft["risks"][0]["exposed_processes"][0]["name"]), (&json!("high"), &json!("Payroll <b>")));
        let item = &draft["affected_items"][0];
        assert_eq!((&item["external_id"], &item["url"]), (&json!("ci/1"), &json!("https://snow.example/1")));
        assert_eq!((&draft["implementation"], &draft["back_out"], &draft["test"]), (&json!("1. lift\n2. bolt"), &json!("Lower it"), &json!("Spill")));
        assert!(draft["risk_if_not_done"].as_str().is_some_and(|text| text.contains("FLOOD stays high")), "{draft}");
        assert!(draft["report_status"]["path"].as_str().is_some_and(|text| text.contains("ref:snow:")), "{draft}");
        let elsewhere = api.get(&path).expect(200).json();
        assert_eq!(elsewhere["affected_items"][0]["external_id"], Value::Null);
        let page = api.call("GET", &path).header("Accept", "text/markdown").send().expect(200);
        let text = page.text();
        assert!(page.needed_header("content-type").starts_with("text/markdown"));
        for wanted in ["# Move \\# up", "## Back-out", "Payroll &lt;b&gt;", "Server \\*1\\*", "1\\. lift", "FLOOD stays high"] {
            assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
        }
        assert_eq!(api.get(&format!("{path}?format=markdown")).expect(200).text(), text);
        api.get(&format!("{path}?format=pdf")).refused(400, "invalid_parameter");
        api.get("/measures/key:NOBODY/rfc-draft").refused(404, "not_found");
        let narrow = server.client(&api.organization, "eve", &["user"]);
        narrow.get(&path).refused(403, "forbidden");
    }
}
