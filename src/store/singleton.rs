//! Objects of which an organisation has exactly one.
use super::conn::Conn;
use super::object::Object;
use super::rows::ResourceHooks;
use super::snapshot::{ReadPoint, Snapshot};
use super::{audit, past};
use crate::model::{Id, ListQuery, Result};

/// The key under which it is kept.
pub const KEY: &str = "THE-ONE";

/// The object as it is; `None` while nobody has written it.
///
/// # Errors
/// When the database does not answer.
pub async fn now<R: ResourceHooks>(conn: &mut Conn<'_>, org: Id) -> Result<Option<Object<R>>> {
    Ok(R::page(conn, org, &ListQuery::first(1)).await?.pop())
}

/// The object as it was last written, now or at a place in the ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn of<R: ResourceHooks>(conn: &mut Conn<'_>, snapshot: &Snapshot) -> Result<Option<Object<R>>> {
    let now = now::<R>(conn, snapshot.organization).await?;
    let (ReadPoint::Past(seq), Some(now)) = (snapshot.place, &now) else { return Ok(now) };
    // It is never deleted, so whoever is there now is the one that was there.
    let entries = past::entries_of_as_of(conn, snapshot.organization, &[now.meta.id], seq).await?;
    let body = entries.into_iter().next().and_then(|entry| entry.body);
    body.map(|body| audit::from_record_of(&body)).transpose()
}
