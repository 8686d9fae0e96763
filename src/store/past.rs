//! Objects as the ledger tells them, at a place in it or at its end.
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::ledger::{AuditAction, AuditEntry};
use super::object_meta::CHUNK;
use super::schema::ledger;
use super::types::{DbEnum, DbId};
use crate::model::{Id, Kind, Result, StringEnum};
use crate::on;
use std::collections::HashMap;

/// The objects of some kinds as they were at `seq`: the newest entry of each, without those deleted by then.
pub async fn as_of(conn: &mut Conn<'_>, org: Id, kinds: &[Kind], seq: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let newer = diesel::alias!(ledger as newer);
    on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::seq.le(seq))
        .filter(ledger::kind.eq_any(words))
        .filter(ledger::operation.ne(AuditAction::Deleted.as_str()))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            newer
                .filter(newer.field(ledger::organization_id).eq(ledger::organization_id))
                .filter(newer.field(ledger::object_id).eq(ledger::object_id))
                .filter(newer.field(ledger::seq).gt(ledger::seq))
                .filter(newer.field(ledger::seq).le(seq)),
        )))
        .order(ledger::seq)
        .limit(limit)
        .select(AuditEntry::as_select())
        .load(c))
    .map_db_error()
}

/// The newest entries of the objects of a kind that are there, in their order, those after a place in the ledger.
pub async fn live_after(conn: &mut Conn<'_>, org: Id, kind: Kind, after: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let newer = diesel::alias!(ledger as newer);
    on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::seq.gt(after))
        .filter(ledger::kind.eq(kind.as_str()))
        .filter(ledger::operation.ne(AuditAction::Deleted.as_str()))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            newer
                .filter(newer.field(ledger::organization_id).eq(ledger::organization_id))
                .filter(newer.field(ledger::object_id).eq(ledger::object_id))
                .filter(newer.field(ledger::seq).gt(ledger::seq)),
        )))
        .order(ledger::seq)
        .limit(limit)
        .select(AuditEntry::as_select())
        .load(c))
    .map_db_error()
}

/// Everything about named objects, of any kind, up to a place in the ledger, oldest first.
pub async fn entries_of_until(conn: &mut Conn<'_>, org: Id, ids: &[Id], seq: i64) -> Result<Vec<AuditEntry>> {
    let mut found = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
        let entries: Vec<AuditEntry> = on!(conn, |c| ledger::table
            .filter(ledger::organization_id.eq(DbId(org)))
            .filter(ledger::seq.le(seq))
            .filter(ledger::object_id.eq_any(ids))
            .order(ledger::seq)
            .select(AuditEntry::as_select())
            .load(c))
        .map_db_error()?;
        found.extend(entries);
    }
    Ok(found)
}

/// As [`as_of`] for named objects, of any kind.
pub async fn entries_of_as_of(conn: &mut Conn<'_>, org: Id, ids: &[Id], seq: i64) -> Result<Vec<AuditEntry>> {
    let mut newest = HashMap::new();
    for entry in entries_of_until(conn, org, ids, seq).await? {
        newest.insert(entry.object_id, entry);
    }
    Ok(newest.into_values().filter(|entry| entry.operation.0 != AuditAction::Deleted).collect())
}

/// The kinds of objects, those of deleted ones too.
///
/// # Errors
/// When the database does not answer.
pub async fn kinds_of(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<HashMap<Id, Kind>> {
    let mut kinds = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
        let rows: Vec<(DbId, DbEnum<Kind>)> = on!(conn, |c| ledger::table
            .filter(ledger::organization_id.eq(DbId(org)))
            .filter(ledger::object_id.eq_any(&ids))
            .filter(ledger::version.eq(1))
            .select((ledger::object_id, ledger::kind))
            .load(c))
        .map_db_error()?;
        kinds.extend(rows.into_iter().map(|(id, kind)| (id.0, kind.0)));
    }
    Ok(kinds)
}
