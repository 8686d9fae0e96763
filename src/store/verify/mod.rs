//! Whether a database still holds what was written to it: the chain of every ledger, every object against the newest entry
//! about it, and what the database itself knows of its files.
mod ledgers;
mod objects;
mod storage;

pub use ledgers::{Head, verify_ledgers};

use super::conn::Conn;
use super::kind::Kinds;
use super::snapshot::Landscapes;
use super::{Store, migrate};
use crate::model::{Error, Result};
use std::sync::Arc;

/// What was found to hold.
pub struct Verdict {
    /// The newest entry of every ledger.
    pub heads: Vec<Head>,
    pub entries: i64,
    pub objects: u64,
    /// Entries whose body was taken out, as the erasure of personal data does.
    pub erased: u64,
}

/// Checks everything.
///
/// # Errors
/// That there is no database or a newer one; what does not hold, a line each: the first broken entry of a ledger by organisation and
/// `seq`, objects by key and entry.
pub async fn verify(store: &Arc<Store>, kinds: Kinds, landscapes: Arc<dyn Landscapes>) -> std::result::Result<Verdict, String> {
    let checked = store.scan(async move |conn| {
        migrate::check(conn).await?;
        conn.wait_patiently().await?;
        storage::check(conn).await?;
        let heads = verify_ledgers(conn).await.map_err(Error::Internal)?;
        // Objects and entries of one moment: others may be writing.
        conn.batch(if conn.is_sqlite() { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }).await?;
        let verdict = verify_objects(conn, kinds, &*landscapes, heads).await?;
        conn.batch("COMMIT").await?;
        // Last: what is wrong with an object has been told by its name then.
        storage::check_references(conn).await?;
        Ok(verdict)
    });
    checked.await.map_err(|e| e.to_string())
}

/// Compares the objects of ledgers that were found to hold with their newest entries, and effective objectives with what they follow
/// from.
///
/// # Errors
/// What does not hold, a line each, or that the database does not answer.
pub async fn verify_objects(conn: &mut Conn<'_>, kinds: Kinds, landscapes: &dyn Landscapes, heads: Vec<Head>) -> Result<Verdict> {
    let mut all = objects::Comparison::default();
    for tenant in heads.iter().filter(|tenant| tenant.open) {
        for kind in kinds.all() {
            all.compare(conn, tenant.organization, kind).await?;
        }
        for (id, _) in landscapes.wrong_objectives(conn, tenant.organization).await? {
            all.tell(format!(
                "organisation {}: the effective objectives of {id} are not what follows from the others: `holdfast rebuild` \
                 computes them anew",
                tenant.organization
            ));
        }
    }
    all.end()?;
    let entries = heads.iter().map(|head| head.seq).sum();
    let erased = heads.iter().map(|head| head.erased).sum();
    Ok(Verdict { heads, entries, objects: all.objects, erased })
}
