//! Taking personal data out of what is kept: bodies of the ledger, whose chain holds without them, and kept answers.
use super::bind::Bind;
use super::conn::{Conn, MapDbError};
use super::fragment::Fragment;
use super::tx::Tx;
use super::types::{DbId, DbTime, sql::Identity};
use crate::model::{ERASED_PREFIX, Error, Id, Kind, Result, StringEnum, Timestamp};
use crate::on;
use diesel::sql_types::Untyped;

/// Takes the bodies of everything the ledger tells of an object out of it, and says how many there were. What this change
/// appends comes after it and stays.
///
/// # Errors
/// When the change is one of a group, whose entries are not all written yet: [`WriteContext::large`](super::WriteContext).
pub async fn blank_bodies(tx: &mut Tx, id: Id) -> Result<usize> {
    if !tx.context().large {
        return Err(Error::Internal("bodies are erased by a change with a transaction of its own".into()));
    }
    let statement = Fragment::default()
        .sql("UPDATE ledger SET body = NULL WHERE organization_id = ")
        .id(tx.organization())
        .sql(" AND object_id = ")
        .id(id)
        .sql(" AND body IS NOT NULL")
        .rows::<Untyped>();
    on!(&mut tx.conn()?, |c| statement.execute(c)).map_db_error()
}

/// Deletes the kept answers of the organisation that name an object, and says how many there were.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_answers(tx: &mut Tx, id: Id) -> Result<usize> {
    let named = || Bind::Text(Some(format!("%{id}%")));
    let statement = Fragment::default()
        .sql("DELETE FROM idempotency_keys WHERE organization_id = ")
        .id(tx.organization())
        .sql(" AND (body LIKE ")
        .bind(named())
        .sql(" OR location LIKE ")
        .bind(named())
        .sql(")")
        .rows::<Untyped>();
    on!(&mut tx.conn()?, |c| statement.execute(c)).map_db_error()
}

/// Objects of a kind that were deleted at a moment or before it and have not been erased since, the first ones.
///
/// # Errors
/// When the database does not answer.
pub async fn deleted_until(conn: &mut Conn<'_>, org: Id, kind: Kind, until: Timestamp, limit: i64) -> Result<Vec<Id>> {
    // The operation stands in the text: only so the planners see that the index of deletions serves.
    let statement = Fragment::default()
        .sql("SELECT object_id FROM ledger WHERE operation = 'deleted' AND organization_id = ")
        .id(org)
        .sql(" AND kind = ")
        .bind(Bind::Word(Some(kind.as_str())))
        .sql(" AND at <= ")
        .bind(Bind::Time(Some(DbTime(until))))
        .sql(&format!(" AND object_key NOT LIKE '{ERASED_PREFIX}%'"))
        .sql(" AND NOT EXISTS (SELECT 1 FROM ledger newer WHERE newer.organization_id = ledger.organization_id")
        .sql(" AND newer.object_id = ledger.object_id AND newer.seq > ledger.seq) ORDER BY seq LIMIT ")
        .integer(Some(limit));
    let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(Id::from).collect())
}
