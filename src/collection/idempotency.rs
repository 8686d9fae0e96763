//! `Idempotency-Key`: the same request again gets the first answer and changes nothing.
use crate::http::context::RequestContext;
use crate::http::headers::WriteOptions;
use crate::http::state::State;
use crate::model::{Error, Id, Result};
use crate::store::Tx;
use crate::store::idempotency::{self, StoredResponse};
use actix_web::HttpRequest;
use actix_web::web::Data;
use sha2::{Digest, Sha256};

/// The turn of a request with its key, and of every request without one. While it lives, this instance refuses others
/// with the same key; another instance waits for the ledger's turn instead.
pub struct IdempotencyKey(Option<Keyed>);

struct Keyed {
    app: Data<State>,
    /// Organisation, subject, key.
    entry: (Id, String, String),
    digest: Vec<u8>,
}

/// What a request is answered with.
pub enum Answer<T> {
    /// What the work did.
    First(T),
    /// What was kept of the same request's first answer.
    Again(StoredResponse),
}

impl IdempotencyKey {
    /// # Errors
    /// `409 idempotency_in_flight` when a request with the key is being worked on.
    pub fn from_request(
        caller: &RequestContext,
        write_options: &WriteOptions,
        request: &HttpRequest,
        body: &[u8],
    ) -> Result<IdempotencyKey> {
        let Some(key) = write_options.idempotency_key.clone() else { return Ok(IdempotencyKey(None)) };
        let entry = (caller.organization(), caller.identity().subject.clone(), key);
        let app = caller.app().clone();
        if !app.in_flight.lock().unwrap_or_else(|e| e.into_inner()).insert(entry.clone()) {
            return Err(Error::conflict("idempotency_in_flight", "a request with this Idempotency-Key is being worked on"));
        }
        Ok(IdempotencyKey(Some(Keyed { app, entry, digest: digest(request, body) })))
    }

    /// Does the work unless it was done before; tells whether the answer is an earlier one.
    ///
    /// # Errors
    /// What the work answers; 422 when the key came with another request.
    pub async fn run(
        &self,
        tx: &mut Tx,
        work: impl AsyncFnOnce(&mut Tx) -> Result<StoredResponse>,
    ) -> Result<(StoredResponse, bool)> {
        match self.run_keeping(tx, work, |answer| Ok(answer.clone())).await? {
            Answer::First(answer) => Ok((answer, false)),
            Answer::Again(answer) => Ok((answer, true)),
        }
    }

    /// As [`IdempotencyKey::run`], of work whose answer is put together later: of what it did, something is kept.
    ///
    /// # Errors
    /// As [`IdempotencyKey::run`].
    pub async fn run_keeping<T>(
        &self,
        tx: &mut Tx,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T>,
        kept: impl FnOnce(&T) -> Result<StoredResponse>,
    ) -> Result<Answer<T>> {
        let Some(Keyed { entry: (_, _, key), digest, .. }) = &self.0 else { return Ok(Answer::First(work(tx).await?)) };
        tx.lock_tenant().await?;
        if let Some((first, answer)) = idempotency::find(tx, key).await? {
            if first != *digest {
                return Err(Error::status(422, "idempotency_key_reused", "the key was used before with another request"));
            }
            return Ok(Answer::Again(answer));
        }
        let done = work(tx).await?;
        idempotency::insert(tx, key, digest, &kept(&done)?).await?;
        Ok(Answer::First(done))
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        self.app.in_flight.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.entry);
    }
}

/// What makes a request the same as an earlier one.
fn digest(request: &HttpRequest, body: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(request.method().as_str());
    digest.update(b" ");
    digest.update(request.uri().to_string());
    digest.update(b"\n");
    digest.update(body);
    digest.finalize().to_vec()
}
