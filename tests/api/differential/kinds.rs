//! The kinds that take part, with few keys and few values, so that conflicts and references really occur.

use serde_json::{Value, json};

#[derive(Debug)]
pub struct Shape {
    pub kind: &'static str,
    pub collection: &'static str,
    pub prefix: &'static str,
    pub required: &'static [&'static str],
    /// Fields that point to objects, and the kinds of these.
    pub links: &'static [(&'static str, &'static [&'static str])],
    /// Whether effective objectives are shown.
    pub effective: bool,
}

const PROVIDERS: &[&str] = &["service", "component", "site", "supplier"];
const DEPENDENTS: &[&str] = &["business_process", "service", "component"];
const CONTACT: &[&str] = &["contact"];
const TIER: &[&str] = &["recovery_tier"];

/// In the order in which a batch writes them: what others point to comes first.
pub const SHAPES: [Shape; 7] = [
    Shape {
        kind: "contact",
        collection: "contacts",
        prefix: "CON",
        required: &["name"],
        links: &[("deputy", CONTACT)],
        effective: false,
    },
    Shape {
        kind: "site",
        collection: "sites",
        prefix: "SIT",
        required: &["name", "kind"],
        links: &[("parent", &["site"])],
        effective: false,
    },
    Shape {
        kind: "recovery_tier",
        collection: "recovery-tiers",
        prefix: "TIR",
        required: &["name", "rank"],
        links: &[],
        effective: false,
    },
    Shape {
        kind: "business_process",
        collection: "business-processes",
        prefix: "BPR",
        required: &["name"],
        links: &[("owner", CONTACT), ("parent", &["business_process"]), ("recovery_tier", TIER)],
        effective: false,
    },
    Shape {
        kind: "service",
        collection: "services",
        prefix: "SVC",
        required: &["name"],
        links: &[("owner", CONTACT), ("recovery_tier", TIER)],
        effective: true,
    },
    Shape {
        kind: "component",
        collection: "components",
        prefix: "CMP",
        required: &["name", "kind"],
        links: &[("site", &["site"]), ("owner", CONTACT)],
        effective: true,
    },
    Shape {
        kind: "mapping",
        collection: "mappings",
        prefix: "MAP",
        required: &["dependent", "provider"],
        links: &[("dependent", DEPENDENTS), ("provider", PROVIDERS)],
        effective: false,
    },
];

pub fn shape(kind: &str) -> &'static Shape {
    SHAPES.iter().find(|shape| shape.kind == kind).unwrap_or_else(|| panic!("no kind {kind}"))
}

/// Every writable field with the value it has when nothing is said.
pub fn defaults(kind: &str) -> Value {
    let mut fields = json!({"name": null, "description": null, "external_refs": [], "tags": [], "attributes": {}});
    let own = match kind {
        "contact" => json!({"kind": "person", "email": null, "phones": [], "channel": null, "deputy": null, "subject": null,
                            "last_verified_on": null}),
        "site" => json!({"parent": null, "address": null, "country": null, "latitude": null, "longitude": null}),
        "recovery_tier" => json!({"rto_seconds": null, "rpo_seconds": null}),
        "business_process" => {
            json!({"owner": null, "vital": false, "parent": null, "recovery_tier": null, "rto_seconds": null, "rpo_seconds": null,
                            "mtpd_seconds": null, "wrt_seconds": null, "minimum_service_level": null, "criticality": "normal",
                            "status": "active", "review_due": null})
        }
        "service" => {
            json!({"kind": "business_service", "criticality": "normal", "lifecycle": "live", "owner": null, "recovery_tier": null,
                            "rto_seconds": null, "rpo_seconds": null, "restart_seconds": null, "recovery_time_seconds": null,
                            "data_loss_seconds": null})
        }
        "component" => json!({"site": null, "supplier": null, "owner": null, "lifecycle": "in_service", "recovery_option": null,
                            "recovery_time_seconds": null, "restart_seconds": null, "data_loss_seconds": null}),
        _ => json!({"relation": "requires", "effect": "cascade", "redundancy_group": null, "required": null,
                    "needed_to_start": true}),
    };
    for (name, value) in own.as_object().into_iter().flatten() {
        fields[name.as_str()] = value.clone();
    }
    fields
}

/// A field with how often of a hundred times it is given, and with what.
pub type Choice = (&'static str, u32, Vec<Value>);

/// What a client may write into an object of this kind.
pub fn choices(kind: &str) -> Vec<Choice> {
    let words = |words: &[&str]| words.iter().map(|word| json!(word)).collect::<Vec<_>>();
    let seconds = || vec![json!(0), json!(60), json!(3600)];
    let mut all = vec![
        ("name", if kind == "mapping" { 30 } else { 94 }, words(&["a", "B", "ab", "Ä b"])),
        ("description", 10, words(&["about a", "100%_", "b\nc"])),
        ("external_refs", 15, vec![json!([]), refs(&[1]), refs(&[2]), refs(&[1, 2])]),
        ("tags", 20, vec![json!(["t1"]), json!(["t2", "t1"]), json!([])]),
        (
            "attributes",
            12,
            vec![
                json!({"n": 1}),
                json!({"n": 1.5, "zz": null, "a": "x"}),
                json!({"n": 1.25e-7, "b": true, "text": "é\u{1F600}"}),
                json!({}),
            ],
        ),
    ];
    all.extend(match kind {
        "contact" => vec![("kind", 20, words(&["team", "person"])), ("deputy", 35, links(CONTACT))],
        "site" => vec![
            ("kind", 94, words(&["office", "data_centre"])),
            ("parent", 40, links(&["site"])),
            ("country", 15, words(&["DE"])),
        ],
        "recovery_tier" => {
            vec![("rank", 94, vec![json!(1), json!(2)]), ("rto_seconds", 60, seconds()), ("rpo_seconds", 40, seconds())]
        }
        "business_process" => vec![
            ("owner", 30, links(CONTACT)),
            ("recovery_tier", 30, links(TIER)),
            ("parent", 30, links(&["business_process"])),
            ("vital", 20, vec![json!(true), json!(false)]),
            ("rto_seconds", 50, seconds()),
            ("rpo_seconds", 30, seconds()),
            ("mtpd_seconds", 40, vec![json!(3600), json!(7200), json!(60)]),
            ("wrt_seconds", 20, vec![json!(60), json!(3600)]),
            ("status", 25, words(&["draft", "retired", "active", "active"])),
        ],
        "service" => vec![
            ("owner", 30, links(CONTACT)),
            ("recovery_tier", 30, links(TIER)),
            ("criticality", 20, words(&["critical", "normal"])),
            ("rto_seconds", 45, vec![json!(30), json!(600), json!(0)]),
            ("lifecycle", 20, words(&["planned", "retired", "live", "live"])),
            ("rpo_seconds", 25, seconds()),
        ],
        "component" => vec![
            ("kind", 94, words(&["server", "database"])),
            ("site", 30, links(&["site"])),
            ("owner", 25, links(CONTACT)),
            ("recovery_time_seconds", 20, seconds()),
            ("lifecycle", 20, words(&["planned", "retired", "in_service", "in_service"])),
        ],
        _ => vec![
            ("dependent", 97, links(DEPENDENTS)),
            ("provider", 97, links(&["service", "component", "site"])),
            ("relation", 20, words(&["runs_on", "requires"])),
            ("effect", 30, words(&["partial", "none", "cascade"])),
            ("redundancy_group", 40, words(&["g", "h"])),
            ("required", 25, vec![json!(1), json!(2)]),
            ("needed_to_start", 15, vec![json!(false)]),
        ],
    });
    all
}

pub fn refs(numbers: &[u32]) -> Value {
    numbers.iter().map(|number| json!({"system": "cmdb", "id": number.to_string()})).collect()
}

/// The spellings of a reference to one of these kinds.
fn links(kinds: &[&str]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for key in ["key:K0", "key:K1", "key:K2"] {
        all.extend(kinds.iter().map(|kind| json!({"id": key, "kind": kind})));
    }
    all.extend(
        ["key:K0", "key:K1", "ref:cmdb:1", "ref:cmdb:2", "nth:1", "nth:2", "nth:4", "nth:6"].map(|spelling| json!(spelling)),
    );
    all
}
