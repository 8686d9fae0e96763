//! The batch, for the rows of every collection.

use super::{World, assert_says};
use crate::each;
use crate::support::{Answer, fresh};
use serde_json::{Value, json};

pub fn upsert(world: &World, id: &str, data: &Value) -> Value {
    json!({"op": "upsert", "kind": world.spec.kind, "id": id, "data": data})
}

pub fn delete(world: &World, id: &str) -> Value {
    json!({"op": "delete", "kind": world.spec.kind, "id": id})
}

fn merge(world: &World, id: &str, data: &Value) -> Value {
    json!({"op": "merge", "kind": world.spec.kind, "id": id, "data": data})
}

pub fn send(world: &World, mode: &str, rows: &[Value]) -> Answer {
    world.api.post("/batch", &json!({"mode": mode, "rows": rows}))
}

pub fn results(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let rows = body["rows"].as_array().unwrap_or_else(|| panic!("no rows\n{}", answer.story()));
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["index"], json!(index), "{}", answer.story());
    }
    rows.iter().map(|row| row["result"].as_str().unwrap_or_default().to_owned()).collect()
}

#[track_caller]
fn counted(answer: &Answer, created: u64, updated: u64, unchanged: u64, deleted: u64, failed: u64) {
    let wanted = json!({"created": created, "updated": updated, "unchanged": unchanged, "deleted": deleted, "failed": failed});
    assert_eq!(answer.json()["counts"], wanted, "{}", answer.story());
}

fn reference() -> String {
    format!("ref:netbox:dcim.device/{}", fresh())
}

/// A full draft that leaves the external refs to the row's id.
fn bare(world: &World, turn: usize) -> Value {
    world.draft(|field| field.name != "external_refs", turn)
}

fn at(world: &World, id: &str) -> Value {
    world.api.get(&world.spelled(id)).expect(200).json()
}

each! {
    where |kind| kind.can.create && !kind.shared;

    fn one_fault_undoes_an_atomic_batch_and_all_are_told(world) {
        let good = upsert(world, &reference(), &bare(world, 0));
        let mut bad = bare(world, 0);
        bad[world.spec.label] = json!(7);
        bad["nonsense"] = json!(1);
        let mut worse = bare(world, 0);
        worse["tags"] = json!("x");
        let rows = [good, upsert(world, &reference(), &bad), upsert(world, &reference(), &worse)];
        let before = world.snapshot();
        send(world, "atomic", &rows).invalid(&[
            (&format!("/rows/1/data/{}", world.spec.label), "wrong_type"),
            ("/rows/1/data/nonsense", "unknown_field"),
            ("/rows/2/data/tags", "wrong_type"),
        ]);
        assert_eq!(world.snapshot(), before);
        let default = world.api.post("/batch", &json!({"rows": rows}));
        default.refused(422, "invalid");
        assert_eq!(world.snapshot(), before, "a batch is atomic unless it says otherwise");
    }

    fn a_partial_batch_keeps_what_is_good(world) {
        let (first, last) = (reference(), reference());
        let mut bad = bare(world, 0);
        bad[world.spec.label] = json!(7);
        let rows = [
            upsert(world, &first, &bare(world, 0)),
            upsert(world, &reference(), &bad),
            delete(world, "key:NOBODY"),
            upsert(world, &last, &bare(world, 1)),
        ];
        let answer = send(world, "partial", &rows).expect(200);
        assert_eq!(results(&answer), ["created", "failed", "unchanged", "created"]);
        counted(&answer, 2, 0, 1, 0, 1);
        let rows = &answer.json()["rows"];
        assert_eq!(rows[1]["problem"]["code"], json!("invalid"));
        assert_eq!(rows[0].get("problem").filter(|problem| !problem.is_null()), None);
        at(world, &first);
        at(world, &last);
    }

    fn the_same_object_twice_in_a_batch_is_a_fault(world) {
        let id = reference();
        let rows = [upsert(world, &id, &bare(world, 0)), upsert(world, &id, &bare(world, 1))];
        let before = world.snapshot()["items"].clone();
        send(world, "atomic", &rows).refused(422, "invalid");
        assert_eq!(world.snapshot()["items"], before);
        let answer = send(world, "partial", &rows).expect(200);
        assert_eq!(results(&answer), ["created", "failed"]);
    }

    fn two_rows_that_want_one_key_do_not_both_get_it(world) {
        let mut data = bare(world, 0);
        data["key"] = json!(format!("ONE-{}", fresh()));
        let other = {
            let mut other = bare(world, 0);
            other["key"] = data["key"].clone();
            other
        };
        let rows = [upsert(world, &reference(), &data), upsert(world, &reference(), &other)];
        let answer = send(world, "partial", &rows).expect(200);
        assert_eq!(results(&answer), ["created", "failed"]);
        assert_eq!(answer.json()["rows"][1]["problem"]["code"], json!("key_taken"), "{}", answer.story());
    }

    fn a_row_of_another_organisations_object_is_a_row_of_an_unknown_one(world) {
        let theirs = world.elsewhere().create_minimal();
        let id = theirs["id"].as_str().expect("an id");
        let rows = [
            (delete(world, id), "unchanged"),
            (upsert(world, id, &bare(world, 0)), "failed"),
            (merge(world, id, &json!({"description": "x"})), "failed"),
        ];
        for (row, result) in rows {
            let ask = |row: &Value| {
                let answer = send(world, "partial", std::slice::from_ref(row)).expect(200);
                assert_eq!(results(&answer), [result]);
                let mut told = answer.json()["rows"][0].clone();
                if let Some(problem) = told["problem"].as_object_mut() {
                    problem.remove("request_id");
                }
                told
            };
            let mut unknown = row.clone();
            unknown["id"] = json!("018f6c2e-0000-7000-8000-000000000000");
            assert_eq!(ask(&row), ask(&unknown));
        }
        assert_eq!(world.elsewhere().api.get(&world.at(&theirs)).status(), 404);
    }
}

each! {
    where |kind| kind.can.create && kind.can.change && !kind.shared;

    fn a_merge_creates_or_changes_only_what_it_says(world) {
        let id = reference();
        let draft = bare(world, 0);
        let created = send(world, "atomic", &[merge(world, &id, &draft)]).expect(200);
        assert_eq!(results(&created), ["created"]);
        assert_says(&at(world, &id), &draft);
        let mut wanted = at(world, &id);
        let change = json!({"description": "merged", "attributes": {"rank": null, "new": 1}, "tags": null});
        let changed = send(world, "atomic", &[merge(world, &id, &change)]).expect(200);
        assert_eq!(results(&changed), ["updated"]);
        let object = at(world, &id);
        wanted["description"] = json!("merged");
        wanted["tags"] = json!([]);
        let attributes = wanted["attributes"].as_object_mut().expect("an object");
        attributes.remove("rank");
        attributes.insert("new".to_owned(), json!(1));
        for (name, value) in wanted.as_object().expect("an object") {
            if !["version", "updated_at"].contains(&name.as_str()) {
                assert_eq!(&object[name], value, "{name}");
            }
        }
        assert_eq!(object["version"], json!(2));
        let seq = world.seq();
        let again = send(world, "atomic", &[merge(world, &id, &change), ]).expect(200);
        assert_eq!(results(&again), ["unchanged"]);
        assert_eq!(world.seq(), seq, "an equal merge made an event");
    }

    fn a_row_may_name_its_object_in_each_spelling(world) {
        let object = world.create(&world.full());
        let reference = &object["external_refs"][0];
        let spellings = [
            object["id"].as_str().expect("an id").to_owned(),
            format!("key:{}", object["key"].as_str().expect("a key")),
            format!("ref:{}:{}", reference["system"].as_str().expect("text"), reference["id"].as_str().expect("text")),
        ];
        for (turn, spelling) in spellings.iter().enumerate() {
            let mut data = world.fitted(&object, world.full());
            data["key"] = object["key"].clone();
            data["external_refs"] = object["external_refs"].clone();
            data["description"] = json!(format!("turn {turn}"));
            let answer = send(world, "atomic", &[upsert(world, spelling, &data)]).expect(200);
            assert_eq!(answer.json()["rows"][0]["id"], object["id"]);
            assert_eq!(results(&answer), ["updated"]);
        }
    }

    fn a_rehearsed_batch_answers_and_keeps_nothing(world) {
        let object = world.create_minimal();
        let rows = [
            upsert(world, &reference(), &bare(world, 0)),
            upsert(world, object["id"].as_str().expect("an id"), &world.fitted(&object, bare(world, 1))),
        ];
        let before = world.snapshot();
        let body = json!({"dry_run": true, "rows": rows});
        counted(&world.api.post("/batch", &body).expect(200), 1, 1, 0, 0, 0);
        assert_eq!(world.snapshot(), before);
        let preferred = world.api.call("POST", "/batch").header("Prefer", "tx=rollback").json(&json!({"rows": rows}));
        let preferred = preferred.send().expect(200);
        counted(&preferred, 1, 1, 0, 0, 0);
        assert_eq!(preferred.needed_header("preference-applied"), "tx=rollback");
        assert_eq!(world.snapshot(), before);
    }

    fn a_change_by_batch_stands_in_history_as_any_other(world) {
        let id = reference();
        let batch = |data: &Value| {
            let body = json!({"rows": [upsert(world, &id, data)]});
            world.api.call("POST", "/batch").header("Change-Reason", "nightly import").json(&body).send().expect(200)
        };
        batch(&bare(world, 0));
        batch(&world.fitted(&at(world, &id), bare(world, 1)));
        let versions = world.api.get(&format!("{}/history", world.spelled(&id))).expect(200).items();
        assert_eq!(versions.len(), 2);
        assert!(versions.iter().all(|version| version["reason"] == json!("nightly import")), "{versions:?}");
    }
}

each! {
    where |kind| kind.can.delete && !kind.shared;

    fn a_row_creates_changes_leaves_and_deletes(world) {
        let (id, key) = (reference(), format!("key:B-{}", fresh()));
        let (one, two) = (bare(world, 0), world.draft(|field| field.required, 0));
        let rows = [upsert(world, &id, &one), upsert(world, &key, &two)];
        let created = send(world, "atomic", &rows).expect(200);
        assert_eq!(results(&created), ["created", "created"]);
        counted(&created, 2, 0, 0, 0, 0);
        assert_says(&at(world, &id), &one);
        let row = &created.json()["rows"][0];
        assert_eq!((&row["id"], &row["key"], &row["version"]), (&at(world, &id)["id"], &one["key"], &json!(1)));

        let seq = world.seq();
        let again = send(world, "atomic", &rows).expect(200);
        counted(&again, 0, 0, 2, 0, 0);
        assert_eq!((world.seq(), &again.json()["seq"]), (seq, &json!(seq)), "a repeated batch made events");

        let changed = world.fitted(&at(world, &id), bare(world, 1));
        let mixed = send(world, "atomic", &[upsert(world, &id, &changed), delete(world, &key)]).expect(200);
        assert_eq!(results(&mixed), ["updated", "deleted"]);
        counted(&mixed, 0, 1, 0, 1, 0);
        assert_says(&at(world, &id), &changed);
        world.api.get(&world.spelled(&key)).refused(404, "not_found");
        assert_eq!(mixed.json()["seq"], json!(world.seq()));
    }

    fn a_merge_is_checked_as_the_whole_object_is(world) {
        let before = world.snapshot()["items"].clone();
        let incomplete = json!({"description": "x"});
        let answer = send(world, "atomic", &[merge(world, &reference(), &incomplete)]);
        let required = world.spec.fields.iter().filter(|field| field.required);
        let faults: Vec<(String, &str)> = required.map(|field| (format!("/rows/0/data/{}", field.name), "required")).collect();
        let faults: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        answer.invalid(&faults);
        let object = world.create_minimal();
        let id = object["id"].as_str().expect("an id");
        let wrong = json!({"nonsense": 1, "version": null, "tags": "x"});
        send(world, "atomic", &[merge(world, id, &wrong)]).invalid(&[
            ("/rows/0/data/nonsense", "unknown_field"),
            ("/rows/0/data/version", "read_only"),
            ("/rows/0/data/tags", "wrong_type"),
        ]);
        let mut stale = merge(world, id, &json!({"description": "lost"}));
        stale["if_version"] = json!(7);
        let answer = send(world, "partial", &[stale]).expect(200);
        assert_eq!(answer.json()["rows"][0]["problem"]["code"], json!("precondition_failed"), "{}", answer.story());
        assert_eq!(world.read(&object), object);
        world.api.delete(&world.at(&object)).expect(204);
        assert_eq!(world.snapshot()["items"], before);
    }

    fn a_row_based_on_a_stale_version_fails(world) {
        let object = world.create_minimal();
        let id = object["id"].as_str().expect("an id");
        let row = |version: u64, turn: usize| {
            let mut row = upsert(world, id, &world.fitted(&object, bare(world, turn)));
            row["if_version"] = json!(version);
            row
        };
        let answer = send(world, "partial", &[row(7, 0)]).expect(200);
        assert_eq!(answer.json()["rows"][0]["problem"]["code"], json!("precondition_failed"), "{}", answer.story());
        assert_eq!(world.read(&object), object);
        counted(&send(world, "partial", &[row(1, 1)]).expect(200), 0, 1, 0, 0, 0);
        let mut gone = delete(world, id);
        gone["if_version"] = json!(1);
        counted(&send(world, "partial", &[gone.clone()]).expect(200), 0, 0, 0, 0, 1);
        gone["if_version"] = json!(2);
        counted(&send(world, "partial", &[gone]).expect(200), 0, 0, 0, 1, 0);
    }

    fn the_same_object_under_two_names_in_a_batch_is_a_fault(world) {
        let id = reference();
        send(world, "atomic", &[upsert(world, &id, &bare(world, 0))]).expect(200);
        let object = at(world, &id);
        let key = format!("key:{}", object["key"].as_str().expect("a key"));
        let rows = [upsert(world, &id, &world.fitted(&object, bare(world, 1))), delete(world, &key)];
        counted(&send(world, "partial", &rows).expect(200), 0, 1, 0, 0, 1);
    }
}
