//! Writing to one object in another way than by a draft, a patch or a move, such as an approval, a note or a copy.
use super::change_set::{assigned_to_caller, not_assigned};
use super::command::WriteOutcome;
use super::http::{JSON, PATCH, into_response, render};
use super::idempotency::IdempotencyKey;
use super::params::{guarded, spelled};
use super::read;
use crate::http::body;
use crate::http::context::{Scope, Writer};
use crate::model::Result;
use crate::store::idempotency::Answer;
use crate::store::{AnyObject, Object, Stored, Tx, kind_of, revise};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

/// Reads what the client sends, and does with the object what the rule says.
///
/// # Errors
/// What the rule answers, and those of every write.
pub async fn perform<R: Stored, S: Scope, T: Send + 'static>(
    writer: Writer<S>,
    request: HttpRequest,
    payload: Payload,
    said: fn(Value) -> Result<T>,
    rule: impl AsyncFnOnce(&mut Tx, Object<R>, T) -> Result<Answer> + Send + 'static,
) -> Result<HttpResponse> {
    body::require_type(&request, if request.method() == Method::PATCH { PATCH } else { JSON })?;
    let wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let said = said(body::json(&bytes)?)?;
    let preconditions = wishes.preconditions.clone();
    let key = IdempotencyKey::of(writer.caller(), &wishes, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.take_turn().await?;
            let org = tx.organization();
            let old = read::load(&mut tx.conn()?, org, kind_of::<R>(), &target).await?;
            preconditions.check(old.head().version)?;
            if assigned_to_caller(tx, kind_of::<R>(), &[&old]).await? != [true] {
                return Err(not_assigned());
            }
            rule(tx, old.into_typed()?, said).await
        };
        key.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(into_response(answer, &wishes, replayed))
}

/// The object with another content, as the answer to the client.
///
/// # Errors
/// When the database does not answer.
pub async fn changed<R: Stored>(tx: &mut Tx, old: Object<R>, body: R) -> Result<Answer> {
    let new = revise(tx, old, body).await?;
    render(tx, kind_of::<R>(), WriteOutcome::Updated, AnyObject::from(new)).await
}
