//! Whether the chain of every ledger holds, from its first entry to the head that the tenant's row remembers.
use super::ledger::{self, Head};
use super::Store;
use crate::model::Id;
use sha2::{Digest, Sha256};

const PAGE: i64 = 5000;

/// Checks everything and tells how many entries of how many organisations hold.
///
/// # Errors
/// The first entry that does not hold, named by organisation and `seq`.
pub async fn verify(store: &Store) -> Result<(i64, usize), String> {
    let tenants = store.read(async |conn| ledger::tenants(conn).await).await.map_err(|e| e.to_string())?;
    let mut entries = 0;
    let mut organisations = 0;
    for (org, head) in tenants {
        entries += one(store, org, &head).await?;
        organisations += usize::from(org != Id::SYSTEM);
    }
    Ok((entries, organisations))
}

async fn one(store: &Store, org: Id, head: &Head) -> Result<i64, String> {
    let mut hash = vec![0u8; 32];
    let mut seq = 0;
    loop {
        let page = store.read(async |conn| ledger::after(conn, org, seq, &[], PAGE).await).await.map_err(|e| e.to_string())?;
        for entry in &page {
            let broken = |why: &str| Err(format!("organisation {org}: ledger entry {} is broken: {why}", entry.seq));
            if entry.seq != seq + 1 {
                return broken(&format!("entry {} is missing before it", seq + 1));
            }
            // A body that was erased leaves its digest behind.
            if entry.body.as_ref().is_some_and(|body| Sha256::digest(body).as_slice() != entry.digest) {
                return broken("its body is not the one that was written");
            }
            if entry.chained(&hash) != entry.hash {
                return broken("its hash does not follow from the entry before");
            }
            seq = entry.seq;
            hash.clone_from(&entry.hash);
        }
        if page.len() < PAGE as usize {
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
