//! Limits: every one stands in the document, and holds on both sides.

use super::{Field, Is, World, assert_says};
use crate::each;
use crate::support::document::Document;
use serde_json::{Map, Value, json};

fn members(world: &World) -> Map<String, Value> {
    let path = format!("/api/v1/{}", world.spec.path);
    match world.spec.can.create {
        true => Document::committed().request_members("POST", &path),
        false => Document::committed().request_members("PATCH", &format!("{path}/key:ONE")),
    }
}

/// The schema of one writable field, `null` alternatives and references aside.
fn schema(world: &World, field: &Field) -> Value {
    let members = members(world);
    let member = members.get(field.name).unwrap_or_else(|| panic!("the document has no {}", field.name));
    Document::committed().resolve(member).clone()
}

#[track_caller]
fn limit(schema: &Value, name: &str, field: &str) -> usize {
    let limit = schema[name].as_u64().unwrap_or_else(|| panic!("the document gives {field} no {name}: {schema}"));
    usize::try_from(limit).expect("a limit fits in memory")
}

#[track_caller]
fn taken(world: &World, field: &Field, value: Value) {
    let draft = world.minimal_with(field, value);
    assert_says(&world.create(&draft), &draft);
}

#[track_caller]
fn refused(world: &World, field: &Field, value: Value, pointer: &str, codes: &[&str]) {
    let draft = world.minimal_with(field, value.clone());
    let given = (!world.spec.can.create).then(|| world.create_minimal());
    let before = world.snapshot();
    let answer = match given {
        None => world.api.post(&world.path(), &draft),
        Some(object) => world.api.patch(&world.at(&object), &json!({field.name: value})),
    };
    answer.refused(422, "invalid");
    let [(at, code)] = &answer.faults()[..] else { panic!("one fault was expected\n{}", answer.story()) };
    assert_eq!(at, pointer, "{}", answer.story());
    assert!(codes.contains(&code.as_str()), "{code} is none of {codes:?}\n{}", answer.story());
    assert_eq!(world.snapshot(), before, "it left a trace\n{}", answer.story());
}

fn is_a_figure(field: &Field) -> bool {
    matches!(field.is, Is::Seconds(_) | Is::Count | Is::Whole(..) | Is::Level | Is::Rate(_) | Is::Degrees(_))
}

/// The ids of so many new objects, made in one call.
fn many(world: &World, count: usize) -> Vec<Value> {
    let row = |n: usize| {
        let mut data = world.minimal();
        data["key"] = json!(format!("many-{}-{n}", crate::support::fresh()));
        json!({"op": "upsert", "kind": world.spec.kind, "id": format!("key:{}", data["key"].as_str().expect("a key")), "data": data})
    };
    let rows: Vec<Value> = (0..count).map(row).collect();
    let made = world.api.post("/batch", &json!({"rows": rows})).expect(200).json();
    made["rows"].as_array().expect("rows").iter().map(|row| row["id"].clone()).collect()
}

/// An address of exactly so many characters.
fn email(length: usize) -> String {
    let mut address = "a".repeat(64.min(length / 2)) + "@";
    while address.len() + 64 + 4 < length {
        address += &("d".repeat(60) + ".");
    }
    address += &"e".repeat(length - address.len() - 4);
    address + ".org"
}

/// Good values of the longest length, and one a character longer.
fn texts(field: &Field, limit: usize) -> (Vec<String>, String) {
    match field.is {
        Is::Key => (vec!["K".to_owned() + &"x".repeat(limit - 1)], "K".repeat(limit + 1)),
        Is::Email => (vec![email(limit)], email(limit + 1)),
        _ => (vec!["x".repeat(limit), "ü".repeat(limit), "界".repeat(limit)], "ü".repeat(limit + 1)),
    }
}

each! {
    fn a_text_is_taken_up_to_its_limit(world) {
        for field in world.spec.chosen() {
            let wanted = match field.is {
                Is::Key => Some(64),
                Is::Name => Some(200),
                Is::Text(limit) | Is::Line(limit) => Some(limit),
                Is::AnyText | Is::Email => None,
                _ => continue,
            };
            let limit = limit(&schema(world, field), "maxLength", field.name);
            assert!(wanted.is_none_or(|wanted| wanted == limit), "{} may have {limit} characters", field.name);
            let (longest, too_long) = texts(field, limit);
            for text in longest {
                taken(world, field, json!(text));
            }
            refused(world, field, json!(too_long), &field.pointer(), &["too_long", "bad_format"]);
            refused(world, field, json!("x".repeat(limit * 20)), &field.pointer(), &["too_long", "bad_format"]);
        }
    }
}

each! {
    once;

    fn the_document_names_exactly_the_fields_of_the_contract(world) {
        let mut named: Vec<String> = members(world).keys().cloned().collect();
        let mut wanted: Vec<&str> = world.spec.chosen().map(|field| field.name).collect();
        named.sort();
        wanted.sort();
        assert_eq!(named, wanted);
    }

    fn a_name_is_not_empty(world) {
        let field = world.spec.field(world.spec.label).expect("all have a name");
        assert_eq!(limit(&schema(world, field), "minLength", field.name), 1);
        taken(world, field, json!("x"));
        refused(world, field, json!(""), &field.pointer(), &["too_short"]);
    }

    fn tags_are_limited_in_number_and_length(world) {
        let field = world.spec.field("tags").expect("all have tags");
        let schema = schema(world, field);
        assert_eq!(limit(&schema, "maxItems", "tags"), 50);
        let item = Document::committed().resolve(&schema["items"]).clone();
        assert_eq!((limit(&item, "minLength", "a tag"), limit(&item, "maxLength", "a tag")), (1, 64));
        let many = |count: usize| (0..count).map(|n| json!(format!("tag {n:02}"))).collect::<Value>();
        taken(world, field, many(50));
        refused(world, field, many(51), "/tags", &["too_long"]);
        taken(world, field, json!(["ü".repeat(64)]));
        refused(world, field, json!(["x", "ü".repeat(65)]), "/tags/1", &["too_long"]);
        refused(world, field, json!([""]), "/tags/0", &["too_short"]);
        refused(world, field, json!(["x", "y", "x"]), "/tags/2", &["duplicate"]);
    }

    fn external_refs_are_limited_in_number_and_length(world) {
        let field = world.spec.field("external_refs").expect("all have external refs");
        let schema = schema(world, field);
        assert_eq!(limit(&schema, "maxItems", "external_refs"), 20);
        let many = |count: usize| -> Value {
            (0..count).map(|n| json!({"system": "netbox", "id": format!("{}-{n}", crate::support::fresh())})).collect()
        };
        taken(world, field, many(20));
        refused(world, field, many(21), "/external_refs", &["too_long"]);
        let item = Document::committed().members(&schema["items"]);
        for (member, start) in [("system", "s"), ("id", "i"), ("url", "https://example.org/")] {
            let schema = Document::committed().resolve(&item[member]);
            let limit = limit(schema, "maxLength", member);
            let sized = |length: usize| {
                let mut one = json!({"system": "s", "id": format!("{}", crate::support::fresh()), "url": null});
                one[member] = json!(start.to_owned() + &"x".repeat(length - start.len()));
                json!([one])
            };
            taken(world, field, sized(limit));
            let pointer = format!("/external_refs/0/{member}");
            refused(world, field, sized(limit + 1), &pointer, &["too_long", "bad_format"]);
        }
        for member in ["system", "id"] {
            let mut one = json!({"system": "s", "id": "i"});
            one[member] = json!("");
            refused(world, field, json!([one]), &format!("/external_refs/0/{member}"), &["too_short", "bad_format"]);
            one.as_object_mut().expect("an object").remove(member);
            refused(world, field, json!([one]), &format!("/external_refs/0/{member}"), &["required"]);
        }
        let more = json!([{"system": "s", "id": "i", "name": "x"}]);
        refused(world, field, more, "/external_refs/0/name", &["unknown_field"]);
        for url in ["javascript:alert(1)", "nonsense", "data:text/html,x", "//example.org", ""] {
            let one = json!([{"system": "s", "id": "i", "url": url}]);
            refused(world, field, one, "/external_refs/0/url", &["bad_format", "too_short"]);
        }
    }

    fn attributes_are_flat_and_at_most_sixteen_kibibytes(world) {
        let field = world.spec.field("attributes").expect("all have attributes");
        let sized = |length: usize| json!({"a": "x".repeat(length - "{\"a\":\"\"}".len())});
        taken(world, field, sized(16 * 1024));
        refused(world, field, sized(16 * 1024 + 1), "/attributes", &["too_long"]);
        taken(world, field, json!({"text": "ü", "number": -1.5, "yes": true, "zero": 0}));
        for nested in [json!({"a": {"b": 1}}), json!({"a": [{"b": 1}]})] {
            refused(world, field, nested, "/attributes/a", &["wrong_type", "not_allowed", "bad_format"]);
        }
    }

    fn every_text_list_and_figure_of_the_document_has_a_limit(world) {
        let document = Document::committed();
        for (name, member) in members(world) {
            let schema = document.resolve(&member);
            let types = match &schema["type"] {
                Value::Array(types) => types.clone(),
                one => vec![one.clone()],
            };
            let has = |limits: &[&str]| limits.iter().all(|limit| schema.get(limit).is_some());
            if types.contains(&json!("string")) && schema.get("enum").is_none() && schema.get("format").is_none() {
                assert!(has(&["maxLength"]), "{name}: {schema}");
            }
            if types.contains(&json!("array")) {
                assert!(has(&["maxItems", "items"]), "{name}: {schema}");
            }
            if types.contains(&json!("integer")) || types.contains(&json!("number")) {
                assert!(has(&["minimum", "maximum"]), "{name}: {schema}");
            }
        }
    }
}

each! {
    where |kind| kind.has(is_a_figure);

    fn a_figure_is_taken_within_its_bounds(world) {
        for field in world.spec.fields {
            let schema = schema(world, field);
            match field.is {
                Is::Seconds(_) | Is::Count => {
                    let least = i64::from(matches!(field.is, Is::Count));
                    assert_eq!(schema["minimum"].as_f64(), Some(least as f64), "{}", field.name);
                    let most = i64::try_from(limit(&schema, "maximum", field.name)).expect("a bound");
                    taken(world, field, json!(least));
                    taken(world, field, json!(most));
                    for value in [json!(least - 1), json!(most + 1), json!(i64::MAX), json!(i64::MIN)] {
                        refused(world, field, value, &field.pointer(), &["out_of_range"]);
                    }
                }
                Is::Whole(least, most) => {
                    let bounds = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
                    assert_eq!(bounds, (Some(least), Some(most)), "{}", field.name);
                    for value in [least, most] {
                        taken(world, field, json!(value));
                    }
                    for value in [least - 1, most + 1, i64::MAX, i64::MIN] {
                        refused(world, field, json!(value), &field.pointer(), &["out_of_range"]);
                    }
                }
                Is::Level => {
                    // The document knows the largest matrix; a level is on the organisation's own all the same.
                    let bounds = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
                    assert_eq!(bounds, (Some(1), Some(7)), "{}", field.name);
                    for value in [1, 5] {
                        taken(world, field, json!(value));
                    }
                    for value in [0, 6, 7, 8, i64::MAX, i64::MIN] {
                        refused(world, field, json!(value), &field.pointer(), &["out_of_range"]);
                    }
                }
                Is::Rate(most) => {
                    let bounds = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
                    assert_eq!(bounds, (Some(0.0), Some(most as f64)), "{}", field.name);
                    for value in [json!(0), json!(most), json!(0.000_001), json!(1.0 / 3.0)] {
                        taken(world, field, value);
                    }
                    for value in [json!(-0.000_001), json!(most as f64 + 0.001), json!(1e18)] {
                        refused(world, field, value, &field.pointer(), &["out_of_range"]);
                    }
                }
                Is::Degrees(most) => {
                    assert_eq!(schema["maximum"].as_f64(), Some(most as f64), "{}", field.name);
                    assert_eq!(schema["minimum"].as_f64(), Some(-most as f64), "{}", field.name);
                    for value in [json!(most), json!(-most), json!(0), json!(0.000_001)] {
                        taken(world, field, value);
                    }
                    for value in [json!(most as f64 + 0.001), json!(-most - 1), json!(1e18)] {
                        refused(world, field, value, &field.pointer(), &["out_of_range"]);
                    }
                }
                _ => {}
            }
        }
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Phones | Is::References(..) | Is::ImpactRatings));

    fn lists_of_texts_and_objects_are_limited_in_number(world) {
        for field in world.spec.fields {
            match field.is {
                Is::Phones => {
                    let schema = schema(world, field);
                    let most = limit(&schema, "maxItems", field.name);
                    let many = |count: usize| (0..count).map(|n| json!(format!("+49 30 {n}"))).collect::<Value>();
                    taken(world, field, many(most));
                    refused(world, field, many(most + 1), &field.pointer(), &["too_long"]);
                    let item = Document::committed().resolve(&schema["items"]).clone();
                    let longest = limit(&item, "maxLength", field.name);
                    taken(world, field, json!(["+".to_owned() + &"1".repeat(longest - 1)]));
                    let first = format!("{}/0", field.pointer());
                    refused(world, field, json!(["1".repeat(longest + 1)]), &first, &["too_long", "bad_format"]);
                }
                Is::References(collection, most) => {
                    assert_eq!(limit(&schema(world, field), "maxItems", field.name), most);
                    let all = many(&world.of(collection), most + 1);
                    taken(world, field, json!(all[1..]));
                    refused(world, field, json!(all), &field.pointer(), &["too_long"]);
                    let twice = format!("{}/1", field.pointer());
                    refused(world, field, json!([all[0], all[0]]), &twice, &["duplicate"]);
                    let unknown = json!([all[0], "018f6c2e-0000-7000-8000-000000000000"]);
                    refused(world, field, unknown, &twice, &["unknown_reference"]);
                }
                Is::ImpactRatings => {
                    let most = limit(&schema(world, field), "maxItems", field.name);
                    let one = |n: usize| json!({"category": "legal", "after_seconds": n, "level": 1});
                    taken(world, field, (0..most).map(one).collect());
                    refused(world, field, (0..=most).map(one).collect(), &field.pointer(), &["too_long"]);
                }
                _ => {}
            }
        }
    }
}
