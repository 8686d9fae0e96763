//! Whose token or API key a request carries.
use super::state::State;
use crate::auth::{API_KEY_PREFIX, ApiKeyHolder, Identity, secret_digest};
use crate::model::{Error, Result, Timestamp};
use actix_web::web::Data;
use std::sync::Arc;

/// Why somebody is not let in: a word for the log and what they are told, or that it could not be found out.
pub enum Refused {
    Word(&'static str, &'static str),
    Fault(Error),
}

/// Who shows this token or API key.
pub async fn bearer(app: &Data<State>, text: &str, now: Timestamp) -> std::result::Result<Arc<Identity>, Refused> {
    if !text.starts_with(API_KEY_PREFIX) {
        let verified = app.verifier.verify(text, now.seconds()).await;
        return verified.map_err(|rejection| Refused::Word(rejection.reason(), rejection.detail()));
    }
    let digest = secret_digest(text).ok_or(Refused::Word("malformed", "the API key is not valid"))?;
    let known = match app.api_keys.recall(&digest) {
        Some(known) => Some(known),
        None => {
            let longest = app.config.auth.longest_api_key_seconds();
            let identity = |holder: &ApiKeyHolder| holder.identity(app.verifier.policy(), longest);
            in_time(app, app.api_keys.look_up(&app.store, &digest, identity)).await.map_err(Refused::Fault)?
        }
    };
    let known = known.ok_or(Refused::Word("unknown_key", "the API key is not valid"))?;
    if known.revoked {
        return Err(Refused::Word("revoked", "the API key is revoked"));
    }
    if now.seconds() >= known.identity.expires_at {
        return Err(Refused::Word("expired", "the API key has expired, or another secret has taken the place of this one"));
    }
    app.api_keys.used(digest, known.organization, now);
    Ok(known.identity)
}

/// What is read before the work of a request. That may take a statement's time again, so this takes a part of it.
pub async fn in_time<T>(app: &Data<State>, look_up: impl Future<Output = Result<T>>) -> Result<T> {
    match app.statement_limit {
        Some(limit) => tokio::time::timeout(limit / 4, look_up).await.map_err(|_| Error::silent_database())?,
        None => look_up.await,
    }
}
