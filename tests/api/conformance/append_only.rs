//! What is recorded for good: it is never changed and never deleted, by no call and by no row of a batch.

use super::batch::{delete, results, send, upsert};
use super::{Field, Is, World, assert_says};
use crate::each;
use crate::support::client::encode;
use crate::support::fresh;
use serde_json::{Value, json};

fn reference() -> String {
    format!("ref:netbox:dcim.device/{}", fresh())
}

fn without_refs(world: &World) -> Value {
    world.draft(|field| field.name != "external_refs", 0)
}

/// Drafts that differ from one that was recorded, each in one field.
fn others(world: &World, draft: &Value) -> Vec<Value> {
    let change = |field: &Field| {
        let mut other = draft.clone();
        other[field.name] = field.value(world, 1);
        other
    };
    world.spec.together().map(change).collect()
}

each! {
    where |kind| kind.can.create && !kind.can.change;

    fn put_by_a_reference_or_a_key_creates(world) {
        let by_reference = reference();
        let created = world.api.put(&world.spelled(&by_reference), &without_refs(world)).expect(201);
        assert!(created.needed_header("location").contains("/api/v1/"));
        assert_eq!(world.api.get(&world.spelled(&by_reference)).expect(200).json(), created.json());
        let key = format!("OWN-{}", fresh());
        let created = world.api.put(&world.spelled(&format!("key:{key}")), &world.minimal()).expect(201).json();
        assert_eq!((&created["key"], &created["version"]), (&json!(key), &json!(1)));
    }

    fn the_same_again_changes_nothing_and_anything_else_is_refused(world) {
        let mut draft = world.full();
        let object = world.create(&draft);
        draft["key"] = object["key"].clone();
        let path = world.at(&object);
        let others = others(world, &draft);
        let before = world.snapshot();
        assert_eq!(world.api.put(&path, &draft).expect(200).json(), object);
        for other in others {
            let answer = world.api.put(&path, &other);
            answer.refused(409, "append_only");
            assert_eq!(world.snapshot(), before, "{}", answer.story());
        }
        assert_eq!(world.read(&object), object);
        assert_eq!(world.api.get(&format!("{path}/history")).expect(200).items().len(), 1);
    }

    fn what_a_draft_leaves_out_was_given_up_and_is_a_change(world) {
        let draft = world.full();
        let object = world.create(&draft);
        for field in world.spec.together().filter(|field| !field.required) {
            let mut less = draft.clone();
            less.as_object_mut().expect("a draft is an object").remove(field.name);
            let answer = world.api.put(&world.at(&object), &less);
            match field.kept {
                true => assert_eq!(answer.expect(200).json(), object, "{}", field.name),
                false => drop(answer.refused(409, "append_only")),
            }
        }
    }

    fn a_rehearsed_change_is_refused_as_a_real_one(world) {
        let object = world.create(&world.full());
        let put = world.api.call("PUT", &world.at(&object)).header("Prefer", "tx=rollback").json(&world.minimal());
        put.send().refused(409, "append_only");
    }

    fn nothing_is_patched_or_deleted(world) {
        let object = world.create_minimal();
        for (method, body) in [("PATCH", Some(json!({"description": "x"}))), ("DELETE", None)] {
            let request = world.api.call(method, &world.at(&object));
            let answer = match body {
                Some(body) => request.json(&body).send(),
                None => request.send(),
            };
            answer.refused(405, "method_not_allowed");
            assert_eq!(answer.needed_header("allow"), "GET, HEAD, PUT", "{}", answer.story());
        }
        assert_eq!(world.read(&object), object);
    }

    fn a_row_records_once_and_changes_nothing(world) {
        let id = reference();
        let draft = without_refs(world);
        let rows = [upsert(world, &id, &draft)];
        assert_eq!(results(&send(world, "atomic", &rows).expect(200)), ["created"]);
        let object = world.api.get(&world.spelled(&id)).expect(200).json();
        assert_says(&object, &draft);
        let before = world.snapshot();
        assert_eq!(results(&send(world, "atomic", &rows).expect(200)), ["unchanged"]);
        let mut merged = rows[0].clone();
        merged["op"] = json!("merge");
        assert_eq!(results(&send(world, "atomic", std::slice::from_ref(&merged)).expect(200)), ["unchanged"]);
        merged["data"] = json!({"description": "better"});
        let mut changed = draft.clone();
        changed["tags"] = json!(["changed"]);
        for row in [upsert(world, &id, &changed), merged, delete(world, &id)] {
            let answer = send(world, "partial", std::slice::from_ref(&row)).expect(200);
            assert_eq!(results(&answer), ["failed"], "{}", answer.story());
            assert_eq!(answer.json()["rows"][0]["problem"]["code"], json!("append_only"), "{}", answer.story());
            let whole = send(world, "atomic", &[row]);
            whole.invalid(&[("/rows/0", "append_only")]);
            assert_eq!(world.snapshot(), before, "{}", whole.story());
        }
        let unknown = delete(world, "key:NOBODY");
        assert_eq!(results(&send(world, "atomic", &[unknown]).expect(200)), ["unchanged"]);
    }

    fn a_snapshot_deletes_nothing_that_was_recorded_for_good(world) {
        let id = reference();
        world.api.put(&world.spelled(&id), &world.minimal()).expect(201);
        let before = world.snapshot();
        let snapshot = json!({"system": "netbox", "kinds": [world.spec.kind]});
        let body = json!({"snapshot": snapshot, "max_delete_percent": 100, "rows": []});
        let answer = world.api.post("/batch", &body);
        assert!(matches!(answer.status(), 409 | 422), "{}", answer.story());
        assert_eq!(world.snapshot(), before);
    }

    fn it_is_there_from_the_moment_it_was_recorded(world) {
        let (draft, before) = (world.full(), world.seq());
        let object = world.create(&draft);
        let after = world.seq();
        world.create_minimal();
        let at = |seq: u64| world.api.get(&format!("{}?as_of={seq}", world.at(&object)));
        at(before).refused(404, "not_found");
        assert_eq!(at(after).expect(200).json(), object);
        assert_eq!(world.ids(&format!("as_of={before}")), Vec::<String>::new());
        assert_eq!(world.list(&format!("as_of={after}")).expect(200).items(), std::slice::from_ref(&object));
        let then = encode(object["created_at"].as_str().expect("a time"));
        assert_eq!(world.list(&format!("as_of={then}")).expect(200).items(), [object]);
    }
}

each! {
    where |kind| kind.path == "risk-assessments";

    fn of_many_recorded_at_once_each_counts(world) {
        let risk = world.make("risks");
        let drafts: Vec<Value> = (1..=5).map(|level| json!({"risk": risk["id"], "likelihood": level, "impact": 1})).collect();
        std::thread::scope(|scope| {
            for draft in &drafts {
                scope.spawn(move || world.create(draft));
            }
        });
        let newest = world.list("sort=-created_at").expect(200).items().remove(0);
        let risk = world.of("risks").read(&risk);
        assert_eq!(risk["version"], json!(1 + drafts.len()));
        assert_eq!(risk["current"], json!({"likelihood": newest["likelihood"], "impact": 1}));
        assert_eq!(risk["assessed_at"], newest["assessed_at"]);
    }
}

each! {
    where |kind| kind.can.create && !kind.can.change;

    fn nobody_has_recorded_in_the_future(world) {
        let dated = |field: &&Field| matches!(field.is, Is::Time(_));
        let field = world.spec.fields.iter().find(dated).expect("it is dated");
        let later = |seconds: i64| {
            let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            world.minimal_with(field, json!(time.to_string()))
        };
        for seconds in [60, 86_400, 100 * 365 * 86_400] {
            let answer = world.api.post(&world.path(), &later(seconds));
            answer.invalid(&[(&field.pointer(), "out_of_range")]);
        }
        world.create(&later(-1));
    }
}
