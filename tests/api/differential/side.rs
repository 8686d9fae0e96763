//! One service with its database: carries operations out and gives answers in which nothing is left that differs by
//! nature: ids become numbers, times and request ids go.

use super::kinds::{SHAPES, shape};
use super::model::{Expected, Number};
use super::operation::Operation;
use crate::support::client::{Request, encode};
use crate::support::{Answer, Api, Backend, Server};
use serde_json::{Value, json};
use std::collections::HashMap;

pub struct Side {
    api: Api,
    numbers: HashMap<String, Number>,
    ids: HashMap<Number, String>,
}

/// An answer as it came.
pub struct Observed {
    status: u16,
    etag: Option<String>,
    body: Value,
}

const VOLATILE: [&str; 8] = ["created_at", "updated_at", "at", "request_id", "hash", "next_cursor", "type", "title"];

impl Side {
    pub fn new(backend: Backend) -> Side {
        let api = Server::shared(backend).fresh_organization();
        Side { api, numbers: HashMap::new(), ids: HashMap::new() }
    }

    pub fn carry_out(&self, operation: &Operation, seqs: &[usize]) -> Observed {
        let path = |kind: &str, target: &str| format!("/{}/{}", shape(kind).collection, encode(&self.spelled(target)));
        let moment = |as_of: &Option<usize>| as_of.map(|index| seqs[index % seqs.len()]);
        let (method, target, body, rehearsal, if_match) = match operation {
            Operation::Create { kind, draft, rehearsal } => {
                ("POST", format!("/{}", shape(kind).collection), Some(draft.clone()), *rehearsal, None)
            }
            Operation::Put { kind, target, draft, if_match, rehearsal } => {
                ("PUT", path(kind, target), Some(draft.clone()), *rehearsal, *if_match)
            }
            Operation::Patch { kind, target, patch, if_match, rehearsal } => {
                ("PATCH", path(kind, target), Some(patch.clone()), *rehearsal, *if_match)
            }
            Operation::Delete { kind, target, if_match, rehearsal } => {
                ("DELETE", path(kind, target), None, *rehearsal, *if_match)
            }
            Operation::Batch { partial, rehearsal, rows } => {
                let rows: Vec<Value> = rows.iter().map(|row| row.json()).collect();
                let mode = if *partial { "partial" } else { "atomic" };
                ("POST", "/batch".to_owned(), Some(json!({"mode": mode, "rows": rows})), *rehearsal, None)
            }
            Operation::Get { kind, target, as_of } => {
                let query = moment(as_of).map(|seq| format!("?as_of={seq}")).unwrap_or_default();
                ("GET", path(kind, target) + &query, None, false, None)
            }
            Operation::List { kind, filters, sort, limit, as_of } => {
                let mut query = format!("limit={limit}&count=true");
                for (name, value) in filters {
                    let value = value.split(',').map(|one| self.spelled(one)).collect::<Vec<_>>().join(",");
                    query += &format!("&{}={}", encode(name), encode(&value));
                }
                query += &sort.as_ref().map(|sort| format!("&sort={sort}")).unwrap_or_default();
                query += &moment(as_of).map(|seq| format!("&as_of={seq}")).unwrap_or_default();
                return self.pages(&format!("/{}?{query}", shape(kind).collection));
            }
        };
        let mut request = self.api.call(method, &target);
        request = if rehearsal { request.header("Prefer", "tx=rollback") } else { request };
        request = if let Some(version) = if_match { request.header("If-Match", format!("\"{version}\"")) } else { request };
        observed(match body {
            Some(body) => request.json(&self.with_ids(&body)),
            None => request,
        })
    }

    /// Every page of a list, one behind the other.
    fn pages(&self, path: &str) -> Observed {
        let mut pages: Vec<Value> = Vec::new();
        let mut next = String::new();
        loop {
            let page = observed(self.api.call("GET", &format!("{path}{next}")));
            if page.status != 200 {
                return page;
            }
            pages.push(page.body["items"].clone());
            match page.body["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={}", encode(cursor)),
                None => {
                    let body = json!({"pages": pages, "total": page.body["total"], "seq": page.body["seq"]});
                    return Observed { status: 200, etag: None, body };
                }
            }
            assert!(pages.len() < 500, "{path} has no end");
        }
    }

    /// Remembers which ids the objects got that were to be created.
    pub fn learn(&mut self, expected: &Expected, observed: &Observed) {
        let mut pairs = vec![(&expected.body["id"], &observed.body["id"])];
        let rows =
            expected.body["rows"].as_array().into_iter().flatten().zip(observed.body["rows"].as_array().into_iter().flatten());
        pairs.extend(rows.map(|(expected, observed)| (&expected["id"], &observed["id"])));
        for (expected, observed) in pairs {
            let number = expected.as_str().and_then(|name| name.strip_prefix('#')?.parse().ok());
            if let (Some(number), Some(id)) = (number, observed.as_str()) {
                self.numbers.insert(id.to_owned(), number);
                self.ids.insert(number, id.to_owned());
            }
        }
    }

    /// The answer without what differs by nature.
    pub fn normal(&self, observed: &Observed) -> Value {
        json!({"status": observed.status, "etag": observed.etag, "body": self.normalised(&observed.body)})
    }

    /// Everything there is at the end: lists, histories and the change feed.
    pub fn whole(&self, created: Number) -> Value {
        let mut whole = json!({});
        for shape in &SHAPES {
            whole[shape.collection] = self.normalised(&self.pages(&format!("/{}?limit=500&count=true", shape.collection)).body);
        }
        for number in 1..=created {
            let id = &self.ids[&number];
            let asked = |shape: &&super::kinds::Shape| {
                let history = observed(self.api.call("GET", &format!("/{}/{id}/history?limit=500", shape.collection)));
                (history.status == 200).then_some(history.body)
            };
            let found: Vec<Value> = SHAPES.iter().filter_map(|shape| asked(&shape)).collect();
            whole["history"][number.to_string()] = self.normalised(&json!(found));
        }
        let mut after = json!(0);
        let mut feed: Vec<Value> = Vec::new();
        loop {
            let page = observed(self.api.call("GET", &format!("/changes?after={after}&limit=7&include=body"))).body;
            feed.extend(page["items"].as_array().cloned().unwrap_or_default());
            if page["next_after"] == after || page["items"] == json!([]) {
                break;
            }
            after = page["next_after"].clone();
        }
        whole["feed"] = self.normalised(&json!(feed));
        whole
    }

    fn spelled(&self, target: &str) -> String {
        match target.strip_prefix("nth:") {
            Some(nth) => {
                let id = nth.parse().ok().and_then(|number: Number| self.ids.get(&number).cloned());
                id.unwrap_or_else(|| format!("01900000-0000-7000-8000-{nth:0>12}"))
            }
            None => target.to_owned(),
        }
    }

    fn with_ids(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.spelled(text)),
            Value::Array(list) => list.iter().map(|one| self.with_ids(one)).collect(),
            Value::Object(members) => members.iter().map(|(name, one)| (name.clone(), self.with_ids(one))).collect(),
            other => other.clone(),
        }
    }

    fn normalised(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.without_ids(text)),
            Value::Array(list) => list.iter().map(|one| self.normalised(one)).collect(),
            Value::Object(members) => {
                let kept = members.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
                let mut kept: serde_json::Map<String, Value> =
                    kept.map(|(name, one)| (name.clone(), self.normalised(one))).collect();
                if let Some(Value::Array(errors)) = kept.get_mut("errors") {
                    errors.sort_by_key(|error| error.to_string());
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }

    fn without_ids(&self, text: &str) -> String {
        let mut rest = text;
        let mut out = String::new();
        while let Some(first) = rest.chars().next() {
            let number = rest.get(..36).and_then(|id| self.numbers.get(id));
            let taken = match number {
                Some(number) => {
                    out += &format!("#{number}");
                    36
                }
                None => {
                    out.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        out
    }
}

fn observed(request: Request<'_>) -> Observed {
    let answer: Answer = request.send_unjudged();
    assert!(answer.status() < 500, "{}", answer.story());
    let body = serde_json::from_slice(&answer.reply.body).unwrap_or_default();
    Observed { status: answer.status(), etag: answer.header("etag").map(str::to_owned), body }
}
