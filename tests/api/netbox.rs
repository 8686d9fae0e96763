//! A real CMDB: the NetBox example is loaded as its README says and asked what it was loaded for.

use crate::both;
use crate::support::{Answer, Api};
use serde_json::Value;
use std::collections::HashMap;
use std::process::{Command, Output};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/netbox");

/// How many objects of each NetBox model the extract holds.
fn models() -> HashMap<String, u64> {
    let text = std::fs::read_to_string(format!("{FOLDER}/netbox-demo-extract.json")).expect("the extract");
    let dump: Value = serde_json::from_str(&text).expect("the extract is JSON");
    let mut counts = HashMap::new();
    for object in dump.as_array().expect("a dump is a list") {
        *counts.entry(object["model"].as_str().expect("a model").to_owned()).or_default() += 1;
    }
    counts
}

fn load(api: &Api) -> Output {
    Command::new("python3")
        .arg("-B")
        .arg(format!("{FOLDER}/load.py"))
        .args(["--url", &format!("http://{}", api.server.address)])
        .args(["--token", api.token.as_deref().expect("a token")])
        .output()
        .expect("python3 is there: apt-get install python3")
}

fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn total(answer: &Answer) -> u64 {
    answer.json()["total"].as_u64().expect("count=true adds total")
}

both! {
    fn a_dump_is_loaded_once_and_asked(server) {
        let api = server.fresh_organization();
        let count = models();
        let of = |models: &[&str]| models.iter().map(|model| count[*model]).sum::<u64>();
        let first = printed(&load(&api));
        assert!(first.contains(" 0 failed") && first.contains(" 0 unchanged"), "{first}");
        let components = ["dcim.device", "virtualization.virtualmachine", "virtualization.cluster", "circuits.circuit", "dcim.powerpanel", "dcim.powerfeed"];
        for (collection, expected) in [
            ("sites", of(&["dcim.site"])),
            ("suppliers", of(&["circuits.provider"])),
            ("contacts", of(&["tenancy.contact"])),
            ("components", of(&components)),
        ] {
            assert_eq!(total(&api.get(&format!("/{collection}?count=true&limit=1")).expect(200)), expected, "{collection}");
        }
        // One edge for every machine on its cluster and for every circuit of its provider.
        let edges = |relation: &str| total(&api.get(&format!("/mappings?count=true&limit=1&relation={relation}")).expect(200));
        assert_eq!(edges("runs_on"), of(&["virtualization.virtualmachine"]));
        assert_eq!(edges("supplied_by"), of(&["circuits.circuit"]));

        let before = api.seq();
        let second = printed(&load(&api));
        assert!(second.contains("0 created, 0 updated") && second.contains("0 deleted, 0 failed"), "{second}");
        assert_eq!(api.seq(), before, "a second run writes nothing");

        let router = api.get("/components/ref:netbox:dcim.device%2F1?include=mappings").expect(200).json().clone();
        assert_eq!(router["name"], "dmi01-akron-rtr01");
        let mappings = router["mappings"].as_array().expect("mappings are included");
        assert!(mappings.iter().any(|mapping| mapping["relation"] == "connects_to" && mapping["dependent"]["id"] == router["id"]));

        // Losing the provider of the branch's circuits: its state tells whether redundancy helped.
        let circuit = mappings.iter().find(|mapping| mapping["relation"] == "connects_to").expect("a circuit");
        let circuit = circuit["provider"]["id"].as_str().expect("an id");
        let up = api.get(&format!("/components/{circuit}/dependencies?direction=up")).expect(200).json().clone();
        let nodes = up["nodes"].as_array().expect("nodes");
        assert!(nodes.iter().any(|node| node["kind"] == "business_process"), "{up}");
        let branch = nodes.iter().find(|node| node["kind"] == "service").expect("the branch network");
        let key = branch["id"].as_str().expect("an id");
        let down = api.get(&format!("/services/{key}/dependencies?direction=down&depth=4")).expect(200).json().clone();
        let lost = down["nodes"].as_array().expect("nodes").iter().find(|node| node["id"] == circuit).expect("the circuit");
        assert_eq!(lost["effect_on_root"], branch["state"], "both directions tell the same story");
    }
}
