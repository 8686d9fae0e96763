//! Objects of which an organisation has exactly one.
use super::conn::Conn;
use super::object::Object;
use super::rows::Stored;
use super::scene::{Place, Scene};
use super::{ledger, record};
use crate::model::{Id, Query, Result};

/// The key under which it is kept.
pub const KEY: &str = "THE-ONE";

/// The object as it is; `None` while nobody has written it.
///
/// # Errors
/// When the database does not answer.
pub async fn now<R: Stored>(conn: &mut Conn<'_>, org: Id) -> Result<Option<Object<R>>> {
    Ok(R::page(conn, org, &Query::first(1)).await?.pop())
}

/// The object as it was last written, now or at a place in the ledger.
///
/// # Errors
/// When the database does not answer.
pub async fn of<R: Stored>(conn: &mut Conn<'_>, scene: &Scene) -> Result<Option<Object<R>>> {
    let now = now::<R>(conn, scene.organization).await?;
    let (Place::Past(seq), Some(now)) = (scene.place, &now) else { return Ok(now) };
    // It is never deleted, so whoever is there now is the one that was there.
    let entries = ledger::these_as_of(conn, scene.organization, &[now.head.id], seq).await?;
    let body = entries.into_iter().next().and_then(|entry| entry.body);
    body.map(|body| record::from_record_of(&body)).transpose()
}
