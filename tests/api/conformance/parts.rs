//! Lists of things with members of their own: the parts of plans and exercises; and lists of words.

use super::field::part;
use super::{Field, Is, World, assert_says};
use crate::each;
use crate::support::document::Document;
use serde_json::{Value, json};

/// The lists of a collection with their members and the most they hold.
fn lists(world: &World) -> Vec<(&'static Field, &'static [Field], usize)> {
    let list = |field: &'static Field| match field.is {
        Is::Parts(members, most) => Some((field, members, most)),
        _ => None,
    };
    let found: Vec<_> = world.spec.fields.iter().filter_map(list).collect();
    assert!(!found.is_empty(), "the collection has no parts");
    found
}

#[track_caller]
fn taken(world: &World, field: &Field, value: Value) -> Value {
    let draft = world.minimal_with(field, value);
    let object = world.create(&draft);
    assert_says(&object, &draft);
    object
}

/// Sends a list that must be refused for what stands below it.
#[track_caller]
fn refused(world: &World, field: &Field, value: Value, below: &str, codes: &[&str]) {
    let draft = world.minimal_with(field, value);
    let before = world.snapshot();
    let answer = world.api.post(&world.path(), &draft);
    answer.refused(422, "invalid");
    let [(at, code)] = &answer.faults()[..] else { panic!("one fault was expected\n{}", answer.story()) };
    assert_eq!(at, &format!("{}{below}", field.pointer()), "{}", answer.story());
    assert!(codes.contains(&code.as_str()), "{code} is none of {codes:?}\n{}", answer.story());
    assert_eq!(world.snapshot(), before, "a refused draft left a trace");
}

/// Two parts of which the second has this member so; without it where it is nothing at all.
fn second(world: &World, members: &[Field], name: &str, value: Option<Value>) -> Value {
    let mut last = part(world, members, 0);
    match value {
        Some(value) => last[name] = value,
        None => drop(last.as_object_mut().expect("a part").remove(name)),
    }
    json!([part(world, members, 1), last])
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Parts(..)));

    fn every_limit_of_a_part_holds_on_both_sides(world) {
        let document = Document::committed();
        let schemas = document.request_members("POST", &format!("/api/v1/{}", world.spec.path));
        for (field, members, most) in lists(world) {
            let schema = document.resolve(&schemas[field.name]).clone();
            assert_eq!(schema["maxItems"], json!(most), "{}", field.name);
            let many = |count: usize| -> Value { (0..count).map(|_| least(world, members)).collect() };
            taken(world, field, many(most));
            refused(world, field, many(most + 1), "", &["too_long"]);
            for member in members {
                let below = format!("/1/{}", member.name);
                let limit = match member.is {
                    Is::Text(limit) | Is::Line(limit) => limit,
                    Is::Slug => 64,
                    Is::Whole(low, high) => {
                        for value in [low, high] {
                            taken(world, field, second(world, members, member.name, Some(json!(value))));
                        }
                        for value in [low - 1, high + 1, i64::MAX] {
                            refused(world, field, second(world, members, member.name, Some(json!(value))), &below, &["out_of_range"]);
                        }
                        continue;
                    }
                    _ => continue,
                };
                let letter = if matches!(member.is, Is::Slug) { "x" } else { "ü" };
                taken(world, field, second(world, members, member.name, Some(json!(letter.repeat(limit)))));
                let longer = Some(json!(letter.repeat(limit + 1)));
                refused(world, field, second(world, members, member.name, longer), &below, &["too_long"]);
            }
        }
    }

    fn what_a_part_points_to_is_found_told_and_filtered_by(world) {
        for (field, members, _) in lists(world) {
            for member in members {
                let (collection, listed) = match member.is {
                    Is::Reference(collections) => (collections[0], false),
                    Is::References(collection, _) => (collection, true),
                    _ => continue,
                };
                let (target, other) = (world.make(collection), world.make(collection));
                let wrap = |value: Value| if listed { json!([value]) } else { value };
                let spelled = wrap(json!(format!("key:{}", target["key"].as_str().expect("a key"))));
                let object = world.create(&world.minimal_with(field, second(world, members, member.name, Some(spelled))));
                let told = &object[field.name][1][member.name];
                let told = if listed { &told[0] } else { told };
                let spec = world.of(collection).spec;
                let wanted = json!({"id": target["id"], "kind": spec.kind, "key": target["key"], "name": target[spec.label]});
                assert_eq!(told, &wanted);
                assert_eq!(world.read(&object), object);
                let nobody = wrap(json!("018f6c2e-0000-7000-8000-000000000000"));
                let below = format!("/1/{}{}", member.name, if listed { "/0" } else { "" });
                refused(world, field, second(world, members, member.name, Some(nobody)), &below, &["unknown_reference"]);
                let stranger = wrap(world.make("threats")["id"].clone());
                refused(world, field, second(world, members, member.name, Some(stranger)), &below, &["unknown_reference"]);
                let Some(filter) = member.filter else { continue };
                let found = |target: &Value| world.ids(&format!("{filter}={}", target["id"].as_str().expect("an id")));
                assert_eq!(found(&target), [object["id"].as_str().expect("an id")]);
                assert!(found(&other).is_empty());
                world.api.delete(&world.of(collection).at(&target)).refused(409, "still_referenced");
            }
        }
    }
}

each! {
    once where |kind| kind.has(|field| matches!(field.is, Is::Parts(..)));

    fn a_part_needs_what_it_needs_and_has_defaults_for_the_rest(world) {
        for (field, members, _) in lists(world) {
            for member in members.iter().filter(|member| member.required) {
                let below = format!("/1/{}", member.name);
                refused(world, field, second(world, members, member.name, None), &below, &["required"]);
                refused(world, field, second(world, members, member.name, Some(Value::Null)), &below, &["required", "wrong_type"]);
            }
            let least: Value = members.iter().filter(|member| member.required)
                .map(|member| (member.name.to_owned(), member.value(world, 0))).collect::<serde_json::Map<_, _>>().into();
            let object = taken(world, field, json!([least]));
            for member in members.iter().filter(|member| !member.required) {
                assert_eq!(object[field.name][0][member.name], member.start.of(&object), "{}.{}", field.name, member.name);
            }
        }
    }

    fn every_fault_of_a_part_is_told_where_it_is(world) {
        for (field, members, _) in lists(world) {
            for member in members {
                let below = format!("/1/{}", member.name);
                for value in member.mistyped() {
                    refused(world, field, second(world, members, member.name, Some(value)), &below, &["wrong_type"]);
                }
                for (value, code) in member.wrong() {
                    refused(world, field, second(world, members, member.name, Some(value)), &below, &[code]);
                }
            }
            let unknown = second(world, members, "nonsense", Some(json!(1)));
            refused(world, field, unknown, "/1/nonsense", &["unknown_field"]);
            refused(world, field, json!(["x"]), "/0", &["wrong_type"]);
        }
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Parts(members, _) if members.iter().any(|member| matches!(member.is, Is::Slug))));

    fn a_key_names_one_part_of_a_list(world) {
        for (field, members, _) in lists(world) {
            let mut parts = json!([part(world, members, 0), part(world, members, 1)]);
            parts[1]["key"] = parts[0]["key"].clone();
            refused(world, field, parts, "/1/key", &["duplicate"]);
        }
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Words(_)));

    fn a_list_of_words_takes_each_word_once_and_no_other(world) {
        for field in world.spec.fields {
            let Is::Words(words) = field.is else { continue };
            taken(world, field, json!(words));
            taken(world, field, json!([]));
            for (wrong, code) in [(json!("nonsense"), "not_allowed"), (json!(""), "not_allowed"), (json!(7), "wrong_type")] {
                refused(world, field, json!([words[0], wrong]), "/1", &[code]);
            }
            refused(world, field, json!([words[0], words[1], words[0]]), "/2", &["duplicate"]);
        }
    }
}

/// A part with what it needs and no more.
fn least(world: &World, members: &[Field]) -> Value {
    let needed = members.iter().filter(|member| member.required);
    let somebody = || world.api.put("/contacts/key:SOMEBODY", &json!({"name": "Somebody"})).json()["id"].clone();
    let value = |member: &Field| if matches!(member.is, Is::Reference(_)) { somebody() } else { member.value(world, 0) };
    Value::Object(needed.map(|member| (member.name.to_owned(), value(member))).collect())
}
