//! The outermost layer: an id for every request, a problem for every failure, one log line, figures.
use super::context::{Caller, Refusal, RequestId};
use super::problem;
use super::state::State;
use super::withhold;
use crate::model::Error;
use crate::store::clock::new_id;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// So long after the limit of a statement a read is given up.
const OVERDUE: Duration = Duration::from_millis(800);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// A client's own request id is kept when it is short and plain; W3C `traceparent` gives its trace id.
fn request_id(request: &ServiceRequest) -> Arc<str> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let plain =
        |text: &&str| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if let Some(id) = text("x-request-id").filter(plain) {
        return id.into();
    }
    let trace = text("traceparent").and_then(|value| value.split('-').nth(1)).filter(|id| id.len() == 32).filter(plain);
    trace.map_or_else(|| new_id().to_string().into(), Into::into)
}

/// Wraps every request.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let app = request.app_data::<Data<State>>().cloned();
    if let Some(app) = &app {
        app.metrics.begin();
    }
    // Connections take turns: one that has sent a hundred requests at once gets one answer before others get theirs.
    tokio::task::yield_now().await;
    let limit = app.as_ref().filter(|_| request.method().is_safe()).and_then(|app| Some(app.statement_limit? + OVERDUE));
    let answer = AssertUnwindSafe(within(limit, next.call(request))).catch_unwind().await;
    let mut response = match answer {
        Ok(Ok(response)) => finish(response, &id),
        Ok(Err(error)) => return Err(lost(app.as_ref(), &translate(&error), &id)),
        Err(_) => return Err(lost(app.as_ref(), &Error::Internal("a handler panicked".into()), &id)),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(NO_SNIFF, HeaderValue::from_static("nosniff"));
    if app.as_ref().is_some_and(|app| app.stopping.load(Ordering::Relaxed)) {
        // Whoever keeps connections for later makes new ones, and so meets a service that stays.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let took = began.elapsed();
    let status = response.status().as_u16();
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("unmatched");
    if let Some(app) = &app {
        app.metrics.end(response.request().method().as_str(), route, status, took);
    }
    log(&response, &id, route, took);
    Ok(response)
}

/// The answer to a read, which is given up after a while: of several statements each may take its time, but nobody waits for all
/// of that. A write knows itself how long it may be waited for.
async fn within<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<T, actix_web::Error>>,
) -> Result<T, actix_web::Error> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(Error::silent_database().into())),
        None => answer.await,
    }
}

/// The line of a request: who asked for what and what came of it. No part of a token is in it.
fn log(response: &ServiceResponse<BoxBody>, id: &str, route: &str, took: Duration) {
    let (request, status) = (response.request(), response.status());
    let known = request.extensions();
    let identity = known.get::<Caller>().map(|caller| &caller.0);
    let refusal = match status {
        StatusCode::UNAUTHORIZED => Some(known.get::<Refusal>().map_or("token", |refusal| refusal.0)),
        // Where nothing else is said, the roles or scopes do not reach.
        StatusCode::FORBIDDEN => Some(known.get::<Refusal>().map_or("permission", |refusal| refusal.0)),
        _ => None,
    };
    tracing::info!(
        request_id = id,
        method = request.method().as_str(),
        path = request.path(),
        route,
        status = status.as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        subject = identity.map(|identity| &*identity.subject),
        organization = identity.map(|identity| &*identity.organization),
        refusal,
        "request"
    );
}

/// The answer where the request went down with its handler.
fn lost(app: Option<&Data<State>>, error: &Error, id: &str) -> actix_web::Error {
    let mut response = problem::response(error, id);
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(app) = app {
        app.metrics.end("other", "lost", response.status().as_u16(), Duration::ZERO);
    }
    InternalError::from_response(error.clone(), response).into()
}

/// Gives a failed answer its final form.
fn finish(response: ServiceResponse<impl MessageBody + 'static>, id: &str) -> ServiceResponse<BoxBody> {
    if let Some(error) = response.response().error() {
        let error = translate(error);
        // A refusal has its words only here.
        return withhold::narrow(response.into_response(problem::response(&error, id)));
    }
    let status = response.status();
    let is_problem = response.headers().get("content-type").is_some_and(|value| value.as_bytes() == b"application/problem+json");
    if (status.is_client_error() || status.is_server_error()) && !is_problem {
        return response.into_response(problem::response(&by_status(status), id));
    }
    response.map_into_boxed_body()
}

/// Any error of the framework as ours.
fn translate(error: &actix_web::Error) -> Error {
    error.as_error::<Error>().cloned().unwrap_or_else(|| by_status(error.as_response_error().status_code()))
}

fn by_status(status: StatusCode) -> Error {
    match status.as_u16() {
        401 => Error::Unauthenticated("a bearer token is wanted".into()),
        404 => Error::NotFound,
        408 => Error::status(408, "request_timeout", "the request did not arrive in time"),
        413 => Error::status(413, "payload_too_large", "the request is too large"),
        415 => Error::status(415, "unsupported_media_type", "the media type is not supported"),
        400..=499 => Error::malformed("malformed_request", "the request cannot be read"),
        503 => Error::unavailable("no room at the moment"),
        _ => Error::Internal(format!("answered with status {status}")),
    }
}

/// What no route matches.
pub async fn unmatched() -> crate::model::Result<HttpResponse> {
    Err(Error::NotFound)
}
