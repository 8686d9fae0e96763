//! What an organisation has exactly one of: it is there with its defaults from the beginning, replaced as a whole, and
//! what follows from it follows at once.

use crate::both;
use crate::support::client::encode;
use crate::support::{Answer, Api, fresh};
use serde_json::{Value, json};

pub mod matrix;

struct Single {
    path: &'static str,
    kind: &'static str,
    defaults: fn() -> Value,
    /// Two other contents.
    others: fn() -> [Value; 2],
}

const SINGLES: [Single; 2] = [
    Single { path: "/risk-matrix", kind: "risk_matrix", defaults: matrix::five, others: || [matrix::three(), matrix::seven()] },
    Single {
        path: "/settings",
        kind: "settings",
        defaults: || json!({"intolerable_level": 3, "plan_approvals": [], "detection_seconds": 0, "declaration_seconds": 0, "retention": {"deleted_contacts_days": null}}),
        others: || {
            let both = json!(["process_owner", "it_service_continuity_manager"]);
            let approvals = json!([{"kind": "crisis", "roles": ["administrator"]}, {"kind": "disaster_recovery", "roles": both}]);
            [
                json!({"intolerable_level": 1, "plan_approvals": approvals, "detection_seconds": 60, "declaration_seconds": 0, "retention": {"deleted_contacts_days": 36500}}),
                json!({"intolerable_level": 4, "plan_approvals": [], "detection_seconds": 0, "declaration_seconds": 900, "retention": {"deleted_contacts_days": 0}}),
            ]
        },
    },
];

/// The content alone, without version and author.
fn content(mut shown: Value) -> Value {
    let members = shown.as_object_mut().expect("an object");
    members.retain(|name, _| !["version", "updated_at", "updated_by"].contains(&name.as_str()));
    shown
}

fn put_if(api: &Api, path: &str, header: (&str, &str), body: &Value) -> Answer {
    api.call("PUT", path).header(header.0, header.1).json(body).send()
}

fn entries(api: &Api, kind: &str) -> Vec<Value> {
    api.get(&format!("/changes?after=0&include=body&kind={kind}")).expect(200).items()
}

both! {
    fn it_has_its_defaults_and_version_0_until_somebody_writes_it(server) {
        let api = server.fresh_organization();
        for Single { path, defaults, .. } in SINGLES {
            let answer = api.get(path).expect(200);
            let shown = answer.json();
            assert_eq!((&shown["version"], &shown["updated_at"], &shown["updated_by"]), (&json!(0), &Value::Null, &Value::Null));
            assert_eq!(content(shown), defaults());
            assert_eq!(answer.etag(), "\"0\"");
            api.call("GET", path).header("If-None-Match", "\"0\"").send().expect(304);
            api.call("HEAD", path).send().expect(200);
        }
        assert_eq!(api.seq(), 0, "reading moved the ledger");
    }

    fn put_replaces_the_whole_and_makes_a_version_and_an_entry(server) {
        let api = server.fresh_organization();
        for Single { path, kind, others, .. } in SINGLES {
            for (version, other) in (1..).zip(others()) {
                let seq = api.seq();
                let answer = api.call("PUT", path).header("Change-Reason", "As decided").json(&other).send().expect(200);
                let shown = answer.json();
                assert_eq!((&shown["version"], &shown["updated_by"]), (&json!(version), &json!("ana")));
                assert_eq!(answer.etag(), format!("\"{version}\""));
                let read = api.get(path).expect(200);
                assert_eq!((read.json(), read.etag()), (shown.clone(), answer.etag()));
                assert_eq!(api.seq(), seq + 1);
                let entry = entries(&api, kind).pop().expect("an entry");
                let operation = if version == 1 { "created" } else { "updated" };
                assert_eq!((&entry["operation"], &entry["version"]), (&json!(operation), &json!(version)));
                assert_eq!((&entry["reason"], &entry["actor"]), (&json!("As decided"), &json!("ana")));
                assert_eq!((&entry["seq"], &entry["at"]), (&json!(seq + 1), &shown["updated_at"]));
                for (name, value) in other.as_object().expect("an object") {
                    assert_eq!(&entry["body"][name], value, "{name}");
                }
                assert_eq!(content(shown), other);
            }
        }
    }

    fn equal_content_makes_no_new_version_and_no_entry(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            let [other, _] = others();
            let first = api.put(path, &other).expect(200);
            let seq = api.seq();
            let again = put_if(&api, path, ("If-Match", "\"1\""), &other).expect(200);
            assert_eq!((again.json(), again.etag()), (first.json(), first.etag()));
            assert_eq!(api.seq(), seq);
        }
    }

    fn a_change_may_be_based_on_a_version_and_on_there_being_none(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            let [one, two] = others();
            for stale in ["\"1\"", "\"nonsense\"", "W/\"0\""] {
                put_if(&api, path, ("If-Match", stale), &one).refused(412, "precondition_failed");
            }
            put_if(&api, path, ("If-Match", "\"0\""), &one).expect(200);
            for stale in ["\"0\"", "\"2\""] {
                put_if(&api, path, ("If-Match", stale), &two).refused(412, "precondition_failed");
            }
            put_if(&api, path, ("If-None-Match", "*"), &two).refused(412, "precondition_failed");
            assert_eq!(content(api.get(path).expect(200).json()), one);
            put_if(&api, path, ("If-Match", "\"7\", \"1\""), &two).expect(200);
            put_if(&api, path, ("If-Match", "*"), &one).expect(200);
        }
    }

    fn of_many_first_writers_at_once_one_wins_and_without_conditions_each_counts(server) {
        for Single { path, others, .. } in SINGLES {
            let api = server.fresh_organization();
            let contents = others();
            let at_once = |guarded: bool| -> Vec<u16> {
                std::thread::scope(|scope| {
                    let one = |n: usize| {
                        let request = api.call("PUT", path).json(&contents[n % 2]);
                        let request = if guarded { request.header("If-Match", "\"0\"") } else { request };
                        scope.spawn(move || request.send().status())
                    };
                    let sent: Vec<_> = (0..6).map(one).collect();
                    sent.into_iter().map(|one| one.join().expect("an answer")).collect()
                })
            };
            let statuses = at_once(true);
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 5, "{statuses:?}");
            assert_eq!(at_once(false), [200; 6]);
            let version = api.get(path).expect(200).json()["version"].as_u64().expect("a number");
            assert_eq!(api.seq(), version, "every version is one entry of the ledger");
        }
    }

    fn a_rehearsal_answers_as_the_real_thing_and_keeps_nothing(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            let (before, seq) = (api.get(path).expect(200).json(), api.seq());
            let answer = put_if(&api, path, ("Prefer", "tx=rollback"), &others()[0]).expect(200);
            assert_eq!(answer.needed_header("preference-applied"), "tx=rollback");
            assert_eq!((&answer.json()["version"], content(answer.json())), (&json!(1), others()[0].clone()));
            assert_eq!((api.get(path).expect(200).json(), api.seq()), (before, seq));
            let wrong = put_if(&api, path, ("Prefer", "tx=rollback"), &json!({"nonsense": 1}));
            wrong.refused(422, "invalid");
        }
    }

    fn it_is_read_as_it_was_at_any_moment(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            let mut moments = vec![(api.seq().to_string(), api.get(path).expect(200).json())];
            moments.push(("2000-01-01T00:00:00Z".to_owned(), moments[0].1.clone()));
            for other in others() {
                let shown = api.put(path, &other).expect(200).json();
                moments.push((shown["updated_at"].as_str().expect("a time").to_owned(), shown.clone()));
                moments.push((api.seq().to_string(), shown));
            }
            for (as_of, then) in moments {
                let answer = api.get(&format!("{path}?as_of={}", encode(&as_of))).expect(200);
                assert_eq!(answer.etag(), format!("\"{}\"", then["version"]));
                assert_eq!(answer.json(), then, "as of {as_of}");
            }
            for never in ["yesterday", "", "-1", "1.5", &(api.seq() + 1).to_string()] {
                api.get(&format!("{path}?as_of={never}")).refused(400, "invalid_parameter");
            }
        }
    }

    fn another_organisation_has_its_own(server) {
        let (ours, theirs) = (server.fresh_organization(), server.fresh_organization());
        for Single { path, kind, defaults, others } in SINGLES {
            ours.put(path, &others()[0]).expect(200);
            assert_eq!(content(theirs.get(path).expect(200).json()), defaults());
            theirs.put(path, &others()[1]).expect(200);
            assert_eq!(content(ours.get(path).expect(200).json()), others()[0]);
            assert_eq!(entries(&theirs, kind).len(), 1);
        }
        assert_eq!((ours.seq(), theirs.seq()), (2, 2));
    }

    fn what_only_the_service_writes_and_what_nobody_knows_is_refused(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            let mut draft = others()[0].clone();
            let known = [("version", "read_only"), ("updated_at", "read_only"), ("updated_by", "read_only")];
            let unknown = ["id", "key", "name", "tags", "attributes", "nonsense"].map(|name| (name, "unknown_field"));
            for (name, _) in known.iter().chain(&unknown) {
                draft[*name] = Value::Null;
            }
            let faults: Vec<(String, &str)> = known.iter().chain(&unknown).map(|(name, code)| (format!("/{name}"), *code)).collect();
            let faults: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
            api.put(path, &draft).invalid(&faults);
            assert_eq!(api.get(path).expect(200).json()["version"], json!(0));
        }
    }

    fn it_is_asked_and_sent_as_everything_else(server) {
        let api = server.fresh_organization();
        for Single { path, others, .. } in SINGLES {
            api.get(&format!("{path}?nonsense=1")).refused(400, "unknown_parameter");
            api.put(&format!("{path}?nonsense=1"), &others()[0]).refused(400, "unknown_parameter");
            let send = |media: &str, body: &str| api.call("PUT", path).body(media, body).send();
            send("text/plain", "{}").refused(415, "unsupported_media_type");
            send("application/json", "{").refused(400, "malformed_json");
            for body in ["[]", "null", "7"] {
                assert!(matches!(send("application/json", body).status(), 400 | 422), "{body}");
            }
            for method in ["POST", "PATCH", "DELETE"] {
                let answer = api.call(method, path).json(&others()[0]).send();
                answer.refused(405, "method_not_allowed");
                assert_eq!(answer.needed_header("allow"), "GET, HEAD, PUT");
            }
        }
        assert_eq!(api.seq(), 0);
    }

    fn the_intolerable_level_is_one_of_four(server) {
        let api = server.fresh_organization();
        for level in 1..=4 {
            api.put("/settings", &json!({"intolerable_level": level})).expect(200);
        }
        for level in [0, 5, -1, i64::MAX] {
            api.put("/settings", &json!({"intolerable_level": level})).invalid(&[("/intolerable_level", "out_of_range")]);
        }
        for level in [json!("3"), json!(2.5), json!([])] {
            api.put("/settings", &json!({"intolerable_level": level})).invalid(&[("/intolerable_level", "wrong_type")]);
        }
        let whole = api.put("/settings", &json!({})).expect(200).json();
        let defaults = json!({"intolerable_level": 3, "plan_approvals": [], "detection_seconds": 0, "declaration_seconds": 0, "retention": {"deleted_contacts_days": null}});
        assert_eq!(content(whole), defaults, "what is left out has its default");
    }

    fn each_kind_of_plan_names_the_roles_whose_approval_it_needs(server) {
        let api = server.fresh_organization();
        let put = |approvals: Value| api.put("/settings", &json!({"plan_approvals": approvals}));
        let one = |kind: &str, roles: &[&str]| json!({"kind": kind, "roles": roles});
        put(json!([one("crisis", &["process_owner"])])).expect(200);
        let wrong = [
            (json!([one("holiday", &["process_owner"])]), "/0/kind", "not_allowed"),
            (json!([one("crisis", &["user"])]), "/0/roles/0", "not_allowed"),
            (json!([one("crisis", &[])]), "/0/roles", "too_short"),
            (json!([one("crisis", &["administrator", "administrator"])]), "/0/roles/1", "duplicate"),
            (json!([one("crisis", &["administrator"]), one("crisis", &["process_owner"])]), "/1/kind", "duplicate"),
            (json!([{"kind": "crisis"}]), "/0/roles", "required"),
        ];
        for (approvals, at, code) in wrong {
            put(approvals).invalid(&[(&format!("/plan_approvals{at}"), code)]);
        }
        assert_eq!(api.get("/settings").expect(200).json()["plan_approvals"], json!([one("crisis", &["process_owner"])]));
    }

    fn the_intolerable_level_derives_the_tolerable_time_anew_at_once(server) {
        let api = server.fresh_organization();
        let process = api.create("business-processes", &json!({"name": "Pay"}));
        let rating = |after: i64, level: i64| json!({"category": "legal", "after_seconds": after, "level": level});
        let ratings = json!([rating(60, 1), rating(3600, 3), rating(7200, 4)]);
        let draft = json!({"key": format!("BIA-{}", fresh()), "business_process": process["id"], "assessed_on": "2026-11-10", "ratings": ratings});
        let assessment = api.create("impact-assessments", &draft);
        assert_eq!(assessment["derived_mtpd_seconds"], json!(3600));
        let path = format!("/impact-assessments/{}", assessment["id"].as_str().expect("an id"));
        let before = api.seq();
        for (level, seconds) in [(1, 60), (2, 3600), (4, 7200)] {
            api.put("/settings", &json!({"intolerable_level": level})).expect(200);
            let now = api.get(&path).expect(200).json();
            assert_eq!((&now["derived_mtpd_seconds"], &now["version"]), (&json!(seconds), &json!(1)));
        }
        let then = api.get(&format!("{path}?as_of={before}")).expect(200).json();
        assert_eq!(then["derived_mtpd_seconds"], json!(3600), "it is derived with the level that held then");
    }
}
