//! Reports: the change of the risk situation, the status of counter-measures, the matrix.

use crate::both;
use crate::support::{Api, fresh};
use serde_json::{Value, json};

fn risk(api: &Api, title: &str) -> Value {
    api.create("risks", &json!({"title": title, "key": format!("R-{}", fresh())}))
}

fn rate(api: &Api, risk: &Value, likelihood: i64, impact: i64, at: &str) -> Value {
    api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": likelihood, "impact": impact, "assessed_at": at}))
}

fn go(api: &Api, collection: &str, object: &Value, to: &str) {
    let path = format!("/{collection}/{}/transitions", object["id"].as_str().expect("an id"));
    api.post(&path, &json!({"to": to})).expect(200);
}

fn ids(report: &Value, list: &str) -> Vec<String> {
    let one = |entry: &Value| entry.as_str().or(entry["id"].as_str()).expect("an id").to_owned();
    let mut ids: Vec<String> = report[list].as_array().expect("a list").iter().map(one).collect();
    ids.sort();
    ids
}

fn of(objects: &[&Value]) -> Vec<String> {
    let mut ids: Vec<String> = objects.iter().map(|object| object["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    ids
}

fn now() -> String {
    // Whatever is written after this is later by a clock of microseconds.
    std::thread::sleep(std::time::Duration::from_millis(5));
    let now = jiff::Timestamp::now().to_string();
    std::thread::sleep(std::time::Duration::from_millis(5));
    now
}

both! {
    fn the_change_of_the_risk_situation_tells_every_fate(server) {
        let api = server.fresh_organization();
        let all: Vec<Value> = (0..7).map(|n| risk(&api, &format!("Risk {n}"))).collect();
        let [raised, lowered, same, fresh, closed, rated, unrated] = &all[..] else { panic!("seven") };
        rate(&api, raised, 1, 2, "2026-01-10T00:00:00Z");
        rate(&api, raised, 4, 4, "2026-05-10T00:00:00Z");
        rate(&api, lowered, 5, 5, "2026-01-10T00:00:00Z");
        rate(&api, lowered, 1, 1, "2026-05-10T00:00:00Z");
        rate(&api, same, 2, 3, "2026-01-10T00:00:00Z");
        rate(&api, same, 3, 2, "2026-05-10T00:00:00Z");
        rate(&api, fresh, 2, 2, "2026-05-10T00:00:00Z");
        rate(&api, closed, 2, 2, "2026-01-10T00:00:00Z");
        go(&api, "risks", closed, "closed");
        rate(&api, rated, 2, 2, "2026-05-10T00:00:00Z");
        let report = api.get("/reports/risk-situation?from=2026-02-01").expect(200).json();
        // Nothing says that a risk without an assessment before was there: it was recorded today.
        assert_eq!(ids(&report, "new"), of(&[fresh, rated, unrated]));
        assert_eq!(ids(&report, "raised"), of(&[raised]));
        assert_eq!(ids(&report, "lowered"), of(&[lowered]));
        assert_eq!(ids(&report, "unchanged"), of(&[same]));
        assert_eq!(ids(&report, "closed"), of(&[closed]));
        assert_eq!(report["raised"][0]["from"], json!({"likelihood": 1, "impact": 2, "score": 2}));
        assert_eq!(report["raised"][0]["to"], json!({"likelihood": 4, "impact": 4, "score": 16}));
        assert_eq!((&report["from"]["risks"], &report["from"]["matrix"][4][4]), (&json!(4), &json!(1)));
        assert_eq!((&report["to"]["risks"], &report["to"]["unrated"], &report["to"]["matrix"][3][3]), (&json!(6), &json!(1), &json!(1)));
        assert_eq!((&report["to"]["classes"]["high"], &report["counts"]["new"]), (&json!(1), &json!(3)));
        let csv = api.call("GET", "/reports/risk-situation?from=2026-02-01").header("Accept", "text/csv").send().expect(200);
        let lines = csv.text();
        assert_eq!(lines.lines().count(), 8, "{lines}");
        assert!(lines.replace('"', "").contains("Risk 0,raised,1,2,2,4,4,16"), "{lines}");
    }

    fn a_past_end_gives_what_it_gave_then(server) {
        let api = server.fresh_organization();
        let (a, b, gone) = (risk(&api, "A"), risk(&api, "B"), risk(&api, "Never assessed"));
        rate(&api, &a, 2, 2, "2026-01-10T00:00:00Z");
        rate(&api, &b, 3, 3, "2026-01-10T00:00:00Z");
        let begin = now();
        rate(&api, &a, 4, 4, &now());
        let late = risk(&api, "Late");
        let over = risk(&api, "Over");
        go(&api, "risks", &over, "closed");
        let then = now();
        let path = format!("/reports/risk-situation?from={begin}&to={then}");
        let first = api.get(&path).expect(200).json();
        assert_eq!((ids(&first, "raised"), ids(&first, "new")), (of(&[&a]), of(&[&late])));
        assert_eq!(ids(&first, "unchanged"), of(&[&b, &gone]));
        // Everything that could disturb it: news of before recorded later, a closed and a deleted risk, another matrix.
        rate(&api, &b, 1, 1, "2026-01-20T00:00:00Z");
        rate(&api, &a, 1, 1, &now());
        go(&api, "risks", &b, "closed");
        for risk in [&gone, &over] {
            api.delete(&format!("/risks/{}", risk["id"].as_str().expect("an id"))).expect(204);
        }
        api.patch(&format!("/risks/{}", a["id"].as_str().expect("an id")), &json!({"identified_on": "2020-01-01"})).expect(200);
        let mut matrix = api.get("/risk-matrix").expect(200).json();
        matrix["classes"][3][3] = json!("extreme");
        for member in ["version", "updated_at", "updated_by"] {
            matrix.as_object_mut().expect("an object").remove(member);
        }
        api.put("/risk-matrix", &matrix).expect(200);
        assert_eq!(api.get(&path).expect(200).json(), first);
        let newer = api.get(&format!("/reports/risk-situation?from={then}")).expect(200).json();
        assert_eq!((ids(&newer, "lowered"), ids(&newer, "closed"), ids(&newer, "deleted")), (of(&[&a]), of(&[&b]), of(&[&gone])));
    }

    fn a_report_is_not_sent_again_while_nothing_was_written(server) {
        let api = server.fresh_organization();
        rate(&api, &risk(&api, "A"), 2, 2, "2026-01-10T00:00:00Z");
        for path in ["/reports/risk-situation?from=2026-01-01", "/reports/measures", "/reports/risk-matrix"] {
            let first = api.get(path).expect(200);
            let tag = first.etag();
            let again = api.call("GET", path).header("If-None-Match", tag.as_str()).send().expect(304);
            assert_eq!(again.header("etag"), Some(tag.as_str()));
            assert_eq!(api.call("HEAD", path).send().expect(200).header("etag"), Some(tag.as_str()));
            risk(&api, "B");
            let moved = api.call("GET", path).header("If-None-Match", tag.as_str()).send().expect(200);
            assert_ne!(moved.etag(), tag);
        }
    }

    fn what_a_report_does_not_take_is_refused(server) {
        let api = server.fresh_organization();
        for path in [
            "/reports/risk-situation", "/reports/risk-situation?from=soon", "/reports/risk-situation?from=2026-02-30",
            "/reports/risk-situation?from=2026-02-01&to=2026-01-01", "/reports/risk-situation?from=2999-01-01",
            "/reports/measures?limit=0", "/reports/measures?limit=10001", "/reports/measures?as_of=x",
            "/reports/risk-matrix?rating=worst", "/reports/risk-matrix?format=png",
        ] {
            api.get(path).refused(400, "invalid_parameter");
        }
        api.get("/reports/measures?nonsense=1").refused(400, "unknown_parameter");
        api.get("/reports/nonsense").refused(404, "not_found");
        let user = server.client(&api.organization, "ulf", &["user"]);
        let auditor = server.client(&api.organization, "aud", &["auditor"]);
        for path in ["/reports/risk-situation?from=2026-01-01", "/reports/measures", "/reports/risk-matrix"] {
            user.get(path).refused(403, "forbidden");
            auditor.get(path).expect(200);
        }
    }

    fn the_status_of_measures_names_what_holds_them_up(server) {
        let api = server.fresh_organization();
        let (grave, slight) = (risk(&api, "Grave"), risk(&api, "Slight"));
        rate(&api, &grave, 5, 5, "2026-01-10T00:00:00Z");
        rate(&api, &slight, 1, 1, "2026-01-10T00:00:00Z");
        let measure = |title: &str, nature: &str, risks: Value, due: &str| {
            api.create("measures", &json!({"title": title, "nature": nature, "purpose": "preventive", "risks": risks, "due_on": due}))
        };
        let waits = measure("Waits", "technical", json!([slight["id"], grave["id"]]), "2026-01-31");
        measure("Idle", "organisational", json!([]), "2099-01-31");
        let approved = measure("Unassigned", "technical", json!([slight["id"]]), "2099-01-31");
        go(&api, "measures", &waits, "rfc_raised");
        api.create("change-requests", &json!({"title": "RFC", "status": "approved", "measures": [approved["id"]]}));
        let report = api.get("/reports/measures").expect(200).json();
        assert_eq!((&report["total"], &report["overdue"], &report["blocked"]), (&json!(3), &json!(1), &json!(2)));
        assert_eq!((&report["by_class"]["extreme"], &report["by_class"]["negligible"], &report["by_class"]["none"]), (&json!(1), &json!(1), &json!(1)));
        assert_eq!((&report["by_status"]["rfc_raised"], &report["by_nature"]["technical"]), (&json!(1), &json!(2)));
        let told: Vec<(&str, &str)> = report["items"].as_array().expect("a list").iter()
            .map(|item| (item["title"].as_str().expect("a title"), item["blocked_on"][0]["code"].as_str().unwrap_or("")))
            .collect();
        assert_eq!(told, [("Waits", "change_not_cleared"), ("Unassigned", "no_assigned_task"), ("Idle", "")]);
        assert_eq!((&report["items"][0]["overdue"], &report["items"][0]["worst_class"]), (&json!(true), &json!("extreme")));
        let past = api.get(&format!("/reports/measures?as_of={}", report["seq"])).expect(200).json();
        assert_eq!(past["items"], report["items"], "the past is computed in another way");
        assert_eq!((&past["by_class"], &past["blocked"]), (&report["by_class"], &report["blocked"]));
        let few = api.get("/reports/measures?limit=1").expect(200).json();
        assert_eq!((few["items"].as_array().map(Vec::len), &few["total"]), (Some(1), &json!(3)));
        let csv = api.call("GET", "/reports/measures").header("Accept", "text/csv").send().expect(200).text();
        assert!(csv.starts_with("\"id\",\"key\",\"title\",\"status\"") && csv.contains("change_not_cleared"), "{csv}");
    }

    fn the_matrix_counts_open_risks_and_leads_to_them(server) {
        let api = server.fresh_organization();
        let (a, b, closed) = (risk(&api, "A"), risk(&api, "B"), risk(&api, "Closed"));
        rate(&api, &a, 2, 5, "2026-01-10T00:00:00Z");
        rate(&api, &closed, 2, 5, "2026-01-10T00:00:00Z");
        go(&api, "risks", &closed, "closed");
        let report = api.get("/reports/risk-matrix").expect(200).json();
        assert_eq!((&report["total"], &report["unrated"], &report["classes"]["high"]), (&json!(2), &json!(1), &json!(1)));
        let cells = report["cells"].as_array().expect("cells");
        assert_eq!(cells.len(), 25);
        let cell = cells.iter().find(|cell| cell["count"] == json!(1)).expect("one");
        assert_eq!((&cell["likelihood"], &cell["impact"], &cell["class"]), (&json!(2), &json!(5), &json!("high")));
        let listed = api.absolute("GET", cell["href"].as_str().expect("a path")).send().expect(200);
        assert_eq!(listed.each("id"), of(&[&a]));
        let past = api.get(&format!("/reports/risk-matrix?as_of={}", report["seq"])).expect(200).json();
        assert_eq!(past["cells"], report["cells"]);
        api.patch(&format!("/risks/{}", b["id"].as_str().expect("an id")), &json!({"inherent": {"likelihood": 5, "impact": 5}})).expect(200);
        let inherent = api.get("/reports/risk-matrix?rating=inherent").expect(200).json();
        assert_eq!((&inherent["classes"]["extreme"], &inherent["unrated"]), (&json!(1), &json!(1)));
    }

    fn the_picture_of_the_matrix_holds_nothing_from_users_but_text(server) {
        let api = server.fresh_organization();
        let mut matrix = api.get("/risk-matrix").expect(200).json();
        for member in ["version", "updated_at", "updated_by"] {
            matrix.as_object_mut().expect("an object").remove(member);
        }
        matrix["likelihood_levels"][0] = json!("<script>alert(1)</script>");
        matrix["impact_levels"][0] = json!("\"><image href=x>");
        api.put("/risk-matrix", &matrix).expect(200);
        rate(&api, &risk(&api, "A"), 2, 5, "2026-01-10T00:00:00Z");
        let picture = api.call("GET", "/reports/risk-matrix").header("Accept", "image/svg+xml").send().expect(200);
        assert_eq!(picture.needed_header("content-type"), "image/svg+xml");
        let svg = picture.text();
        assert!(!svg.contains("<script") && !svg.contains("<image"), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title") && svg.contains("2 open risks") == svg.contains("2 open risks"));
        assert_eq!(svg.matches("<a href=\"/api/v1/risks?").count(), 25);
        assert_eq!(api.get("/reports/risk-matrix?format=svg").expect(200).text(), svg);
        let outside = svg.split('"').filter(|part| part.contains("://") && !part.ends_with("www.w3.org/2000/svg")).count();
        assert_eq!(outside, 0, "{svg}");
    }

    fn an_acceptance_runs_out_by_itself_and_what_is_due_is_overdue(server) {
        let api = server.fresh_organization();
        api.create("contacts", &json!({"name": "Ana", "subject": "ana"}));
        let today = jiff::Timestamp::now().to_string()[..10].to_owned();
        let accepted = api.create("risks", &json!({"title": "Accepted", "review_due": today}));
        rate(&api, &accepted, 2, 2, "2026-01-10T00:00:00Z");
        go(&api, "risks", &accepted, "assessed");
        let path = format!("/risks/{}", accepted["id"].as_str().expect("an id"));
        let order = json!({"to": "accepted", "comment": "Rare", "accepted_until": today});
        let now = api.post(&format!("{path}/transitions"), &order).expect(200).json();
        assert_eq!((&now["acceptance"], &now["overdue"]), (&json!("valid"), &json!(false)));
        assert_eq!(api.get("/risks?acceptance=valid").expect(200).items().len(), 1);
        assert_eq!(api.get("/risks?acceptance=expired").expect(200).items().len(), 0);
        // The same list as of a day to come: a future moment sees what is there now with the eyes of then.
        let tomorrow = "as_of=2999-01-01T00:00:00Z";
        let expired = api.get(&format!("/risks?acceptance=expired,none&{tomorrow}")).expect(200).items();
        assert_eq!((&expired[0]["acceptance"], &expired[0]["overdue"]), (&json!("expired"), &json!(true)));
        assert_eq!(api.get(&format!("/risks?overdue=true&{tomorrow}")).expect(200).items().len(), 1);
        assert_eq!(api.get(&format!("/risks?overdue=false,true&{tomorrow}")).expect(200).items().len(), 1);
        let late = api.create("risks", &json!({"title": "Late", "review_due": "2026-01-01"}));
        assert_eq!(api.get("/risks?overdue=true").expect(200).each("id"), of(&[&late]));
        assert_eq!(api.get("/risks?overdue=false").expect(200).each("id"), of(&[&accepted]));
        go(&api, "risks", &late, "closed");
        assert_eq!(api.get("/risks?overdue=true").expect(200).items().len(), 0);
        api.get("/risks?acceptance=maybe").refused(400, "invalid_parameter");
        api.get("/risks?overdue=1").refused(400, "invalid_parameter");
    }

    fn risks_sort_by_score_with_the_unrated_last_of_the_falling(server) {
        let api = server.fresh_organization();
        let (low, none, high) = (risk(&api, "Low"), risk(&api, "None"), risk(&api, "High"));
        rate(&api, &low, 1, 2, "2026-01-10T00:00:00Z");
        rate(&api, &high, 5, 5, "2026-01-10T00:00:00Z");
        let all = [&high, &low, &none].map(|risk| risk["id"].as_str().expect("an id").to_owned());
        for more in ["", "&as_of=2999-01-01T00:00:00Z"] {
            assert_eq!(api.get(&format!("/risks?sort=-score,title{more}")).expect(200).each("id"), all);
            let first = api.get(&format!("/risks?sort=-score&limit=2&fields=id{more}")).expect(200).json();
            let cursor = first["next_cursor"].as_str().expect("more");
            let rest = api.get(&format!("/risks?sort=-score&limit=2&cursor={cursor}&fields=id{more}")).expect(200);
            assert_eq!(rest.each("id"), all[2..]);
            assert_eq!(api.get(&format!("/risks?score[gte]=2&sort=score{more}")).expect(200).each("id"), [&all[1], &all[0]].map(String::clone));
            assert_eq!(api.get(&format!("/risks?class=extreme{more}")).expect(200).each("id"), all[..1]);
            assert_eq!(api.get(&format!("/risks?class=null{more}")).expect(200).each("id"), all[2..]);
        }
    }

    fn the_catalogue_of_threats_is_loaded_once(server) {
        let api = server.fresh_organization();
        api.get("/me").expect(200);
        let printed = server.home.run("load-catalogue", &["--print"]);
        let batch: Value = serde_json::from_slice(&printed.stdout).expect("a batch");
        let rows = batch["rows"].as_array().expect("rows").len();
        assert!(rows >= 40, "{rows} threats");
        let first = api.post("/batch", &batch).expect(200).json();
        assert_eq!(first["counts"]["created"], json!(rows));
        let again = api.post("/batch", &batch).expect(200).json();
        assert_eq!(again["counts"]["unchanged"], json!(rows));
        for category in ["natural", "utility", "technical", "human_error", "malicious", "supply_chain", "environmental", "workforce"] {
            assert!(!api.get(&format!("/threats?category={category}")).expect(200).items().is_empty(), "{category}");
        }
    }
}
