//! How objects stand in answers: JSON, a selection of fields, CSV, and their ETag.
use crate::model::{Error, Id, Link, Objectives, Reference, Result};
use crate::store::audit::{joined, write_meta};
use crate::store::{AnyObject, KindInfo, Object, ResourceHooks, kind_of};
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

/// Appends the JSON of an object, as clients see it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn write(info: &KindInfo, object: &AnyObject, out: &mut Vec<u8>) -> Result<()> {
    let head = object.meta();
    let shown = head.effective;
    let effective =
        Effective { effective_rto_seconds: shown.rto, effective_rpo_seconds: shown.rpo, effective_mtpd_seconds: shown.mtpd };
    let effective = |out: &mut Vec<u8>| match info.effective {
        true => serde_json::to_writer(out, &effective).map_err(Error::internal),
        false => {
            out.extend_from_slice(b"{}");
            Ok(())
        }
    };
    let (common, body) = (|out: &mut Vec<u8>| write_meta(head, info.label, out), |out: &mut Vec<u8>| object.write_body(out));
    joined(out, &[&common, &body, &effective, &|out| object.write_derived(out)])
}

/// The JSON of an object.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(info: &KindInfo, object: &AnyObject) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    write(info, object, &mut out)?;
    Ok(out)
}

/// The JSON of an object as a value.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn value(info: &KindInfo, object: &AnyObject) -> Result<Value> {
    serde_json::from_slice(&json(info, object)?).map_err(Error::internal)
}

/// As [`value`], of a kind the code knows.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn value_of<R: ResourceHooks>(object: &Object<R>) -> Result<Value> {
    value(kind_of::<R>().info(), &object.clone().into())
}

/// As [`etag`], of a kind the code knows.
pub fn etag_of<R: ResourceHooks>(object: &Object<R>) -> String {
    etag(kind_of::<R>().info(), &mut object.clone().into(), "")
}

/// The JSON of an object without what is derived.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn stored(info: &KindInfo, object: &AnyObject) -> Result<Value> {
    let text = crate::store::audit::audit_body(object, info.label)?;
    serde_json::from_str(&text).map_err(Error::internal)
}

/// The ids objects point to.
pub fn targets(objects: &mut [AnyObject]) -> HashSet<Id> {
    let mut found = HashSet::new();
    for object in objects {
        found.extend(object.links().into_iter().filter_map(|slot| slot.link.id()));
    }
    found
}

/// Puts names to the links of objects.
pub fn name_links(objects: &mut [AnyObject], names: &HashMap<Id, Reference>) {
    for object in objects {
        for slot in object.links() {
            if let Some(reference) = slot.link.id().and_then(|id| names.get(&id)) {
                *slot.link = Link::Named(Box::new(reference.clone()));
            }
        }
    }
}

/// Strong ETag: the version, and a digest of what is derived where there is any (names of linked objects, effective
/// objectives, included mappings), for these change without a new version.
pub fn etag(info: &KindInfo, object: &mut AnyObject, derived: &str) -> String {
    let mut text = String::from(derived);
    for slot in object.links() {
        if let Link::Named(reference) = &*slot.link {
            text.push_str(&reference.key);
            text.push('\n');
            text.push_str(reference.name.as_deref().unwrap_or(""));
            text.push('\n');
        }
    }
    let head = object.meta();
    let shown = head.effective;
    if info.effective && shown != Objectives::NONE {
        text.push_str(&format!("{:?} {:?} {:?}", shown.rto, shown.rpo, shown.mtpd));
    }
    let mut text = text.into_bytes();
    if object.has_derived() && object.write_derived(&mut text).is_err() {
        tracing::error!(kind = info.collection(), "what is derived cannot be written as JSON");
    }
    if text.is_empty() {
        return format!("\"{}\"", head.version);
    }
    format!("\"{}-{}\"", head.version, hex::encode(&Sha256::digest(text)[..6]))
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
    // Whatever a cell holds, every reader knows where it ends.
    let mut out = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
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

/// What a formula begins with, in spreadsheets of the East too, or what one may follow.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// A text that begins like a formula gets an apostrophe before it; numbers need none.
fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text.to_owned() }
}
