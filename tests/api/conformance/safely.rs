//! Writing without fear: once and only once, or not at all.

use super::World;
use crate::each;
use crate::support::{Answer, fresh};
use serde_json::{Value, json};

fn keyed(world: &World, key: &str, draft: &Value) -> Answer {
    world.api.call("POST", &world.path()).header("Idempotency-Key", key).json(draft).send()
}

fn rehearsed(world: &World, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = world.api.call(method, path).header("Prefer", "tx=rollback");
    match body {
        Some(body) => request.json(body).send(),
        None => request.send(),
    }
}

/// A call: method, path, body, and the status it would have.
type Call<'c> = (&'c str, &'c str, Option<Value>, u16);

#[track_caller]
fn rehearse(world: &World, calls: &[Call<'_>]) {
    let before = world.snapshot();
    for (method, path, body, status) in calls {
        let answer = rehearsed(world, method, path, body.as_ref()).expect(*status);
        assert_eq!(answer.needed_header("preference-applied"), "tx=rollback");
        assert_eq!(world.snapshot(), before, "{}", answer.story());
    }
}

each! {
    where |kind| kind.can.create;

    fn the_same_request_sent_again_is_answered_and_not_repeated(world) {
        let key = format!("key-{}", fresh());
        let draft = world.minimal();
        let first = keyed(world, &key, &draft).expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        let seq = world.seq();
        for _ in 0..3 {
            let again = keyed(world, &key, &draft).expect(201);
            assert_eq!(again.json(), first.json());
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            for name in ["etag", "location"] {
                assert_eq!(again.header(name), first.header(name), "{name}");
            }
        }
        assert_eq!(world.seq(), seq);
    }

    fn the_same_key_for_another_request_is_refused(world) {
        let key = format!("key-{}", fresh());
        keyed(world, &key, &world.minimal()).expect(201);
        let before = world.snapshot()["items"].clone();
        keyed(world, &key, &world.minimal()).refused(422, "idempotency_key_reused");
        assert_eq!(world.snapshot()["items"], before);
    }

    fn another_organisations_key_is_another_key(world) {
        let key = format!("key-{}", fresh());
        let mine = keyed(world, &key, &world.minimal()).expect(201).json();
        let elsewhere = world.elsewhere();
        let theirs = keyed(&elsewhere, &key, &elsewhere.minimal()).expect(201);
        assert_ne!(theirs.json()["id"], mine["id"]);
        assert_eq!(theirs.header("idempotent-replayed"), None);
    }

    fn a_refused_request_may_be_mended_under_the_same_key(world) {
        let key = format!("key-{}", fresh());
        let draft = world.minimal();
        let mut wrong = draft.clone();
        wrong["nonsense"] = json!(1);
        keyed(world, &key, &wrong).refused(422, "invalid");
        keyed(world, &key, &draft).expect(201);
    }

    fn of_many_equal_requests_at_once_one_is_carried_out(world) {
        let (key, mut draft) = (format!("key-{}", fresh()), world.minimal());
        let tag = format!("once-{}", fresh());
        draft["tags"] = json!([tag]);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| keyed(world, &key, &draft))).collect();
            sent.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        for answer in &answers {
            let waited = answer.status() == 409 && answer.code() == "idempotency_in_flight";
            assert!(answer.status() == 201 || waited, "{}", answer.story());
        }
        assert_eq!(world.ids(&format!("tag={tag}")).len(), 1);
    }

    fn a_key_that_is_no_key_is_refused(world) {
        for key in ["", &"x".repeat(300)] {
            let answer = keyed(world, key, &world.minimal());
            assert_eq!(answer.status(), 400, "{}", answer.story());
        }
    }

    fn a_rehearsed_creation_answers_as_the_real_thing_and_keeps_nothing(world) {
        let draft = world.full();
        let new = world.spelled(&format!("ref:test:{}", fresh()));
        rehearse(world, &[("POST", &world.path(), Some(draft.clone()), 201), ("PUT", &new, Some(draft.clone()), 201)]);
        world.create(&draft);
    }

    fn a_rehearsal_finds_the_same_faults(world) {
        let object = world.create(&world.full());
        let mut taken = world.minimal();
        taken["key"] = object["key"].clone();
        rehearsed(world, "POST", &world.path(), Some(&taken)).refused(409, "key_taken");
        taken["nonsense"] = json!(1);
        rehearsed(world, "PUT", &world.at(&object), Some(&taken)).invalid(&[("/nonsense", "unknown_field")]);
    }

    fn a_rehearsed_key_is_not_used_up(world) {
        let key = format!("key-{}", fresh());
        let draft = world.minimal();
        let request = world.api.call("POST", &world.path()).header("Idempotency-Key", key.as_str());
        request.header("Prefer", "tx=rollback").json(&draft).send().expect(201);
        let real = keyed(world, &key, &draft).expect(201);
        assert_eq!(real.header("idempotent-replayed"), None);
        world.read(&real.json());
    }

    fn other_preferences_change_nothing(world) {
        let request = world.api.call("POST", &world.path()).header("Prefer", "return=minimal, respond-async; wait=5");
        let answer = request.json(&world.minimal()).send().expect(201);
        assert_eq!(answer.header("preference-applied"), None);
        world.read(&answer.json());
    }
}

each! {
    where |kind| kind.can.change;

    fn a_rehearsed_change_answers_as_the_real_thing_and_keeps_nothing(world) {
        let object = world.create(&world.full());
        let path = world.at(&object);
        let mut calls = vec![("PATCH", path.as_str(), Some(json!({"description": "rehearsed"})), 200)];
        if world.spec.can.create {
            calls.push(("PUT", &path, Some(world.fitted(&object, world.other())), 200));
        }
        if world.spec.can.delete {
            calls.push(("DELETE", &path, None, 204));
        }
        rehearse(world, &calls);
        assert_eq!(world.read(&object), object);
    }

    fn a_rehearsed_change_finds_the_same_faults(world) {
        let object = world.create(&world.full());
        let wrong = json!({"nonsense": 1});
        rehearsed(world, "PATCH", &world.at(&object), Some(&wrong)).invalid(&[("/nonsense", "unknown_field")]);
        if world.spec.can.delete {
            rehearsed(world, "DELETE", &world.spelled("key:NOBODY"), None).refused(404, "not_found");
        }
    }
}
