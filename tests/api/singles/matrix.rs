//! The risk matrix: what is one, and what it does to risks.

use crate::both;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

/// The matrix every organisation begins with.
pub fn five() -> Value {
    let [n, m, i, h, e] = ["negligible", "marginal", "increased", "high", "extreme"];
    json!({
        "likelihood_levels": ["rare", "unlikely", "possible", "likely", "almost certain"],
        "impact_levels": ["insignificant", "minor", "moderate", "major", "catastrophic"],
        "classes": [[n, n, m, m, i], [n, m, m, i, h], [m, m, i, h, h], [m, i, h, h, e], [i, h, h, e, e]],
        "appetite": "marginal",
    })
}

/// A matrix of so many likelihoods and impacts, with one class throughout.
fn plain(likelihoods: usize, impacts: usize, class: &str) -> Value {
    let names = |count: usize| (1..=count).map(|n| json!(format!("level {n}"))).collect::<Value>();
    let row: Value = (0..impacts).map(|_| json!(class)).collect();
    let rows: Value = (0..likelihoods).map(|_| row.clone()).collect();
    json!({"likelihood_levels": names(likelihoods), "impact_levels": names(impacts), "classes": rows, "appetite": "high"})
}

pub fn three() -> Value {
    plain(3, 3, "increased")
}

pub fn seven() -> Value {
    plain(7, 7, "extreme")
}

fn put(api: &Api, matrix: &Value) -> Answer {
    api.put("/risk-matrix", matrix)
}

/// A risk with its newest rating, if it is to have one.
fn risk(api: &Api, more: &Value, rated: Option<(i64, i64)>) -> Value {
    let mut draft = json!({"title": "Flood"});
    for (name, value) in more.as_object().into_iter().flatten() {
        draft[name] = value.clone();
    }
    let risk = api.create("risks", &draft);
    if let Some((likelihood, impact)) = rated {
        api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": likelihood, "impact": impact}));
    }
    risk
}

fn classified(api: &Api, query: &str) -> Vec<String> {
    let mut ids = api.get(&format!("/risks?{query}")).expect(200).each("id");
    ids.sort();
    ids
}

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

fn rating(likelihood: i64, impact: i64) -> Value {
    json!({"likelihood": likelihood, "impact": impact})
}

both! {
    fn a_matrix_has_three_to_seven_levels_each_way(server) {
        let api = server.fresh_organization();
        for (likelihoods, impacts) in [(3, 3), (7, 7), (3, 7), (7, 3), (4, 5)] {
            let matrix = plain(likelihoods, impacts, "high");
            let shown = put(&api, &matrix).expect(200).json();
            assert_eq!(shown["classes"], matrix["classes"]);
        }
        put(&api, &plain(2, 3, "high")).invalid(&[("/likelihood_levels", "too_short"), ("/classes", "too_short")]);
        put(&api, &plain(3, 8, "high")).invalid(&[
            ("/impact_levels", "too_long"),
            ("/classes/0", "too_long"),
            ("/classes/1", "too_long"),
            ("/classes/2", "too_long"),
        ]);
    }

    fn every_member_is_wanted(server) {
        let api = server.fresh_organization();
        let members = ["likelihood_levels", "impact_levels", "classes", "appetite"];
        let all = members.map(|member| format!("/{member}"));
        put(&api, &json!({})).invalid(&all.each_ref().map(|pointer| (pointer.as_str(), "required")));
        for member in members {
            for value in [None, Some(Value::Null)] {
                let mut matrix = five();
                matrix.as_object_mut().expect("an object").remove(member);
                if let Some(null) = value {
                    matrix[member] = null;
                }
                put(&api, &matrix).invalid(&[(&format!("/{member}"), "required")]);
            }
        }
        assert_eq!(api.seq(), 0);
    }

    fn all_faults_of_form_are_told_at_once_with_their_places(server) {
        let api = server.fresh_organization();
        let mut matrix = five();
        matrix["likelihood_levels"][1] = json!("");
        matrix["likelihood_levels"][2] = json!("x".repeat(61));
        matrix["impact_levels"][4] = json!(7);
        matrix["classes"][0][3] = json!("castle");
        matrix["classes"][4] = json!(["high", "high"]);
        matrix["appetite"] = json!("huge");
        matrix["nonsense"] = json!(1);
        put(&api, &matrix).invalid(&[
            ("/likelihood_levels/1", "too_short"),
            ("/likelihood_levels/2", "too_long"),
            ("/impact_levels/4", "wrong_type"),
            ("/classes/0/3", "not_allowed"),
            ("/classes/4", "too_short"),
            ("/appetite", "not_allowed"),
            ("/nonsense", "unknown_field"),
        ]);
        assert_eq!(api.seq(), 0);
    }

    fn a_class_never_falls_as_likelihood_or_impact_rises(server) {
        let api = server.fresh_organization();
        let mut matrix = five();
        matrix["classes"][2][3] = json!("negligible");
        matrix["classes"][4][0] = json!("negligible");
        put(&api, &matrix).invalid(&[("/classes/2/3", "inconsistent"), ("/classes/4/0", "inconsistent")]);
        for row in 0..5 {
            for column in (0..5).filter(|column| row + column > 0) {
                let mut matrix = plain(5, 5, "high");
                matrix["classes"][row][column] = json!("increased");
                put(&api, &matrix).invalid(&[(&format!("/classes/{row}/{column}"), "inconsistent")]);
            }
        }
        assert_eq!(api.seq(), 0);
        let mut steps = plain(3, 3, "high");
        steps["classes"][0][0] = json!("negligible");
        put(&api, &steps).expect(200);
    }

    fn the_picture_of_the_matrix_shows_no_more_than_letters(server) {
        let api = server.fresh_organization();
        let mut matrix = five();
        matrix["impact_levels"][0] = json!("a\u{202e}b\u{2066}<&");
        matrix["likelihood_levels"][0] = json!("c\u{ffff}d\u{200f}e\u{fdd0}");
        put(&api, &matrix).expect(200);
        let picture = api.get("/reports/risk-matrix?format=svg").expect(200).text();
        assert!(picture.contains("ab&lt;&amp;") && picture.contains(">cde<"), "{picture}");
        assert!(!picture.contains(['\u{202e}', '\u{2066}', '\u{ffff}', '\u{200f}', '\u{fdd0}']), "{picture}");
    }

    fn every_row_and_column_has_a_level_and_every_level_a_name_of_its_own(server) {
        let api = server.fresh_organization();
        let mut matrix = five();
        matrix["classes"].as_array_mut().expect("rows").pop();
        matrix["classes"][1].as_array_mut().expect("a row").pop();
        matrix["classes"][2].as_array_mut().expect("a row").push(json!("high"));
        matrix["likelihood_levels"][3] = json!("rare");
        matrix["impact_levels"][4] = json!("minor");
        put(&api, &matrix).invalid(&[
            ("/classes", "inconsistent"),
            ("/classes/1", "inconsistent"),
            ("/classes/2", "inconsistent"),
            ("/likelihood_levels/3", "duplicate"),
            ("/impact_levels/4", "duplicate"),
        ]);
        let mut composed = five();
        composed["impact_levels"] = json!(["u\u{308}bel", "b", "c", "übel", "e"]);
        put(&api, &composed).invalid(&[("/impact_levels/3", "duplicate")]);
        assert_eq!(api.seq(), 0);
    }

    fn a_matrix_without_a_rating_in_use_is_refused(server) {
        let api = server.fresh_organization();
        risk(&api, &json!({"inherent": rating(4, 2)}), None);
        risk(&api, &json!({"target": rating(1, 4)}), None);
        let (before, seq) = (api.get("/risk-matrix").expect(200).json(), api.seq());
        for (matrix, members) in [
            (three(), vec!["/impact_levels", "/likelihood_levels"]),
            (plain(3, 4, "high"), vec!["/likelihood_levels"]),
            (plain(4, 3, "high"), vec!["/impact_levels"]),
        ] {
            for prefer in ["return=minimal", "tx=rollback"] {
                let answer = api.call("PUT", "/risk-matrix").header("Prefer", prefer).json(&matrix).send();
                answer.refused(409, "rating_off_matrix");
                let wanted: Vec<(String, String)> =
                    members.iter().map(|member| ((*member).to_owned(), "rating_off_matrix".to_owned())).collect();
                assert_eq!(answer.faults(), wanted, "{}", answer.story());
            }
        }
        assert_eq!((api.get("/risk-matrix").expect(200).json(), api.seq()), (before, seq));
        put(&api, &plain(4, 4, "high")).expect(200);
    }

    fn an_old_assessment_keeps_its_level_on_the_matrix_and_a_deleted_risk_does_not(server) {
        let api = server.fresh_organization();
        let gone = risk(&api, &json!({"inherent": rating(5, 5)}), None);
        put(&api, &three()).refused(409, "rating_off_matrix");
        api.delete(&format!("/risks/{}", id(&gone))).expect(204);
        put(&api, &three()).expect(200);
        put(&api, &five()).expect(200);
        let again = risk(&api, &json!({}), Some((4, 3)));
        api.create("risk-assessments", &json!({"risk": again["id"], "likelihood": 1, "impact": 1}));
        let answer = put(&api, &three());
        answer.refused(409, "rating_off_matrix");
        assert_eq!(answer.faults(), [("/likelihood_levels".to_owned(), "rating_off_matrix".to_owned())]);
    }

    fn a_larger_matrix_takes_higher_ratings(server) {
        let api = server.fresh_organization();
        let risk = risk(&api, &json!({}), None);
        let highest = json!({"risk": risk["id"], "likelihood": 7, "impact": 7});
        let refused = api.post("/risk-assessments", &highest);
        refused.invalid(&[("/likelihood", "out_of_range"), ("/impact", "out_of_range")]);
        put(&api, &seven()).expect(200);
        api.create("risk-assessments", &highest);
        let rated = api.get(&format!("/risks/{}", id(&risk))).expect(200).json();
        assert_eq!((&rated["score"], &rated["class"]), (&json!(49), &json!("extreme")));
        put(&api, &five()).refused(409, "rating_off_matrix");
    }

    fn a_new_matrix_classes_all_risks_anew_at_once(server) {
        let api = server.fresh_organization();
        let low = risk(&api, &json!({"inherent": rating(5, 5), "target": rating(1, 1)}), Some((1, 1)));
        let high = risk(&api, &json!({}), Some((4, 4)));
        let unrated = risk(&api, &json!({}), None);
        assert_eq!(classified(&api, "class=negligible"), [id(&low)]);
        assert_eq!(classified(&api, "class=high"), [id(&high)]);
        let read = |risk: &Value| api.get(&format!("/risks/{}", id(risk))).expect(200).json();
        let (before, then) = (read(&low), api.seq());
        let told = |risk: &Value| ["class", "inherent_class", "target_class", "above_appetite"].map(|name| risk[name].clone());
        assert_eq!(told(&before), [json!("negligible"), json!("extreme"), json!("negligible"), json!(false)]);
        let mut matrix = five();
        matrix["classes"] = plain(5, 5, "extreme")["classes"].clone();
        put(&api, &matrix).expect(200);
        assert_eq!(api.seq(), then + 1, "what is derived makes no entries");
        assert_eq!(classified(&api, "class=negligible"), Vec::<String>::new());
        assert_eq!(classified(&api, "class=extreme"), [id(&low), id(&high)]);
        assert_eq!(classified(&api, "class=high,extreme"), [id(&low), id(&high)]);
        assert_eq!(classified(&api, "class=null"), [id(&unrated)]);
        let after = read(&low);
        assert_eq!(told(&after), [json!("extreme"), json!("extreme"), json!("extreme"), json!(true)]);
        assert_eq!(after["version"], before["version"]);
        let past = api.get(&format!("/risks/{}?as_of={then}", id(&low))).expect(200).json();
        assert_eq!(told(&past), told(&before), "it is classed with the matrix that held then");
        assert_eq!(classified(&api, &format!("class=negligible&as_of={then}")), [id(&low)]);
    }

    fn a_new_appetite_is_heeded_at_once(server) {
        let api = server.fresh_organization();
        let risk = risk(&api, &json!({}), Some((4, 4)));
        let above = || api.get(&format!("/risks/{}", id(&risk))).expect(200).json()["above_appetite"].clone();
        assert_eq!(above(), json!(true));
        let mut matrix = five();
        matrix["appetite"] = json!("high");
        put(&api, &matrix).expect(200);
        assert_eq!(above(), json!(false));
    }

    fn a_matrix_and_settings_are_no_rows_of_a_batch(server) {
        let api = server.fresh_organization();
        for (kind, data) in [("risk_matrix", five()), ("settings", json!({"intolerable_level": 1}))] {
            let row = json!({"op": "upsert", "kind": kind, "id": "key:default", "data": data});
            api.post("/batch", &json!({"rows": [row]})).invalid(&[("/rows/0/kind", "not_allowed")]);
            let body = json!({"snapshot": {"system": "netbox", "kinds": [kind]}, "rows": []});
            api.post("/batch", &body).refused(422, "invalid");
        }
        assert_eq!(api.seq(), 0);
    }
}
