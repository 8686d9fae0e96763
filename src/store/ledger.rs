//! The ledger: one append-only list of all writes per organisation, each entry chained to the one before.
use super::bind::Bind;
use super::change::WriteContext;
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::fragment::Fragment;
use super::object_meta::CHUNK;
use super::schema::{ledger, tenants};
use super::types::{DbEnum, DbId, DbTime, sql::Identity};
use crate::model::{Id, Kind, Result, StringEnum, Timestamp};
use crate::{on, row, string_enum};
use diesel::sql_types::{BigInt, Untyped};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

string_enum! {
    /// What a write did to its object.
    pub enum AuditAction {
        Created = "created",
        Updated = "updated",
        Deleted = "deleted",
    }
}

/// The newest entry of a ledger, as far as the next one needs it.
#[derive(Debug, Clone)]
pub struct LedgerHead {
    pub seq: i64,
    pub at: Timestamp,
    pub hash: Vec<u8>,
    /// The newest entry that changed the dependency graph.
    pub graph_seq: i64,
    /// The `seq` it was read with.
    pub from: i64,
}

/// One write, before it has its place.
#[derive(Debug, Clone)]
pub struct NewAuditEntry {
    pub kind: Kind,
    /// Whether it changes the dependency graph.
    pub in_graph: bool,
    pub id: Id,
    pub key: String,
    pub version: i64,
    pub operation: AuditAction,
    /// The object after the write as JSON; `None` for a deletion.
    pub body: Option<String>,
}

/// One write in its place.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ledger)]
pub struct AuditEntry {
    pub organization_id: DbId,
    pub seq: i64,
    pub at: DbTime,
    pub kind: DbEnum<Kind>,
    pub object_id: DbId,
    pub object_key: String,
    pub version: i64,
    pub operation: DbEnum<AuditAction>,
    pub actor: String,
    pub request_id: String,
    pub reason: Option<String>,
    pub body: Option<String>,
    pub digest: Vec<u8>,
    pub hash: Vec<u8>,
}

row!(in ledger: AuditEntry { organization_id, seq, at, kind, object_id, object_key, version, operation, actor, request_id, reason, body, digest, hash, });

impl LedgerHead {
    /// The entry that follows, and the head moved on to it.
    pub fn append(&mut self, change: &WriteContext, fact: NewAuditEntry) -> AuditEntry {
        let digest = Sha256::digest(fact.body.as_deref().unwrap_or("")).to_vec();
        let mut entry = AuditEntry {
            organization_id: DbId(change.organization),
            seq: self.seq + 1,
            at: DbTime(change.now.max(self.at)),
            kind: DbEnum(fact.kind),
            object_id: DbId(fact.id),
            object_key: fact.key,
            version: fact.version,
            operation: DbEnum(fact.operation),
            actor: change.actor.clone(),
            request_id: change.request_id.clone(),
            reason: change.reason.clone(),
            body: fact.body,
            digest,
            hash: Vec::new(),
        };
        entry.hash = entry.chain_hash(&self.hash);
        self.seq = entry.seq;
        if fact.in_graph {
            self.graph_seq = entry.seq;
        }
        self.at = entry.at.0;
        self.hash.clone_from(&entry.hash);
        entry
    }

    pub fn has_advanced(&self) -> bool {
        self.seq != self.from
    }

    /// Whether the ledger has grown to twice its size, so that what is known of the tables is out of date. A large one
    /// that grows by single changes gives the database the time to find out by itself.
    pub fn has_doubled(&self, by_batch: bool) -> bool {
        let (least, most) = if by_batch { (1000, i64::MAX) } else { (4000, 100_000) };
        (least..most).contains(&self.seq) && self.seq.ilog2() > self.from.max(1).ilog2()
    }
}

impl AuditEntry {
    /// SHA-256 over the hash before and every field but the body, whose digest stands for it: so personal data can be
    /// taken out of a body without breaking the chain. Fields are separated by their lengths.
    pub fn chain_hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(previous);
        field(self.organization_id.0.0.as_bytes());
        field(&self.seq.to_be_bytes());
        field(&self.at.0.micros().to_be_bytes());
        field(self.kind.0.as_str().as_bytes());
        field(self.object_id.0.0.as_bytes());
        field(self.object_key.as_bytes());
        field(&self.version.to_be_bytes());
        field(self.operation.0.as_str().as_bytes());
        field(self.actor.as_bytes());
        field(self.request_id.as_bytes());
        field(&[u8::from(self.reason.is_some())]);
        field(self.reason.as_deref().unwrap_or("").as_bytes());
        field(&self.digest);
        hash.finalize().to_vec()
    }
}

type HeadRow = (i64, DbTime, Vec<u8>, i64);
fn as_head((seq, at, hash, graph_seq): HeadRow) -> LedgerHead {
    LedgerHead { seq, at: at.0, hash, graph_seq, from: seq }
}

/// The head of a ledger, if the tenant is there.
pub async fn head(conn: &mut Conn<'_>, org: Id) -> Result<Option<LedgerHead>> {
    let row = on!(conn, |c| tenants::table
        .find(DbId(org))
        .select((tenants::seq, tenants::at, tenants::hash, tenants::graph_seq))
        .get_result::<HeadRow>(c))
    .optional()
    .map_db_error()?;
    Ok(row.map(as_head))
}

/// As [`head`] of an organisation that is there, and no other transaction gets it before this one ends. SQLite has but
/// one writer.
pub async fn lock_head(conn: &mut Conn<'_>, org: Id) -> Result<Option<LedgerHead>> {
    let open = tenants::table.filter(tenants::organization_id.eq(DbId(org))).filter(tenants::open).select((
        tenants::seq,
        tenants::at,
        tenants::hash,
        tenants::graph_seq,
    ));
    let row = match conn {
        Conn::Postgres(c) => c.in_time(diesel_async::RunQueryDsl::get_result::<HeadRow>(open.for_update(), &mut &***c)).await,
        Conn::Sqlite(c) => diesel::RunQueryDsl::get_result::<HeadRow>(open, &mut **c),
    };
    Ok(row.optional().map_db_error()?.map(as_head))
}

pub async fn write_head(conn: &mut Conn<'_>, org: Id, head: &LedgerHead) -> Result<()> {
    // The query builder would have the statement prepared anew for every change.
    let statement = Fragment::default()
        .sql("UPDATE tenants SET seq = ")
        .integer(Some(head.seq))
        .sql(", at = ")
        .bind(Bind::Time(Some(DbTime(head.at))))
        .sql(", graph_seq = ")
        .integer(Some(head.graph_seq))
        .sql(", hash = ")
        .bind(Bind::Bytes(Some(head.hash.clone())))
        .sql(" WHERE organization_id = ")
        .id(org)
        .rows::<Untyped>();
    on!(conn, |c| statement.execute(c)).map_db_error()?;
    Ok(())
}

/// Opens an empty ledger.
pub async fn create_tenant(conn: &mut Conn<'_>, org: Id) -> Result<()> {
    let row = (
        tenants::organization_id.eq(DbId(org)),
        tenants::seq.eq(0),
        tenants::at.eq(DbTime(Timestamp::EPOCH)),
        tenants::hash.eq(vec![0u8; 32]),
        tenants::open.eq(true),
        tenants::graph_seq.eq(0),
    );
    on!(conn, |c| diesel::insert_into(tenants::table).values(row).execute(c)).map_db_error()?;
    Ok(())
}

/// Closes a ledger for good, once whoever is writing to it has finished.
pub async fn close_tenant(conn: &mut Conn<'_>, org: Id) -> Result<()> {
    on!(conn, |c| diesel::update(tenants::table.find(DbId(org))).set(tenants::open.eq(false)).execute(c)).map_db_error()?;
    Ok(())
}

/// Every tenant with its head.
pub async fn tenants(conn: &mut Conn<'_>) -> Result<Vec<(Id, LedgerHead)>> {
    let rows: Vec<(DbId, i64, DbTime, Vec<u8>, i64)> = on!(conn, |c| tenants::table
        .select((tenants::organization_id, tenants::seq, tenants::at, tenants::hash, tenants::graph_seq))
        .order(tenants::organization_id)
        .load(c))
    .map_db_error()?;
    Ok(rows.into_iter().map(|(org, seq, at, hash, graph)| (org.0, as_head((seq, at, hash, graph)))).collect())
}

/// Whether the ledgers still take writes; those of deleted organisations do not.
pub async fn open_tenants(conn: &mut Conn<'_>) -> Result<std::collections::HashSet<Id>> {
    let open = tenants::table.filter(tenants::open).select(tenants::organization_id);
    let rows: Vec<DbId> = on!(conn, |c| open.load(c)).map_db_error()?;
    Ok(rows.into_iter().map(Id::from).collect())
}

/// The entries after `seq`, oldest first.
pub async fn entries_after(conn: &mut Conn<'_>, org: Id, seq: i64, kinds: &[Kind], limit: i64) -> Result<Vec<AuditEntry>> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    on!(conn, |c| {
        let mut query = ledger::table
            .filter(ledger::organization_id.eq(DbId(org)))
            .filter(ledger::seq.gt(seq))
            .select(AuditEntry::as_select())
            .into_boxed::<Backend>();
        if !words.is_empty() {
            query = query.filter(ledger::kind.eq_any(words));
        }
        query.order(ledger::seq).limit(limit).load(c)
    })
    .map_db_error()
}

/// The objects of some kinds that were written to after a place in the ledger, each once, or as many as the limit says.
pub async fn objects_after(conn: &mut Conn<'_>, org: Id, seq: i64, kinds: &[Kind], limit: i64) -> Result<Vec<(Kind, Id)>> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let rows: Vec<(DbEnum<Kind>, DbId)> = on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::seq.gt(seq))
        .filter(ledger::kind.eq_any(words))
        .select((ledger::kind, ledger::object_id))
        .distinct()
        .limit(limit)
        .load(c))
    .map_db_error()?;
    Ok(rows.into_iter().map(|(kind, id)| (kind.0, id.0)).collect())
}

/// The first entry about an object.
pub async fn first_entry_of(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Option<i64>> {
    on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::object_id.eq(DbId(id)))
        .select(diesel::dsl::min(ledger::seq))
        .get_result(c))
    .map_db_error()
}

/// What happened to one object, newest first, before a place in the ledger.
pub async fn entries_of(conn: &mut Conn<'_>, org: Id, id: Id, before: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::object_id.eq(DbId(id)))
        .filter(ledger::seq.lt(before))
        .order(ledger::seq.desc())
        .limit(limit)
        .select(AuditEntry::as_select())
        .load(c))
    .map_db_error()
}

/// The newest `seq` at a moment; 0 before the first write.
pub async fn seq_at(conn: &mut Conn<'_>, org: Id, time: Timestamp) -> Result<i64> {
    let seq = on!(conn, |c| ledger::table
        .filter(ledger::organization_id.eq(DbId(org)))
        .filter(ledger::at.le(DbTime(time)))
        .order((ledger::at.desc(), ledger::seq.desc()))
        .select(ledger::seq)
        .first::<i64>(c))
    .optional()
    .map_db_error()?;
    Ok(seq.unwrap_or(0))
}

/// When an entry was made.
pub async fn time_of(conn: &mut Conn<'_>, org: Id, seq: i64) -> Result<Option<Timestamp>> {
    let at = on!(conn, |c| ledger::table.find((DbId(org), seq)).select(ledger::at).get_result::<DbTime>(c))
        .optional()
        .map_db_error()?;
    Ok(at.map(|at| at.0))
}

/// The objects of a kind that were deleted after a place in the ledger, with where.
pub async fn deleted_after(conn: &mut Conn<'_>, org: Id, kind: Kind, after: i64) -> Result<Vec<(Id, i64)>> {
    // The operation stands in the text: only so the planners see that the index of deletions serves.
    let statement = Fragment::default()
        .sql("SELECT object_id, seq FROM ledger WHERE operation = 'deleted' AND organization_id = ")
        .id(org)
        .sql(" AND kind = ")
        .bind(Bind::Word(Some(kind.as_str())))
        .sql(" AND seq > ")
        .integer(Some(after));
    let rows: Vec<(DbId, i64)> = on!(conn, |c| statement.rows::<(Identity, BigInt)>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(|(id, seq)| (id.0, seq)).collect())
}

/// When objects were created.
pub async fn created_at(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<HashMap<Id, Timestamp>> {
    let mut all = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
        let rows: Vec<(DbId, DbTime)> = on!(conn, |c| ledger::table
            .filter(ledger::organization_id.eq(DbId(org)))
            .filter(ledger::object_id.eq_any(ids))
            .filter(ledger::operation.eq(AuditAction::Created.as_str()))
            .select((ledger::object_id, ledger::at))
            .load(c))
        .map_db_error()?;
        all.extend(rows.into_iter().map(|(id, at)| (id.0, at.0)));
    }
    Ok(all)
}
