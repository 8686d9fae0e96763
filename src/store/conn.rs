//! One connection type over two databases; query functions never learn which is behind it.
use super::postgres::{PATIENT, PgConn};
use crate::model::{Error, Result};
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DbError};
use diesel_async::SimpleAsyncConnection;
use std::time::Duration;

/// What query functions receive. The PostgreSQL connection is shared so that statements of several requests may
/// travel in one pipeline; transactions happen only on the connections of the writers. SQLite runs on the calling
/// thread: a statement takes microseconds, a hop to another thread costs more.
pub enum Conn<'a> {
    Postgres(&'a PgConn),
    Sqlite(&'a mut SqliteConnection),
}

/// The query builder without the traits that run a query: [`on!`](crate::on) brings the one of each database.
pub mod dsl {
    pub use diesel::deserialize::Queryable;
    pub use diesel::expression::{AppearsOnTable, Expression, Selectable, SelectableExpression, SelectableHelper};
    pub use diesel::expression_methods::*;
    pub use diesel::query_dsl::{JoinOnDsl, QueryDsl};
    pub use diesel::result::{OptionalExtension, QueryResult};
}

/// Type-checks the body once per database and waits for its answer; `Backend` names the concrete one (for
/// `into_boxed`).
#[macro_export]
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Postgres(connection) => {
                #[allow(dead_code)]
                type Backend = diesel::pg::Pg;
                #[allow(unused_imports)]
                use diesel_async::RunQueryDsl as _;
                let postgres = &**connection;
                let $c = &mut &**postgres;
                postgres.in_time($body).await
            }
            $crate::store::Conn::Sqlite(connection) => {
                #[allow(dead_code)]
                type Backend = diesel::sqlite::Sqlite;
                #[allow(unused_imports)]
                use diesel::RunQueryDsl as _;
                let $c = &mut **connection;
                $body
            }
        }
    };
}

impl Conn<'_> {
    /// Runs statements that take no values and give no rows.
    pub async fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Conn::Postgres(c) => c.in_time(SimpleAsyncConnection::batch_execute(&mut &***c, sql)).await,
            Conn::Sqlite(c) => SimpleConnection::batch_execute(*c, sql),
        }
        .map_err(map_error)
    }
    /// Takes the limits of statements away, for a command that reads everything there is.
    pub async fn wait_patiently(&mut self) -> Result<()> {
        if let Conn::Postgres(c) = self {
            c.limit(PATIENT);
            self.batch("SET statement_timeout = 0").await?;
        }
        Ok(())
    }
    /// Commits.
    ///
    /// # Errors
    /// `outcome_unknown` when the database went away, or did not answer for so long: nobody knows whether it was done.
    pub async fn commit(&mut self, wait: Duration) -> Result<()> {
        match self {
            Conn::Sqlite(c) => SimpleConnection::batch_execute(*c, "COMMIT").map_err(map_error),
            Conn::Postgres(c) => {
                let mut bare = &***c;
                let commit = SimpleAsyncConnection::batch_execute(&mut bare, "COMMIT");
                match tokio::time::timeout(wait, commit).await.map(|done| done.map_err(map_error)) {
                    Ok(Err(Error::Unavailable { code: "unavailable", .. })) | Err(_) => {
                        c.give_up();
                        Err(Error::outcome_unknown())
                    }
                    Ok(done) => done,
                }
            }
        }
    }
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Conn::Sqlite(_))
    }
}

/// The one place where a database's error becomes ours.
pub fn map_error(error: DbError) -> Error {
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
            Error::silent_database()
        }
        DbError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => read_only(&text),
        _ if text.contains("attempt to write a readonly database") || text.contains("the server takes no writes") => {
            read_only(&text)
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
            "lock timeout",
            "unable to open database file",
            "disk I/O error",
            "starting up",
            "shutting down",
        ]
        .iter()
        .any(|t| text.contains(t)) =>
        {
            tracing::warn!(cause = text, "the database is busy or gone");
            Error::silent_database()
        }
        _ => Error::Internal(text),
    }
}

pub const DATABASE_READ_ONLY: &str = "database_read_only";

fn read_only(cause: &str) -> Error {
    tracing::warn!(cause, "the database takes no writes");
    let detail = "the database takes no writes at the moment; nothing was written, and reading goes on".into();
    Error::Unavailable { code: DATABASE_READ_ONLY, detail, retry_after: 2 }
}

/// `?` on a query.
pub trait MapDbError<T> {
    fn map_db_error(self) -> Result<T>;
}
impl<T> MapDbError<T> for std::result::Result<T, DbError> {
    fn map_db_error(self) -> Result<T> {
        self.map_err(map_error)
    }
}
