//! Odd requests by the thousand, put together by chance but the same in every run: none of them is
//! a fault of the service, each answer is one the document promises, and the ledger stays whole.

use crate::both;
use crate::conformance::{Is, Spec};
use crate::singles::matrix::five;
use crate::support::client::encode;
use crate::support::document::Document;
use crate::support::{Answer, Api, Server};
use serde_json::{Map, Value, json};

const REQUESTS: usize = 1500;

/// xorshift64*: chance enough, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits fit") % bound
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const ADDRESSES: [&str; 22] = [
    "key:S1",
    "key:K1",
    "key:V1",
    "key:M1",
    "key:C1",
    "key:P1",
    "key:T1",
    "key:U1",
    "key:R1",
    "key:E1",
    "key:A1",
    "key:G1",
    "key:I1",
    "key:N1",
    "key:N2",
    "ref:a:1",
    "ref:a:2",
    "ref:a:b",
    "key:ä",
    "x",
    "018f6c2e-0000-7000-8000-000000000000",
    "ref:",
];

const WORDS: [&str; 31] = [
    "",
    "null",
    "x",
    "1",
    "-1",
    "true",
    "key:S1",
    "ref:a:b",
    "018f6c2e-0000-7000-8000-000000000000",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "0",
    "99999999999",
    "\0",
    "%",
    "a,b",
    ",",
    "999999999999999999999999999",
    "-key",
    "name,-key",
    "id,key",
    "🏢",
    "'",
    "\"",
    "a:b",
    "\n",
    "-9223372036854775808",
    "9999-12-31T23:59:59.999999Z",
    "-262144-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1e5",
];

/// States that moves lead to, and one that none does.
const STATES: [&str; 14] = [
    "assessed",
    "in_treatment",
    "monitored",
    "accepted",
    "closed",
    "rfc_raised",
    "approved",
    "in_progress",
    "done",
    "cancelled",
    "submitted",
    "in_review",
    "draft",
    "nonsense",
];

const TAGS: [&str; 9] =
    ["\"1\"", "*", "W/\"1\"", "\"", "", "\"1-abc\",\"2\"", "\"99999999999999999999\"", "tx=rollback", "text/csv"];

fn values() -> Vec<Value> {
    let mut values: Vec<Value> = WORDS.iter().filter(|word| !word.contains('\0')).map(|word| json!(word)).collect();
    values.extend([
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(1e17),
    ]);
    values.extend([json!([]), json!({}), json!(["x"]), json!([null]), json!([{}]), json!({"a": null}), json!({"a": {"b": 1}})]);
    values.extend([json!({"id": "key:K1", "kind": "component"}), json!({"id": null}), json!({"kind": "site"}), json!("key:K1")]);
    values.extend([
        json!([{"system": "a", "id": "b"}]),
        json!("é".repeat(300)),
        json!("x".repeat(5000)),
        json!("DE"),
        json!("office"),
    ]);
    values
}

struct Storm {
    api: Api,
    dice: Dice,
    values: Vec<Value>,
    specs: Vec<&'static Spec>,
}

impl Storm {
    fn new(api: Api, seed: u64) -> Storm {
        let specs = Spec::all().filter(|spec| !spec.shared).collect();
        Storm { api, dice: Dice(seed), values: values(), specs }
    }

    fn spec(&mut self) -> &'static Spec {
        self.dice.one(&self.specs)
    }

    fn draft(&mut self, spec: &Spec) -> Value {
        let mut draft = Map::new();
        for _ in 0..self.dice.below(5) {
            let name = match self.dice.below(10) {
                0 => self.dice.one(&["id", "version", "nonsense", "effective_rto_seconds"]),
                _ => spec.fields[self.dice.below(spec.fields.len())].name,
            };
            draft.insert(name.to_owned(), self.dice.one(&self.values));
        }
        for field in spec.fields.iter().filter(|field| field.required) {
            let sound = match (field.name, field.is) {
                ("dependent", _) => json!({"id": "key:V1", "kind": "service"}),
                ("provider", _) => json!({"id": "key:K1", "kind": "component"}),
                ("business_process", _) => json!("key:P1"),
                ("risk", _) => json!("key:R1"),
                ("measure", _) => json!("key:E1"),
                (_, Is::Choice(words)) => json!(words.last()),
                (_, Is::Level) => json!(1 + self.dice.below(5)),
                (_, Is::Date) => json!("2026-11-22"),
                _ => json!("name"),
            };
            draft.entry(field.name).or_insert(sound);
        }
        draft.into()
    }

    fn query(&mut self, target: &str) -> String {
        let operation = Document::committed().operation("GET", target).expect("it is documented");
        let parameters = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<&str> =
            parameters.iter().filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str()).collect();
        names.push("nonsense");
        let count = self.dice.below(4);
        let pairs: Vec<String> =
            (0..count).map(|_| format!("{}={}", encode(self.dice.one(&names)), encode(self.dice.one(&WORDS)))).collect();
        pairs.join("&")
    }

    fn read(&mut self) -> Answer {
        let spec = self.spec();
        let address = encode(self.dice.one(&ADDRESSES));
        let path = match self.dice.below(12) {
            0 => format!("/{}/{address}", spec.path),
            1 => format!("/{}/{address}/history", spec.path),
            2 => format!("/services/{address}/dependencies"),
            3 => "/changes".to_owned(),
            4 => format!("/risks/{address}/transitions"),
            5 => self.dice.one(&["/risk-matrix", "/settings"]).to_owned(),
            _ => format!("/{}", spec.path),
        };
        let query = self.query(&format!("/api/v1{path}"));
        self.send("GET", &format!("{path}?{query}"), None)
    }

    fn write(&mut self) -> Answer {
        let spec = self.spec();
        let draft = self.draft(spec);
        let one = format!("/{}/{}", spec.path, encode(self.dice.one(&ADDRESSES)));
        match self.dice.below(12) {
            0..3 => self.send("POST", &format!("/{}", spec.path), Some(&draft)),
            3..6 => self.send("PUT", &one, Some(&draft)),
            6..9 => self.send("PATCH", &one, Some(&draft)),
            9 => self.send("DELETE", &one, None),
            10 => self.make_a_move(),
            _ => self.decide(),
        }
    }

    fn make_a_move(&mut self) -> Answer {
        let objects = ["risks/key:R1", "measures/key:E1", "measure-tasks/key:A1", "change-requests/key:G1"];
        let object = self.dice.one(&[&objects[..], &["impact-assessments/key:I1"]].concat());
        let mut body = json!({"to": self.dice.one(&STATES)});
        for member in ["comment", "accepted_until", "approver", "set_objectives", "nonsense"] {
            if self.dice.percent(15) {
                body[member] = self.dice.one(&self.values);
            }
        }
        self.send("POST", &format!("/{object}/transitions"), Some(&body))
    }

    fn decide(&mut self) -> Answer {
        if self.dice.percent(50) {
            let level = self.dice.one(&self.values);
            return self.send("PUT", "/settings", Some(&json!({"intolerable_level": level})));
        }
        let mut matrix = five();
        let member = self.dice.one(&["likelihood_levels", "impact_levels", "classes", "appetite", "nonsense"]);
        matrix[member] = self.dice.one(&self.values);
        self.send("PUT", "/risk-matrix", Some(&matrix))
    }

    fn batch(&mut self) -> Answer {
        let rows: Vec<Value> = (0..self.dice.below(6)).map(|_| self.row()).collect();
        let mut body = json!({"rows": rows, "mode": self.dice.one(&["atomic", "partial", "partial"])});
        if self.dice.percent(20) {
            let kinds = [self.spec().kind, self.spec().kind];
            body["snapshot"] = json!({"system": "a", "kinds": kinds});
            body["max_delete_percent"] = json!(self.dice.one(&[0, 50, 100]));
        }
        if self.dice.percent(10) {
            let member = self.dice.one(&["mode", "dry_run", "snapshot", "max_delete_percent", "rows", "nonsense"]);
            body[member] = self.dice.one(&self.values);
        }
        self.send("POST", "/batch", Some(&body))
    }

    fn row(&mut self) -> Value {
        let spec = self.spec();
        let data = self.draft(spec);
        let mut row = json!({
            "op": self.dice.one(&["upsert", "upsert", "merge", "delete"]), "kind": spec.kind, "id": self.dice.one(&ADDRESSES), "data": data,
        });
        if self.dice.percent(10) {
            let member = self.dice.one(&["op", "kind", "id", "if_version", "data", "nonsense"]);
            row[member] = self.dice.one(&self.values);
        }
        row
    }

    fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut headers = Vec::new();
        for name in ["If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Change-Reason", "Accept", "traceparent"] {
            if self.dice.percent(8) {
                headers.push((name, self.dice.one(&TAGS)));
            }
        }
        let mut request = self.api.call(method, path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        }
    }
}

fn catalogue(api: &Api) {
    api.create("sites", &json!({"key": "S1", "name": "Site", "kind": "office"}));
    api.create("contacts", &json!({"key": "C1", "name": "Ana"}));
    api.create("components", &json!({"key": "K1", "name": "Disk", "kind": "storage", "site": "key:S1"}));
    api.create("services", &json!({"key": "V1", "name": "Mail", "owner": "key:C1"}));
    let ends =
        json!({"key": "M1", "dependent": {"id": "key:V1", "kind": "service"}, "provider": {"id": "key:K1", "kind": "component"}});
    api.create("mappings", &ends);
    api.create("business-processes", &json!({"key": "P1", "name": "Pay"}));
    api.create("threats", &json!({"key": "T1", "name": "Flood", "category": "natural"}));
    api.create("vulnerabilities", &json!({"key": "U1", "name": "Low sill", "severity": "high"}));
    api.create("risks", &json!({"key": "R1", "title": "Flood", "components": ["key:K1"], "threat": "key:T1"}));
    let measure =
        json!({"key": "E1", "title": "Raise it", "nature": "organisational", "purpose": "preventive", "risks": ["key:R1"]});
    api.create("measures", &measure);
    api.create("measure-tasks", &json!({"key": "A1", "title": "Order", "measure": "key:E1"}));
    api.create("change-requests", &json!({"key": "G1", "title": "Raise it", "measures": ["key:E1"]}));
    api.create("impact-assessments", &json!({"key": "I1", "business_process": "key:P1", "assessed_on": "2026-11-10"}));
}

both! {
    fn odd_requests_by_the_thousand_are_answered_as_documented(shared) {
        let server = Server::start(shared.backend);
        let api = server.fresh_organization();
        catalogue(&api);
        let mut storm = Storm::new(api.clone(), 0x5EED);
        let mut done = [0usize; 2];
        for _ in 0..REQUESTS {
            let answer = match storm.dice.below(10) {
                0..3 => storm.read(),
                3..8 => storm.write(),
                _ => storm.batch(),
            };
            done[usize::from(answer.status() >= 400)] += 1;
        }
        assert!(done.iter().all(|count| *count > REQUESTS / 10), "chance is one-sided: {done:?}");
        assert!(api.seq() > 50, "hardly anything was written");
        let verified = server.home.run("verify", &[]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}
