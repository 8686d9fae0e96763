//! What a request asks of a collection, besides its body.
use super::as_of::AsOf;
use super::schema;
use crate::http::context::RequestContext;
use crate::http::headers::{self, WriteOptions};
use crate::model::{Error, Faults, ObjectRef, Result, nfc};
use crate::store::AnyKind;
use actix_web::{HttpMessage, HttpRequest};

/// The object a path below another object names: put among the extensions of the request, it takes the place of the
/// spelling in the path.
#[derive(Debug, Clone)]
pub struct ResolvedPath(pub ObjectRef);

/// The spelling of the object the request is about.
pub fn object_ref(request: &HttpRequest) -> Result<ObjectRef> {
    if let Some(ResolvedPath(object_ref)) = request.extensions().get::<ResolvedPath>() {
        return Ok(object_ref.clone());
    }
    object_ref_at(request, "id")
}

/// The spelling at a place of the path.
pub fn object_ref_at(request: &HttpRequest, place: &str) -> Result<ObjectRef> {
    ObjectRef::parse(&path_segment(request, place)?).ok_or(Error::NotFound)
}

/// The word at a place of the path.
pub fn path_segment(request: &HttpRequest, place: &str) -> Result<String> {
    let raw = request.match_info().get(place).unwrap_or_default();
    let text = percent_encoding::percent_decode_str(raw).decode_utf8().map_err(|_| Error::NotFound)?;
    if text.chars().any(char::is_control) {
        return Err(Error::NotFound);
    }
    Ok(nfc(&text))
}

/// The value of a parameter.
pub fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// Refuses parameters that are not documented, or stand there twice.
pub fn reject_unknown(parameters: &[(String, String)], known: &[&str]) -> Result<()> {
    let mut faults = Faults::default();
    for (index, (name, _)) in parameters.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            faults.add(name, "unknown_parameter", "this path has no such parameter");
        } else if parameters[..index].iter().any(|(own, _)| own == name) {
            faults.add(name, "duplicate", "the parameter stands there twice");
        }
    }
    bad_parameters(faults)
}

/// Faults of parameters are a malformed request.
pub fn bad_parameters(faults: Faults) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.into_vec();
    let code = if faults.iter().any(|f| f.code == "unknown_parameter") { "unknown_parameter" } else { "invalid_parameter" };
    let names: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    Err(Error::Malformed { code, detail: format!("parameters that cannot be used: {}", names.join(", ")), faults })
}

/// The moment of `as_of=`.
pub fn as_of(parameters: &[(String, String)]) -> Result<Option<AsOf>> {
    let Some(text) = parameter(parameters, "as_of") else { return Ok(None) };
    let bad = || Error::malformed("invalid_parameter", "as_of is an RFC 3339 time or a seq of the ledger");
    AsOf::parse(text).map(Some).ok_or_else(bad)
}

/// The fields a client selects; unknown ones are refused.
pub fn selected_fields(kind: &'static dyn AnyKind, parameters: &[(String, String)]) -> Result<Option<Vec<String>>> {
    let Some(text) = parameter(parameters, "fields") else { return Ok(None) };
    let known = columns(kind);
    let wanted: Vec<String> = text.split(',').map(str::to_owned).collect();
    let mut faults = Faults::default();
    for name in wanted.iter().filter(|name| !known.contains(name)) {
        faults.add("fields", "not_allowed", format!("there is no field {name:?}"));
    }
    bad_parameters(faults)?;
    Ok(Some(wanted))
}

/// Every field of the representation, in the order of the document.
pub fn columns(kind: &'static dyn AnyKind) -> Vec<String> {
    let properties = schema::of(kind).view["properties"].as_object();
    properties.into_iter().flatten().map(|(name, _)| name.clone()).filter(|name| name != "mappings").collect()
}

/// What the client says about a write to an object that may be there.
pub fn conditional_write_options(caller: &RequestContext, request: &HttpRequest) -> Result<WriteOptions> {
    reject_unknown(&headers::parameters(request)?, &[])?;
    let write_options = WriteOptions::from_request(request)?;
    let wanted = &write_options.preconditions;
    let bare = wanted.versions.is_none() && !wanted.if_match_any && !wanted.if_none_match_any;
    if caller.app().config.require_if_match && bare {
        return Err(Error::status(428, "precondition_required", "this deployment demands If-Match (or If-None-Match: *)"));
    }
    Ok(write_options)
}
