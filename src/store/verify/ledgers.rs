//! Whether the chain of every ledger holds, from its first entry to the head that the tenant's row remembers.
use crate::model::{ERASABLE, Error, Id, Kind, StringEnum, Timestamp, erased_key};
use crate::on;
use crate::store::conn::dsl::*;
use crate::store::conn::{Conn, MapDbError};
use crate::store::ledger::{self, AuditAction, LedgerHead};
use crate::store::schema::objects;
use crate::store::types::DbId;
use crate::store::types::sql::Identity;
use diesel::dsl::sql;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const PAGE: i64 = 5000;

/// The newest entry of a ledger.
#[derive(Debug, Clone)]
pub struct Head {
    pub organization: Id,
    pub seq: i64,
    pub at: Timestamp,
    /// Hexadecimal.
    pub hash: String,
    /// Whether it takes writes: that of a deleted organisation stays and does not.
    pub open: bool,
    /// Entries whose body was taken out, as the erasure of personal data does.
    pub erased: u64,
}

/// Checks the chain of every ledger.
///
/// # Errors
/// The first entry that does not hold, named by organisation and `seq`; a ledger that is missing, entries of nobody.
pub async fn verify_ledgers(conn: &mut Conn<'_>) -> Result<Vec<Head>, String> {
    let known = organisations(conn).await.map_err(|e| e.to_string())?;
    let tenants = ledger::tenants(conn).await.map_err(|e| e.to_string())?;
    if let Some(org) = known.iter().find(|org| !tenants.iter().any(|(tenant, _)| tenant == *org)) {
        return Err(format!("organisation {org}: its ledger is missing"));
    }
    let strangers = strangers(conn).await.map_err(|e| e.to_string())?;
    if let Some(org) = strangers.iter().find(|org| !tenants.iter().any(|(tenant, _)| tenant == *org)) {
        return Err(format!("organisation {org}: it has entries or objects, and the head of its ledger is missing"));
    }
    let open = ledger::open_tenants(conn).await.map_err(|e| e.to_string())?;
    let mut heads = Vec::with_capacity(tenants.len());
    for (organization, head) in tenants {
        let (seq, erased) = one(conn, organization, &head).await?;
        let open = open.contains(&organization);
        if !open && known.contains(&organization) {
            return Err(format!("organisation {organization}: it is there, and its ledger is closed"));
        }
        heads.push(Head { organization, seq: seq.min(head.seq), at: head.at, hash: hex::encode(&head.hash), open, erased });
    }
    Ok(heads)
}

/// All organisations whose entries or objects there are.
async fn strangers(conn: &mut Conn<'_>) -> crate::model::Result<Vec<Id>> {
    let statement = "SELECT DISTINCT organization_id FROM ledger UNION SELECT DISTINCT organization_id FROM objects";
    let rows: Vec<DbId> = on!(conn, |c| sql::<Identity>(statement).load(c)).map_db_error()?;
    Ok(rows.into_iter().map(Id::from).collect())
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

async fn one(conn: &mut Conn<'_>, org: Id, head: &LedgerHead) -> Result<(i64, u64), String> {
    let mut hash = vec![0u8; 32];
    let (mut seq, mut erased) = (0, 0);
    // Objects whose bodies are missing without the entry that tells of their erasure, each with its first such entry.
    let mut unexplained: BTreeMap<Id, i64> = BTreeMap::new();
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
            let id = entry.object_id.0;
            if ERASABLE.contains(&entry.kind.0) && entry.object_key == erased_key(id) {
                unexplained.remove(&id);
            }
            if entry.body.is_none() && entry.operation.0 != AuditAction::Deleted {
                erased += 1;
                unexplained.entry(id).or_insert(seq);
            }
        }
        if (page.len() as i64) < most {
            break;
        }
    }
    // Writes may have gone on while this was reading.
    if seq < head.seq {
        return Err(format!("organisation {org}: ledger entry {} is missing at the end", seq + 1));
    }
    if let Some(seq) = unexplained.values().min() {
        return Err(format!(
            "organisation {org}: ledger entry {seq} is broken: its body is gone, and no later entry tells that it was erased"
        ));
    }
    if seq == head.seq && hash != head.hash {
        return Err(format!("organisation {org}: ledger entry {seq} is not the one the head remembers"));
    }
    Ok((seq, erased))
}
