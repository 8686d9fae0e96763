//! SQLite: one file, one writer, as many readers as there are requests at work.
//!
//! Planners get fixed statistics by the migrations (`sqlite_stat1`): without any, SQLite takes `organization_id = ?` for a
//! narrow search and walks whole tables. `ANALYZE` is never run, or plans would differ between installations.
use super::conn::Conn;
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::Mutex;

/// The memory a connection may take for pages: many small readers, one writer with room for a batch.
const SETUP: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                     PRAGMA mmap_size=67108864; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; ";
const READER: &str = "PRAGMA cache_size=-2048; PRAGMA query_only=ON;";
const WRITER: &str = "PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;";

fn connect(path: &str, role: &str) -> Result<SqliteConnection> {
    let cannot = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot open the database {path}: {e}"));
    let mut conn = SqliteConnection::establish(path).map_err(|e| cannot(&e))?;
    conn.batch_execute(&format!("{SETUP}{role}")).map_err(|e| cannot(&e))?;
    Ok(conn)
}

/// The one connection that writes.
pub fn writer(path: &std::path::Path) -> Result<SqliteConnection> {
    connect(&path.to_string_lossy(), WRITER)
}

/// Keeps every other serving process away from the file for as long as the answer lives: what is counted and kept in
/// memory is true only with one writer.
///
/// # Errors
/// When another process has it.
pub fn lock_data_dir(config: &Config) -> Result<Option<File>> {
    let Database::Sqlite(path) = config.database().map_err(Error::Internal)? else { return Ok(None) };
    let path = path.with_extension("lock");
    let cannot = |e: &dyn std::fmt::Display| Error::Internal(format!("{}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| cannot(&e))?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| cannot(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(cannot(&"another holdfast serves this database")),
        Err(TryLockError::Error(cause)) => Err(cannot(&cause)),
    }
}

/// Idle readers; a request takes one and puts it back.
pub struct Readers {
    path: String,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Readers {
        Readers { path: path.to_string_lossy().into_owned(), idle: Mutex::default() }
    }

    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => connect(&self.path, READER)?,
        };
        let answer = queries(&mut Conn::Sqlite(&mut conn)).await;
        // A reader that failed is not trusted again.
        if !matches!(answer, Err(Error::Internal(_) | Error::Unavailable { .. })) {
            self.idle.lock().unwrap_or_else(|e| e.into_inner()).push(conn);
        }
        answer
    }
}
