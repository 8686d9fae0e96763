//! As of a past moment: the object and the list as they were, by time and by ledger position.

use super::World;
use crate::each;
use crate::support::client::encode;
use serde_json::{Value, json};

/// A ledger position with what the collection held then.
struct Moment {
    seq: u64,
    time: Option<String>,
    object: Option<Value>,
}

fn moment(world: &World, object: Option<Value>) -> Moment {
    let time = object.as_ref().and_then(|object| object["updated_at"].as_str()).map(str::to_owned);
    Moment { seq: world.seq(), time, object }
}

/// An object from before its creation to after its deletion.
fn life(world: &World) -> (Value, Vec<Moment>) {
    let draft = world.full();
    let mut moments = Vec::new();
    if world.spec.can.create {
        moments.push(moment(world, None));
    }
    let object = world.create(&draft);
    moments.push(moment(world, Some(object.clone())));
    let patched = world.api.patch(&world.at(&object), &json!({world.spec.label: "Later", "tags": ["later"]})).expect(200).json();
    moments.push(moment(world, Some(patched)));
    if world.spec.can.create {
        let other = world.fitted(&object, world.other());
        let replaced = world.api.put(&world.at(&object), &other).expect(200).json();
        moments.push(moment(world, Some(replaced)));
    }
    if world.spec.can.delete {
        world.api.delete(&world.at(&object)).expect(204);
        moments.push(moment(world, None));
    }
    (object, moments)
}

fn spellings(moment: &Moment) -> Vec<String> {
    let mut all = vec![moment.seq.to_string()];
    all.extend(moment.time.as_deref().map(encode));
    all
}

each! {
    fn a_moment_that_never_was_is_refused(world) {
        let object = world.create_minimal();
        for as_of in ["yesterday", "", "-1", "1.5", "2026-13-01T00:00:00Z", "99999999999999999999"] {
            world.list(&format!("as_of={as_of}")).refused(400, "invalid_parameter");
            world.api.get(&format!("{}?as_of={as_of}", world.at(&object))).refused(400, "invalid_parameter");
        }
        let ahead = world.seq() + 1;
        world.list(&format!("as_of={ahead}")).refused(400, "invalid_parameter");
        assert_eq!(world.list("as_of=2000-01-01T00:00:00Z").expect(200).items(), Vec::<Value>::new());
    }

    fn the_present_is_the_newest_past(world) {
        world.create(&world.full());
        world.create(&world.other());
        let now = world.list("sort=key").expect(200).json();
        let then = world.list(&format!("sort=key&as_of={}", now["seq"])).expect(200).json();
        assert_eq!(then["items"], now["items"]);
    }
}

each! {
    where |kind| kind.can.change;

    fn an_object_is_read_as_it_was_at_any_moment_of_its_life(world) {
        let (object, moments) = life(world);
        for moment in &moments {
            for as_of in spellings(moment) {
                let answer = world.api.get(&format!("{}?as_of={as_of}", world.at(&object)));
                match &moment.object {
                    Some(then) => assert_eq!(&answer.expect(200).json(), then, "as of {as_of}"),
                    None => drop(answer.refused(404, "not_found")),
                }
            }
        }
    }

    fn an_object_of_the_past_is_found_by_the_key_and_reference_it_had_then(world) {
        let (_, moments) = life(world);
        for moment in &moments {
            let Some(then) = &moment.object else { continue };
            let reference = &then["external_refs"][0];
            let spellings = [
                format!("key:{}", then["key"].as_str().expect("a key")),
                format!("ref:{}:{}", reference["system"].as_str().expect("text"), reference["id"].as_str().expect("text")),
            ];
            for spelling in spellings {
                let path = format!("{}?as_of={}", world.spelled(&spelling), moment.seq);
                assert_eq!(&world.api.get(&path).expect(200).json(), then, "{spelling}");
            }
        }
    }

    fn a_list_is_read_as_it_was_at_any_moment(world) {
        let (object, moments) = life(world);
        for moment in &moments {
            for as_of in spellings(moment) {
                let items = world.list(&format!("limit=500&as_of={as_of}")).expect(200).items();
                let found = items.iter().find(|item| item["id"] == object["id"]);
                assert_eq!(found, moment.object.as_ref(), "as of {as_of}");
            }
        }
    }

    fn a_list_of_the_past_is_filtered_sorted_and_paged_as_one_of_today(world) {
        let label = world.spec.label;
        let created = world.create_many(5, |n, draft| {
            draft[label] = json!(format!("n{}", (n * 3) % 5));
            draft["tags"] = json!([if n % 2 == 0 { "even" } else { "odd" }]);
        });
        let seq = world.seq();
        let queries = ["sort=name", "sort=-name", "sort=-key", "tag=even&sort=name", "name=n3", "q=n3", "sort=created_at"];
        let queries = queries.map(|query| query.replace("name", label));
        let before: Vec<Vec<Value>> = queries.iter().map(|query| world.all_pages(query, 2)).collect();
        if world.spec.can.delete {
            world.api.delete(&world.at(&created[0])).expect(204);
        }
        world.api.patch(&world.at(&created[1]), &json!({label: "zz", "tags": ["even"]})).expect(200);
        world.create_many(1, |_, draft| draft[label] = json!("n0"));
        for (query, before) in queries.iter().zip(&before) {
            assert_eq!(&world.all_pages(&format!("{query}&as_of={seq}"), 2), before, "{query}");
        }
        let counted = world.list(&format!("as_of={seq}&count=true&limit=1&tag=even")).expect(200).json();
        assert_eq!(counted["total"], json!(3));
        assert_eq!(world.list(&format!("as_of={seq}")).expect(200).json()["seq"], json!(seq));
    }

    fn a_time_between_two_changes_shows_the_earlier(world) {
        let object = world.create_minimal();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let between = jiff::Timestamp::now().to_string();
        std::thread::sleep(std::time::Duration::from_millis(5));
        world.api.patch(&world.at(&object), &json!({"description": "later"})).expect(200);
        let then = world.api.get(&format!("{}?as_of={}", world.at(&object), encode(&between))).expect(200).json();
        assert_eq!(then, object);
    }
}
