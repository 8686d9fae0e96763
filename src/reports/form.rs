//! What reports are asked with, and the forms of their answers.
use crate::collection::as_of::AsOf;
use crate::collection::params::parameter;
use crate::http::context::{Reader, Reports, RequestContext};
use crate::http::headers;
use crate::model::{Error, Faults, Result};
use crate::store::ledger;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::{Value, json};

pub fn bad(name: &str, detail: &str) -> Error {
    let mut faults = Faults::default();
    faults.add(name, "bad_format", detail);
    Error::Malformed { code: "invalid_parameter", detail: format!("{name}: {detail}"), faults: faults.into_vec() }
}

pub fn moment(parameters: &[(String, String)]) -> Result<Option<AsOf>> {
    let text = parameter(parameters, "as_of");
    text.map(|text| AsOf::parse(text).ok_or_else(|| bad("as_of", "an RFC 3339 time or a seq of the ledger"))).transpose()
}

/// The `ETag` of a report: the ledger's newest entry, and the day, for some of it follows from the date.
pub async fn tag(reader: &Reader<Reports>, media_type: &str) -> Result<String> {
    let head = reader.read(async |conn, org| ledger::head(conn, org).await).await?;
    let seq = head.map_or(0, |head| head.seq);
    let form = media_type.rsplit(['/', '+']).next().unwrap_or_default();
    Ok(format!("\"{seq}-{}-{form}\"", reader.caller().now().day()))
}

/// The answer to a client that has the report already.
pub fn unchanged(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    headers::none_match(request, tag).then(|| answer(StatusCode::NOT_MODIFIED, tag).finish())
}

pub fn answer(status: StatusCode, tag: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponseBuilder::new(status);
    answer.insert_header(("etag", tag)).insert_header(("vary", "accept"));
    answer
}

/// The media type a client wants of those there are, the first by default.
pub fn wanted<'a>(request: &HttpRequest, known: &[&'a str]) -> &'a str {
    known.iter().copied().find(|known| headers::accepts(request, known)).unwrap_or(known[0])
}

/// Who asks, for work on another thread.
pub fn asking(reader: &Reader<Reports>) -> RequestContext {
    reader.caller().clone()
}

pub fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}
