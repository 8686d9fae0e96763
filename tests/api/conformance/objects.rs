//! One object: how it is found, what it always has, and what a cache may keep.

use super::spec::SERVER_OWNED;
use super::{Is, Spec, World, assert_says};
use crate::each;
use serde_json::{Value, json};

const NOBODY: &str = "018f6c2e-0000-7000-8000-000000000000";

fn referred(world: &World) -> Value {
    let mut draft = world.minimal();
    let number = crate::support::fresh();
    draft["external_refs"] = json!([{"system": "netbox", "id": format!("a/b c:ü%{number}?#")}]);
    world.create(&draft)
}

fn spellings(object: &Value) -> [String; 3] {
    let reference = object["external_refs"][0]["id"].as_str().expect("an id");
    [
        object["id"].as_str().expect("an id").to_owned(),
        format!("key:{}", object["key"].as_str().expect("a key")),
        format!("ref:netbox:{reference}"),
    ]
}

/// A body without the one member that always differs.
fn without_request_id(mut body: Value) -> Value {
    body.as_object_mut().expect("a problem is an object").remove("request_id");
    body
}

/// Asserts that a call with an object of another organisation tells nothing of it, under each spelling of its id.
#[track_caller]
fn foreign_as_unknown(world: &World, method: &str, tail: &str, body: Option<&Value>) {
    let theirs = referred(&world.elsewhere());
    for spelling in spellings(&theirs) {
        let ask = |spelling: &str| {
            let request = world.api.call(method, &format!("{}{tail}", world.spelled(spelling)));
            match body {
                Some(body) => request.json(body).send(),
                None => request.send(),
            }
        };
        let unknown = match spelling.split_once(':') {
            None => NOBODY,
            Some(("key", _)) => "key:NOBODY",
            Some(_) => "ref:netbox:nobody",
        };
        let (foreign, unknown) = (ask(&spelling), ask(unknown));
        assert_eq!(foreign.status(), 404, "{}", foreign.story());
        assert_eq!(without_request_id(foreign.json()), without_request_id(unknown.json()));
    }
}

each! {
    fn an_object_is_found_under_all_three_spellings_of_its_id(world) {
        let object = referred(world);
        for spelling in spellings(&object) {
            assert_eq!(world.api.get(&world.spelled(&spelling)).expect(200).json(), object, "{spelling}");
        }
        let capitals = object["id"].as_str().expect("an id").to_uppercase();
        assert_eq!(world.api.get(&world.spelled(&capitals)).expect(200).json()["id"], object["id"]);
    }

    fn an_object_has_what_all_objects_have(world) {
        let object = world.create_minimal();
        for member in SERVER_OWNED {
            assert!(object.get(member).is_some_and(|value| !value.is_null()), "{member} is missing: {object}");
        }
        assert_eq!(object["version"], json!(1));
        assert_eq!(object["created_by"], json!("ana"));
        assert_eq!(object["updated_by"], json!("ana"));
        assert_eq!(object["created_at"], object["updated_at"]);
        assert!(object["created_at"].as_str().is_some_and(|time| time.ends_with('Z')), "not in UTC: {object}");
        let id = uuid::Uuid::parse_str(object["id"].as_str().expect("an id")).expect("a uuid");
        assert_eq!(id.get_version_num(), 7);
    }

    fn what_was_never_given_has_its_default(world) {
        let draft = world.minimal();
        let object = world.create(&draft);
        for field in world.spec.fields {
            if draft.get(field.name).is_some() || field.name == "key" {
                continue;
            }
            assert_eq!(object.get(field.name), Some(&field.start.of(&object)), "{}", field.name);
        }
        for (member, start) in world.spec.read_only() {
            assert_eq!(object.get(*member), Some(&start.of(&object)), "{member}");
        }
    }

    fn every_field_comes_back_as_it_was_sent(world) {
        for draft in [world.full(), world.other()] {
            let created = world.create(&draft);
            assert_says(&created, &draft);
            assert_eq!(world.read(&created), created);
            assert_eq!(world.list(&format!("key={}", draft["key"].as_str().expect("a key"))).expect(200).items(), [created]);
        }
    }

    fn head_answers_as_get_without_the_body(world) {
        let object = world.create_minimal();
        for path in [world.at(&object), world.path(), format!("{}/history", world.at(&object))] {
            let get = world.api.get(&path).expect(200);
            let head = world.api.call("HEAD", &path).send().expect(200);
            assert!(head.reply.body.is_empty());
            for name in ["etag", "content-type", "content-length"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {path}");
            }
        }
        world.api.call("HEAD", &world.spelled(NOBODY)).send().expect(404);
    }

    fn a_client_that_has_the_object_is_not_sent_it_again(world) {
        let object = world.create_minimal();
        let path = world.at(&object);
        let etag = world.api.get(&path).expect(200).etag();
        let known = |tags: &str| world.api.call("GET", &path).header("If-None-Match", tags).send();
        for tags in [etag.clone(), format!("\"x\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let answer = known(&tags).expect(304);
            assert_eq!(answer.header("etag"), Some(etag.as_str()), "{tags}");
        }
        known("\"other\"").expect(200);
    }

    fn what_is_not_there_is_not_found(world) {
        for spelling in [NOBODY, "key:NOBODY", "ref:netbox:nobody"] {
            let path = world.spelled(spelling);
            world.api.get(&path).refused(404, "not_found");
            world.api.get(&format!("{path}/history")).refused(404, "not_found");
        }
        for nonsense in ["x", "key:", "ref:", "ref:a", "ref::", "key:-", "0", "%00", "key:%00", "'", "ref:a:%ff"] {
            let answer = world.api.get(&format!("{}/{nonsense}", world.path()));
            assert!(matches!(answer.status(), 400 | 404), "{}", answer.story());
        }
    }

    fn keys_are_numbered_where_none_is_given(world) {
        let key = |object: &Value| object["key"].as_str().expect("a key").to_owned();
        let own = world.untouched();
        let first = own.create(&own.draft(|field| field.required, 0));
        assert_eq!(key(&first), format!("{}-1", own.spec.prefix));
        let mut taken = own.minimal();
        taken["key"] = json!(format!("{}-2", own.spec.prefix));
        own.create(&taken);
        let next = own.create(&own.minimal());
        assert!(key(&next).starts_with(&format!("{}-", own.spec.prefix)));
        assert!(![key(&first), format!("{}-2", own.spec.prefix)].contains(&key(&next)), "{}", key(&next));
    }
}

each! {
    once;

    fn a_parameter_that_one_object_does_not_have_is_refused(world) {
        let path = world.at(&world.create_minimal());
        world.api.get(&format!("{path}?nonsense=1")).refused(400, "unknown_parameter");
        world.api.get(&format!("{path}/history?nonsense=1")).refused(400, "unknown_parameter");
    }
}

each! {
    where |kind| kind.can.change;

    fn every_spelling_serves_for_every_method(world) {
        for turn in 0..3 {
            let object = referred(world);
            let path = world.spelled(&spellings(&object)[turn]);
            let patched = world.api.patch(&path, &json!({"description": "found"})).expect(200).json();
            let versions = object["version"].as_u64().expect("a version") + 1;
            assert_eq!((&patched["id"], &patched["version"]), (&object["id"], &json!(versions)));
            assert_eq!(world.api.get(&format!("{path}/history")).expect(200).items().len() as u64, versions);
            if world.spec.can.delete {
                world.api.delete(&path).expect(204);
                world.api.get(&path).refused(404, "not_found");
            }
        }
    }

    fn a_client_that_has_an_older_version_is_sent_the_new_one(world) {
        let object = world.create_minimal();
        let path = world.at(&object);
        let etag = world.api.get(&path).expect(200).etag();
        let patched = world.api.patch(&path, &json!({"description": "changed"})).expect(200);
        let changed = world.api.call("GET", &path).header("If-None-Match", etag.as_str()).send().expect(200);
        assert_ne!(changed.etag(), etag);
        assert_eq!(changed.etag(), patched.etag());
    }

    fn what_is_not_there_is_neither_changed_nor_deleted(world) {
        for spelling in [NOBODY, "key:NOBODY", "ref:netbox:nobody"] {
            let path = world.spelled(spelling);
            world.api.patch(&path, &json!({"description": "x"})).refused(404, "not_found");
            if world.spec.can.delete {
                world.api.delete(&path).refused(404, "not_found");
            }
        }
    }
}

each! {
    where |kind| !kind.shared;

    fn a_reference_is_answered_with_id_kind_key_and_name(world) {
        let object = world.create(&world.full());
        for field in world.spec.fields {
            let found = match field.is {
                Is::Reference(_) => vec![object[field.name].clone()],
                Is::References(..) => object[field.name].as_array().expect("a list").clone(),
                _ => continue,
            };
            for reference in found.into_iter().filter(|reference| !reference.is_null()) {
                let id = reference["id"].as_str().expect("an id");
                let kind = reference["kind"].as_str().expect("a kind");
                let spec = Spec::all().find(|spec| spec.kind == kind).expect("a known kind");
                let target = world.api.get(&format!("/{}/{id}", spec.path)).expect(200).json();
                assert_eq!(reference, json!({"id": id, "kind": kind, "key": target["key"], "name": target[spec.label]}));
            }
        }
    }

    fn another_organisations_object_looks_exactly_like_an_unknown_one(world) {
        foreign_as_unknown(world, "GET", "", None);
        foreign_as_unknown(world, "GET", "/history", None);
    }
}

each! {
    where |kind| kind.can.change && !kind.shared;

    fn another_organisations_object_is_changed_and_deleted_as_an_unknown_one(world) {
        foreign_as_unknown(world, "PATCH", "", Some(&json!({"description": "mine"})));
        if world.spec.can.delete {
            foreign_as_unknown(world, "DELETE", "", None);
        }
    }
}

each! {
    where |kind| kind.can.create;

    fn tags_are_told_in_alphabetical_order(world) {
        let mut draft = world.minimal();
        draft["tags"] = json!(["pci", "a", "Z"]);
        let object = world.create(&draft);
        assert_eq!(object["tags"], json!(["Z", "a", "pci"]));
        draft["tags"] = json!(["a", "pci", "Z"]);
        let turned = world.api.put(&world.at(&object), &draft).expect(200);
        assert_eq!(turned.json(), object, "another order is no change");
    }

    fn the_entity_tag_is_the_same_whoever_answers_it(world) {
        let created = world.api.post(&world.path(), &world.minimal()).expect(201);
        let path = world.at(&created.json());
        assert_eq!(world.api.get(&path).expect(200).etag(), created.etag());
    }
}
