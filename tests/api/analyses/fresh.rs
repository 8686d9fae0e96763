//! Whatever has just been written, the next answer is right.

use super::{impact, keys, needs, shop};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// As much of a mapping as impact needs.
#[derive(Clone)]
struct Edge {
    dependent: String,
    provider: String,
    effect: &'static str,
    group: Option<&'static str>,
}

/// What a test believes stands in the service.
#[derive(Default)]
struct Belief {
    edges: BTreeMap<String, Edge>,
    sites: BTreeMap<String, String>,
}

/// A small, repeatable source of chance.
struct Chance(u64);
impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most
    }
}

impl Belief {
    /// The definition, applied until nothing changes: 0 up, 1 degraded, 2 down. One of each group must be up.
    fn states(&self, lost: &str) -> BTreeMap<String, u8> {
        let mut states = BTreeMap::from([(lost.to_owned(), 2u8)]);
        loop {
            let before = states.clone();
            let state = |key: &String| before.get(key).copied().unwrap_or(0);
            for (component, site) in &self.sites {
                if state(site) == 2 {
                    states.insert(component.clone(), 2);
                }
            }
            for edge in self.edges.values() {
                let worst = match edge.effect {
                    "cascade" => 2,
                    "partial" => 1,
                    _ => 0,
                };
                let mates: Vec<&Edge> =
                    self.edges.values().filter(|one| one.dependent == edge.dependent && one.group == edge.group).collect();
                let members: BTreeSet<&String> = mates.iter().map(|one| &one.provider).collect();
                let reached = match edge.group {
                    Some(_) if members.len() > 1 => {
                        let all_down = members.iter().all(|member| state(member) == 2);
                        if all_down { worst } else { 0 }
                    }
                    _ if state(&edge.provider) == 2 => worst,
                    _ if state(&edge.provider) == 1 && worst == 2 => 1,
                    _ => 0,
                };
                let own = states.entry(edge.dependent.clone()).or_default();
                *own = reached.max(*own);
            }
            if states == before {
                states.remove(lost);
                states.retain(|_, state| *state > 0);
                return states;
            }
        }
    }
}

const PARTS: [&str; 8] = ["P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7"];

fn told(api: &Api, lost: &str) -> BTreeMap<String, u8> {
    let answer = impact(api, &[lost]);
    let of = |list: &str, state: u8| keys(&answer[list], "/item").into_iter().map(move |key| (key, state)).collect::<Vec<_>>();
    of("down", 2).into_iter().chain(of("degraded", 1)).collect()
}

/// One change, through whichever way.
fn change(api: &Api, belief: &mut Belief, chance: &mut Chance, number: usize) {
    let part = |chance: &mut Chance| PARTS[chance.below(PARTS.len())].to_owned();
    let site = |chance: &mut Chance| ["S0", "S1"][chance.below(2)].to_owned();
    let some = |belief: &Belief, chance: &mut Chance| belief.edges.keys().nth(chance.below(belief.edges.len().max(1))).cloned();
    match chance.below(6) {
        0 => {
            let (component, at) = (part(chance), site(chance));
            api.patch(&format!("/components/key:{component}"), &json!({"site": format!("key:{at}")})).expect(200);
            belief.sites.insert(component, at);
        }
        1 => {
            let Some(key) = some(belief, chance) else { return };
            api.delete(&format!("/mappings/key:{key}")).expect(204);
            belief.edges.remove(&key);
        }
        2 => {
            let Some(key) = some(belief, chance) else { return };
            let effect = ["cascade", "partial", "none"][chance.below(3)];
            api.patch(&format!("/mappings/key:{key}"), &json!({"effect": effect})).expect(200);
            if let Some(edge) = belief.edges.get_mut(&key) {
                edge.effect = effect;
            }
        }
        3 => {
            let key = format!("M{number}");
            let (dependent, provider) = (part(chance), part(chance));
            if dependent == provider || belief.edges.values().any(|one| one.dependent == dependent && one.provider == provider) {
                return;
            }
            let data = json!({"dependent": format!("key:{dependent}"), "provider": format!("key:{provider}")});
            api.post("/batch", &json!({"rows": [{"op": "upsert", "kind": "mapping", "id": format!("key:{key}"), "data": data}]}))
                .expect(200);
            belief.edges.insert(key, Edge { dependent, provider, effect: "cascade", group: None });
        }
        _ => {
            let (dependent, provider) = (part(chance), part(chance));
            if dependent == provider || belief.edges.values().any(|one| one.dependent == dependent && one.provider == provider) {
                return;
            }
            let group = [None, Some("one")][chance.below(2)];
            let effect = ["cascade", "partial"][chance.below(2)];
            let key = format!("M{number}");
            let more = match group {
                Some(name) => json!({"key": key, "effect": effect, "redundancy_group": name, "required": 1}),
                None => json!({"key": key, "effect": effect}),
            };
            needs(api, &dependent, &provider, more);
            belief.edges.insert(key, Edge { dependent, provider, effect, group });
        }
    }
}

both! {
    fn every_answer_is_that_of_the_newest_write(server) {
        let api = server.fresh_organization();
        for site in ["S0", "S1"] {
            api.create("sites", &json!({"key": site, "name": site, "kind": "office"}));
        }
        for part in PARTS {
            api.create("components", &json!({"key": part, "name": part, "kind": "server"}));
        }
        let (mut belief, mut chance) = (Belief::default(), Chance(7));
        let mut past: Vec<(u64, Value, BTreeMap<String, u8>)> = Vec::new();
        for number in 0..60 {
            change(&api, &mut belief, &mut chance, number);
            let lost = if number % 5 == 0 { "S0" } else { PARTS[chance.below(PARTS.len())] };
            let right = belief.states(lost);
            assert_eq!(told(&api, lost), right, "after change {number}, {lost} lost");
            if number % 12 == 11 {
                past.push((api.seq(), json!({"lost": [format!("key:{lost}")]}), right));
            }
        }
        for (seq, question, right) in past {
            let answer = api.post(&format!("/analysis/impact?as_of={seq}"), &question).expect(200).json();
            let down = keys(&answer["down"], "/item").into_iter().map(|key| (key, 2));
            let all: BTreeMap<String, u8> =
                down.chain(keys(&answer["degraded"], "/item").into_iter().map(|key| (key, 1))).collect();
            assert_eq!(all, right, "as of {seq}");
        }
    }

    fn names_objectives_and_what_is_deleted_are_those_of_now(server) {
        let api = server.fresh_organization();
        shop(&api);
        impact(&api, &["GATE"]);
        api.patch("/business-processes/key:SELL", &json!({"name": "Sell more", "rto_seconds": 7200})).expect(200);
        let hit = impact(&api, &["GATE"])["down"][0].clone();
        assert_eq!((&hit["item"]["name"], &hit["objective"]["rto_seconds"]), (&json!("Sell more"), &json!(7200)));
        let shop = impact(&api, &["GATE"])["down"][1].clone();
        assert_eq!(shop["objective"]["rto_seconds"], json!(7200), "what depends on it carries it down");
        for mapping in api.get("/mappings?dependent=key:SELL").expect(200).items() {
            api.delete(&format!("/mappings/{}", mapping["id"].as_str().expect("an id"))).expect(204);
        }
        api.delete("/business-processes/key:SELL").expect(204);
        assert_eq!(keys(&impact(&api, &["GATE"])["down"], "/item"), ["SHOP"]);
        api.post("/analysis/impact", &json!({"lost": ["key:SELL"]})).invalid(&[("/lost/0", "unknown_reference")]);
        api.create("business-processes", &json!({"key": "SELL", "name": "Anew"}));
        needs(&api, "SELL", "SHOP", json!({}));
        assert_eq!(impact(&api, &["GATE"])["totals"]["down"], json!(2));
    }
}
