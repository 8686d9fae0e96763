//! What a client says about a write by headers.
use super::preconditions::Preconditions;
use crate::model::{Error, Result, Visibility, nfc};
use actix_web::http::header::HeaderMap;
use actix_web::{HttpMessage, HttpRequest};

/// The headers that steer a write.
#[derive(Debug, Default)]
pub struct WriteOptions {
    /// `Prefer: tx=rollback`: check everything, keep nothing.
    pub dry_run: bool,
    /// `Change-Reason`: stands in the ledger.
    pub reason: Option<String>,
    pub preconditions: Preconditions,
    pub idempotency_key: Option<String>,
}

fn bad(name: &str, detail: &str) -> Error {
    Error::malformed("invalid_parameter", format!("{name}: {detail}"))
}

/// The one value of a header, if it is there.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>> {
    let mut all = headers.get_all(name);
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(bad(name, "stands there twice"));
    }
    std::str::from_utf8(value.as_bytes()).map(Some).map_err(|_| bad(name, "is not UTF-8"))
}

impl WriteOptions {
    /// # Errors
    /// When a header cannot be read.
    pub fn from_request(request: &HttpRequest) -> Result<WriteOptions> {
        let headers = request.headers();
        let reason = single(headers, "change-reason")?.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        if reason.as_ref().is_some_and(|text| text.chars().count() > 500 || text.chars().any(char::is_control)) {
            return Err(bad("Change-Reason", "at most 500 characters, no control characters"));
        }
        let idempotency_key = single(headers, "idempotency-key")?.map(str::to_owned);
        if idempotency_key
            .as_ref()
            .is_some_and(|key| key.is_empty() || key.len() > 255 || !key.bytes().all(|b| (0x21..0x7f).contains(&b)))
        {
            return Err(bad("Idempotency-Key", "1 to 255 visible ASCII characters"));
        }
        Ok(WriteOptions { dry_run: is_dry_run(headers), reason, preconditions: preconditions(headers)?, idempotency_key })
    }
}

fn is_dry_run(headers: &HeaderMap) -> bool {
    let write_options = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
    write_options.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case("tx=rollback"))
}

fn preconditions(headers: &HeaderMap) -> Result<Preconditions> {
    let mut wanted = Preconditions::default();
    if let Some(text) = single(headers, "if-match")? {
        if text.trim() == "*" {
            wanted.if_match_any = true;
        } else {
            // Only the version guards a write: what is derived may change without one.
            let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.split('-').next()?.parse::<i64>().ok();
            wanted.versions = Some(text.split(',').filter_map(version).collect());
        }
    }
    if let Some(text) = single(headers, "if-none-match")? {
        wanted.if_none_match_any = text.trim() == "*";
    }
    Ok(wanted)
}

/// The tag of an answer as a caller sees it: who sees less must not be told that he has it all.
pub fn tag_of(etag: &str, visibility: &Visibility) -> String {
    match etag.strip_suffix('"') {
        Some(open) if !visibility.is_whole() => format!("{open}-w{}\"", visibility.hidden().tag()),
        _ => etag.to_owned(),
    }
}

/// Whether `If-None-Match` holds this tag already.
pub fn none_match(request: &HttpRequest, etag: &str) -> bool {
    let etag = &*request.extensions().get::<Visibility>().map_or_else(|| etag.to_owned(), |own| tag_of(etag, own));
    let tags = request.headers().get_all("if-none-match").filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag == etag || tag.strip_prefix("W/") == Some(etag))
}

/// Whether the client rather wants this media type than JSON.
pub fn accepts(request: &HttpRequest, media_type: &str) -> bool {
    let accept = request.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split(',').map(|one| one.split(';').next().unwrap_or_default().trim()).find(|one| !one.is_empty());
    first == Some(media_type)
}

/// The parameters of the query, decoded, in their order.
///
/// # Errors
/// When a parameter is not UTF-8.
pub fn parameters(request: &HttpRequest) -> Result<Vec<(String, String)>> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().map(|text| nfc(&text));
        decoded.map_err(|_| Error::malformed("invalid_parameter", "the query is not UTF-8"))
    };
    let pairs = request.query_string().split('&').filter(|pair| !pair.is_empty());
    let all: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect::<Result<_>>()?;
    if all.len() > 50 {
        return Err(Error::malformed("invalid_parameter", "at most 50 parameters"));
    }
    Ok(all)
}
