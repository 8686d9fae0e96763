//! What clients do, chosen at random.

use super::kinds::{self, SHAPES, Shape, shape};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub enum Operation {
    Create { kind: &'static str, draft: Value, rehearsal: bool },
    Put { kind: &'static str, target: String, draft: Value, if_match: Option<u64>, rehearsal: bool },
    Patch { kind: &'static str, target: String, patch: Value, if_match: Option<u64>, rehearsal: bool },
    Delete { kind: &'static str, target: String, if_match: Option<u64>, rehearsal: bool },
    Batch { partial: bool, rehearsal: bool, rows: Vec<Row> },
    Get { kind: &'static str, target: String, as_of: Option<usize> },
    List { kind: &'static str, filters: Vec<(String, String)>, sort: Option<String>, limit: usize, as_of: Option<usize> },
}

#[derive(Clone)]
pub struct Row {
    pub op: &'static str,
    pub kind: &'static str,
    pub id: String,
    pub if_version: Option<u64>,
    pub data: Value,
}

/// As a client would write it.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n    {}", self.json())
    }
}

impl Row {
    pub fn json(&self) -> Value {
        let mut row = json!({"op": self.op, "kind": self.kind, "id": self.id});
        if let Some(version) = self.if_version {
            row["if_version"] = json!(version);
        }
        if self.op != "delete" {
            row["data"] = self.data.clone();
        }
        row
    }
}

fn kind() -> impl Strategy<Value = &'static str> {
    let mut kinds: Vec<&str> = SHAPES.iter().map(|shape| shape.kind).collect();
    kinds.push("mapping");
    select(kinds)
}

/// The n-th object ever made is written `nth:n` until it is known which id a server gave it.
fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["key:K0", "key:K1", "key:K2"]).prop_map(str::to_owned),
        2 => select(vec!["ref:cmdb:1", "ref:cmdb:2"]).prop_map(str::to_owned),
        1 => (1..9usize).prop_map(|number| format!("nth:{number}")),
    ]
}

fn version() -> impl Strategy<Value = Option<u64>> {
    proptest::option::weighted(0.15, 1..4u64)
}

fn rarely() -> impl Strategy<Value = bool> {
    proptest::bool::weighted(0.07)
}

/// Some of the fields of a kind; `times` makes them rarer, in percent.
fn fields(kind: &'static str, times: u32, nulls: bool) -> impl Strategy<Value = Map<String, Value>> {
    let field = move |(name, percent, mut values): kinds::Choice| {
        let clearable = kinds::defaults(kind)[name].is_null() && shape(kind).required.iter().all(|required| *required != name);
        if nulls && (clearable || name == "name") {
            values.push(Value::Null);
        }
        let given = f64::from(percent * times) / 10_000.0;
        proptest::option::weighted(given, select(values)).prop_map(move |value| Some((name.to_owned(), value?)))
    };
    let all: Vec<_> = kinds::choices(kind).into_iter().map(field).collect();
    all.prop_map(|fields| fields.into_iter().flatten().collect())
}

fn key(kind: &'static str) -> impl Strategy<Value = String> {
    let numbered = format!("{}-2", shape(kind).prefix);
    select(vec!["K0".to_owned(), "K1".to_owned(), "K2".to_owned(), numbered])
}

fn draft(kind: &'static str, keyed: f64) -> impl Strategy<Value = Value> {
    (fields(kind, 100, false), proptest::option::weighted(keyed, key(kind))).prop_map(|(mut fields, key)| {
        fields.extend(key.map(|key| ("key".to_owned(), json!(key))));
        Value::Object(fields)
    })
}

fn patch(kind: &'static str) -> impl Strategy<Value = Value> {
    (fields(kind, 30, true), proptest::option::weighted(0.1, key(kind))).prop_map(|(mut fields, key)| {
        fields.extend(key.map(|key| ("key".to_owned(), json!(key))));
        Value::Object(fields)
    })
}

/// A row addressed by a client's id brings a key along: which number the service would give is not promised when some
/// of the rows fail.
fn row() -> impl Strategy<Value = Row> {
    let of_kind = |kind: &'static str| {
        let op = prop_oneof![5 => Just("upsert"), 2 => Just("merge"), 2 => Just("delete")];
        (op, target(), proptest::option::weighted(0.08, 1..4u64), fields(kind, 100, false), fields(kind, 35, true)).prop_map(
            move |(op, id, if_version, whole, part)| {
                let mut data = if op == "merge" { part } else { whole };
                if let Some(number) = id.strip_prefix("ref:cmdb:") {
                    data.insert("key".to_owned(), json!(format!("R{number}")));
                }
                Row { op, kind, id, if_version, data: Value::Object(data) }
            },
        )
    };
    kind().prop_flat_map(of_kind)
}

fn filter(shape: &'static Shape) -> impl Strategy<Value = (String, String)> {
    let mut all = vec![
        ("key", "K0,K1"),
        ("key[ne]", "K0"),
        ("name", "a,B"),
        ("name", "null"),
        ("name[ne]", "a"),
        ("tag", "t1"),
        ("tag", "t2,t3"),
        ("q", "a"),
        ("q", "K b"),
        ("q", "%_"),
        ("q", "ä"),
        ("external_ref", "cmdb:1"),
    ];
    for (name, _) in shape.links {
        all.extend([(*name, "key:K0"), (*name, "null"), (*name, "nth:2")]);
    }
    if shape.links.iter().any(|(name, _)| *name == "owner") {
        all.extend([("owner[ne]", "key:K1"), ("owner[ne]", "null")]);
    }
    if matches!(shape.kind, "service" | "business_process") {
        all.extend([("rto_seconds[lte]", "60"), ("rto_seconds", "null"), ("rto_seconds[ne]", "0"), ("rpo_seconds[gt]", "0")]);
    }
    if shape.effective {
        all.extend([
            ("effective_rto_seconds[lt]", "600"),
            ("effective_rpo_seconds", "null,0"),
            ("effective_mtpd_seconds[gte]", "3600"),
        ]);
    }
    if shape.kind == "mapping" {
        all.extend([
            ("redundancy_group", "null"),
            ("redundancy_group[ne]", "g"),
            ("needed_to_start", "false"),
            ("effect[ne]", "none"),
        ]);
    }
    select(all).prop_map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn sort(shape: &'static Shape) -> impl Strategy<Value = String> {
    let mut all = vec!["key", "-key", "name", "-name", "id", "-created_at", "-updated_at,key", "name,-key"];
    if shape.effective {
        all.extend(["effective_rto_seconds", "-effective_rto_seconds,name"]);
    }
    select(all).prop_map(str::to_owned)
}

fn list() -> impl Strategy<Value = Operation> {
    let of_kind = |kind: &'static str| {
        let filters = proptest::collection::vec(filter(shape(kind)), 0..3);
        let sort = proptest::option::of(sort(shape(kind)));
        let as_of = proptest::option::weighted(0.35, 0..40usize);
        (filters, sort, select(vec![2usize, 1, 50]), as_of).prop_map(move |(mut filters, sort, limit, as_of)| {
            filters.sort();
            filters.dedup_by(|a, b| a.0 == b.0);
            Operation::List { kind, filters, sort, limit, as_of }
        })
    };
    kind().prop_flat_map(of_kind)
}

pub fn operation() -> BoxedStrategy<Operation> {
    let create = kind().prop_flat_map(|kind| {
        (draft(kind, 0.6), rarely()).prop_map(move |(draft, rehearsal)| Operation::Create { kind, draft, rehearsal })
    });
    let put =
        kind().prop_flat_map(|kind| {
            (target(), draft(kind, 0.1), version(), rarely())
                .prop_map(move |(target, draft, if_match, rehearsal)| Operation::Put { kind, target, draft, if_match, rehearsal })
        });
    let patch = kind().prop_flat_map(|kind| {
        (target(), patch(kind), version(), rarely()).prop_map(move |(target, patch, if_match, rehearsal)| Operation::Patch {
            kind,
            target,
            patch,
            if_match,
            rehearsal,
        })
    });
    let delete = (kind(), target(), version(), rarely()).prop_map(|(kind, target, if_match, rehearsal)| Operation::Delete {
        kind,
        target,
        if_match,
        rehearsal,
    });
    let batch = (any::<bool>(), rarely(), proptest::collection::vec(row(), 1..9))
        .prop_map(|(partial, rehearsal, rows)| Operation::Batch { partial, rehearsal, rows });
    let get = (kind(), target(), proptest::option::weighted(0.35, 0..40usize)).prop_map(|(kind, target, as_of)| Operation::Get {
        kind,
        target,
        as_of,
    });
    prop_oneof![3 => create, 3 => put, 4 => patch, 2 => delete, 4 => batch, 2 => get, 3 => list()].boxed()
}

/// A catalogue to begin with: everything under every key, connected by mappings.
pub fn beginning() -> Operation {
    let mut rows = Vec::new();
    let mut row = |kind, id: &str, data| rows.push(Row { op: "upsert", kind, id: id.to_owned(), if_version: None, data });
    for n in 0..2 {
        let key = format!("key:K{n}");
        row("contact", &key, json!({"name": "a", "external_refs": kinds::refs(&[n + 1])}));
        row("site", &key, json!({"name": "a", "kind": "office"}));
        row("business_process", &key, json!({"name": "B", "rto_seconds": 60 * (n + 1), "mtpd_seconds": 3600}));
        row("service", &key, json!({"name": "ab", "rpo_seconds": 60, "owner": "key:K0"}));
        row("component", &key, json!({"name": "a", "kind": "server", "site": "key:K0"}));
    }
    let end = |kind: &str, key: &str| json!({"id": key, "kind": kind});
    row("mapping", "key:K0", json!({"dependent": end("business_process", "key:K0"), "provider": end("service", "key:K0")}));
    row(
        "mapping",
        "key:K1",
        json!({"dependent": end("service", "key:K0"), "provider": end("component", "key:K0"), "redundancy_group": "g"}),
    );
    row(
        "mapping",
        "key:K2",
        json!({"dependent": end("service", "key:K0"), "provider": end("component", "key:K1"), "redundancy_group": "g"}),
    );
    Operation::Batch { partial: true, rehearsal: false, rows }
}
