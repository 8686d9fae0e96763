//! From JSON to a checked draft: every fault of the form is told at once, by the schema that stands in the document.
use super::schema;
use crate::model::{Error, Faults, ObjectMetaDraft, Result};
use crate::store::door::read;
use crate::store::{AnyKind, AnyObject, KindInfo, audit};
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What a client wants an object to be.
#[derive(Debug, Clone)]
pub struct Draft {
    pub meta: ObjectMetaDraft,
    /// Its own fields, under a head that says nothing yet.
    pub object: AnyObject,
    /// The fields that were really given; the others have their defaults.
    pub given: HashSet<String>,
    /// What the schema does not like. The draft is then filled up with the document's example, only so that the
    /// remaining fields can still be looked at.
    pub faults: Faults,
}

/// Reads a draft.
///
/// # Errors
/// When it is not an object or cannot be looked at any further.
pub fn parse(kind: &'static dyn AnyKind, value: Value) -> Result<Draft> {
    let mut faults = Faults::default();
    let Value::Object(mut object) = value else {
        return Err(Error::invalid("", "wrong_type", "an object is wanted"));
    };
    let label = kind.info().label;
    if object.get(label).is_some_and(|name| name.as_str().is_some_and(|text| !text.is_empty() && text.trim().is_empty())) {
        faults.add(format!("/{label}"), "too_short", format!("a {label} of white space is none"));
    }
    let value = Value::Object(object.clone());
    check(kind, &value, &mut faults)?;
    let list = faults.into_vec();
    let faulty = roots(&list);
    let given: HashSet<String> = object.keys().filter(|name| !faulty.contains(escaped(name).as_str())).cloned().collect();
    if !list.is_empty() {
        object = sound(kind, object, &list);
    }
    let mut faults = Faults::default();
    list.into_iter().for_each(|fault| faults.push(fault));
    let mut whole = Value::Object(object);
    let body = kind.read(whole.clone());
    audit::rename(&mut whole, label, "name");
    let meta = ObjectMetaDraft::deserialize_from(&whole);
    match (meta, body) {
        (Ok(meta), Ok(object)) => Ok(Draft { meta, object, given, faults }),
        // What passes the schema and yet cannot be kept, such as a time beyond the calendar.
        (_, Err(error)) if faults.is_empty() => Err(Error::invalid(error.pointer, "bad_format", error.detail)),
        (Err(error), _) if faults.is_empty() => Err(Error::invalid("", "bad_format", error.to_string())),
        _ => Err(Error::Invalid(faults.into_vec())),
    }
}

fn check(kind: &'static dyn AnyKind, value: &Value, faults: &mut Faults) -> Result<()> {
    let validator = schema::draft_validator(kind).ok_or_else(|| Error::Internal("no schema for the kind".into()))?;
    if validator.is_valid(value) {
        return Ok(());
    }
    for error in validator.iter_errors(value) {
        tell(Some(kind), &error, faults);
    }
    Ok(())
}

/// Reads the body of a call that is no draft; every fault of the form is told at once.
///
/// # Errors
/// With all faults.
pub fn parse_strict<T: DeserializeOwned + utoipa::ToSchema + 'static>(value: Value) -> Result<T> {
    let validator = schema::body_validator::<T>()?;
    let mut faults = Faults::default();
    validator.iter_errors(&value).for_each(|error| tell(None, &error, &mut faults));
    faults.into_result()?;
    read(value).map_err(|error| Error::invalid(error.pointer, "bad_format", error.detail))
}

/// Puts a fault of the form into words; of a draft, with the kind it is one of.
fn tell(kind: Option<&'static dyn AnyKind>, error: &ValidationError<'_>, faults: &mut Faults) {
    let at = error.instance_path().to_string();
    // One fault a place is enough: the first says what is wrong with it.
    if faults.has(&at) {
        return;
    }
    let detail = || shortened(&error.to_string());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            faults.add(format!("{at}/{name}"), "required", format!("{name} is required"));
        }
        _ if error.instance().is_null() && kind.is_some_and(|kind| schema::is_required(kind, &at)) => {
            faults.add(&at, "required", format!("{} is required", at.trim_start_matches('/')));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let read_only = at.is_empty() && kind.is_some_and(|kind| schema::is_read_only(kind, name));
                let (code, words) = if read_only { ("read_only", "is read-only") } else { ("unknown_field", "is not a field") };
                faults.add(format!("{at}/{}", escaped(name)), code, format!("{name} {words}"));
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            // What is wrong with the alternative that was meant: the one whose type it has.
            let mistyped = |error: &ValidationError<'_>| {
                matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path().as_str() == at
            };
            match context.iter().find(|errors| !errors.iter().any(mistyped)) {
                Some(meant) => meant.iter().for_each(|error| tell(kind, error, faults)),
                None => faults.add(at, "wrong_type", detail()),
            }
        }
        ValidationErrorKind::UniqueItems => {
            let index = repeated(error.instance()).unwrap_or_default();
            faults.add(format!("{at}/{index}"), "duplicate", "the same stands there twice");
        }
        ValidationErrorKind::Type { .. } => faults.add(at, "wrong_type", detail()),
        ValidationErrorKind::MaxLength { .. } | ValidationErrorKind::MaxItems { .. } => faults.add(at, "too_long", detail()),
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => faults.add(at, "too_short", detail()),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => faults.add(at, "out_of_range", detail()),
        ValidationErrorKind::Format { .. } | ValidationErrorKind::Pattern { .. } => faults.add(at, "bad_format", detail()),
        _ => faults.add(at, "not_allowed", detail()),
    }
}

/// Where a list says something for the second time.
fn repeated(list: &Value) -> Option<usize> {
    let list = list.as_array()?;
    (0..list.len()).find(|index| list[..*index].contains(&list[*index]))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The fields in which faults lie.
fn roots(faults: &[crate::model::Fault]) -> HashSet<&str> {
    faults.iter().filter_map(|fault| fault.pointer.split('/').nth(1)).collect()
}

/// The object without its faulty fields, filled up where something required is missing.
fn sound(kind: &dyn AnyKind, object: Map<String, Value>, faults: &[crate::model::Fault]) -> Map<String, Value> {
    let faulty = roots(faults);
    let mut sound: Map<String, Value> = object.into_iter().filter(|(name, _)| !faulty.contains(escaped(name).as_str())).collect();
    if let Value::Object(example) = kind.example() {
        for name in faulty {
            if let Some(value) = example.get(name).filter(|_| !matches!(name, "key" | "external_refs" | "tags")) {
                sound.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    sound
}

impl ObjectMetaDraft {
    fn deserialize_from(value: &Value) -> serde_json::Result<ObjectMetaDraft> {
        serde::Deserialize::deserialize(value)
    }
}

/// The draft that would give an object its present content; a patch is laid over it.
///
/// # Errors
/// When the object cannot be written as JSON.
pub fn of(info: &KindInfo, object: &AnyObject) -> Result<Value> {
    let mut value = serde_json::to_value(object.meta().draft()).map_err(Error::internal)?;
    audit::rename(&mut value, "name", info.label);
    let mut own = Vec::new();
    object.write_body(&mut own)?;
    let own = serde_json::from_slice(&own).map_err(Error::internal)?;
    if let (Value::Object(all), Value::Object(own)) = (&mut value, own) {
        all.extend(own);
        // What is absent is left out, as a client would, and what clients do not write.
        all.retain(|name, value| !value.is_null() && !info.owned.contains(&name.as_str()));
    }
    Ok(value)
}
