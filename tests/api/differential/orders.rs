//! What the model does with a set of orders: one for a single call, many for a batch.

use super::kinds::{SHAPES, Shape};
pub use super::model::reference;
use super::model::{Entry, Expected, Fields, Model, Number, Object, link, name};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Objects that do not have their number yet are counted from here.
const PROVISIONAL: Number = 1_000_000;

#[derive(Debug, Clone)]
pub enum Verb {
    Put(Fields),
    Merge { patch: Fields, creates: bool },
    Delete,
}

/// Why an order is not carried out.
#[derive(Debug, Clone)]
pub struct Fault {
    pub status: u16,
    pub code: &'static str,
    pub errors: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub enum Outcome {
    Open,
    Failed(Fault),
    Done(&'static str, u64),
}

#[derive(Debug)]
pub struct Order {
    pub place: usize,
    shape: &'static Shape,
    target: Option<String>,
    verb: Verb,
    version: Option<u64>,
    pub old: Option<Number>,
    pub number: Number,
    pub outcome: Outcome,
    /// What the object is to be, once that is clear.
    pub fields: Fields,
    /// Where it points to what only this request makes.
    pub leans: Vec<(&'static str, Number)>,
}

/// What the orders of one request know of each other.
#[derive(Default)]
pub struct Common {
    pub known: BTreeMap<String, Vec<(&'static str, Number)>>,
    pub doomed: BTreeSet<Number>,
}

impl Fault {
    pub fn new(status: u16, code: &'static str, errors: &[(&str, &str)]) -> Fault {
        Fault { status, code, errors: errors.iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned())).collect() }
    }

    pub fn invalid(errors: Vec<(String, String)>) -> Fault {
        Fault { status: 422, code: "invalid", errors }
    }

    pub fn expected(&self) -> Expected {
        Expected { status: self.status, body: self.body(|at| at.to_owned()) }
    }

    fn body(&self, place: impl Fn(&str) -> String) -> Value {
        let mut body = json!({"status": self.status, "code": self.code});
        let mut errors: Vec<(String, String)> = self.errors.iter().map(|(at, code)| (place(at), code.clone())).collect();
        errors.sort();
        if !errors.is_empty() {
            body["errors"] = errors.into_iter().map(|(at, code)| json!({"pointer": at, "code": code})).collect();
        }
        body
    }

    fn beneath_data(&self, at: &str) -> String {
        if self.code == "still_referenced" { at.to_owned() } else { format!("/data{at}") }
    }

    /// The faults as an atomic batch tells them.
    pub fn within(&self, row: usize) -> Vec<(String, String)> {
        if self.errors.is_empty() || self.code == "still_referenced" {
            return vec![(format!("/rows/{row}"), self.code.to_owned())];
        }
        self.errors.iter().map(|(at, code)| (format!("/rows/{row}{}", self.beneath_data(at)), code.clone())).collect()
    }
}

impl Order {
    pub fn new(place: usize, shape: &'static Shape, target: Option<String>, verb: Verb, version: Option<u64>) -> Order {
        let number = PROVISIONAL + place;
        Order { place, shape, target, verb, version, old: None, number, outcome: Outcome::Open, fields: Fields::new(), leans: Vec::new() }
    }

    /// The row as the answer to a batch tells it.
    pub fn told(&self, after: &Model, before: &Model) -> Value {
        let old = self.old.map(|number| &before.objects[&number]);
        let key = old.map(Object::key);
        let id = self.old.map(name);
        match &self.outcome {
            Outcome::Open => json!({"index": self.place, "id": id, "key": key, "result": "unchanged"}),
            Outcome::Failed(fault) => {
                let problem = fault.body(|at| fault.beneath_data(at));
                json!({"index": self.place, "id": id, "key": key, "result": "failed", "problem": problem})
            }
            Outcome::Done(what, version) => {
                let key = after.objects.get(&self.number).map(Object::key).or(key);
                json!({"index": self.place, "id": name(self.number), "key": key, "result": what, "version": version})
            }
        }
    }

    fn open(&self) -> bool {
        matches!(self.outcome, Outcome::Open)
    }

    pub fn writes(&self, shape: &Shape) -> bool {
        self.shape.kind == shape.kind && self.open() && !matches!(self.verb, Verb::Delete)
    }

    pub fn fail(&mut self, fault: Fault) {
        self.outcome = Outcome::Failed(fault);
    }

    /// Whether the client's conditions hold and there is something to work on.
    fn admit(&self, version: Option<u64>) -> Option<Fault> {
        let by_id = self.target.as_deref().is_some_and(|target| target.starts_with("nth:"));
        let creates = !by_id && matches!(self.verb, Verb::Put(_) | Verb::Merge { creates: true, .. });
        let stale = match version {
            Some(there) => self.version.is_some_and(|wanted| wanted != there),
            None => self.version.is_some() && (matches!(self.verb, Verb::Delete) || (creates && self.target.is_some())),
        };
        if stale {
            return Some(Fault::new(412, "precondition_failed", &[]));
        }
        let deletes = matches!(self.verb, Verb::Delete);
        let lost = version.is_none() && self.target.is_some() && !creates && !deletes;
        lost.then(|| Fault::new(404, "not_found", &[]))
    }

    /// What the client said, laid over what is there where that is asked for.
    fn said(&self, model: &Model) -> Fields {
        let mut content = match (&self.verb, self.old) {
            (Verb::Merge { .. }, Some(old)) => as_draft(&model.objects[&old].fields),
            (Verb::Put(draft), _) => return draft.clone(),
            _ => Fields::new(),
        };
        if let Verb::Merge { patch, .. } = &self.verb {
            merge(&mut content, patch);
            if self.old.is_some() {
                content.entry("external_refs").or_insert(json!([]));
            }
        }
        content
    }

    fn misses(&self, said: &Fields) -> Vec<(String, String)> {
        let missing = self.shape.required.iter().filter(|field| !said.contains_key(**field));
        missing.map(|field| (format!("/{field}"), "required".to_owned())).collect()
    }

    /// The draft with the key and references it is addressed by, and with those it has where it does not speak of them.
    pub fn addressed(&self, model: &Model, faults: &mut Vec<(String, String)>) -> Fields {
        let mut said = self.said(model);
        faults.extend(self.misses(&said));
        if let Some(old) = self.old {
            for field in ["key", "external_refs"] {
                said.entry(field).or_insert_with(|| model.objects[&old].fields[field].clone());
            }
        }
        let target = self.target.as_deref().unwrap_or_default();
        let by_key = target.strip_prefix("key:").filter(|_| self.old.is_none());
        if by_key.is_some_and(|key| *said.entry("key").or_insert_with(|| json!(key)) != json!(key)) {
            faults.push(("/key".into(), "inconsistent".into()));
        }
        if let Some((system, id)) = target.strip_prefix("ref:").and_then(|rest| rest.split_once(':')) {
            let refs = said.entry("external_refs").or_insert_with(|| json!([]));
            let there = refs.as_array().into_iter().flatten().any(|one| reference(one) == target);
            // Only a patch may take away the reference by which the object was found.
            let keeps = !matches!(self.verb, Verb::Merge { creates: false, .. });
            if let (true, Some(refs)) = (keeps && !there, refs.as_array_mut()) {
                refs.push(json!({"system": system, "id": id}));
            }
        }
        said
    }
}

fn as_draft(fields: &Fields) -> Fields {
    let spelled = |value: &Value| link(value).map_or_else(|| value.clone(), |number| json!(format!("nth:{number}")));
    fields.iter().filter(|(_, value)| !value.is_null()).map(|(field, value)| (field.clone(), spelled(value))).collect()
}

/// RFC 7396.
fn merge(target: &mut Fields, patch: &Fields) {
    for (field, value) in patch {
        match value {
            Value::Null => drop(target.remove(field)),
            Value::Object(inner) if field == "attributes" => {
                let old = target.entry(field).or_insert_with(|| json!({}));
                if let Value::Object(old) = old {
                    merge(old, inner);
                }
            }
            value => drop(target.insert(field.clone(), value.clone())),
        }
    }
}

impl Model {
    /// Carries out what can be done; the order tells what became of it.
    pub fn carry_out(&mut self, mut orders: Vec<Order>) -> Vec<Order> {
        let mut common = Common::default();
        self.newest = Some(self.created);
        for shape in &SHAPES {
            self.locate(shape, &mut orders, &mut common);
        }
        for shape in &SHAPES {
            self.write(shape, &mut orders, &mut common);
        }
        for shape in SHAPES.iter().rev() {
            self.remove(shape, &mut orders, &mut common);
        }
        self.newest = None;
        orders
    }

    fn locate(&self, shape: &'static Shape, orders: &mut [Order], common: &mut Common) {
        let mut seen = BTreeSet::new();
        for order in orders.iter_mut().filter(|order| order.shape.kind == shape.kind) {
            order.old = order.target.as_deref().and_then(|target| self.find(&[shape.kind], target).first().copied());
            order.number = order.old.unwrap_or(order.number);
            if let Some(fault) = order.admit(order.old.map(|old| self.objects[&old].version)) {
                order.fail(fault);
                continue;
            }
            let known =
                |target: &String| common.known.get(target).is_some_and(|all| all.iter().any(|(kind, _)| *kind == shape.kind));
            if !seen.insert(order.number) || (order.old.is_none() && order.target.as_ref().is_some_and(known)) {
                order.fail(Fault::new(409, "duplicate_row", &[]));
                continue;
            }
            match (&order.verb, order.old) {
                (Verb::Delete, Some(old)) => drop(common.doomed.insert(old)),
                (Verb::Put(draft), _) if order.misses(draft).is_empty() => common.know(order, self, Some(draft)),
                (Verb::Merge { .. }, _) => common.know(order, self, None),
                _ => {}
            }
        }
    }

    fn remove(&mut self, shape: &'static Shape, orders: &mut [Order], common: &mut Common) {
        let wanted = |order: &Order| {
            order.shape.kind == shape.kind && order.open() && order.old.is_some() && matches!(order.verb, Verb::Delete)
        };
        // Who stays because of another holds others in turn.
        while let Some((order, errors)) = orders.iter_mut().filter(|order| wanted(order)).find_map(|order| {
            let errors = self.referrers(order.number, common);
            (!errors.is_empty()).then_some((order, errors))
        }) {
            common.doomed.remove(&order.number);
            order.fail(Fault { status: 409, code: "still_referenced", errors });
        }
        for order in orders.iter_mut().filter(|order| wanted(order)) {
            let Some(object) = self.objects.remove(&order.number) else { continue };
            let (kind, key, version) = (shape.kind, object.key().to_owned(), object.version + 1);
            self.ledger.push(Entry { number: order.number, kind, key, version, operation: "deleted", object: None });
            order.outcome = Outcome::Done("deleted", version);
        }
    }

    fn referrers(&self, number: Number, common: &Common) -> Vec<(String, String)> {
        let others = self.objects.iter().filter(|(other, _)| **other != number && !common.doomed.contains(other));
        let pointing = others.filter(|(_, object)| object.fields.values().any(|value| link(value) == Some(number)));
        pointing
            .map(|(other, object)| (format!("/{}/#{other}", object.shape.collection), "still_referenced".to_owned()))
            .collect()
    }
}

impl Common {
    /// Makes an order's object known under everything it is called.
    fn know(&mut self, order: &Order, model: &Model, draft: Option<&Fields>) {
        let old = order.old.map(|old| &model.objects[&old].fields);
        let field = |name: &str| draft.and_then(|draft| draft.get(name)).or(old.and_then(|old| old.get(name)));
        let mut spellings: Vec<String> = order.target.iter().cloned().collect();
        spellings.extend(field("key").and_then(Value::as_str).map(|key| format!("key:{key}")));
        spellings.extend(field("external_refs").and_then(Value::as_array).into_iter().flatten().map(reference));
        for spelling in spellings {
            self.known.entry(spelling).or_default().push((order.shape.kind, order.number));
        }
    }

    pub fn forget(&mut self, number: Number) {
        self.known.values_mut().for_each(|all| all.retain(|(_, known)| *known != number));
    }

    pub fn rename(&mut self, from: Number, to: Number) {
        for (_, known) in self.known.values_mut().flatten().filter(|(_, known)| *known == from) {
            *known = to;
        }
    }
}
