//! PUT: create or replace by any spelling of the id, and nothing at all when nothing changed.

use super::{World, assert_says};
use crate::each;
use crate::support::Answer;
use serde_json::{Value, json};

fn put(world: &World, spelling: &str, draft: &Value) -> Answer {
    world.api.put(&world.spelled(spelling), draft)
}

fn own_ref() -> String {
    format!("ref:netbox:dcim.device/{}", crate::support::fresh())
}

fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

/// A full draft as someone sends it who knows the object by this reference only.
fn known_by(world: &World, reference: &str) -> Value {
    let mut draft = world.full();
    let mut parts = reference.splitn(3, ':').skip(1);
    draft["external_refs"] = json!([{"system": parts.next(), "id": parts.next(), "url": null}]);
    draft
}

each! {
    where |kind| kind.can.create;

    fn the_reference_in_the_path_is_added_to_the_object(world) {
        let reference = own_ref();
        let object = put(world, &reference, &world.minimal()).expect(201).json();
        assert_eq!(world.api.get(&world.spelled(&reference)).expect(200).json()["id"], object["id"]);
        assert_eq!(object["external_refs"].as_array().map(Vec::len), Some(1));
    }

    fn equal_content_makes_no_new_version_and_no_event(world) {
        let reference = own_ref();
        let draft = known_by(world, &reference);
        let first = put(world, &reference, &draft).expect(201);
        let seq = world.seq();
        for spelling in [reference.clone(), id(&first.json()).to_owned(), format!("key:{}", draft["key"].as_str().expect("a key"))] {
            let again = put(world, &spelling, &draft).expect(200);
            assert_eq!(again.json(), first.json());
            assert_eq!(again.etag(), first.etag());
        }
        assert_eq!(world.seq(), seq, "nothing changed and yet the ledger grew");
        assert_eq!(world.api.get(&format!("{}/history", world.at(&first.json()))).expect(200).items().len(), 1);
    }

    fn an_address_no_object_may_have_creates_nothing(world) {
        let before = world.snapshot();
        let long = format!("ref:cmdb:{}", "x".repeat(256));
        let addresses = [
            (format!("key:{}", "x".repeat(65)), "/key"),
            ("key:a b".to_owned(), "/key"),
            ("key:-a".to_owned(), "/key"),
            ("key:ä".to_owned(), "/key"),
            ("ref:a b:1".to_owned(), "/external_refs/0/system"),
            ("ref:ä:1".to_owned(), "/external_refs/0/system"),
            (long, "/external_refs/0/id"),
        ];
        for (address, pointer) in addresses {
            let answer = put(world, &address, &world.minimal());
            answer.refused(422, "invalid");
            assert_eq!(answer.faults().first().map(|(pointer, _)| pointer.as_str()), Some(pointer), "{}", answer.story());
            assert!(matches!(world.api.get(&world.spelled(&address)).status(), 404), "{address}");
        }
        let mut full = world.minimal();
        let refs = (0..20).map(|n| json!({"system": "netbox", "id": format!("{n}-{}", crate::support::fresh())}));
        full["external_refs"] = refs.collect();
        put(world, &own_ref(), &full).invalid(&[("/external_refs", "too_long")]);
        assert_eq!(world.snapshot()["items"], before["items"]);
    }

    fn an_address_composed_differently_is_the_same(world) {
        let (apart, composed) = ("ref:cmdb:Zu\u{308}rich", "ref:cmdb:Zürich");
        let object = put(world, apart, &world.minimal()).expect(201).json();
        assert_eq!(object["external_refs"][0]["id"], json!("Zürich"));
        for address in [apart, composed] {
            assert_eq!(world.api.get(&world.spelled(address)).expect(200).json()["id"], object["id"]);
        }
        let filter = crate::support::client::encode("cmdb:Zu\u{308}rich");
        assert_eq!(world.ids(&format!("external_ref={filter}")), [id(&object)]);
    }

    fn put_by_an_id_of_the_services_own_making_needs_the_object(world) {
        let unknown = "018f6c2e-0000-7000-8000-000000000000";
        put(world, unknown, &world.minimal()).refused(404, "not_found");
        let theirs = world.elsewhere().create_minimal();
        put(world, id(&theirs), &world.minimal()).refused(404, "not_found");
    }
}

each! {
    once where |kind| kind.can.create;

    fn put_refuses_what_post_refuses(world) {
        let object = world.create(&world.full());
        let mut draft = world.full();
        let before = world.snapshot();
        draft["nonsense"] = json!(1);
        draft["version"] = json!(1);
        draft["description"] = json!(7);
        let faults = [("/nonsense", "unknown_field"), ("/version", "read_only"), ("/description", "wrong_type")];
        put(world, id(&object), &draft).invalid(&faults);
        put(world, &own_ref(), &draft).invalid(&faults);
        assert_eq!(world.snapshot()["items"], before["items"]);
    }
}

each! {
    where |kind| kind.can.create && kind.can.change;

    fn put_by_the_clients_own_id_creates_and_then_replaces(world) {
        let reference = own_ref();
        let draft = known_by(world, &reference);
        let created = put(world, &reference, &draft).expect(201);
        assert!(created.needed_header("location").contains("/api/v1/"));
        let object = created.json();
        assert_says(&object, &draft);
        assert_eq!(object["version"], json!(1));
        let mut other = world.fitted(&object, world.other());
        other["external_refs"] = draft["external_refs"].clone();
        let replaced = put(world, &reference, &other).expect(200).json();
        assert_says(&replaced, &other);
        assert_eq!((&replaced["id"], &replaced["version"]), (&object["id"], &json!(2)));
        assert_eq!(replaced["created_at"], object["created_at"]);
        assert_eq!(world.read(&object), replaced);
    }

    fn put_takes_away_what_it_does_not_say(world) {
        let object = world.create(&world.full());
        let draft = world.fitted(&object, world.minimal());
        let replaced = put(world, id(&object), &draft).expect(200).json();
        assert_says(&replaced, &draft);
        for field in world.spec.fields {
            if draft.get(field.name).is_none() {
                let wanted = if field.kept { object[field.name].clone() } else { field.start.of(&replaced) };
                assert_eq!(replaced[field.name], wanted, "{}", field.name);
            }
        }
    }

    fn put_by_key_creates_under_that_key(world) {
        let key = format!("OWN-{}", crate::support::fresh());
        let mut draft = world.minimal();
        let created = put(world, &format!("key:{key}"), &draft).expect(201).json();
        assert_eq!(created["key"], json!(key));
        draft["description"] = json!("changed");
        let replaced = put(world, &format!("key:{key}"), &draft).expect(200).json();
        assert_eq!((&replaced["id"], &replaced["key"]), (&created["id"], &json!(key)));
    }

    fn a_reference_is_kept_by_put_and_taken_away_by_patch(world) {
        let reference = own_ref();
        let mut draft = world.minimal();
        draft["external_refs"] = json!([]);
        let object = put(world, &reference, &draft).expect(201).json();
        assert_eq!(object["external_refs"].as_array().map(Vec::len), Some(1));
        let patched = world.api.patch(&world.spelled(&reference), &json!({"external_refs": []})).expect(200).json();
        assert_eq!(patched["external_refs"], json!([]));
        world.api.get(&world.spelled(&reference)).refused(404, "not_found");
    }

    fn put_by_key_with_another_key_in_the_body_renames_what_is_there(world) {
        let object = world.create_minimal();
        let key = object["key"].as_str().expect("a key");
        let mut draft = world.fitted(&object, world.minimal());
        draft["key"] = json!(format!("NEW-{}", crate::support::fresh()));
        let renamed = put(world, &format!("key:{key}"), &draft).expect(200).json();
        assert_eq!((&renamed["id"], &renamed["key"]), (&object["id"], &draft["key"]));
        world.api.get(&world.spelled(&format!("key:{key}"))).refused(404, "not_found");
    }

    fn put_never_takes_the_key_or_the_reference_of_another(world) {
        let (a, b) = (world.create(&world.full()), world.create(&world.full()));
        let mut draft = world.fitted(&b, world.minimal());
        draft["key"] = a["key"].clone();
        put(world, id(&b), &draft).refused(409, "key_taken");
        let mut draft = world.fitted(&b, world.minimal());
        draft["external_refs"] = a["external_refs"].clone();
        put(world, id(&b), &draft).refused(409, "external_ref_taken");
        assert_eq!((world.read(&a), world.read(&b)), (a, b));
    }

    fn put_honours_the_version_it_is_based_on(world) {
        let object = world.create_minimal();
        let path = world.at(&object);
        let changed = || {
            let mut draft = world.fitted(&object, world.minimal());
            draft["description"] = json!(format!("turn {}", crate::support::fresh()));
            draft
        };
        let put = |tag: &str| world.api.call("PUT", &path).header("If-Match", tag).json(&changed()).send();
        put("\"1\"").expect(200);
        put("\"1\"").refused(412, "precondition_failed");
        put("*").expect(200);
        let nowhere = world.spelled(&own_ref());
        let absent = world.api.call("PUT", &nowhere).header("If-Match", "*").json(&world.minimal()).send();
        absent.refused(412, "precondition_failed");
        let only_new = world.api.call("PUT", &path).header("If-None-Match", "*").json(&world.minimal()).send();
        only_new.refused(412, "precondition_failed");
    }
}

each! {
    where |kind| kind.can.delete;

    fn a_deleted_objects_reference_is_free_again(world) {
        let reference = own_ref();
        let first = put(world, &reference, &world.minimal()).expect(201).json();
        world.api.delete(&world.at(&first)).expect(204);
        let second = put(world, &reference, &world.minimal()).expect(201).json();
        assert_ne!(first["id"], second["id"]);
    }
}
