//! One connection type over two databases; query functions never learn which is behind it.
use crate::model::{Error, Result};
use diesel::result::{DatabaseErrorKind, Error as DbError};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::{BoxFuture, FutureExt, ready};

/// Runs SQLite on the calling thread: a statement takes microseconds, a hop to another thread costs more.
pub struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, std::result::Result<R, Box<dyn std::error::Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        ready(Ok(task())).boxed()
    }
    fn get_runtime() -> Self {
        Inline
    }
}

pub type Sqlite = SyncConnectionWrapper<diesel::SqliteConnection, Inline>;

/// What query functions receive. The PostgreSQL connection is shared so that statements of several requests may
/// travel in one pipeline; transactions happen only on the connections of the writers.
pub enum Conn<'a> {
    Postgres(&'a AsyncPgConnection),
    Sqlite(&'a mut Sqlite),
}

/// Type-checks the body once per database; `Backend` names the concrete one (for `into_boxed`).
#[macro_export]
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Postgres(connection) => {
                #[allow(dead_code)]
                type Backend = diesel::pg::Pg;
                let $c = &mut &**connection;
                $body
            }
            $crate::store::Conn::Sqlite(connection) => {
                #[allow(dead_code)]
                type Backend = diesel::sqlite::Sqlite;
                let $c = &mut **connection;
                $body
            }
        }
    };
}

impl Conn<'_> {
    /// Runs statements that take no values and give no rows.
    pub async fn batch(&mut self, sql: &str) -> Result<()> {
        on!(self, |c| c.batch_execute(sql).await).map_err(failure)
    }
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Conn::Sqlite(_))
    }
}

/// The one place where a database's error becomes ours.
pub fn failure(error: DbError) -> Error {
    let text = error.to_string();
    match &error {
        DbError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            // PostgreSQL names the index, SQLite only the columns.
            let named = format!("{} {}", info.constraint_name().unwrap_or(""), info.message());
            if named.contains("external_refs") {
                Error::conflict("external_ref_taken", "another object already has this external reference")
            } else if named.contains("mappings") {
                Error::conflict("mapping_exists", "this mapping is already there")
            } else {
                Error::conflict("key_taken", "another object already has this key")
            }
        }
        DbError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            Error::conflict("still_referenced", "another object refers to it, or an object referred to is gone")
        }
        DbError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
            tracing::warn!(cause = text, "the database does not answer");
            Error::unavailable("the database does not answer at the moment")
        }
        DbError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
            Error::unavailable("the database asks to try again")
        }
        _ if text.contains("database or disk is full")
            || text.contains("No space left")
            || text.contains("could not extend file") =>
        {
            Error::Unavailable {
                code: "storage_full",
                detail: "the storage is full; nothing was written".into(),
                retry_after: 30,
            }
        }
        _ if [
            "database is locked",
            "connection closed",
            "terminating connection",
            "statement timeout",
            "starting up",
            "shutting down",
        ]
        .iter()
        .any(|t| text.contains(t)) =>
        {
            tracing::warn!(cause = text, "the database is busy or gone");
            Error::unavailable("the database does not answer at the moment")
        }
        _ => Error::Internal(text),
    }
}

/// `?` on a query.
pub trait Settle<T> {
    fn settle(self) -> Result<T>;
}
impl<T> Settle<T> for std::result::Result<T, DbError> {
    fn settle(self) -> Result<T> {
        self.map_err(failure)
    }
}
