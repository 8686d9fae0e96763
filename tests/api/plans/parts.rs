//! The parts of a version: each by itself, whole or one element by its key; and what a plan cannot say.

use super::version_path;
use crate::both;
use crate::prepared::{draft_of, id, plan, two_steps};
use crate::support::Api;
use serde_json::{Value, json};

/// Two good elements of each part, without their keys.
fn elements() -> [(&'static str, Value, Value); 4] {
    let step = json!({"phase": "recovery", "title": "Restore", "expected_seconds": 60});
    let mut longer = step.clone();
    longer["expected_seconds"] = json!(120);
    [
        ("sections", json!({"title": "Background"}), json!({"title": "Scope", "body": "*All* of it"})),
        ("team", json!({"role": "Lead"}), json!({"role": "Database administrator"})),
        ("communications", json!({"audience": "All staff"}), json!({"audience": "The press", "channel": "telephone"})),
        ("steps", step, longer),
    ]
}

/// The member of each part that must be there and is a text.
fn needed(part: &str) -> &'static str {
    match part {
        "team" => "role",
        "communications" => "audience",
        _ => "title",
    }
}

fn with_key(element: &Value, key: &str) -> Value {
    let mut element = element.clone();
    element["key"] = json!(key);
    element
}

fn draft(api: &Api) -> (Value, String) {
    let version = draft_of(api, &plan(api), &json!({}));
    let path = version_path(&version);
    (version, path)
}

/// Asserts that an answer says all that was sent; what was not sent has its default.
#[track_caller]
fn says(got: &Value, sent: &Value) {
    for (name, value) in sent.as_object().expect("an object") {
        assert_eq!(&got[name], value, "{name} of {got}");
    }
}

both! {
    fn a_patch_takes_nothing_away_that_cannot_be_there(server) {
        let api = server.fresh_organization();
        for (part, one, _) in elements() {
            let (_, path) = draft(&api);
            let at = format!("{path}/{part}/first");
            api.put(&at, &one).expect(201);
            api.patch(&at, &json!({"nonsense": null})).invalid(&[("/nonsense", "unknown_field")]);
            api.patch(&at, &json!({})).expect(200);
        }
    }

    fn an_element_is_added_replaced_changed_and_taken_away_by_its_key(server) {
        let api = server.fresh_organization();
        for (part, one, two) in elements() {
            let (version, path) = draft(&api);
            let (list, at) = (format!("{path}/{part}"), format!("{path}/{part}/first"));
            api.get(&at).refused(404, "not_found");
            api.patch(&at, &json!({})).refused(404, "not_found");
            api.delete(&at).refused(404, "not_found");
            says(&api.put(&at, &one).expect(201).json(), &with_key(&one, "first"));
            api.put(&format!("{list}/second"), &two).expect(201);
            let replaced = api.put(&at, &with_key(&two, "first")).expect(200);
            says(&replaced.json(), &with_key(&two, "first"));
            let read = api.get(&at).expect(200);
            assert_eq!((read.json(), read.etag()), (replaced.json(), replaced.etag()));
            let changed = api.patch(&at, &json!({needed(part): "Other"})).expect(200).json();
            assert_eq!(changed[needed(part)], json!("Other"));
            let items = api.get(&list).expect(200).items();
            let keys: Vec<&Value> = items.iter().map(|item| &item["key"]).collect();
            assert_eq!(keys, [&json!("first"), &json!("second")], "each stays in its place");
            let whole = api.get(&format!("/plan-versions/{}", id(&version))).expect(200).json();
            assert_eq!(whole[part], json!(items));
            let gone = api.delete(&at).expect(204);
            assert!(gone.reply.body.is_empty());
            assert_eq!(api.get(&list).expect(200).each("key"), ["second"]);
            let now = api.get(&format!("/plan-versions/{}", id(&version))).expect(200).json();
            assert_eq!(now["version"], json!(6), "every change is a version");
        }
    }

    fn a_part_is_replaced_as_a_whole(server) {
        let api = server.fresh_organization();
        for (part, one, two) in elements() {
            let (_, path) = draft(&api);
            let list = format!("{path}/{part}");
            assert_eq!(api.get(&list).expect(200).json(), json!({"items": []}));
            let sent = json!([with_key(&two, "b"), with_key(&one, "a")]);
            let put = api.put(&list, &sent).expect(200);
            put.items().iter().zip(sent.as_array().expect("a list")).for_each(|(got, sent)| says(got, sent));
            let read = api.get(&list).expect(200);
            assert_eq!((read.json(), read.etag()), (put.json(), put.etag()));
            let known = api.call("GET", &list).header("If-None-Match", put.etag()).send().expect(304);
            assert_eq!(known.header("etag"), Some(put.etag().as_str()));
            assert_eq!(api.put(&list, &sent).expect(200).etag(), put.etag(), "the same again changes nothing");
            assert_eq!(api.put(&list, &json!([])).expect(200).json(), json!({"items": []}));
            for nonsense in [json!({}), json!("x"), json!(null)] {
                api.put(&list, &nonsense).invalid(&[("", "wrong_type")]);
            }
        }
    }

    fn faults_are_told_as_they_stand_in_what_was_sent(server) {
        let api = server.fresh_organization();
        for (part, one, two) in elements() {
            let (_, path) = draft(&api);
            let (list, name) = (format!("{path}/{part}"), needed(part));
            api.put(&format!("{list}/first"), &one).expect(201);
            let mut wrong = two.clone();
            wrong[name] = json!(7);
            wrong["nonsense"] = json!(1);
            let faults = [(format!("/{name}"), "wrong_type"), ("/nonsense".to_owned(), "unknown_field")];
            let own: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
            api.put(&format!("{list}/second"), &wrong).invalid(&own);
            api.put(&format!("{list}/first"), &wrong).invalid(&own);
            api.patch(&format!("{list}/first"), &json!({name: null})).invalid(&[(&format!("/{name}"), "required")]);
            api.put(&format!("{list}/first"), &with_key(&one, "second")).invalid(&[("/key", "inconsistent")]);
            api.patch(&format!("{list}/first"), &json!({"key": "second"})).invalid(&[("/key", "inconsistent")]);
            api.put(&format!("{list}/No%20key"), &one).invalid(&[("/key", "bad_format")]);
            api.put(&format!("{list}/first"), &json!([])).invalid(&[("", "wrong_type")]);
            let listed = json!([with_key(&one, "a"), with_key(&wrong, "b"), with_key(&one, "a")]);
            let deeper = [(format!("/1/{name}"), "wrong_type"), ("/1/nonsense".to_owned(), "unknown_field")];
            let deeper: Vec<(&str, &str)> = deeper.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
            let answer = api.put(&list, &listed);
            answer.refused(422, "invalid");
            let told = answer.faults();
            assert!(deeper.iter().all(|(at, code)| told.contains(&((*at).to_owned(), (*code).to_owned()))), "{}", answer.story());
            api.put(&list, &json!([with_key(&one, "a"), with_key(&two, "a")])).invalid(&[("/1/key", "duplicate")]);
            assert_eq!(api.get(&list).expect(200).each("key"), ["first"]);
        }
    }

    fn a_change_of_a_part_honours_the_version_it_is_based_on_and_is_rehearsed(server) {
        let api = server.fresh_organization();
        for (part, one, two) in elements() {
            let (_, path) = draft(&api);
            let at = format!("{path}/{part}/first");
            api.put(&at, &one).expect(201);
            let tag = api.get(&at).expect(200).etag();
            let whole = json!([with_key(&two, "first")]);
            let calls = [("PUT", &at, Some(&two)), ("PATCH", &at, Some(&two)), ("DELETE", &at, None)];
            let list = format!("{path}/{part}");
            for (method, path, body) in calls.into_iter().chain([("PUT", &list, Some(&whole))]) {
                let call = |name: &str, value: &str| {
                    let request = api.call(method, path).header(name, value);
                    match body {
                        Some(body) => request.json(body).send(),
                        None => request.send(),
                    }
                };
                call("If-Match", "\"1\"").refused(412, "precondition_failed");
                let rehearsed = call("Prefer", "tx=rollback");
                assert!(rehearsed.status() < 300, "{}", rehearsed.story());
                assert_eq!(api.get(&at).expect(200).etag(), tag, "{method} {path}");
            }
            api.call("PUT", &at).header("If-Match", tag.as_str()).json(&two).send().expect(200);
        }
    }

    fn steps_that_wait_for_each_other_are_refused_by_name(server) {
        let api = server.fresh_organization();
        let (_, path) = draft(&api);
        let step = |key: &str, after: Value| json!({"key": key, "phase": "recovery", "title": key, "expected_seconds": 1, "depends_on": after});
        let circle = json!([step("a", json!(["c"])), step("b", json!(["a"])), step("c", json!(["b"])), step("d", json!(["a"]))]);
        let answer = api.put(&format!("{path}/steps"), &circle);
        answer.refused(422, "invalid");
        let [(_, code)] = &answer.faults()[..] else { panic!("one fault\n{}", answer.story()) };
        assert_eq!(code, "circle");
        let detail = answer.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        for key in ["a", "b", "c"] {
            assert!(detail.contains(key), "{detail}");
        }
        assert!(!detail.contains('d') || detail.contains("wait for each other"), "{detail}");
        let own = json!([step("a", json!(["a"]))]);
        assert_eq!(api.put(&format!("{path}/steps"), &own).faults()[0].1, "circle");
        api.put(&format!("{path}/steps"), &json!([step("a", json!(["x"]))])).invalid(&[("/0/depends_on/0", "unknown_step")]);
        let twice = json!([step("a", json!([])), step("b", json!(["a", "a"]))]);
        api.put(&format!("{path}/steps"), &twice).invalid(&[("/1/depends_on/1", "duplicate")]);
        api.put(&format!("{path}/steps"), &json!([step("b", json!(["a"])), step("a", json!([]))])).expect(200);
    }

    fn a_step_others_wait_for_is_not_taken_away(server) {
        let api = server.fresh_organization();
        let version = draft_of(&api, &plan(&api), &two_steps());
        let steps = format!("{}/steps", version_path(&version));
        let refused = api.delete(&format!("{steps}/restore"));
        refused.refused(422, "invalid");
        assert_eq!(refused.faults()[0].1, "unknown_step", "{}", refused.story());
        assert_eq!(api.get(&steps).expect(200).each("key"), ["restore", "check"]);
        api.delete(&format!("{steps}/check")).expect(204);
        api.delete(&format!("{steps}/restore")).expect(204);
    }
}
