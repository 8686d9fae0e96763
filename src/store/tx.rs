//! The transaction a change works in, with the ledger's head of its organisation.
use super::bind::Bind;
use super::change::WriteContext;
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::fragment::Fragment;
use super::insert::insert;
use super::lane::{Lane, Phase};
use super::ledger::{self, AuditEntry, LedgerHead};
use super::postgres::{LARGE_STATEMENT_WAIT, STATEMENT_WAIT};
use super::snapshot::{Landscapes, ReadPoint, Snapshot};
use super::writer_connection::WriterConnection;
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, Id, Kind, Objectives, Result, StringEnum, Timestamp};
use crate::on;
use crate::store::schema::counters;
use crate::store::types::DbId;
use diesel::sql_types::Untyped;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// What a change can do. Created by a writer, handed to the work of one change after another.
pub struct Tx {
    link: WriterConnection,
    lane: Arc<Lane>,
    landscapes: Arc<dyn Landscapes>,
    begun: bool,
    /// The present change is in a savepoint: others of its group came before it.
    nested: bool,
    /// A ledger has outgrown what the database knows of its tables.
    outgrown: bool,
    change: WriteContext,
    /// Heads of the ledgers touched since the transaction began.
    heads: HashMap<Id, LedgerHead>,
    counters: HashMap<(Id, Kind), i64>,
    pending: Vec<AuditEntry>,
    /// The versions of objects that the present change made anew as a consequence of something else.
    pub revised: HashMap<Id, i64>,
    /// How things stood when the present change began.
    before: Before,
}

#[derive(Default)]
struct Before {
    head: Option<LedgerHead>,
    counters: HashMap<(Id, Kind), i64>,
    pending: usize,
}

impl Tx {
    pub(super) fn new(link: WriterConnection, lane: Arc<Lane>, landscapes: Arc<dyn Landscapes>) -> Tx {
        let nobody = WriteContext { dry_run: true, ..WriteContext::by_the_service(Id::SYSTEM, None, Timestamp::EPOCH) };
        Tx {
            link,
            lane,
            landscapes,
            begun: false,
            nested: false,
            outgrown: false,
            change: nobody,
            heads: HashMap::new(),
            counters: HashMap::new(),
            pending: Vec::new(),
            revised: HashMap::new(),
            before: Before::default(),
        }
    }

    pub(super) fn one_tenant_a_group(&self) -> bool {
        matches!(self.link, WriterConnection::Postgres(..))
    }

    /// Lets the connection to PostgreSQL go until there is work again.
    pub(super) fn rest(&mut self) {
        if self.one_tenant_a_group() {
            self.link.close();
        }
    }

    /// Begins a change: the first of a group in the transaction itself, each later one in a savepoint.
    pub(super) async fn open(&mut self, change: WriteContext) -> Result<()> {
        self.lane.enter(Phase::Working);
        self.link.open().await?;
        self.link.limit(STATEMENT_WAIT);
        let sql = match (self.begun, self.nested, &self.link) {
            (false, _, WriterConnection::Sqlite(..)) => "BEGIN IMMEDIATE",
            (false, _, WriterConnection::Postgres(..)) => "BEGIN",
            (true, false, _) => "SAVEPOINT change",
            (true, true, _) => "RELEASE SAVEPOINT change; SAVEPOINT change",
        };
        self.link.conn()?.batch(sql).await?;
        self.nested = self.begun;
        self.revised.clear();
        self.begun = true;
        self.before = Before {
            head: self.heads.get(&change.organization).cloned(),
            counters: self.counters.clone(),
            pending: self.pending.len(),
        };
        self.change = change;
        Ok(())
    }

    /// Takes the present change back; the others of its group stay.
    pub(super) async fn roll_back(&mut self) -> Result<()> {
        if !self.nested {
            self.forget();
            return self.link.conn()?.batch("ROLLBACK").await;
        }
        let before = std::mem::take(&mut self.before);
        // A head that was read in this change is forgotten with it: on PostgreSQL its lock went with the savepoint.
        match before.head {
            Some(head) => drop(self.heads.insert(self.change.organization, head)),
            None => drop(self.heads.remove(&self.change.organization)),
        }
        self.counters = before.counters;
        self.pending.truncate(before.pending);
        self.link.conn()?.batch("ROLLBACK TO SAVEPOINT change").await
    }

    /// Writes the ledger's new entries and commits the group.
    pub(super) async fn commit(&mut self) -> Result<()> {
        if !self.begun {
            return Ok(());
        }
        let done = self.flush().await;
        if done.is_err() {
            self.abort_group().await;
        }
        self.outgrown = done.is_ok() && self.heads.values().any(|head| head.has_doubled(self.change.large));
        self.forget();
        done
    }

    /// Has PostgreSQL look at its tables again when a batch has made them much larger: until then it plans as if they
    /// were small, and walks through them. SQLite is told once, by its schema.
    /// Writers do not wait for it.
    pub(super) fn analyze_if_outgrown(&mut self) {
        if std::mem::take(&mut self.outgrown) {
            self.link.analyze();
        }
    }

    /// Goes on in the same transaction as somebody else, at another time: one change that many have made. All of it is
    /// kept or none, so it may not be one of a group: [`WriteContext::large`].
    ///
    /// # Errors
    /// When the change is one of a group, or of another organisation.
    pub async fn go_on(&mut self, change: WriteContext) -> Result<()> {
        if self.nested || change.organization != self.change.organization {
            return Err(Error::Internal("a change that goes on needs a transaction of its own".into()));
        }
        // What was done so far is found in the ledger by what follows.
        self.write_ledger().await?;
        self.revised.clear();
        self.change = change;
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.write_ledger().await?;
        self.lane.enter(Phase::Committing);
        let began = Instant::now();
        self.link.commit().await?;
        self.lane.committed(began.elapsed());
        Ok(())
    }

    async fn write_ledger(&mut self) -> Result<()> {
        let mut conn = self.link.conn()?;
        insert(&mut conn, std::mem::take(&mut self.pending)).await?;
        for (organization, head) in self.heads.iter().filter(|(_, head)| head.has_advanced()) {
            ledger::write_head(&mut conn, *organization, head).await?;
        }
        for ((organization, kind), last) in &self.counters {
            let statement = Fragment::default()
                .sql("INSERT INTO counters (organization_id, kind, last) VALUES (")
                .id(*organization)
                .sql(", ")
                .bind(Bind::Word(Some(kind.as_str())))
                .sql(", ")
                .integer(Some(*last))
                .sql(") ON CONFLICT (organization_id, kind) DO UPDATE SET last = excluded.last")
                .rows::<Untyped>();
            on!(&mut conn, |c| statement.execute(c)).map_db_error()?;
        }
        Ok(())
    }

    /// Gives the whole group up. The connection is closed too: after a fault nobody knows what it still holds.
    pub(super) async fn abort_group(&mut self) {
        if let Ok(mut conn) = self.link.conn()
            && let Err(error) = conn.batch("ROLLBACK").await
        {
            tracing::warn!(%error, "a group could not be rolled back; its connection is closed");
        }
        self.link.close();
        self.forget();
    }

    fn forget(&mut self) {
        self.lane.enter(Phase::Idle);
        self.begun = false;
        self.nested = false;
        self.heads.clear();
        self.counters.clear();
        self.pending.clear();
    }
}

impl Tx {
    pub fn organization(&self) -> Id {
        self.change.organization
    }
    pub fn context(&self) -> &WriteContext {
        &self.change
    }
    /// How the organisation is seen in the middle of this change.
    pub fn snapshot(&self) -> Snapshot {
        let place = ReadPoint::Within(self.graph_seq());
        Snapshot::within(&self.change, place, &self.landscapes)
    }
    /// Brings effective objectives up to date, and tells which changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh_objectives(&mut self, changes: ObjectiveChanges) -> Result<HashMap<Id, Objectives>> {
        let (landscapes, org) = (Arc::clone(&self.landscapes), self.organization());
        landscapes.refresh_objectives(&mut self.link.conn()?, org, changes).await
    }
    /// The connection, for queries and for statements on the tables of resources.
    ///
    /// # Errors
    /// `Unavailable` when the connection has been lost.
    pub fn conn(&mut self) -> Result<Conn<'_>> {
        self.lane.step();
        self.link.conn()
    }

    /// Puts this change in its organisation's order: from here until the commit no other writes of it run, here or in
    /// another instance, and what is read stays true. Called before the first look at what is to be changed.
    ///
    /// # Errors
    /// `Forbidden` when the organisation is not there any more.
    pub async fn lock_tenant(&mut self) -> Result<()> {
        let organization = self.change.organization;
        if !self.heads.contains_key(&organization) {
            let head = ledger::lock_head(&mut self.link.conn()?, organization).await?;
            let head = head.ok_or_else(|| Error::Forbidden("the organisation is not there any more".into()))?;
            self.heads.insert(organization, head);
        }
        if self.change.large {
            self.link.limit(LARGE_STATEMENT_WAIT);
        }
        // Time never runs backwards in a ledger.
        if let Some(head) = self.heads.get(&organization) {
            self.change.now = self.change.now.max(head.at);
        }
        Ok(())
    }

    /// Makes room for so many entries of the ledger.
    pub fn reserve(&mut self, entries: usize) {
        self.pending.reserve(entries);
    }

    /// Appends to the ledger and tells the entry's `seq`.
    ///
    /// # Errors
    /// As [`Tx::lock_tenant`].
    pub async fn append(&mut self, fact: ledger::NewAuditEntry) -> Result<i64> {
        self.lock_tenant().await?;
        let head = self.heads.get_mut(&self.change.organization).ok_or(Error::NotFound)?;
        let entry = head.append(&self.change, fact);
        let seq = entry.seq;
        self.pending.push(entry);
        Ok(seq)
    }

    /// The newest `seq` of the organisation, this change included.
    pub fn seq(&self) -> i64 {
        self.heads.get(&self.change.organization).map_or(0, |head| head.seq)
    }

    /// As [`Tx::seq`], of the entries that changed the dependency graph.
    pub fn graph_seq(&self) -> i64 {
        self.heads.get(&self.change.organization).map_or(0, |head| head.graph_seq)
    }

    /// The next number for a key of this kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_number(&mut self, kind: Kind) -> Result<i64> {
        let last = self.last_number(kind).await? + 1;
        self.counters.insert((self.change.organization, kind), last);
        Ok(last)
    }

    /// Makes sure that a number a client chose itself is not given out again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_number(&mut self, kind: Kind, number: i64) -> Result<()> {
        if self.last_number(kind).await? < number {
            self.counters.insert((self.change.organization, kind), number);
        }
        Ok(())
    }

    async fn last_number(&mut self, kind: Kind) -> Result<i64> {
        let organization = self.change.organization;
        if let Some(last) = self.counters.get(&(organization, kind)) {
            return Ok(*last);
        }
        let last = on!(&mut self.link.conn()?, |c| counters::table
            .find((DbId(organization), kind.as_str()))
            .select(counters::last)
            .get_result::<i64>(c))
        .optional()
        .map_db_error()?;
        Ok(last.unwrap_or(0))
    }
}
