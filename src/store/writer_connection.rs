//! The connection of a writer: opened when it is needed, and again when it was lost.
use super::conn::Conn;
use super::postgres::{self, Address, PgConn, Purpose};
use super::sqlite::DatabaseFile;
use super::target::Target;
use crate::model::{Error, Result};
use diesel::SqliteConnection;
use std::sync::Arc;
use std::time::Duration;

/// A commit without an answer for so long is left to itself, and its connection with it. It is not cancelled: PostgreSQL
/// answers success to a cancelled wait for a synchronous standby.
const COMMIT_WAIT: Duration = Duration::from_secs(15);
/// How long PostgreSQL lets a writer wait for somebody else's lock.
const LOCK_WAIT_MILLISECONDS: u32 = 4_000;
/// How long PostgreSQL may take to look at all its tables.
const ANALYZE_WAIT: Duration = Duration::from_secs(600);

/// How a writer reaches its database, and the connection once it is open.
pub enum WriterConnection {
    Sqlite(Arc<DatabaseFile>, Option<SqliteConnection>),
    Postgres(Arc<Address>, Option<Box<PgConn>>),
}

impl WriterConnection {
    pub fn of(target: &Target) -> WriterConnection {
        match target {
            Target::Sqlite(file) => WriterConnection::Sqlite(Arc::clone(file), None),
            Target::Postgres(address) => WriterConnection::Postgres(Arc::clone(address), None),
        }
    }
    /// Opens it unless it is open.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be opened.
    pub async fn open(&mut self) -> Result<()> {
        match self {
            WriterConnection::Sqlite(file, conn) => {
                // Asked each time: what is written to a file that somebody took away is lost.
                if let Err(error) = file.check() {
                    *conn = None;
                    return Err(error);
                }
                if conn.is_none() {
                    *conn = Some(file.writer()?);
                }
            }
            WriterConnection::Postgres(address, conn) => {
                if !conn.as_ref().is_some_and(|conn| conn.is_open()) {
                    *conn = Some(Box::new(address.connect(&session(), Purpose::Write).await?));
                }
            }
        }
        Ok(())
    }
    /// How long the statements that follow are waited for.
    pub fn limit(&self, limit: Duration) {
        if let WriterConnection::Postgres(_, Some(conn)) = self {
            conn.limit(limit);
        }
    }
    pub fn close(&mut self) {
        match self {
            WriterConnection::Sqlite(_, conn) => *conn = None,
            WriterConnection::Postgres(_, conn) => *conn = None,
        }
    }
    /// Commits, as [`Conn::commit`].
    ///
    /// # Errors
    /// As there.
    pub async fn commit(&mut self) -> Result<()> {
        self.conn()?.commit(COMMIT_WAIT).await
    }
    /// Has PostgreSQL look at its tables, by a connection of its own: writers do not wait for it.
    pub fn analyze(&self) {
        let WriterConnection::Postgres(address, _) = self else { return };
        let address = Arc::clone(address);
        tokio::spawn(async move {
            let learned = async {
                let conn = address.connect(&session(), Purpose::Write).await?;
                conn.limit(ANALYZE_WAIT);
                Conn::Postgres(&conn).batch("ANALYZE").await
            };
            if let Err(error) = learned.await {
                tracing::warn!(%error, "the statistics of the tables could not be brought up to date");
            }
        });
    }
    /// # Errors
    /// `Unavailable` when it is not open.
    pub fn conn(&mut self) -> Result<Conn<'_>> {
        match self {
            WriterConnection::Sqlite(_, Some(conn)) => Ok(Conn::Sqlite(conn)),
            WriterConnection::Postgres(_, Some(conn)) => Ok(Conn::Postgres(conn)),
            _ => Err(Error::unavailable("the database is not open")),
        }
    }
}

/// The limits of a writer's session. The one for statements is far above their work: see [`COMMIT_WAIT`].
fn session() -> String {
    format!(
        "SET statement_timeout = 120000; SET lock_timeout = {LOCK_WAIT_MILLISECONDS}; \
         SET idle_in_transaction_session_timeout = 60000; {}",
        postgres::SESSION
    )
}
