//! Questions asked of the graph, of plans and of runs, and their endpoints.
pub mod calendar;
pub mod change;
pub mod continuity;
pub mod dependencies;
pub mod diff;
pub mod document;
mod drawing;
mod edits;
pub mod events;
pub mod freshness;
pub mod gaps;
pub mod impact;
pub mod points;
pub mod proof;
mod question;
pub mod readiness;
pub mod recovery;
pub mod schedule;
pub mod situation;
pub mod timeline;

use crate::collection::asked::parameter;
use crate::collection::schema::SCHEMAS;
use crate::http::headers;
use crate::http::routes::Api;
use crate::model::{Error, Result};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

const SVG: &str = "image/svg+xml";
const MERMAID: &str = "text/vnd.mermaid";

/// The routes that belong to no collection's own; those of services and components stand with these.
pub fn routes(api: &mut Api) {
    schedule::routes(api);
    document::routes(api);
    diff::routes(api);
    timeline::routes(api);
    events::routes(api);
    situation::routes(api);
    calendar::routes(api);
    impact::routes(api);
    change::routes(api);
    points::routes(api);
    recovery::routes(api);
    gaps::routes(api);
    continuity::routes(api);
}

/// Schemas of this room, for the document.
pub fn schemas() -> Map<String, Value> {
    let all = [schedule::schemas(), diff::schemas(), timeline::schemas(), events::schemas(), proof::schemas()];
    let all = all.into_iter().chain([situation::schemas(), calendar::schemas()]);
    let all = all.filter_map(|part| part.as_object().cloned()).flatten();
    let told = [
        told::<impact::ImpactQuestion>(),
        told::<impact::ImpactAnswer>(),
        told::<change::ChangeQuestion>(),
        told::<change::ChangeAnswer>(),
        told::<points::PointsOfAll>(),
        told::<points::PointsOfOne>(),
        told::<recovery::RecoveryQuestion>(),
        told::<recovery::RecoveryAnswer>(),
        told::<recovery::ServiceRecovery>(),
        told::<recovery::sequence::SequenceQuestion>(),
        told::<recovery::sequence::SequenceAnswer>(),
        told::<gaps::answer::GapList>(),
        told::<continuity::Continuity>(),
    ];
    dependencies::schemas().into_iter().chain(all).chain(told.into_iter().flatten()).collect()
}

/// The schema of a question or an answer with those it refers to.
fn told<T: ToSchema>() -> Map<String, Value> {
    let mut all = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut all);
    let own = all.into_iter().filter(|(name, _)| !SCHEMAS.contains_key(name));
    own.map(|(name, schema)| (name, bounded(serde_json::to_value(schema).unwrap_or_default()))).collect()
}

/// The schema with the bounds that the types imply: counts have 64 bits, and lists within lists are as long as these.
fn bounded(mut schema: Value) -> Value {
    let mut open = vec![&mut schema];
    while let Some(value) = open.pop() {
        if let Value::Object(members) = value {
            let is = |members: &Map<String, Value>, word: &str| {
                members.get("type").is_some_and(|own| own == word || own.as_array().is_some_and(|all| all.contains(&word.into())))
            };
            if is(members, "integer") {
                members.entry("format").or_insert("int64".into());
            }
            if is(members, "array") {
                members.entry("maxItems").or_insert(10_000.into());
            }
            open.extend(members.values_mut());
        } else if let Value::Array(all) = value {
            open.extend(all);
        }
    }
    schema
}

/// The form wanted of those there are, the first by default: by `format=`, else by `Accept`.
fn form<'a>(request: &HttpRequest, parameters: &[(String, String)], forms: &[(&'a str, &str)]) -> Result<&'a str> {
    let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
    match parameter(parameters, "format") {
        None => Ok(forms.iter().find(|(_, media)| headers::wants(request, media)).unwrap_or(&forms[0]).0),
        Some(wanted) => forms
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(name, _)| *name)
            .ok_or_else(|| Error::malformed("invalid_parameter", format!("format is one of {}", names.join(", ")))),
    }
}

/// An answer with the digest of its text as `ETag`, or that the client has it already.
fn tagged(request: &HttpRequest, media_type: &str, text: String) -> HttpResponse {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..12]));
    if headers::unchanged(request, &tag) {
        return HttpResponse::NotModified().insert_header(("etag", tag)).insert_header(("vary", "accept")).finish();
    }
    HttpResponse::Ok().insert_header(("etag", tag)).insert_header(("vary", "accept")).content_type(media_type).body(text)
}

fn seconds(least: i64) -> Value {
    json!({"type": ["integer", "null"], "format": "int64", "minimum": least})
}
fn reference() -> Value {
    json!({"$ref": "#/components/schemas/Reference"})
}
fn text(most: u32) -> Value {
    json!({"type": "string", "maxLength": most})
}
fn list(most: u32, of: &Value) -> Value {
    json!({"type": "array", "maxItems": most, "items": of})
}
/// An object all of whose members are there.
fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({"type": "object", "required": required, "properties": properties})
}
