//! What clients do not do: objects only the service makes, and objects that are kept once they are there.

use super::World;
use super::batch::{delete, results, send, upsert};
use crate::each;
use crate::support::{Answer, fresh};
use serde_json::{Value, json};

/// Asserts that a path does not have the method, and names those it has.
#[track_caller]
fn has_not(world: &World, method: &str, path: &str, allowed: &str) {
    let answer = world.api.call(method, path).json(&json!({})).send();
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.needed_header("allow"), allowed, "{}", answer.story());
}

/// The problem of the only row of a batch, which must be refused however it is sent and must leave no trace.
#[track_caller]
fn refused(world: &World, row: &Value, code: &str) {
    let before = world.snapshot();
    let partial: Answer = send(world, "partial", std::slice::from_ref(row)).expect(200);
    assert_eq!(results(&partial), ["failed"], "{}", partial.story());
    assert_eq!(partial.json()["rows"][0]["problem"]["code"], json!(code), "{}", partial.story());
    send(world, "atomic", std::slice::from_ref(row)).invalid(&[("/rows/0", code)]);
    assert_eq!(world.snapshot(), before);
}

fn merge(world: &World, id: &str, data: &Value) -> Value {
    json!({"op": "merge", "kind": world.spec.kind, "id": id, "data": data})
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

each! {
    where |kind| !kind.can.create;

    fn nobody_creates_them_by_a_call(world) {
        let object = world.create_minimal();
        has_not(world, "POST", &world.path(), "GET, HEAD");
        has_not(world, "PUT", &world.at(&object), "GET, HEAD, PATCH");
        has_not(world, "PUT", &world.spelled(&format!("key:OWN-{}", fresh())), "GET, HEAD, PATCH");
        has_not(world, "POST", &format!("/runs/{}/steps", id(&object["run"])), "GET, HEAD");
        assert_eq!(world.read(&object), object);
    }

    fn nobody_creates_them_by_a_row(world) {
        let object = world.create_minimal();
        let data = json!({"run": object["run"]["id"], "step": "more", "title": "More"});
        for address in [format!("key:OWN-{}", fresh()), format!("ref:cmdb:{}", fresh())] {
            refused(world, &upsert(world, &address, &data), "not_created");
            refused(world, &merge(world, &address, &data), "not_created");
        }
    }

    fn a_row_changes_them_as_a_patch_does(world) {
        let object = world.create_minimal();
        let contact = world.make("contacts");
        let row = merge(world, id(&object), &json!({"responsible": contact["id"], "tags": ["x"]}));
        let answer = send(world, "atomic", std::slice::from_ref(&row)).expect(200);
        assert_eq!(results(&answer), ["updated"]);
        let now = world.read(&object);
        assert_eq!((&now["responsible"]["id"], &now["tags"], &now["version"]), (&contact["id"], &json!(["x"]), &json!(2)));
        assert_eq!(results(&send(world, "atomic", &[row]).expect(200)), ["unchanged"]);
        let other = world.make("runs");
        for data in [json!({"run": other["id"]}), json!({"step": "more"}), json!({"status": "done"})] {
            let member = data.as_object().and_then(|data| data.keys().next()).expect("a member").clone();
            let answer = send(world, "atomic", &[merge(world, id(&object), &data)]);
            answer.invalid(&[(&format!("/rows/0/data/{member}"), "read_only")]);
        }
        assert_eq!(world.read(&object), now);
    }
}

each! {
    where |kind| kind.can.change && !kind.can.delete;

    fn nobody_deletes_them(world) {
        let object = world.create_minimal();
        let allowed = if world.spec.can.create { "GET, HEAD, PATCH, PUT" } else { "GET, HEAD, PATCH" };
        has_not(world, "DELETE", &world.at(&object), allowed);
        refused(world, &delete(world, id(&object)), "append_only");
        assert_eq!(world.read(&object), object);
        let unknown = delete(world, "key:NOBODY");
        assert_eq!(results(&send(world, "atomic", &[unknown]).expect(200)), ["unchanged"]);
    }

    fn a_snapshot_deletes_none_of_them(world) {
        let refs = json!([{"system": "netbox", "id": format!("x/{}", fresh())}]);
        world.create_many(1, |_, draft| draft["external_refs"] = refs.clone());
        let before = world.snapshot();
        let snapshot = json!({"system": "netbox", "kinds": [world.spec.kind]});
        let answer = world.api.post("/batch", &json!({"snapshot": snapshot, "max_delete_percent": 100, "rows": []}));
        assert!(matches!(answer.status(), 409 | 422), "{}", answer.story());
        assert_eq!(world.snapshot(), before);
    }
}

each! {
    where |kind| kind.can.create && kind.has(|field| field.fixed);

    fn what_it_is_made_of_stays_from_its_creation_on(world) {
        let object = world.create(&world.full());
        for field in world.spec.together().filter(|field| field.fixed) {
            let value = field.value(world, 1);
            let mut draft = world.fitted(&object, world.full());
            draft["key"] = object["key"].clone();
            draft[field.name] = value.clone();
            world.api.put(&world.at(&object), &draft).invalid(&[(&field.pointer(), "read_only")]);
            world.api.patch(&world.at(&object), &json!({field.name: value})).invalid(&[(&field.pointer(), "read_only")]);
            let answer = send(world, "partial", &[upsert(world, id(&object), &draft)]).expect(200);
            assert_eq!(results(&answer), ["failed"], "{}", answer.story());
        }
        assert_eq!(world.read(&object), object);
    }
}
