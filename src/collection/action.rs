//! Writing to one object in another way than by a draft, a patch or a move, such as an approval, a note or a copy.
use super::change_set::{assigned_to_caller, not_assigned};
use super::command::WriteOutcome;
use super::http::{JSON, PATCH, into_response, render};
use super::idempotency::IdempotencyKey;
use super::params::{conditional_write_options, object_ref};
use super::read;
use crate::http::body;
use crate::http::context::{PermissionTarget, Writer};
use crate::model::Result;
use crate::store::idempotency::StoredResponse;
use crate::store::{AnyObject, Object, ResourceHooks, Tx, kind_of, write_consequence};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

/// Reads what the client sends, and does with the object what the rule says.
///
/// # Errors
/// What the rule answers, and those of every write.
pub async fn run_action<R: ResourceHooks, S: PermissionTarget, T: Send + 'static>(
    writer: Writer<S>,
    request: HttpRequest,
    payload: Payload,
    said: fn(Value) -> Result<T>,
    rule: impl AsyncFnOnce(&mut Tx, Object<R>, T) -> Result<StoredResponse> + Send + 'static,
) -> Result<HttpResponse> {
    body::require_content_type(&request, if request.method() == Method::PATCH { PATCH } else { JSON })?;
    let write_options = conditional_write_options(writer.caller(), &request)?;
    let target = object_ref(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let said = said(body::json(&bytes)?)?;
    let preconditions = write_options.preconditions.clone();
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.lock_tenant().await?;
            let org = tx.organization();
            let old = read::load(&mut tx.conn()?, org, kind_of::<R>(), &target).await?;
            preconditions.check(old.meta().version)?;
            if assigned_to_caller(tx, kind_of::<R>(), &[&old]).await? != [true] {
                return Err(not_assigned());
            }
            rule(tx, old.into_typed()?, said).await
        };
        key.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&write_options, 1, work).await?;
    Ok(into_response(answer, &write_options, replayed))
}

/// The object with another content, as the answer to the client.
///
/// # Errors
/// When the database does not answer.
pub async fn update_and_render<R: ResourceHooks>(tx: &mut Tx, old: Object<R>, body: R) -> Result<StoredResponse> {
    let new = write_consequence(tx, old, body).await?;
    render(tx, kind_of::<R>(), WriteOutcome::Updated, AnyObject::from(new)).await
}
