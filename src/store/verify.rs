//! Whether the chain of every ledger holds, from its first entry to the head that the tenant's row remembers.
use super::conn::dsl::*;
use super::ledger::{self, LedgerHead};
use super::schema::objects;
use super::types::DbId;
use super::{Conn, MapDbError, Store, migrate};
use crate::model::{Error, Id, Kind, StringEnum};
use crate::on;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const PAGE: i64 = 5000;

/// Checks everything and tells how many entries of how many organisations hold.
///
/// # Errors
/// That there is no database or a newer one; the first entry that does not hold, named by organisation and `seq`.
pub async fn verify(store: &Arc<Store>) -> Result<(i64, usize), String> {
    let checked = store.scan(async |conn| {
        migrate::check(conn).await?;
        verify_ledgers(conn).await.map_err(Error::Internal)
    });
    checked.await.map_err(|e| e.to_string())
}

/// As [`verify`], of an open database of this version.
///
/// # Errors
/// As there.
pub async fn verify_ledgers(conn: &mut Conn<'_>) -> Result<(i64, usize), String> {
    let known = organisations(conn).await.map_err(|e| e.to_string())?;
    let tenants = ledger::tenants(conn).await.map_err(|e| e.to_string())?;
    if let Some(org) = known.iter().find(|org| !tenants.iter().any(|(tenant, _)| tenant == *org)) {
        return Err(format!("organisation {org}: its ledger is missing"));
    }
    let mut entries = 0;
    let mut organisations = 0;
    for (org, head) in tenants {
        entries += one(conn, org, &head).await?;
        organisations += usize::from(org != Id::SYSTEM);
    }
    Ok((entries, organisations))
}

/// Every organisation there is; each has a ledger.
async fn organisations(conn: &mut Conn<'_>) -> crate::model::Result<Vec<Id>> {
    let rows: Vec<DbId> = on!(conn, |c| objects::table
        .filter(objects::organization_id.eq(DbId(Id::SYSTEM)))
        .filter(objects::kind.eq(Kind::Organization.as_str()))
        .select(objects::id)
        .load(c))
    .map_db_error()?;
    Ok(rows.into_iter().map(Id::from).collect())
}

async fn one(conn: &mut Conn<'_>, org: Id, head: &LedgerHead) -> Result<i64, String> {
    let mut hash = vec![0u8; 32];
    let mut seq = 0;
    let mut most = PAGE;
    loop {
        let page = match ledger::entries_after(conn, org, seq, &[], most).await {
            Ok(page) => page,
            // One of them cannot be read; from here one by one, to name it.
            Err(Error::Internal(_)) if most > 1 => {
                most = 1;
                continue;
            }
            Err(Error::Internal(cause)) => {
                return Err(format!("organisation {org}: ledger entry {} is broken: it cannot be read: {cause}", seq + 1));
            }
            Err(error) => return Err(error.to_string()),
        };
        for entry in &page {
            let broken = |why: &str| Err(format!("organisation {org}: ledger entry {} is broken: {why}", entry.seq));
            if entry.seq != seq + 1 {
                return broken(&format!("entry {} is missing before it", seq + 1));
            }
            // A body that was erased leaves its digest behind.
            if entry.body.as_ref().is_some_and(|body| Sha256::digest(body).as_slice() != entry.digest) {
                return broken("its body is not the one that was written");
            }
            if entry.chain_hash(&hash) != entry.hash {
                return broken("its hash does not follow from the entry before");
            }
            seq = entry.seq;
            hash.clone_from(&entry.hash);
        }
        if (page.len() as i64) < most {
            break;
        }
    }
    // Writes may have gone on while this was reading.
    if seq < head.seq {
        return Err(format!("organisation {org}: ledger entry {} is missing at the end", seq + 1));
    }
    if seq == head.seq && hash != head.hash {
        return Err(format!("organisation {org}: ledger entry {seq} is not the one the head remembers"));
    }
    Ok(seq)
}
