//! Writing to one object in another way than by a draft, a patch or a move, such as an approval, a note or a copy.
use super::asked::{guarded, spelled};
use super::http::{JSON, PATCH, answer, answered};
use super::once::Once;
use super::order::Done;
use super::read;
use super::write::{not_theirs, theirs};
use crate::app::App;
use crate::http::body;
use crate::http::context::{Scope, Writer};
use crate::model::Result;
use crate::store::idempotency::Answer;
use crate::store::{Object, Stored, Tx, revise};
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
    rule: impl AsyncFnOnce(&mut Tx, &App, Object<R>, T) -> Result<Answer> + Send + 'static,
) -> Result<HttpResponse> {
    body::require_type(&request, if request.method() == Method::PATCH { PATCH } else { JSON })?;
    let wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let said = said(body::json(&bytes)?)?;
    let (guard, app) = (wishes.guard.clone(), writer.caller().app().clone());
    let once = Once::of(writer.caller(), &wishes, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.take_turn().await?;
            let org = tx.organization();
            let old = read::existing::<R>(&mut tx.conn()?, org, &target).await?;
            guard.met_by(old.head.version)?;
            if theirs(tx, &[&old]).await? != [true] {
                return Err(not_theirs());
            }
            rule(tx, &app, old, said).await
        };
        once.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(answered(answer, &wishes, replayed))
}

/// The object with another content, as the answer to the client.
///
/// # Errors
/// When the database does not answer.
pub async fn changed<R: Stored>(tx: &mut Tx, app: &App, old: Object<R>, body: R) -> Result<Answer> {
    let new = revise(tx, old, body).await?;
    answer(tx, app, Done::Updated, new).await
}
