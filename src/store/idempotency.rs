//! First answers, kept with the effect in its transaction, for the repetition of a request.
use super::conn::MapDbError;
use super::conn::dsl::*;
use super::schema::idempotency_keys;
use super::tx::Tx;
use super::types::{DbId, DbTime};
use crate::model::{Result, Timestamp};
use crate::on;

/// How long an answer is kept.
pub const KEPT_SECONDS: i64 = 72 * 3600;

/// An answer that can be given again.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResponse {
    pub status: u16,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub body: String,
}

/// The answer kept for a key, with the digest of the request it answered.
pub async fn find(tx: &mut Tx, key: &str) -> Result<Option<(Vec<u8>, StoredResponse)>> {
    let (org, subject, now) = (tx.organization(), tx.context().actor.clone(), tx.context().now);
    let mut conn = tx.conn()?;
    type Row = (Vec<u8>, i64, Option<String>, Option<String>, String, DbTime);
    let row: Option<Row> = on!(&mut conn, |c| idempotency_keys::table
        .find((DbId(org), &subject, key))
        .select((
            idempotency_keys::request,
            idempotency_keys::status,
            idempotency_keys::location,
            idempotency_keys::etag,
            idempotency_keys::body,
            idempotency_keys::created_at,
        ))
        .get_result(c))
    .optional()
    .map_db_error()?;
    let Some((request, status, location, etag, body, created_at)) = row else { return Ok(None) };
    if created_at.0.seconds() + KEPT_SECONDS < now.seconds() {
        on!(&mut conn, |c| diesel::delete(idempotency_keys::table.find((DbId(org), &subject, key))).execute(c)).map_db_error()?;
        return Ok(None);
    }
    Ok(Some((request, StoredResponse { status: u16::try_from(status).unwrap_or(200), location, etag, body })))
}

/// Keeps an answer.
pub async fn insert(tx: &mut Tx, key: &str, request: &[u8], answer: &StoredResponse) -> Result<()> {
    let row = (
        idempotency_keys::organization_id.eq(DbId(tx.organization())),
        idempotency_keys::subject.eq(tx.context().actor.clone()),
        idempotency_keys::key.eq(key.to_owned()),
        idempotency_keys::request.eq(request.to_vec()),
        idempotency_keys::status.eq(i64::from(answer.status)),
        idempotency_keys::location.eq(answer.location.clone()),
        idempotency_keys::etag.eq(answer.etag.clone()),
        idempotency_keys::body.eq(answer.body.clone()),
        idempotency_keys::created_at.eq(DbTime(tx.context().now)),
    );
    on!(&mut tx.conn()?, |c| diesel::insert_into(idempotency_keys::table).values(row).execute(c)).map_db_error()?;
    Ok(())
}

/// Forgets what is older than its time; run now and then.
pub async fn delete_expired(tx: &mut Tx) -> Result<()> {
    let oldest = Timestamp::from_seconds(tx.context().now.seconds() - KEPT_SECONDS).unwrap_or(Timestamp::EPOCH);
    on!(&mut tx.conn()?, |c| diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(DbTime(oldest))))
        .execute(c))
    .map_db_error()?;
    Ok(())
}
