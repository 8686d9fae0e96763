//! Creating: what is accepted, and every reason for which a draft is refused, all at once.

use super::spec::SERVER_OWNED;
use super::{Is, Spec, World, assert_says};
use crate::each;
use crate::support::Answer;
use crate::support::document::Document;
use serde_json::{Value, json};

/// Sends a draft that must be refused and must leave no trace.
#[track_caller]
fn refuse(world: &World, draft: &Value, faults: &[(&str, &str)]) {
    let before = world.snapshot();
    let answer = world.api.post(&world.path(), draft);
    answer.invalid(faults);
    assert_eq!(world.snapshot(), before, "a refused draft left a trace\n{}", answer.story());
}

fn post(world: &World, draft: &Value) -> Answer {
    world.api.post(&world.path(), draft)
}

each! {
    where |kind| kind.can.create;

    fn a_created_object_is_told_where_it_is_and_which_version(world) {
        let answer = post(world, &world.minimal()).expect(201);
        let location = answer.needed_header("location");
        let path = location.find("/api/v1/").expect("an address of this service");
        let found = world.api.absolute("GET", &location[path..]).send().expect(200);
        assert_eq!(found.json(), answer.json());
        assert!(answer.etag().starts_with("\"1"), "{}", answer.story());
    }

    fn every_word_of_a_choice_is_taken(world) {
        for field in world.spec.fields {
            let Is::Choice(words) = field.is else { continue };
            for word in words {
                let draft = world.minimal_with(field, json!(word));
                assert_says(&world.create(&draft), &draft);
            }
        }
    }

    fn a_key_is_taken_once_per_organisation_and_collection(world) {
        let object = world.create_minimal();
        let mut draft = world.minimal();
        draft["key"] = object["key"].clone();
        let before = world.snapshot();
        post(world, &draft).refused(409, "key_taken");
        assert_eq!(world.snapshot(), before);
        let elsewhere = world.elsewhere();
        let mut same = elsewhere.minimal();
        same["key"] = object["key"].clone();
        elsewhere.create(&same);
    }

    fn an_external_ref_is_taken_once_per_organisation_and_collection(world) {
        let refs = json!([{"system": "netbox", "id": "dcim.device/1"}]);
        world.create_many(1, |_, draft| draft["external_refs"] = refs.clone());
        let mut draft = world.minimal();
        draft["external_refs"] = refs.clone();
        let before = world.snapshot();
        post(world, &draft).refused(409, "external_ref_taken");
        assert_eq!(world.snapshot(), before);
        draft["external_refs"] = json!([{"system": "Netbox", "id": "dcim.device/1"}]);
        world.create(&draft);
    }
}

each! {
    once where |kind| kind.can.create;

    fn all_faults_of_a_draft_are_told_at_once(world) {
        let mut draft = world.minimal();
        draft["nonsense"] = json!(1);
        draft["version"] = json!(7);
        draft[world.spec.label] = json!(12);
        draft["tags"] = json!(["good", 5, ""]);
        draft["key"] = json!("not a key");
        refuse(world, &draft, &[
            ("/nonsense", "unknown_field"),
            ("/version", "read_only"),
            (&format!("/{}", world.spec.label), "wrong_type"),
            ("/tags/1", "wrong_type"),
            ("/tags/2", "too_short"),
            ("/key", "bad_format"),
        ]);
    }

    fn every_required_field_is_missed(world) {
        let required: Vec<_> = world.spec.fields.iter().filter(|field| field.required).collect();
        for field in &required {
            let mut draft = world.full();
            draft.as_object_mut().expect("a draft is an object").remove(field.name);
            refuse(world, &draft, &[(&field.pointer(), "required")]);
            draft[field.name] = Value::Null;
            refuse(world, &draft, &[(&field.pointer(), "required")]);
        }
        let all: Vec<(String, &str)> = required.iter().map(|field| (field.pointer(), "required")).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        refuse(world, &json!({}), &all);
    }

    fn what_the_service_owns_is_refused_and_not_ignored(world) {
        let object = world.create_minimal();
        for member in SERVER_OWNED.into_iter().chain(world.spec.read_only().map(|(name, _)| *name)) {
            let mut draft = world.minimal();
            draft[member] = object[member].clone();
            refuse(world, &draft, &[(&format!("/{member}"), "read_only")]);
        }
    }

    fn every_member_of_an_answer_is_either_writable_or_refused_as_read_only(world) {
        let object = world.create(&world.full());
        let writable = Document::committed().request_members("POST", &format!("/api/v1/{}", world.spec.path));
        for (member, value) in object.as_object().expect("an object") {
            assert_eq!(writable.contains_key(member), world.spec.field(member).is_some(), "{member}");
            if !writable.contains_key(member) {
                let mut draft = world.minimal();
                draft[member] = value.clone();
                refuse(world, &draft, &[(&format!("/{member}"), "read_only")]);
            }
        }
    }

    fn a_field_nobody_knows_is_refused(world) {
        let other_label = if world.spec.label == "name" { "title" } else { "name" };
        for name in ["nonsense", other_label, "Name", "organization_id", "", "a/b~c", "__proto__"] {
            let mut draft = world.minimal();
            draft[name] = json!("x");
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            refuse(world, &draft, &[(&pointer, "unknown_field")]);
        }
    }

    fn a_value_of_another_type_is_refused(world) {
        for field in world.spec.fields {
            for value in field.mistyped() {
                let draft = world.minimal_with(field, value);
                refuse(world, &draft, &[(&field.pointer(), "wrong_type")]);
            }
        }
    }

    fn a_value_that_is_wrong_is_refused_with_the_reason(world) {
        for field in world.spec.fields {
            for (value, code) in field.wrong() {
                let draft = world.minimal_with(field, value);
                refuse(world, &draft, &[(&field.pointer(), code)]);
            }
        }
    }

    fn the_same_ref_twice_in_one_draft_is_a_duplicate(world) {
        let mut draft = world.minimal();
        let one = json!({"system": "netbox", "id": "1"});
        draft["external_refs"] = json!([one, {"system": "netbox", "id": "2"}, one]);
        refuse(world, &draft, &[("/external_refs/2", "duplicate")]);
    }
}

each! {
    where |kind| kind.can.change;

    fn an_external_ref_that_was_given_up_is_free_again(world) {
        let refs = json!([{"system": "netbox", "id": "dcim.device/1"}]);
        let taken = world.create_many(1, |_, draft| draft["external_refs"] = refs.clone()).remove(0);
        world.api.patch(&world.at(&taken), &json!({"external_refs": []})).expect(200);
        world.create_many(1, |_, draft| draft["external_refs"] = refs.clone());
    }
}

each! {
    where |kind| kind.chosen().any(|field| matches!(field.is, Is::Reference(_)));

    fn a_reference_is_taken_under_each_spelling_and_as_it_was_read(world) {
        for field in world.spec.chosen() {
            let Is::Reference(collections) = field.is else { continue };
            let target = world.referred(field, collections[0]);
            let id = target["id"].as_str().expect("an id");
            let kind = Spec::of(collections[0]).kind;
            let reference = format!("ref:cmdb:{}", target["external_refs"][0]["id"].as_str().expect("an id"));
            let spellings = [
                json!(id),
                json!({"id": id}),
                json!({"id": id, "kind": kind}),
                json!({"id": id, "kind": kind, "key": target["key"], "name": target[Spec::of(collections[0]).label]}),
                json!({"id": reference, "kind": kind}),
                json!({"id": format!("key:{}", target["key"].as_str().expect("a key")), "kind": kind}),
            ];
            for spelling in spellings {
                let object = world.create(&world.minimal_with(field, spelling));
                assert_eq!(object[field.name]["id"], json!(id), "{}", field.name);
            }
            if let [_] = collections {
                for text in [reference, format!("key:{}", target["key"].as_str().expect("a key"))] {
                    let object = world.create(&world.minimal_with(field, json!(text)));
                    assert_eq!(object[field.name]["id"], json!(id), "{}", field.name);
                }
            }
        }
    }
}

each! {
    once where |kind| kind.can.create && kind.has(|field| matches!(field.is, Is::Reference(_)));

    fn a_reference_to_an_object_of_a_kind_that_does_not_fit_is_unknown(world) {
        let wrong = if world.spec.kind == "contact" { "sites" } else { "contacts" };
        for field in world.spec.fields {
            let Is::Reference(collections) = field.is else { continue };
            let wrong = if collections.contains(&wrong) { "suppliers" } else { wrong };
            let stranger = world.make(wrong);
            refuse(world, &world.minimal_with(field, stranger["id"].clone()), &[(&field.pointer(), "unknown_reference")]);
        }
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::References(..)));

    fn a_list_takes_references_under_each_spelling_and_keeps_their_order(world) {
        for field in world.spec.fields {
            let Is::References(collection, _) = field.is else { continue };
            let target = world.of(collection);
            let refs = json!([{"system": "cmdb", "id": format!("x:{}", crate::support::fresh())}]);
            let (a, b) = (target.create_minimal(), target.create_minimal());
            let c = target.create_many(1, |_, draft| draft["external_refs"] = refs.clone()).remove(0);
            let spelled = json!([
                format!("ref:cmdb:{}", refs[0]["id"].as_str().expect("an id")),
                format!("key:{}", a["key"].as_str().expect("a key")),
                {"id": b["id"], "kind": target.spec.kind, "key": b["key"], "name": b[target.spec.label]},
            ]);
            let object = world.create(&world.minimal_with(field, spelled.clone()));
            let ids: Vec<&Value> = object[field.name].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
            assert_eq!(ids, [&c["id"], &a["id"], &b["id"]], "{}", field.name);
            // Another spelling is no other object.
            let twice = json!([a["id"], spelled[1]]);
            let pointer = format!("{}/1", field.pointer());
            refuse(world, &world.minimal_with(field, twice), &[(&pointer, "duplicate")]);
        }
    }
}

each! {
    once where |kind| kind.has(|field| matches!(field.is, Is::References(..)));

    fn a_list_takes_no_objects_of_another_kind(world) {
        for field in world.spec.fields {
            let Is::References(collection, _) = field.is else { continue };
            let stranger = world.make(if collection == "sites" { "contacts" } else { "sites" });
            let good = world.make(collection);
            let draft = world.minimal_with(field, json!([good["id"], stranger["id"]]));
            refuse(world, &draft, &[(&format!("{}/1", field.pointer()), "unknown_reference")]);
        }
    }
}

each! {
    where |kind| kind.can.create && !kind.shared;

    fn a_reference_into_another_organisation_is_unknown(world) {
        let elsewhere = world.elsewhere();
        for field in world.spec.fields {
            let (collection, wrap) = match field.is {
                Is::Reference(collections) => (collections[0], false),
                Is::References(collection, _) => (collection, true),
                _ => continue,
            };
            let theirs = field.target(&elsewhere, collection)["id"].clone();
            let (value, pointer) = match wrap {
                true => (json!([theirs]), format!("{}/0", field.pointer())),
                false => (theirs, field.pointer()),
            };
            refuse(world, &world.minimal_with(field, value), &[(&pointer, "unknown_reference")]);
        }
    }
}
