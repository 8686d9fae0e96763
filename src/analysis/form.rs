//! The forms of answers: their media types and tags, and what their schemas are made of.
use crate::collection::params::parameter;
use crate::http::headers;
use crate::model::{Error, Result};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub const SVG: &str = "image/svg+xml";
pub const MERMAID: &str = "text/vnd.mermaid";

/// The form wanted of those there are, the first by default: by `format=`, else by `Accept`.
pub fn form<'a>(request: &HttpRequest, parameters: &[(String, String)], forms: &[(&'a str, &str)]) -> Result<&'a str> {
    let names: Vec<&str> = forms.iter().map(|(name, _)| *name).collect();
    match parameter(parameters, "format") {
        None => Ok(forms.iter().find(|(_, media)| headers::accepts(request, media)).unwrap_or(&forms[0]).0),
        Some(wanted) => forms
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(name, _)| *name)
            .ok_or_else(|| Error::malformed("invalid_parameter", format!("format is one of {}", names.join(", ")))),
    }
}

/// An answer with the digest of its text as `ETag`, or that the client has it already.
pub fn tagged(request: &HttpRequest, media_type: &str, text: String) -> HttpResponse {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..12]));
    if headers::none_match(request, &tag) {
        return HttpResponse::NotModified().insert_header(("etag", tag)).insert_header(("vary", "accept")).finish();
    }
    HttpResponse::Ok().insert_header(("etag", tag)).insert_header(("vary", "accept")).content_type(media_type).body(text)
}

pub fn seconds(least: i64) -> Value {
    json!({"type": ["integer", "null"], "format": "int64", "minimum": least})
}
pub fn reference() -> Value {
    json!({"$ref": "#/components/schemas/Reference"})
}
pub fn text(most: u32) -> Value {
    json!({"type": "string", "maxLength": most})
}
pub fn list(most: u32, of: &Value) -> Value {
    json!({"type": "array", "maxItems": most, "items": of})
}
/// An object all of whose members are there.
pub fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({"type": "object", "required": required, "properties": properties})
}
