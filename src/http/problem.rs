//! Errors as clients see them: `application/problem+json` (RFC 9457).
use super::codes;
use crate::model::{CurrentState, Error, Fault};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

/// A refusal, as RFC 9457 wants it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A page of this service with cause, example and fix.
    #[serde(rename = "type")]
    #[schema(max_length = 200)]
    pub kind: String,
    #[schema(max_length = 200)]
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    #[schema(max_length = 4000)]
    pub detail: String,
    /// A stable code for programs.
    #[schema(max_length = 100)]
    pub code: String,
    /// The id of the request, as it stands in the logs.
    #[schema(max_length = 128)]
    pub request_id: String,
    /// All faults of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200, required = false)]
    pub errors: Vec<Fault>,
    /// Of a closed move: how the object stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<CurrentState>,
}

/// Status, code, words and faults of an error; our own faults are told in general words only.
pub fn parts(error: &Error) -> (u16, &'static str, String, Vec<Fault>) {
    match error {
        Error::Malformed { code, detail, faults } => (400, code, detail.clone(), faults.clone()),
        Error::Unauthenticated(detail) => (401, "unauthenticated", detail.clone(), Vec::new()),
        Error::Forbidden(detail) => (403, "forbidden", detail.clone(), Vec::new()),
        Error::NotFound => (404, "not_found", "there is no such object".into(), Vec::new()),
        Error::Conflict { code, detail, faults } => (409, code, detail.clone(), faults.clone()),
        Error::TransitionRefused { detail, faults, .. } => (409, "transition_closed", detail.clone(), faults.clone()),
        Error::PreconditionFailed => {
            (412, "precondition_failed", "the object has changed since it was read, or is not there".into(), Vec::new())
        }
        Error::Invalid(faults) => {
            let detail = format!("{} {} in the request", faults.len(), if faults.len() == 1 { "fault" } else { "faults" });
            (422, "invalid", detail, faults.clone())
        }
        Error::Status { status, code, detail } => (*status, code, detail.clone(), Vec::new()),
        Error::TooMany { detail, .. } => (429, "too_many_requests", detail.clone(), Vec::new()),
        Error::Unavailable { code: code @ "storage_full", detail, .. } => (507, code, detail.clone(), Vec::new()),
        Error::Unavailable { code, detail, .. } => (503, code, detail.clone(), Vec::new()),
        Error::Internal(_) => {
            (500, "internal", "the service failed; the request id leads to the cause in its logs".into(), Vec::new())
        }
    }
}

/// The lengths that the document promises.
const MAX_DETAIL: usize = 4000;
const MAX_POINTER: usize = 1000;

/// The beginning of a text that is longer.
fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most - 1) {
        Some((at, last)) if at + last.len_utf8() < text.len() => format!("{}…", &text[..at]),
        _ => text.to_owned(),
    }
}

impl Problem {
    pub fn of(error: &Error, request_id: &str) -> Problem {
        let (status, code, detail, mut errors) = parts(error);
        for fault in &mut errors {
            (fault.pointer, fault.detail) = (bounded(&fault.pointer, MAX_POINTER), bounded(&fault.detail, MAX_DETAIL));
        }
        let present = match error {
            Error::TransitionRefused { present, .. } => Some((**present).clone()),
            _ => None,
        };
        Problem {
            kind: format!("/problems/{code}"),
            title: codes::title(code).to_owned(),
            status,
            detail: bounded(&detail, MAX_DETAIL),
            code: code.to_owned(),
            request_id: request_id.to_owned(),
            errors,
            present,
        }
    }
}

/// The whole answer to an error.
pub fn response(error: &Error, request_id: &str) -> HttpResponse {
    if let Error::Internal(cause) = error {
        tracing::error!(request_id, cause, "a request failed");
    }
    let problem = Problem::of(error, request_id);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponseBuilder::new(status);
    builder.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    match error {
        Error::Unauthenticated(_) => drop(builder.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
        Error::TooMany { retry_after, .. } | Error::Unavailable { retry_after, .. } => {
            builder.insert_header((header::RETRY_AFTER, HeaderValue::from(*retry_after)));
        }
        _ => {}
    }
    builder.body(serde_json::to_string(&problem).unwrap_or_default())
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(parts(self).0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
    /// Only until [`edge`](super::edge) answers with the request's id.
    fn error_response(&self) -> HttpResponse {
        response(self, "")
    }
}
