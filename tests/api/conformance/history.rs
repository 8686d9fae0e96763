//! The ledger as history: every version with who, when, why and what changed; and the change feed.

use super::World;
use crate::each;
use crate::support::Answer;
use serde_json::{Value, json};

/// An object's versions, oldest first.
fn history(world: &World, object: &Value) -> Vec<Value> {
    let answer = world.api.get(&format!("{}/history", world.at(object))).expect(200);
    let mut items = answer.items();
    let order: Vec<u64> = items.iter().map(|item| item["seq"].as_u64().expect("a seq")).collect();
    let (rising, falling) = (order.is_sorted(), order.iter().rev().is_sorted());
    assert!(rising || falling, "{}", answer.story());
    items.sort_by_key(|item| item["seq"].as_u64());
    items
}

fn reasoned(world: &World, method: &str, object: &Value, reason: &str, body: Option<&Value>) -> Answer {
    let request = world.api.call(method, &world.at(object)).header("Change-Reason", reason);
    match body {
        Some(body) => request.json(body).send(),
        None => request.send(),
    }
}

/// What somebody has done, why, and what came of it.
struct Deed {
    operation: &'static str,
    by: &'static str,
    reason: &'static str,
    answer: Answer,
}

fn deed(operation: &'static str, by: &'static str, reason: &'static str, answer: Answer) -> Deed {
    Deed { operation, by, reason, answer }
}

/// An object that two people change for several reasons and delete, as far as that can be done with it; and what they did
/// since it was there.
fn lived(world: &World) -> (Value, Vec<Deed>) {
    let bob = world.server.client(&world.api.organization, "bob", &["administrator", "it_service_continuity_manager"]);
    let mut deeds = Vec::new();
    let object = if world.spec.can.create {
        let create = world.api.call("POST", &world.path()).header("Change-Reason", "first import");
        deeds.push(deed("created", "ana", "first import", create.json(&world.full()).send().expect(201)));
        deeds[0].answer.json()
    } else {
        world.create(&world.full())
    };
    let path = world.at(&object);
    let renamed = bob.call("PATCH", &path).header("Change-Reason", "renamed");
    let renamed = renamed.json(&json!({world.spec.label: "Renamed"})).send().expect(200);
    deeds.push(deed("updated", "bob", "renamed", renamed));
    if world.spec.can.create {
        let other = world.fitted(&object, world.other());
        deeds.push(deed("updated", "ana", "replaced", reasoned(world, "PUT", &object, "replaced", Some(&other)).expect(200)));
    }
    if world.spec.can.delete {
        deeds.push(deed(
            "deleted",
            "ana",
            "no longer used",
            reasoned(world, "DELETE", &object, "no longer used", None).expect(204),
        ));
    }
    (object, deeds)
}

/// The last of some entries, one for each deed.
fn last<'e>(entries: &'e [Value], deeds: &[Deed]) -> &'e [Value] {
    assert!(entries.len() >= deeds.len(), "{entries:#?}");
    &entries[entries.len() - deeds.len()..]
}

/// The change feed from a position on, page by page.
fn feed(world: &World, after: u64, query: &str) -> Vec<Value> {
    let (mut entries, mut after) = (Vec::new(), after);
    loop {
        let page = world.api.get(&format!("/changes?after={after}&limit=3{query}")).expect(200);
        let items = page.items();
        assert!(items.len() <= 3, "{}", page.story());
        if items.is_empty() {
            return entries;
        }
        entries.extend(items);
        let next = page.json()["next_after"].as_u64().unwrap_or_else(|| panic!("no next_after\n{}", page.story()));
        assert!(next > after, "the feed does not move\n{}", page.story());
        after = next;
    }
}

each! {
    fn a_change_without_a_reason_has_none(world) {
        let object = world.create_minimal();
        assert_eq!(history(world, &object)[0]["reason"], Value::Null);
    }
}

each! {
    where |kind| kind.can.change;

    fn every_version_is_told_with_who_when_why_and_by_which_request(world) {
        let (object, deeds) = lived(world);
        let versions = history(world, &object);
        let counted: Vec<&Value> = versions.iter().map(|version| &version["version"]).collect();
        assert_eq!(counted, (1..=versions.len()).map(|n| json!(n)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        assert!(!world.spec.can.create || versions.len() == deeds.len(), "{versions:#?}");
        for (version, deed) in last(&versions, &deeds).iter().zip(&deeds) {
            assert_eq!((&version["by"], &version["reason"]), (&json!(deed.by), &json!(deed.reason)));
            assert_eq!(version["request_id"], json!(deed.answer.needed_header("x-request-id")));
            assert_eq!(version["operation"], json!(deed.operation));
            if deed.operation != "deleted" {
                assert_eq!(version["at"], deed.answer.json()["updated_at"]);
            }
        }
    }

    fn a_version_tells_exactly_what_changed(world) {
        let object = world.create(&world.full());
        let label = world.spec.label;
        let sent = json!({label: "New name", "description": null, "tags": ["x"]});
        world.api.patch(&world.at(&object), &sent).expect(200);
        let versions = history(world, &object);
        let changes = versions.last().expect("a version")["changes"].as_object().expect("changes").clone();
        let mut names: Vec<&String> = changes.keys().collect();
        names.sort();
        let mut wanted = ["description", label, "tags"];
        wanted.sort();
        assert_eq!(names, wanted);
        for (name, change) in &changes {
            assert_eq!(change, &json!({"from": object[name], "to": sent[name]}), "{name}");
        }
    }
}

each! {
    where |kind| !kind.shared;

    fn each_entry_of_the_feed_has_a_hash_of_its_own(world) {
        let start = world.seq();
        world.create_many(3, |_, _| ());
        let entries = feed(world, start, "");
        let hashes: std::collections::HashSet<&str> = entries.iter().filter_map(|entry| entry["hash"].as_str()).collect();
        assert_eq!(hashes.len(), entries.len());
    }

    fn a_feed_of_one_kind_has_no_other(world) {
        let start = world.seq();
        world.create(&world.full());
        for entry in feed(world, start, &format!("&kind={}", world.spec.kind)) {
            assert_eq!(entry["kind"], json!(world.spec.kind));
        }
        let end = world.seq();
        assert!(feed(world, end, "").is_empty());
        let page = world.api.get(&format!("/changes?after={end}")).expect(200).json();
        assert_eq!((&page["seq"], &page["items"]), (&json!(end), &json!([])));
        // Whoever is ahead has followed another ledger and must not miss what is to come.
        world.api.get(&format!("/changes?after={}", end + 1)).refused(400, "invalid_parameter");
    }
}

each! {
    where |kind| kind.can.change && !kind.shared;

    fn the_ledger_is_dense_and_in_the_order_of_the_writes(world) {
        let start = world.seq();
        let (object, _) = lived(world);
        let entries = feed(world, start, "");
        let seqs: Vec<u64> = entries.iter().map(|entry| entry["seq"].as_u64().expect("a seq")).collect();
        let wanted: Vec<u64> = (start + 1..=world.seq()).collect();
        assert_eq!(seqs, wanted);
        let own: Vec<&Value> = entries.iter().filter(|entry| entry["id"] == object["id"]).collect();
        let versions: Vec<u64> = own.iter().filter_map(|entry| entry["version"].as_u64()).collect();
        assert!(versions.iter().copied().eq(1..=own.len() as u64), "{versions:?}");
        for entry in own {
            assert_eq!(entry["kind"], json!(world.spec.kind));
            assert!(entry["hash"].as_str().is_some_and(|hash| hash.len() == 64), "{entry}");
            assert!(entry.get("body").is_none_or(Value::is_null), "a thin entry has no body: {entry}");
        }
        let times: Vec<&str> = entries.iter().filter_map(|entry| entry["at"].as_str()).collect();
        assert!(times.is_sorted(), "{times:?}");
    }

    fn the_feed_says_what_history_says(world) {
        let start = world.seq();
        let (object, _) = lived(world);
        let entries = feed(world, start, &format!("&kind={}", world.spec.kind));
        let own: Vec<&Value> = entries.iter().filter(|entry| entry["id"] == object["id"]).collect();
        let versions = history(world, &object);
        assert_eq!(own.len(), versions.len());
        for (entry, version) in own.iter().zip(&versions) {
            for member in ["seq", "version", "operation", "at", "reason", "request_id"] {
                assert_eq!(entry[member], version[member], "{member}");
            }
            assert_eq!(entry["actor"], version["by"]);
        }
    }

    fn the_feed_gives_bodies_on_demand_and_a_tombstone_for_what_is_gone(world) {
        let start = world.seq();
        let (object, deeds) = lived(world);
        let entries = feed(world, start, &format!("&include=body&kind={}", world.spec.kind));
        let own: Vec<Value> = entries.into_iter().filter(|entry| entry["id"] == object["id"]).collect();
        for (entry, deed) in last(&own, &deeds).iter().zip(&deeds) {
            assert_eq!(entry["operation"], json!(deed.operation));
            if deed.operation == "deleted" {
                assert_eq!(entry["version"], json!(own.len()));
                continue;
            }
            let body = deed.answer.json();
            for member in ["id", "key", world.spec.label, "version", "tags", "attributes", "external_refs"] {
                assert_eq!(entry["body"][member], body[member], "{member}");
            }
        }
    }
}

each! {
    where |kind| kind.can.create;

    fn a_reason_may_be_told_in_any_language(world) {
        let request = world.api.call("POST", &world.path()).header("Change-Reason", "Umbau für Zürich");
        let object = request.json(&world.minimal()).send().expect(201).json();
        assert_eq!(history(world, &object)[0]["reason"], json!("Umbau für Zürich"));
    }
}
