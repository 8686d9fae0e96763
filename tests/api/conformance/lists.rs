//! Lists: pages, order, counting and shaping.

use super::World;
use crate::each;
use crate::support::client::encode;
use serde_json::{Value, json};
use std::collections::HashSet;

const NAMES: [&str; 7] = ["beta", "Alpha", "ähnlich", "alpha 10", "alpha 2", "Zulu", "_under"];

/// Seven objects that differ in name, key and every field one may sort by.
fn seven(world: &World) -> Vec<Value> {
    world.create_many(7, |n, draft| {
        draft[world.spec.label] = json!(NAMES[n]);
        draft["key"] = json!(format!("{}-{n}", ["b", "A", "c", "a", "Z", "0", "9"][n]));
    })
}

fn sorts(world: &World) -> Vec<String> {
    let mut sorts = vec![String::new()];
    let named = world.spec.fields.iter().filter(|field| field.sorts).map(|field| field.name);
    for name in named.chain(["created_at", "updated_at"]) {
        sorts.extend([name.to_owned(), format!("-{name}")]);
        sorts.extend((name != "key").then(|| format!("-{name},key")));
    }
    sorts
}

fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect()
}

/// Reads a list of seven objects in two pages between which something happens, told the first object.
#[track_caller]
fn paged_while(world: &World, happens: impl Fn(&Value)) {
    let created = seven(world);
    let first = world.list("limit=3&sort=key").expect(200);
    let cursor = first.json()["next_cursor"].as_str().expect("more to come").to_owned();
    happens(&first.items()[0]);
    let rest = world.list(&format!("limit=500&sort=key&cursor={}", encode(&cursor))).expect(200);
    let mut seen = first.each("id");
    seen.extend(rest.each("id"));
    let seen_once: HashSet<&String> = seen.iter().collect();
    assert_eq!(seen_once.len(), seen.len(), "an object came twice");
    assert!(created.iter().all(|object| seen.iter().any(|id| object["id"] == json!(id))));
}

each! {
    fn paging_gives_each_object_once_in_the_order_asked_for(world) {
        let created: HashSet<String> = texts(&seven(world), "id").into_iter().collect();
        for sort in sorts(world) {
            let query = if sort.is_empty() { String::new() } else { format!("sort={sort}") };
            let items = world.all_pages(&query, 3);
            assert_eq!(items.len(), 7, "sort={sort}");
            let listed: HashSet<String> = texts(&items, "id").into_iter().collect();
            assert_eq!(listed, created, "sort={sort}");
            assert_eq!(items, world.list(&format!("{query}&limit=500")).expect(200).items(), "sort={sort}");
            let Some(by) = sort.split(',').next().filter(|by| !by.is_empty()) else { continue };
            let found = texts(&items, by.trim_start_matches('-'));
            let mut wanted = found.clone();
            wanted.sort();
            if by.starts_with('-') {
                wanted.reverse();
            }
            assert_eq!(found, wanted, "sort={sort}");
        }
    }

    fn objects_written_while_paging_neither_hide_nor_repeat_others(world) {
        paged_while(world, |_| {
            let mut early = world.minimal();
            early["key"] = json!("00-early");
            world.create(&early);
        });
    }

    fn a_list_without_objects_is_empty(world) {
        let nothing = world.list("key=nobody&count=true").expect(200).json();
        assert_eq!(nothing["items"], json!([]));
        assert_eq!(nothing["total"], json!(0));
        assert!(nothing.get("next_cursor").is_none_or(Value::is_null));
    }

    fn the_limit_is_kept_on_both_sides(world) {
        world.create_many(2, |_, _| ());
        assert_eq!(world.list("limit=1").expect(200).items().len(), 1);
        world.list("limit=500").expect(200);
        for limit in ["0", "501", "-1", "1.5", "abc", "", "99999999999999999999"] {
            world.list(&format!("limit={limit}")).refused(400, "invalid_parameter");
        }
    }

    fn the_total_is_counted_only_on_demand_and_under_the_filter(world) {
        let objects = seven(world);
        let key = objects[3]["key"].as_str().expect("a key");
        assert_eq!(world.list("count=true&limit=2").expect(200).json()["total"], json!(7));
        assert_eq!(world.list(&format!("count=true&key={key}")).expect(200).json()["total"], json!(1));
        for query in ["limit=2", "count=false&limit=2"] {
            assert!(world.list(query).expect(200).json().get("total").is_none_or(Value::is_null));
        }
        world.list("count=maybe").refused(400, "invalid_parameter");
    }

    fn the_link_header_leads_through_all_pages(world) {
        seven(world);
        let sort = format!("sort=-{}", world.spec.label);
        let mut target = format!("/api/v1{}", world.listing(&format!("limit=3&{sort}")));
        let mut seen = Vec::new();
        loop {
            let page = world.api.absolute("GET", &target).send().expect(200);
            seen.extend(page.each("id"));
            let Some(link) = page.header("link") else { break };
            let (address, relation) = link.split_once('>').expect("a link has an address");
            assert!(relation.contains("rel=\"next\"") || relation.contains("rel=next"), "{link}");
            let address = address.trim_start_matches('<');
            let path = address.find("/api/v1/").expect("an address of this service");
            target = address[path..].to_owned();
        }
        assert_eq!(seen, world.ids(&format!("limit=500&{sort}")));
    }

    fn the_last_page_promises_no_other(world) {
        world.create_many(3, |_, _| ());
        for query in ["limit=3", "limit=4", "limit=500"] {
            let page = world.list(query).expect(200);
            assert!(page.json().get("next_cursor").is_none_or(Value::is_null), "{query}");
            assert!(page.header("link").is_none_or(|link| !link.contains("next")), "{query}");
        }
    }

    fn a_cursor_serves_only_the_list_it_came_from(world) {
        seven(world);
        let label = world.spec.label;
        let page = world.list(&format!("limit=2&sort={label}")).expect(200);
        let cursor = encode(page.json()["next_cursor"].as_str().expect("more to come"));
        world.list(&format!("limit=5&sort={label}&cursor={cursor}")).expect(200);
        for other in ["", "sort=-name", "sort=key", "sort=name&tag=pci", "sort=name&name=beta"] {
            let other = other.replace("name", label);
            world.list(&format!("{other}&limit=2&cursor={cursor}")).refused(400, "invalid_parameter");
        }
        for forged in ["x", "", "%00", "AAAA", "eyJ9", &format!("{cursor}A"), &cursor[1..], &"A".repeat(4000)] {
            world.list(&format!("sort={label}&limit=2&cursor={forged}")).refused(400, "invalid_parameter");
        }
    }

    fn what_the_list_does_not_know_is_refused(world) {
        let label = world.spec.label;
        for query in ["nonsense=1", "Limit=1", "organization_id=1", "name[like]=a", "name[]=a", "name[lte=a", "include=all"] {
            let answer = world.list(&query.replace("name", label));
            assert_eq!(answer.status(), 400, "{}", answer.story());
            assert!(["unknown_parameter", "invalid_parameter"].contains(&answer.code().as_str()), "{}", answer.story());
        }
        world.list("nonsense=1").refused(400, "unknown_parameter");
        for sort in ["nonsense", "-nonsense", "name,nonsense", "--name", "attributes", "name;drop"] {
            world.list(&format!("sort={}", sort.replace("name", label))).refused(400, "invalid_parameter");
        }
        for fields in ["nonsense", "id,nonsense", "organization_id"] {
            world.list(&format!("fields={fields}")).refused(400, "invalid_parameter");
        }
        world.list("limit=1&limit=2").refused(400, "invalid_parameter");
    }

    fn only_the_fields_asked_for_are_given(world) {
        world.create_many(2, |_, _| ());
        for item in world.list("fields=id,key").expect(200).items() {
            let members: Vec<&String> = item.as_object().expect("an object").keys().collect();
            assert_eq!(members.len(), 2, "{item}");
            assert!(item["id"].is_string() && item["key"].is_string(), "{item}");
        }
    }

    fn a_list_tells_how_far_the_ledger_is(world) {
        let before = world.list("limit=1").expect(200).json()["seq"].as_u64().expect("a number");
        world.create(&world.minimal());
        let after = world.seq();
        assert!(after > before);
        world.list("").expect(200);
        assert_eq!(world.seq(), after, "reading moved the ledger");
    }
}

each! {
    where |kind| kind.can.change;

    fn a_change_moves_the_ledger_by_one(world) {
        let object = world.create(&world.minimal());
        let before = world.seq();
        world.api.patch(&world.at(&object), &json!({"description": "changed"})).expect(200);
        assert_eq!(world.list("").expect(200).json()["seq"], json!(before + 1));
    }
}

each! {
    where |kind| kind.can.create && !kind.shared;

    fn a_list_has_fifty_objects_where_no_limit_is_given(world) {
        let kept = world.minimal();
        let rows: Vec<Value> = (0..51)
            .map(|n| {
                let mut data = kept.clone();
                data.as_object_mut().expect("a draft is an object").remove("key");
                data["tags"] = json!(["fifty"]);
                if world.spec.kind == "mapping" {
                    data["redundancy_group"] = json!(format!("group {n}"));
                }
                json!({"op": "upsert", "kind": world.spec.kind, "id": format!("ref:test:{n}"), "data": data})
            })
            .collect();
        world.api.post("/batch", &json!({"rows": rows})).expect(200);
        assert_eq!(world.list("tag=fifty").expect(200).items().len(), 50);
        assert_eq!(world.all_pages("tag=fifty", 50).len(), 51);
    }
}

each! {
    where |kind| kind.can.delete;

    fn objects_deleted_while_paging_neither_hide_nor_repeat_others(world) {
        paged_while(world, |first| drop(world.api.delete(&world.at(first)).expect(204)));
    }
}
