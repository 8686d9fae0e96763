//! Which organisation a backup is of, where it is one alone.
use crate::model::{Error, Id, Kind, Result};
use crate::store::conn::Conn;
use crate::store::past;
use serde::{Deserialize, Serialize};

/// The organisation a backup is of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OneOrganization {
    pub id: String,
    pub key: String,
    /// The organisation as the ledger of the organisations has it.
    pub record: String,
}

/// The organisation of this key or id.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn find(conn: &mut Conn<'_>, named: &str) -> Result<OneOrganization> {
    let (mut after, id) = (0, Id::parse(named));
    loop {
        let page = past::live_after(conn, Id::SYSTEM, Kind::Organization, after, 500).await?;
        let Some(last) = page.last() else {
            return Err(Error::Internal(format!("there is no organisation {named:?}")));
        };
        after = last.seq;
        let found = page.into_iter().find(|entry| entry.object_key == named || Some(entry.object_id.0) == id);
        if let Some(entry) = found {
            let record = entry.body.ok_or_else(|| Error::Internal("the organisation's record is gone".into()))?;
            return Ok(OneOrganization { id: entry.object_id.0.to_string(), key: entry.object_key, record });
        }
    }
}
