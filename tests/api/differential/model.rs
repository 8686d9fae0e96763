//! What an organisation's catalogue is, defined as plainly as possible: no index, no cache, no order of work.

use super::kinds::{Shape, shape};
use super::orders::{Fault, Order, Outcome, Verb};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub type Number = usize;
pub type Fields = Map<String, Value>;

/// An object; links stand in its fields as `{"#": number}`.
#[derive(Debug, Clone)]
pub struct Object {
    pub shape: &'static Shape,
    pub fields: Fields,
    pub version: u64,
    /// When it was last changed, counted in requests.
    pub touched: usize,
}

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    pub number: Number,
    pub kind: &'static str,
    pub key: String,
    pub version: u64,
    pub operation: &'static str,
    pub object: Option<Object>,
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    /// By the number it was created as.
    pub objects: BTreeMap<Number, Object>,
    pub created: Number,
    /// The last number given out for a key, by kind.
    pub last: BTreeMap<&'static str, u64>,
    pub ledger: Vec<Entry>,
    pub requests: usize,
    /// While a request is carried out: the newest object whose id a client can know.
    pub newest: Option<Number>,
}

/// The answer that is to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub status: u16,
    pub body: Value,
}

pub fn name(number: Number) -> Value {
    json!(format!("#{number}"))
}

pub fn link(value: &Value) -> Option<Number> {
    value.get("#")?.as_u64().and_then(|number| usize::try_from(number).ok())
}

fn text<'o>(object: &'o Object, field: &str) -> &'o str {
    object.fields.get(field).and_then(Value::as_str).unwrap_or_default()
}

impl Object {
    pub fn key(&self) -> &str {
        text(self, "key")
    }

    /// Whether the spelling means this object, which is the n-th.
    pub fn is(&self, number: Number, spelling: &str) -> bool {
        if let Some(nth) = spelling.strip_prefix("nth:") {
            return nth == number.to_string();
        }
        if let Some(key) = spelling.strip_prefix("key:") {
            return self.key() == key;
        }
        let refs = self.fields["external_refs"].as_array().into_iter().flatten();
        refs.map(reference).any(|reference| reference == spelling)
    }
}

/// An external reference as it is spelled.
pub fn reference(value: &Value) -> String {
    format!("ref:{}:{}", value["system"].as_str().unwrap_or_default(), value["id"].as_str().unwrap_or_default())
}

impl Model {
    pub fn find(&self, kinds: &[&str], spelling: &str) -> Vec<Number> {
        let told = |number: Number| !spelling.starts_with("nth:") || self.newest.is_none_or(|newest| number <= newest);
        let means = |(number, object): &(&Number, &Object)| {
            kinds.contains(&object.shape.kind) && object.is(**number, spelling) && told(**number)
        };
        self.objects.iter().filter(means).map(|(number, _)| *number).collect()
    }

    /// The catalogue as it was when the ledger had so many entries.
    pub fn past(&self, seq: usize) -> Model {
        let mut past = Model::default();
        for entry in &self.ledger[..seq] {
            match &entry.object {
                Some(object) => drop(past.objects.insert(entry.number, object.clone())),
                None => drop(past.objects.remove(&entry.number)),
            }
        }
        past.ledger = self.ledger[..seq].to_vec();
        past
    }

    /// Whether an object belongs to the present landscape.
    fn is_live(&self, number: Number) -> bool {
        let word = |object: &Object| {
            ["status", "lifecycle"].iter().find_map(|field| object.fields.get(*field)?.as_str().map(str::to_owned))
        };
        let word = self.objects.get(&number).and_then(word);
        word.is_none_or(|word| ["active", "live", "in_service"].contains(&word.as_str()))
    }

    /// The strictest of its own objective and those of everything that depends on it by cascading mappings between what is live.
    pub fn effective(&self, number: Number, field: &str) -> Option<i64> {
        let mut reached = vec![number];
        let mut next = 0;
        while next < reached.len() {
            for mapping in self.objects.values().filter(|object| object.shape.kind == "mapping") {
                let (dependent, provider) = (link(&mapping.fields["dependent"]), link(&mapping.fields["provider"]));
                let cascades = mapping.fields["effect"] == json!("cascade") && provider == Some(reached[next]);
                let new = |dependent: &Number| {
                    cascades && self.is_live(reached[next]) && self.is_live(*dependent) && !reached.contains(dependent)
                };
                let new = dependent.filter(new);
                reached.extend(new);
            }
            next += 1;
        }
        let sets = |kind: &str| kind == "business_process" || (kind == "service" && field != "mtpd_seconds");
        let all = reached.iter().filter_map(|number| self.objects.get(number)).filter(|object| sets(object.shape.kind));
        all.filter_map(|object| self.own(&object.fields, field)).min()
    }

    /// What an object sets itself, or else its tier.
    fn own(&self, fields: &Fields, field: &str) -> Option<i64> {
        let tier = || self.objects.get(&link(fields.get("recovery_tier")?)?);
        fields.get(field)?.as_i64().or_else(|| tier()?.fields.get(field)?.as_i64())
    }

    /// An object as clients see it, but for times.
    pub fn shown(&self, number: Number) -> Value {
        let object = &self.objects[&number];
        let mut shown = Map::new();
        for (field, value) in &object.fields {
            let value = link(value).map_or_else(|| value.clone(), |target| self.named(target));
            shown.insert(field.clone(), value);
        }
        shown.insert("id".into(), name(number));
        shown.insert("version".into(), json!(object.version));
        shown.insert("created_by".into(), json!("ana"));
        shown.insert("updated_by".into(), json!("ana"));
        if object.shape.kind == "contact" {
            shown.insert("erased_at".into(), Value::Null);
        }
        if object.shape.effective {
            for field in ["rto_seconds", "rpo_seconds", "mtpd_seconds"] {
                shown.insert(format!("effective_{field}"), json!(self.effective(number, field)));
            }
        }
        Value::Object(shown)
    }

    fn named(&self, number: Number) -> Value {
        match self.objects.get(&number) {
            Some(object) => {
                json!({"id": name(number), "kind": object.shape.kind, "key": object.key(), "name": object.fields["name"]})
            }
            None => json!("a link that leads nowhere"),
        }
    }

    /// One write of one object.
    pub fn single(
        &mut self,
        kind: &'static str,
        target: Option<&str>,
        verb: Verb,
        version: Option<u64>,
        rehearsal: bool,
    ) -> Expected {
        let before = self.clone();
        self.requests += 1;
        let order = Order::new(0, shape(kind), target.map(str::to_owned), verb, version);
        let done = self.carry_out(vec![order]).pop().unwrap_or_else(|| panic!("an order is answered"));
        let answer = match &done.outcome {
            Outcome::Open => Fault::new(404, "not_found", &[]).expected(),
            Outcome::Failed(fault) => fault.expected(),
            Outcome::Done("deleted", _) => Expected { status: 204, body: Value::Null },
            Outcome::Done(what, _) => {
                Expected { status: if *what == "created" { 201 } else { 200 }, body: self.shown(done.number) }
            }
        };
        if rehearsal || answer.status >= 400 {
            *self = Model { requests: self.requests, ..before };
        }
        answer
    }

    pub fn batch(&mut self, partial: bool, rehearsal: bool, orders: Vec<Order>) -> Expected {
        let before = self.clone();
        self.requests += 1;
        let rows = self.carry_out(orders);
        let mut counts = json!({"created": 0, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0});
        let (mut shown, mut errors) = (Vec::new(), Vec::new());
        for row in &rows {
            let told = row.told(self, &before);
            let result = told["result"].as_str().unwrap_or_default().to_owned();
            counts[&result] = json!(counts[&result].as_u64().unwrap_or(0) + 1);
            shown.push(told);
            if let Outcome::Failed(fault) = &row.outcome {
                errors.extend(fault.within(row.place));
            }
        }
        let refused = !partial && !errors.is_empty();
        let answer = match refused {
            true => Fault { status: 422, code: "invalid", errors }.expected(),
            false => Expected { status: 200, body: json!({"counts": counts, "rows": shown, "seq": self.ledger.len()}) },
        };
        if rehearsal || refused {
            *self = Model { requests: self.requests, ..before };
        }
        answer
    }

    /// Every entry about an object, newest first, with what an update changed.
    pub fn history(&self, number: Number) -> Vec<Value> {
        let mine: Vec<(usize, &Entry)> = self.ledger.iter().enumerate().filter(|(_, entry)| entry.number == number).collect();
        let mut shown = Vec::new();
        for (place, (index, entry)) in mine.iter().enumerate() {
            let mut item = json!({"seq": index + 1, "version": entry.version, "operation": entry.operation});
            if entry.operation == "updated" {
                let old = mine[place - 1].1.object.as_ref().map(|object| &object.fields);
                item["changes"] = changes(old, entry.object.as_ref().map(|object| &object.fields));
            }
            shown.insert(0, item);
        }
        shown
    }

    /// The change feed.
    pub fn feed(&self) -> Vec<Value> {
        let item = |(index, entry): (usize, &Entry)| {
            json!({"seq": index + 1, "kind": entry.kind, "id": name(entry.number), "key": entry.key, "version": entry.version,
                   "operation": entry.operation, "actor": "ana", "reason": null})
        };
        self.ledger.iter().enumerate().map(item).collect()
    }
}

fn changes(old: Option<&Fields>, new: Option<&Fields>) -> Value {
    let (Some(old), Some(new)) = (old, new) else { return Value::Null };
    let plain = |value: &Value| link(value).map_or_else(|| value.clone(), name);
    let changed = old.keys().filter(|field| old[*field] != new[*field]);
    changed.map(|field| (field.clone(), json!({"from": plain(&old[field]), "to": plain(&new[field])}))).collect::<Fields>().into()
}
