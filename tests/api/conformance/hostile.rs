//! Bodies and requests no honest client sends.

use super::{Is, World};
use crate::each;
use crate::support::Answer;
use crate::support::document::Document;
use serde_json::{Value, json};

fn send(world: &World, body: impl Into<Vec<u8>>) -> Answer {
    world.api.call("POST", &world.path()).body("application/json", body).send()
}

/// A draft whose name is replaced by raw JSON text.
fn named(world: &World, json_text: &str) -> String {
    let mut draft = world.minimal();
    draft[world.spec.label] = json!("@@");
    draft.to_string().replace("\"@@\"", json_text)
}

/// A minimal draft with further members as raw JSON text.
fn extended(world: &World, members: &str) -> String {
    let draft = world.minimal().to_string();
    let open = draft.strip_suffix('}').expect("a draft is an object");
    format!("{open},{members}}}")
}

#[track_caller]
fn refused(world: &World, body: impl Into<Vec<u8>>, statuses: &[u16]) {
    let before = world.snapshot()["items"].clone();
    let answer = send(world, body);
    assert!(statuses.contains(&answer.status()), "expected {statuses:?}\n{}", answer.story());
    assert_eq!(world.snapshot()["items"], before, "it left a trace\n{}", answer.story());
}

/// Asserts that no call is made with a parameter it does not have.
#[track_caller]
fn with_nonsense(world: &World, calls: &[(&str, String, Option<Value>)]) {
    let before = world.snapshot();
    for (method, path, body) in calls {
        let path = format!("{path}?nonsense=1");
        let request = world.api.call(method, &path);
        let answer = match body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        };
        answer.refused(400, "unknown_parameter");
    }
    assert_eq!(world.snapshot(), before);
}

each! {
    once where |kind| kind.can.create;

    fn what_is_not_json_is_malformed(world) {
        for body in ["", " ", "{", "}", "nonsense", "{'name': 'x'}", "{\"name\": \"x\",}", "{\"name\": undefined}", "{} {}", "NaN"] {
            let answer = send(world, body);
            answer.refused(400, "malformed_json");
        }
        for body in ["null", "[]", "\"x\"", "7", "true"] {
            refused(world, body, &[400, 422]);
        }
    }

    fn control_characters_are_refused(world) {
        let codes = ["0000", "0001", "0007", "0008", "000b", "001b", "001f", "007f", "0080", "0085", "009f"];
        for code in codes {
            let body = named(world, &format!("\"a\\u{code}b\""));
            let before = world.snapshot()["items"].clone();
            let answer = send(world, body);
            answer.refused(400, "malformed_json");
            assert_eq!(world.snapshot()["items"], before);
        }
        refused(world, named(world, "\"a\nb\""), &[400]);
        refused(world, extended(world, "\"tags\": [\"a\\u0000\"]"), &[400]);
        refused(world, extended(world, "\"attributes\": {\"a\\u0000\": 1}"), &[400]);
        refused(world, extended(world, "\"attributes\": {\"a\": \"\\u0000\"}"), &[400]);
        refused(world, extended(world, "\"external_refs\": [{\"system\": \"a\\u0000\", \"id\": \"x\"}]"), &[400]);
        refused(world, extended(world, "\"a\\u0000\": 1"), &[400]);
    }

    fn a_member_given_twice_is_refused(world) {
        let label = world.spec.label;
        refused(world, named(world, &format!("\"a\", \"{label}\": \"b\"")), &[400, 422]);
        refused(world, extended(world, "\"attributes\": {\"a\": 1, \"a\": 2}"), &[400, 422]);
        refused(world, extended(world, "\"external_refs\": [{\"system\": \"a\", \"id\": \"1\", \"id\": \"2\"}]"), &[400, 422]);
        let (first, rest) = label.split_at(1);
        let escaped = format!("\\u{:04x}{rest}", u32::from(first.as_bytes()[0]));
        refused(world, named(world, &format!("\"a\", \"{escaped}\": \"b\"")), &[400, 422]);
    }

    fn json_deeper_than_thirty_two_levels_is_refused(world) {
        for depth in [33, 200, 100_000] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            refused(world, deep.clone(), &[400]);
            refused(world, named(world, &deep), &[400]);
            refused(world, extended(world, &format!("\"attributes\": {{\"a\": {deep}}}")), &[400]);
            refused(world, "{\"a\":".repeat(depth), &[400]);
        }
    }

    fn numbers_no_computer_agrees_on_are_refused(world) {
        for number in ["1e400", "-1e400", "9223372036854775808", "18446744073709551616", &"9".repeat(400)] {
            refused(world, named(world, number), &[400, 422]);
            refused(world, extended(world, &format!("\"attributes\": {{\"a\": {number}}}")), &[400, 422]);
        }
        let first = world.spec.fields.iter().find(|field| matches!(field.is, Is::Seconds(_) | Is::Count | Is::Whole(..) | Is::Level));
        let Some(field) = first else { return };
        for number in ["1e400", "9223372036854775808", "01", "+1", "0x10", "1.5"] {
            let draft = world.minimal_with(field, json!("@@")).to_string().replace("\"@@\"", number);
            refused(world, draft, &[400, 422]);
        }
    }

    fn text_that_is_not_unicode_is_refused(world) {
        for text in ["\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud800x\""] {
            refused(world, named(world, text), &[400, 422]);
        }
        for bytes in [&b"\xff"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"] {
            let mut body = named(world, "\"@@@\"").into_bytes();
            let at = body.windows(3).position(|part| part == b"@@@").expect("the mark");
            body.splice(at..at + 3, bytes.iter().copied());
            refused(world, body, &[400]);
        }
        refused(world, [b"\xef\xbb\xbf", world.minimal().to_string().as_bytes()].concat(), &[400]);
        refused(world, world.minimal().to_string().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &[400]);
    }

    fn a_body_of_another_content_type_is_refused(world) {
        let body = world.minimal().to_string();
        for media in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", ""] {
            let answer = world.api.call("POST", &world.path()).body(media, body.clone()).send();
            answer.refused(415, "unsupported_media_type");
        }
        let path = world.at(&world.create_minimal());
        let put = world.api.call("PUT", &path).body("application/merge-patch+json", body.clone()).send();
        put.refused(415, "unsupported_media_type");
        let charset = world.api.call("POST", &world.path()).body("application/json; charset=utf-8", body);
        charset.send().expect(201);
    }

    fn a_body_that_is_too_large_is_refused(world) {
        let mut draft = world.minimal();
        draft["description"] = json!("x".repeat(17 * 1024 * 1024));
        let answer = send(world, draft.to_string());
        answer.refused(413, "payload_too_large");
    }

    fn a_parameter_no_call_knows_is_refused(world) {
        let object = world.create_minimal();
        let (many, one) = (world.path(), world.at(&object));
        let mut changed = world.minimal();
        changed["description"] = json!("changed");
        let calls = [
            ("POST", many, Some(world.minimal())),
            ("GET", one.clone(), None),
            ("PUT", one.clone(), Some(changed)),
            ("GET", format!("{one}/history"), None),
            ("GET", "/changes".to_owned(), None),
            ("GET", "/me".to_owned(), None),
        ];
        with_nonsense(world, &calls);
        let twice = world.api.get(&format!("{}?fields=id&fields=key", world.at(&object)));
        twice.refused(400, "invalid_parameter");
    }

    fn a_change_reason_with_control_characters_never_reaches_the_ledger(world) {
        let request = world.api.call("POST", &world.path()).json(&world.minimal());
        let answer = request.header("Change-Reason", b"caf\xe9".to_vec()).send();
        assert!(matches!(answer.status(), 201 | 400), "{}", answer.story());
        let long = world.api.call("POST", &world.path()).json(&world.minimal()).header("Change-Reason", "x".repeat(5000)).send();
        assert_eq!(long.status(), 400, "{}", long.story());
        let item: Value = world.create_minimal();
        assert!(item["id"].is_string());
    }
}

each! {
    once where |kind| kind.can.change;

    fn a_patch_of_another_content_type_is_refused(world) {
        let path = world.at(&world.create_minimal());
        let patch = world.api.call("PATCH", &path).body("application/json-patch+json", "[]").send();
        patch.refused(415, "unsupported_media_type");
        let plain = world.api.call("PATCH", &path).body("application/json", "{\"description\": \"x\"}");
        plain.send().expect(200);
    }

    fn a_parameter_no_change_knows_is_refused(world) {
        let one = world.at(&world.create_minimal());
        with_nonsense(world, &[("PATCH", one.clone(), Some(json!({"description": "changed"})))]);
        if world.spec.can.delete {
            with_nonsense(world, &[("DELETE", one, None)]);
        }
    }
}

each! {
    fn a_description_may_have_lines(world) {
        let mut draft = world.minimal();
        draft["description"] = json!("one\ntwo\ttabbed");
        assert_eq!(world.create(&draft)["description"], draft["description"]);
    }

    fn text_is_kept_whatever_the_language(world) {
        for name in ["Zürich 🏢", "東京 データセンター", "مركز البيانات", "O'Brien; DROP TABLE sites;--", "%_\\ \"quoted\"", "<script>"] {
            let mut draft = world.minimal();
            draft[world.spec.label] = json!(name);
            let object = world.create(&draft);
            assert_eq!(object[world.spec.label], json!(name));
            let filter = format!("{}={}", world.spec.label, crate::support::client::encode(name));
            assert_eq!(world.ids(&filter).len(), 1);
        }
    }

    fn the_same_letters_composed_differently_are_the_same_name(world) {
        let mut draft = world.minimal();
        draft[world.spec.label] = json!("Zu\u{308}rich");
        assert_eq!(world.create(&draft)[world.spec.label], json!("Zürich"));
    }

    fn parameters_that_are_no_text_are_refused(world) {
        let label = world.spec.label;
        for query in ["name=%ff", "name=%00", "q=%00", "q=%0a", "key=a%00b", "tag=%c3%28", "name=%zz"] {
            let answer = world.list(&query.replace("name", label));
            let harmless = answer.status() == 200 && answer.items().is_empty();
            assert!(harmless || answer.status() == 400, "{}", answer.story());
        }
        let long = "x".repeat(5000);
        let answer = world.list(&format!("{label}={long}"));
        assert!(matches!(answer.status(), 200 | 400 | 414), "{}", answer.story());
    }
}

each! {
    once;

    fn a_method_a_path_does_not_have_is_refused_with_those_it_has(world) {
        let object = world.create_minimal();
        let document = Document::committed();
        for path in [world.path(), world.at(&object), format!("{}/history", world.at(&object))] {
            let target = format!("/api/v1{path}");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
                if document.operation(method, &target).is_some() {
                    continue;
                }
                let answer = world.api.call(method, &path).json(&json!({})).send();
                answer.refused(405, "method_not_allowed");
                let allowed: Vec<String> = answer.needed_header("allow").split(',').map(|method| method.trim().to_owned()).collect();
                for known in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                    let documented = document.operation(known, &target).is_some();
                    assert_eq!(allowed.iter().any(|method| method == known), documented, "{known}\n{}", answer.story());
                }
            }
        }
    }

    fn an_unknown_path_is_not_found(world) {
        let path = world.at(&world.create_minimal());
        for tail in ["/nonsense", "/history/1", "/history/", "//"] {
            world.api.get(&format!("{path}{tail}")).expect(404);
        }
        for target in ["/api/v1/nonsense", "/api/v2/sites", "/nonsense", "/api", "/api/v1/../../etc/passwd"] {
            let answer = world.api.absolute("GET", target).send();
            assert_eq!(answer.code(), "not_found", "{}", answer.story());
        }
    }
}
