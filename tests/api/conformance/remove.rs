//! DELETE: gone for good, unless something still refers to it.

use super::{Is, Spec};
use crate::each;
use serde_json::json;

each! {
    where |kind| kind.can.delete;

    fn a_deleted_object_is_gone(world) {
        let object = world.create(&world.full());
        let answer = world.api.delete(&world.at(&object)).expect(204);
        assert!(answer.reply.body.is_empty());
        for path in [world.at(&object), world.spelled(&format!("key:{}", object["key"].as_str().expect("a key")))] {
            world.api.get(&path).refused(404, "not_found");
            world.api.delete(&path).refused(404, "not_found");
            world.api.patch(&path, &json!({"description": "x"})).refused(404, "not_found");
        }
        assert!(!world.ids("limit=500").contains(&object["id"].as_str().expect("an id").to_owned()));
    }

    fn a_deleted_objects_key_is_free_again(world) {
        let draft = world.full();
        let first = world.create(&draft);
        world.api.delete(&world.at(&first)).expect(204);
        let second = world.create(&draft);
        assert_ne!(first["id"], second["id"]);
        assert_eq!(second["version"], json!(1));
    }

    fn a_stale_version_is_not_deleted(world) {
        let object = world.create_minimal();
        world.api.patch(&world.at(&object), &json!({"description": "changed"})).expect(200);
        let delete = |tag: &str| world.api.call("DELETE", &world.at(&object)).header("If-Match", tag).send();
        delete("\"1\"").refused(412, "precondition_failed");
        world.api.get(&world.at(&object)).expect(200);
        delete("\"2\"").expect(204);
    }

    fn of_many_deletes_at_once_one_wins(world) {
        let object = world.create_minimal();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..6).map(|_| scope.spawn(|| world.api.delete(&world.at(&object)).status())).collect();
            sent.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 5, "{statuses:?}");
    }
}

each! {
    where |kind| kind.can.delete && !kind.shared && kind.is_pointed_to();

    fn what_is_still_referred_to_stays_and_the_referrers_are_named(world) {
        for spec in Spec::all() {
            for field in spec.fields {
                let other = world.of(spec.path);
                let listed = match field.is {
                    Is::Reference(collections) if collections.contains(&world.spec.path) => false,
                    Is::References(collection, _) if collection == world.spec.path => true,
                    _ => continue,
                };
                let target = field.target(world, world.spec.path);
                let value = if listed { json!([target["id"]]) } else { target["id"].clone() };
                let referrer = other.create(&other.minimal_with(field, value));
                let seq = world.seq();
                let refused = world.api.delete(&world.at(&target));
                let problem = refused.refused(409, "still_referenced");
                let (key, id) = (&referrer["key"], &referrer["id"]);
                let said = problem.to_string();
                let named = [key, id].iter().any(|name| said.contains(name.as_str().expect("text")));
                assert!(named, "the referrer is not named\n{}", refused.story());
                assert_eq!(world.read(&target)["id"], target["id"]);
                assert_eq!(world.seq(), seq);
                // What refers to it for good keeps it for good.
                if !spec.can.delete {
                    continue;
                }
                world.api.delete(&other.at(&referrer)).expect(204);
                world.api.delete(&world.at(&target)).expect(204);
            }
        }
    }
}
