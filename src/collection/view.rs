//! How objects stand in answers: JSON, a selection of fields, CSV, and their ETag.
use crate::model::{Error, Id, Link, Reference, Result};
use crate::resources::Resource;
use crate::store::Object;
use crate::store::record::Labelled;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// What is computed and not stored in a version.
#[derive(Serialize)]
struct Effective {
    effective_rto_seconds: Option<i64>,
    effective_rpo_seconds: Option<i64>,
    effective_mtpd_seconds: Option<i64>,
}

/// An object as clients see it.
#[derive(Serialize)]
pub struct View<'a, R: Resource> {
    #[serde(flatten)]
    head: Labelled<'a>,
    #[serde(flatten)]
    body: &'a R,
    #[serde(flatten)]
    effective: Option<Effective>,
    #[serde(flatten)]
    derived: &'a R::Derived,
}

impl<'a, R: Resource> View<'a, R> {
    pub fn of(object: &'a Object<R>) -> View<'a, R> {
        let shown = object.head.effective;
        let effective = R::EFFECTIVE.then_some(Effective {
            effective_rto_seconds: shown.rto,
            effective_rpo_seconds: shown.rpo,
            effective_mtpd_seconds: shown.mtpd,
        });
        let head = Labelled { head: &object.head, label: R::LABEL };
        View { head, body: &object.body, effective, derived: &object.derived }
    }
}

/// The JSON of an object.
pub fn json<R: Resource>(object: &Object<R>) -> Result<String> {
    serde_json::to_string(&View::of(object)).map_err(Error::internal)
}

/// The JSON of an object as a value.
pub fn value<R: Resource>(object: &Object<R>) -> Result<Value> {
    serde_json::to_value(View::of(object)).map_err(Error::internal)
}

/// The JSON of an object without what is derived.
pub fn stored<R: Resource>(object: &Object<R>) -> Result<Value> {
    #[derive(Serialize)]
    struct Stored<'a, R> {
        #[serde(flatten)]
        head: Labelled<'a>,
        #[serde(flatten)]
        body: &'a R,
    }
    let head = Labelled { head: &object.head, label: R::LABEL };
    serde_json::to_value(Stored { head, body: &object.body }).map_err(Error::internal)
}

/// The ids an object points to.
pub fn targets<R: Resource>(objects: &mut [Object<R>]) -> HashSet<Id> {
    objects
        .iter_mut()
        .flat_map(|object| object.body.links().into_iter().filter_map(|slot| slot.link.id()).collect::<Vec<_>>())
        .collect()
}

/// Puts names to the links of an object.
pub fn name_links<R: Resource>(objects: &mut [Object<R>], names: &HashMap<Id, Reference>) {
    for object in objects {
        for slot in object.body.links() {
            if let Some(reference) = slot.link.id().and_then(|id| names.get(&id)) {
                *slot.link = Link::Named(Box::new(reference.clone()));
            }
        }
    }
}

/// Strong ETag: the version, and a digest of what is derived where there is any (names of linked objects, effective
/// objectives, included mappings), for these change without a new version.
pub fn etag<R: Resource>(object: &mut Object<R>, derived: &str) -> String {
    let mut text = String::from(derived);
    for slot in object.body.links() {
        if let Link::Named(reference) = &*slot.link {
            text.push_str(&reference.key);
            text.push('\n');
            text.push_str(reference.name.as_deref().unwrap_or(""));
            text.push('\n');
        }
    }
    let shown = object.head.effective;
    if R::EFFECTIVE && shown != crate::model::Objectives::NONE {
        text.push_str(&format!("{:?} {:?} {:?}", shown.rto, shown.rpo, shown.mtpd));
    }
    if object.derived != R::Derived::default() {
        text.push_str(&serde_json::to_string(&object.derived).unwrap_or_default());
    }
    if text.is_empty() {
        return format!("\"{}\"", object.head.version);
    }
    format!("\"{}-{}\"", object.head.version, hex::encode(&Sha256::digest(text)[..6]))
}

/// Only these fields.
pub fn select(value: Value, fields: &[String]) -> Value {
    let Value::Object(mut object) = value else { return value };
    let mut selected = Map::new();
    for field in fields {
        if let Some(value) = object.remove(field) {
            selected.insert(field.clone(), value);
        }
    }
    Value::Object(selected)
}

/// A list as CSV (RFC 4180): links as keys, lists and objects as JSON, and no cell that a spreadsheet would run.
pub fn csv(columns: &[String], items: &[Value]) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(columns).map_err(Error::internal)?;
    for item in items {
        let cells = columns.iter().map(|column| cell(&item[column.as_str()]));
        out.write_record(cells).map_err(Error::internal)?;
    }
    out.into_inner().map_err(Error::internal)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        Value::Object(link) if link.contains_key("id") && link.contains_key("kind") => {
            guarded(link.get("key").and_then(Value::as_str).unwrap_or_default())
        }
        other => other.to_string(),
    }
}

/// A text that begins like a formula gets an apostrophe before it; numbers need none.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
