//! Bodies: bounded in size and time, of a known type, strict JSON.
use crate::model::{Error, Result, parse_json};
use actix_web::HttpRequest;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// Reads a body of at most `limit` bytes within `seconds`.
///
/// # Errors
/// 413 when it is larger, 408 when it takes longer.
pub async fn read(request: &HttpRequest, mut payload: Payload, limit: usize, seconds: u64) -> Result<Bytes> {
    let too_large = || Error::status(413, "payload_too_large", format!("the body may take {limit} bytes"));
    let length = request.headers().get("content-length").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let all = async {
        let mut body = BytesMut::with_capacity(length.unwrap_or(1024).min(limit));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|error| Error::malformed("malformed_request", error.to_string()))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let late = || Error::status(408, "request_timeout", format!("the body did not arrive within {seconds} seconds"));
    tokio::time::timeout(Duration::from_secs(seconds), all).await.map_err(|_| late())?
}

/// The media type of the body, without parameters; `None` when there is none.
pub fn media_type(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get("content-type")?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Refuses bodies of other media types than these.
pub fn require_content_type(request: &HttpRequest, accepted: &[&str]) -> Result<()> {
    match media_type(request) {
        Some(found) if accepted.contains(&found.as_str()) => Ok(()),
        found => {
            let found = found.unwrap_or_else(|| "none".into());
            let detail = format!("the body's media type is {found}; accepted: {}", accepted.join(", "));
            Err(Error::status(415, "unsupported_media_type", detail))
        }
    }
}

/// Parses strict JSON.
pub fn json(bytes: &[u8]) -> Result<Value> {
    parse_json(bytes).map_err(|detail| Error::malformed("malformed_json", detail))
}
