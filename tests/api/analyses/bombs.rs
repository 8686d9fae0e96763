//! Graphs made to break things: long chains, complete graphs, circles, diamonds.

use super::keys;
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

/// Loads components and the mappings between them by number.
fn load(api: &Api, nodes: usize, edges: &[(usize, usize)]) {
    let component = |number: usize| {
        json!({"op": "upsert", "kind": "component", "id": format!("key:N-{number}"),
               "data": {"name": format!("Node {number}"), "kind": "server", "recovery_time_seconds": 1, "restart_seconds": 1}})
    };
    let mapping = |(index, (dependent, provider)): (usize, &(usize, usize))| {
        json!({"op": "upsert", "kind": "mapping", "id": format!("key:E-{index}"),
               "data": {"dependent": format!("key:N-{dependent}"), "provider": format!("key:N-{provider}")}})
    };
    let service = json!({"op": "upsert", "kind": "service", "id": "key:TOP", "data": {"name": "Top", "restart_seconds": 1}});
    let last =
        json!({"op": "upsert", "kind": "mapping", "id": "key:TOP-0", "data": {"dependent": "key:TOP", "provider": "key:N-0"}});
    let rows = (0..nodes).map(component).chain(edges.iter().enumerate().map(mapping)).chain([service, last]);
    let rows: Vec<Value> = rows.collect();
    for chunk in rows.chunks(10_000) {
        api.post("/batch", &json!({"rows": chunk})).expect(200);
    }
}

/// Every analysis answers, and they agree.
fn asked(api: &Api, deepest: usize, nodes: usize) -> Value {
    let lost = format!("N-{deepest}");
    let answer = api.post("/analysis/impact?limit=1", &json!({"lost": [format!("key:{lost}")]})).expect(200).json();
    assert_eq!(answer["totals"]["down"], json!(nodes), "{answer}");
    let points = api.get("/services/key:TOP/single-points-of-failure?limit=1").expect(200).json();
    assert_eq!(points["total"], json!(nodes), "all of them");
    api.get("/analysis/single-points-of-failure?limit=1").expect(200);
    api.get("/services/key:TOP/recovery?limit=1").expect(200).json()
}

both! {
    fn a_long_chain_is_followed_to_its_end(server) {
        let api = server.fresh_organization();
        let nodes = 3000;
        let edges: Vec<(usize, usize)> = (1..nodes).map(|number| (number - 1, number)).collect();
        load(&api, nodes, &edges);
        let recovery = asked(&api, nodes - 1, nodes);
        assert_eq!(recovery["service"]["achievable_seconds"], json!(nodes + 1));
        let change = api.post("/analysis/change?limit=1", &json!({"items": ["key:N-2999"]})).expect(200).json();
        assert_eq!(change["totals"]["services"], json!(1));
        assert_eq!(api.get("/services/key:TOP/dependencies?format=svg&depth=32").status(), 200);
    }

    fn causes_waves_and_circles_are_told_as_far_as_the_document_says(server) {
        let api = server.fresh_organization();
        // A chain of 120, and a ring of 120 beneath it that never starts.
        let (chain, ring) = (120, 120);
        let rest = (chain..chain + ring).map(|number| (number, if number + 1 < chain + ring { number + 1 } else { chain }));
        let edges: Vec<(usize, usize)> = (1..chain).map(|number| (number - 1, number)).chain(rest).collect();
        load(&api, chain + ring, &edges);
        let cut = |lost: &str, of: &str| {
            let all = api.post("/analysis/impact", &json!({"lost": [lost]})).expect(200).json();
            let hit = all["down"].as_array().expect("a list").iter().find(|hit| hit["item"]["key"] == json!(of)).expect("a hit").clone();
            (keys(&hit["cause"], ""), hit["cause_omitted"].clone())
        };
        // From the lost one to the top: N-48, ..., N-0, TOP are 50, and no longer way is told as a whole.
        let (whole, omitted) = cut("key:N-48", "TOP");
        assert_eq!((whole.len(), whole[0].as_str(), whole[49].as_str(), omitted), (50, "N-48", "TOP", Value::Null));
        let (way, omitted) = cut("key:N-49", "TOP");
        let ends = (way.len(), way[0].as_str(), way[1].as_str(), way[49].as_str());
        assert_eq!((ends, omitted), ((50, "N-49", "N-47", "TOP"), json!(1)));
        let points = api.get("/services/key:TOP/single-points-of-failure").expect(200).json();
        for (key, left_out) in [("N-48", Value::Null), ("N-49", json!(1)), ("N-119", json!(71))] {
            let one = points["items"].as_array().expect("a list").iter().find(|one| one["item"]["key"] == json!(key)).expect("a point");
            let way = keys(&one["cause"], "");
            assert_eq!((way.len(), way[0].as_str(), way[49].as_str(), &one["cause_omitted"]), (50, key, "TOP", &left_out));
        }
        let sequence = api.post("/analysis/recovery-sequence?limit=7", &json!({})).expect(200).json();
        let waves = sequence["waves"].as_array().expect("waves");
        assert_eq!((waves.len(), &sequence["total_waves"], &sequence["total"], &sequence["never"]),
                   (7, &json!(121), &json!(121), &json!(120)));
        let circle = keys(&sequence["deadlocks"][0], "").len();
        assert_eq!((circle, sequence["deadlocks"].as_array().map(Vec::len)), (100, Some(1)));
    }

    fn where_everything_depends_on_everything_nothing_starts(server) {
        let api = server.fresh_organization();
        let nodes = 40;
        let all = (0..nodes).flat_map(|one| (0..nodes).filter(move |other| one != *other).map(move |other| (one, other)));
        load(&api, nodes, &all.collect::<Vec<_>>());
        let recovery = asked(&api, 7, nodes);
        assert_eq!(recovery["service"]["verdict"], json!("never"));
        assert!(!keys(&recovery["deadlocks"][0], "").is_empty(), "{recovery}");
        api.get("/services/key:TOP/dependencies?format=svg").expect(200);
        api.get("/analysis/single-points-of-failure?order=2&limit=1").expect(200);
    }

    fn a_dependency_map_has_so_many_dependencies_and_no_more(server) {
        let api = server.fresh_organization();
        // 100 that need 100 others are 10,000 dependencies, the first of the second hundred another one.
        let pairs = (1..101).flat_map(|one| (101..201).map(move |other| (one, other)));
        let edges: Vec<(usize, usize)> = (1..101).map(|one| (0, one)).chain(pairs).collect();
        load(&api, 201, &edges);
        let path = |depth: usize| format!("/services/key:TOP/dependencies?depth={depth}");
        assert_eq!(api.get(&path(2)).expect(200).json()["edges"].as_array().map(Vec::len), Some(101));
        api.get(&path(3)).refused(422, "too_many_objects");
        let one = api.get("/mappings?dependent=key:N-1&limit=500").expect(200).items();
        for mapping in one.iter().chain(&api.get("/mappings?dependent=key:N-2&limit=500").expect(200).items()) {
            api.delete(&format!("/mappings/{}", mapping["id"].as_str().expect("an id"))).expect(204);
        }
        assert_eq!(api.get(&path(3)).expect(200).json()["edges"].as_array().map(Vec::len), Some(9901));
    }

    fn diamonds_on_diamonds_are_walked_once(server) {
        let api = server.fresh_organization();
        let layers = 40;
        // 2^40 ways lead through these.
        let edges: Vec<(usize, usize)> = (0..layers)
            .flat_map(|layer| [(3 * layer, 3 * layer + 1), (3 * layer, 3 * layer + 2), (3 * layer + 1, 3 * layer + 3), (3 * layer + 2, 3 * layer + 3)])
            .collect();
        let nodes = 3 * layers + 1;
        load(&api, nodes, &edges);
        let recovery = asked(&api, nodes - 1, nodes);
        assert_eq!(recovery["service"]["achievable_seconds"], json!(2 * layers + 2));
    }

    fn a_picture_has_a_limit_and_says_so(server) {
        let api = server.fresh_organization();
        let nodes = 301;
        let edges: Vec<(usize, usize)> = (1..nodes).map(|number| (0, number)).collect();
        load(&api, nodes, &edges);
        api.get("/services/key:TOP/dependencies?format=svg").refused(422, "too_many_objects");
        api.get("/services/key:TOP/dependencies").expect(200);
        let last = api.get("/mappings?dependent=key:N-0&limit=500").expect(200).items();
        for mapping in last.iter().take(2) {
            api.delete(&format!("/mappings/{}", mapping["id"].as_str().expect("an id"))).expect(204);
        }
        api.get("/services/key:TOP/dependencies?format=svg").expect(200);
    }
}
