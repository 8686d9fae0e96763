//! What entries of the ledger hold, as clients are shown it.
use crate::collection::{read, view};
use crate::for_kind;
use crate::model::{Id, Kind, Result, Word};
use crate::store::ledger::Entry;
use crate::store::{Conn, Object, record};
use serde_json::Value;
use std::collections::HashMap;

/// The objects after the writes, by `seq`; links carry the names of now.
pub async fn shown(conn: &mut Conn<'_>, org: Id, entries: &[Entry]) -> Result<HashMap<i64, Value>> {
    let mut all = HashMap::new();
    for kind in Kind::ALL {
        for_kind!(kind, |R| {
            let of_kind: Vec<&Entry> = entries.iter().filter(|entry| entry.kind.0 == *kind && entry.body.is_some()).collect();
            let mut objects: Vec<Object<R>> = Vec::with_capacity(of_kind.len());
            for entry in &of_kind {
                objects.push(record::from_record::<R>(entry.body.as_deref().unwrap_or("null"))?);
            }
            if !objects.is_empty() {
                read::named(conn, org, &mut objects).await?;
            }
            for (entry, object) in of_kind.iter().zip(&objects) {
                all.insert(entry.seq, view::stored(object)?);
            }
        });
    }
    Ok(all)
}
