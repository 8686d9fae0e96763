//! PATCH: a JSON merge patch, based on a version or not.

use super::{Is, World, assert_says};
use crate::each;
use crate::support::Answer;
use serde_json::{Value, json};

fn patch(world: &World, object: &Value, change: &Value) -> Answer {
    world.api.patch(&world.at(object), change)
}

fn based_on(world: &World, object: &Value, tag: &str, change: &Value) -> Answer {
    world.api.call("PATCH", &world.at(object)).header("If-Match", tag).json(change).send()
}

/// Everything but what any change changes, and what follows from the rest.
fn rest(world: &World, object: &Value, changed: &str) -> Value {
    let mut rest = object.clone();
    let members = rest.as_object_mut().expect("an object");
    let fixed = |name: &str| !["version", "updated_at", "updated_by", changed].contains(&name);
    members.retain(|name, _| fixed(name) && !world.spec.is_derived(name));
    rest
}

each! {
    where |kind| kind.can.change;

    fn each_field_is_changed_alone_and_the_others_stay(world) {
        for field in world.spec.patched() {
            let object = world.create(&world.full());
            let change = json!({field.name: field.value(world, 1)});
            let changed = patch(world, &object, &change).expect(200).json();
            assert_says(&changed, &change);
            assert_eq!(rest(world, &changed, field.name), rest(world, &object, field.name));
            assert_eq!(changed["version"].as_u64(), object["version"].as_u64().map(|version| version + 1));
            assert!(changed["updated_at"].as_str() > object["updated_at"].as_str(), "{changed}");
            assert_eq!(world.read(&object), changed);
        }
    }

    fn null_takes_a_value_away(world) {
        for field in world.spec.patched() {
            let object = world.create(&world.full());
            let answer = patch(world, &object, &json!({field.name: null}));
            if field.required {
                answer.invalid(&[(&field.pointer(), "required")]);
            } else if field.kept && field.name != "external_refs" {
                assert_eq!(answer.expect(200).json(), object, "{}", field.name);
            } else if field.clears {
                let changed = answer.expect(200).json();
                assert_eq!(changed[field.name], Value::Null, "{}", field.name);
                assert_eq!(rest(world, &changed, field.name), rest(world, &object, field.name));
            }
        }
    }

    fn a_patch_that_changes_nothing_makes_no_new_version(world) {
        let object = world.create(&world.full());
        let seq = world.seq();
        let label = world.spec.label;
        let same = json!({label: object[label], "tags": object["tags"], "attributes": object["attributes"]});
        for change in [json!({}), same] {
            assert_eq!(patch(world, &object, &change).expect(200).json(), object);
        }
        assert_eq!(world.seq(), seq);
    }

    fn attributes_are_merged_and_lists_are_replaced(world) {
        let mut draft = world.full();
        draft["attributes"] = json!({"a": 1, "b": "two", "c": true});
        draft["tags"] = json!(["x", "y"]);
        let object = world.create(&draft);
        let change = json!({"attributes": {"a": null, "b": 3, "d": "new"}, "tags": ["z"]});
        let changed = patch(world, &object, &change).expect(200).json();
        assert_eq!(changed["attributes"], json!({"b": 3, "c": true, "d": "new"}));
        assert_eq!(changed["tags"], json!(["z"]));
    }

    fn a_stale_version_is_refused_and_the_present_one_is_taken(world) {
        let object = world.create_minimal();
        let full = world.api.get(&world.at(&object)).expect(200).etag();
        let changed = based_on(world, &object, &full, &json!({"description": "one"})).expect(200);
        for stale in [full.as_str(), "\"1\"", "\"7\"", "\"nonsense\"", "W/\"2\""] {
            let before = world.read(&object);
            based_on(world, &object, stale, &json!({"description": "lost"})).refused(412, "precondition_failed");
            assert_eq!(world.read(&object), before);
        }
        let list = format!("\"x\", {}", changed.etag());
        for (turn, tag) in ["\"2\"", "*"].into_iter().enumerate() {
            based_on(world, &object, tag, &json!({"description": format!("turn {turn}")})).expect(200);
        }
        based_on(world, &object, &list, &json!({"description": "lost"})).refused(412, "precondition_failed");
        based_on(world, &object, "\"9\", \"4\"", &json!({"description": "found"})).expect(200);
    }

    fn all_faults_of_a_patch_are_told_at_once_and_nothing_is_kept(world) {
        let object = world.create(&world.full());
        let seq = world.seq();
        let change = json!({"description": "kept?", "nonsense": 1, "id": object["id"], "version": 2, "tags": "x", "key": "no key"});
        let faults = [
            ("/nonsense", "unknown_field"),
            ("/id", "read_only"),
            ("/version", "read_only"),
            ("/tags", "wrong_type"),
            ("/key", "bad_format"),
        ];
        patch(world, &object, &change).invalid(&faults);
        assert_eq!(world.read(&object), object);
        assert_eq!(world.seq(), seq);
    }

    fn a_patch_of_each_field_is_checked_as_a_draft_is(world) {
        let object = world.create(&world.full());
        for field in world.spec.patched() {
            for value in field.mistyped() {
                patch(world, &object, &json!({field.name: value})).invalid(&[(&field.pointer(), "wrong_type")]);
            }
            for (value, code) in field.wrong() {
                patch(world, &object, &json!({field.name: value})).invalid(&[(&field.pointer(), code)]);
            }
        }
        assert_eq!(world.read(&object), object);
    }

    fn every_member_a_patch_may_not_change_is_refused(world) {
        let object = world.create_minimal();
        for (member, value) in object.as_object().expect("an object") {
            let field = world.spec.field(member);
            if field.is_none_or(|field| !field.patched) {
                let needed = field.is_some_and(|field| field.required && matches!(field.is, Is::Reference(_) | Is::Same(_)));
                let null = if needed && world.spec.kind != "run" { "required" } else { "read_only" };
                for (value, code) in [(value, "read_only"), (&Value::Null, null)] {
                    patch(world, &object, &json!({member: value})).invalid(&[(&format!("/{member}"), code)]);
                }
            }
        }
        assert_eq!(world.read(&object), object);
    }

    fn a_patch_never_takes_the_key_or_the_reference_of_another(world) {
        let (a, b) = (world.create(&world.full()), world.create(&world.full()));
        patch(world, &b, &json!({"key": a["key"]})).refused(409, "key_taken");
        patch(world, &b, &json!({"external_refs": a["external_refs"]})).refused(409, "external_ref_taken");
        assert_eq!(world.read(&b), b);
    }

    fn what_is_no_object_is_no_merge_patch(world) {
        let object = world.create_minimal();
        for body in [json!([]), json!("x"), json!(7), Value::Null, json!([{"op": "replace"}])] {
            let answer = patch(world, &object, &body);
            assert!(matches!(answer.status(), 400 | 422), "{}", answer.story());
        }
        assert_eq!(world.read(&object), object);
    }

    fn of_many_patches_at_once_each_counts_once(world) {
        let object = world.create_minimal();
        std::thread::scope(|scope| {
            for n in 0..12 {
                let object = &object;
                scope.spawn(move || patch(world, object, &json!({"attributes": {format!("a{n}"): n}})).expect(200));
            }
        });
        let after = world.read(&object);
        assert_eq!(after["version"], json!(13));
        assert_eq!(after["attributes"].as_object().map(serde_json::Map::len), Some(12), "a change was lost");
    }

    fn of_many_patches_based_on_one_version_one_wins(world) {
        let object = world.create_minimal();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..8)
                .map(|n| {
                    let object = &object;
                    scope.spawn(move || based_on(world, object, "\"1\"", &json!({"description": format!("{n}")})).status())
                })
                .collect();
            sent.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    }
}
