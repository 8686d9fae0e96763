//! Lists as the model answers them: every object looked at, sorted, and cut into pages.

use super::kinds::shape;
use super::model::{Expected, Model, Number, link};
use super::orders::Fault;
use serde_json::{Value, json};
use std::cmp::Ordering;

pub struct Question<'q> {
    pub kind: &'static str,
    pub filters: &'q [(String, String)],
    pub sort: Option<&'q str>,
    pub limit: usize,
    pub as_of: Option<usize>,
}

impl Model {
    /// All pages of a list, put together as `{"pages": [[…], …], "total": n}`.
    pub fn list(&self, question: &Question<'_>) -> Expected {
        let then = match question.as_of {
            Some(seq) => self.past(seq),
            None => self.clone(),
        };
        let mut wanted: Vec<(&str, &str, Vec<Value>)> = Vec::new();
        for (name, text) in question.filters {
            let (field, operator) = name.strip_suffix(']').and_then(|name| name.split_once('[')).unwrap_or((name, "eq"));
            match then.values(question.kind, field, text) {
                Ok(values) => wanted.push((field, operator, values)),
                Err(code) => return Fault::new(422, "invalid", &[(field, code)]).expected(),
            }
        }
        let mut kept: Vec<(Number, Value)> = Vec::new();
        for (number, _) in then.objects.iter().filter(|(_, object)| object.shape.kind == question.kind) {
            let shown = then.shown(*number);
            if wanted.iter().all(|(field, operator, values)| then.matches(*number, &shown, field, operator, values)) {
                kept.push((*number, shown));
            }
        }
        kept.sort_by(|a, b| then.order(question.sort, a, b));
        let total = kept.len();
        let items: Vec<Value> = kept.into_iter().map(|(_, shown)| shown).collect();
        let mut pages: Vec<Vec<Value>> = items.chunks(question.limit).map(<[Value]>::to_vec).collect();
        if pages.is_empty() {
            pages.push(Vec::new());
        }
        Expected { status: 200, body: json!({"pages": pages, "total": total, "seq": then.ledger.len()}) }
    }

    pub fn get(&self, kind: &'static str, target: &str, as_of: Option<usize>) -> Expected {
        let then = as_of.map_or_else(|| self.clone(), |seq| self.past(seq));
        match then.find(&[kind], target).first() {
            Some(number) => Expected { status: 200, body: then.shown(*number) },
            None => Fault::new(404, "not_found", &[]).expected(),
        }
    }

    /// The values to compare with; a fault when a reference leads nowhere or to several objects.
    fn values(&self, kind: &str, field: &str, text: &str) -> Result<Vec<Value>, &'static str> {
        if matches!(field, "q" | "external_ref") {
            return Ok(vec![json!(text)]);
        }
        let kinds = shape(kind).links.iter().find(|(name, _)| *name == field).map(|(_, kinds)| *kinds);
        let read = |text: &str| match (text, kinds) {
            ("null", _) => Ok(Value::Null),
            (spelling, Some(kinds)) => match self.find(kinds, spelling)[..] {
                [number] => Ok(json!({"#": number})),
                [] => Err("unknown_reference"),
                _ => Err("ambiguous_reference"),
            },
            (text, None) => Ok(serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        };
        text.split(',').map(read).collect()
    }

    fn matches(&self, number: Number, shown: &Value, field: &str, operator: &str, values: &[Value]) -> bool {
        let object = &self.objects[&number];
        let lower = |field: &str| shown[field].as_str().unwrap_or_default().to_lowercase();
        match field {
            "tag" => object.fields["tags"].as_array().into_iter().flatten().any(|tag| values.contains(tag)),
            "external_ref" => {
                let wanted = format!("ref:{}", values[0].as_str().unwrap_or_default());
                object.is(number, &wanted)
            }
            "q" => {
                let texts = ["key", "name", "description"].map(lower);
                let words = values[0].as_str().unwrap_or_default().to_lowercase();
                words.split(' ').all(|word| texts.iter().any(|text| text.contains(word)))
            }
            _ => {
                let own = object.fields.get(field).filter(|value| link(value).is_some()).unwrap_or(&shown[field]);
                compares(own, operator, values)
            }
        }
    }

    fn order(&self, sort: Option<&str>, a: &(Number, Value), b: &(Number, Value)) -> Ordering {
        let mut descending = false;
        for field in sort.into_iter().flat_map(|sort| sort.split(',')) {
            descending = field.starts_with('-');
            let field = field.trim_start_matches('-');
            let order = match field {
                "id" | "created_at" => a.0.cmp(&b.0),
                "updated_at" => self.objects[&a.0].touched.cmp(&self.objects[&b.0].touched),
                "effective_rto_seconds" => {
                    let seconds = |shown: &Value| shown[field].as_i64().unwrap_or(i64::MAX);
                    seconds(&a.1).cmp(&seconds(&b.1))
                }
                _ => a.1[field].as_str().unwrap_or_default().cmp(b.1[field].as_str().unwrap_or_default()),
            };
            let order = if descending { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        if descending { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) }
    }
}

/// What is absent equals only `null`, differs from every value, and is neither less nor greater.
fn compares(own: &Value, operator: &str, values: &[Value]) -> bool {
    let seconds = own.as_i64().zip(values[0].as_i64());
    match operator {
        "eq" => values.contains(own),
        "ne" => !values.contains(own),
        "lt" => seconds.is_some_and(|(own, bound)| own < bound),
        "lte" => seconds.is_some_and(|(own, bound)| own <= bound),
        "gt" => seconds.is_some_and(|(own, bound)| own > bound),
        _ => seconds.is_some_and(|(own, bound)| own >= bound),
    }
}
