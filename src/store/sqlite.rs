//! SQLite: one file, one writer, as many readers as there are requests at work.
//!
//! Planners get fixed statistics by the migrations (`sqlite_stat1`): without any, SQLite takes `organization_id = ?` for a
//! narrow search and walks whole tables. `ANALYZE` is never run, or plans would differ between installations.
use super::conn::Conn;
use crate::model::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Integer;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

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
pub fn writer(path: &Path) -> Result<SqliteConnection> {
    connect(&path.to_string_lossy(), WRITER)
}

/// A connection that only reads. It makes no file: where none is, nothing can be read.
pub fn reader(path: &Path) -> Result<SqliteConnection> {
    let nothing = |what: &str| Err(Error::Internal(format!("the database {} {what}", path.display())));
    match std::fs::metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => nothing("is not there"),
        Ok(file) if file.len() == 0 => nothing("is empty"),
        _ => connect(&path.to_string_lossy(), READER),
    }
}

/// Moves everything from the -wal file into the database and closes it, so that the file alone is whole. Other processes
/// may still read it, then SQLite does the rest when the last of them goes.
fn fold(path: &Path) -> Result<()> {
    let mut conn = writer(path)?;
    let pages: Checkpoint = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut conn).map_err(Error::internal)?;
    if pages.busy != 0 {
        tracing::warn!(file = %path.display(), "somebody reads the database: its -wal file is needed with it");
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// Idle readers; a request takes one and puts it back.
pub struct Readers {
    path: PathBuf,
    /// None any more once the database is closed.
    idle: Mutex<Option<Vec<SqliteConnection>>>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Readers {
        Readers { path, idle: Mutex::new(Some(Vec::new())) }
    }

    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let idle = self.idle().as_mut().and_then(Vec::pop);
        let mut conn = match idle {
            Some(conn) => conn,
            None => reader(&self.path)?,
        };
        let answer = queries(&mut Conn::Sqlite(&mut conn)).await;
        // A reader that failed is not trusted again.
        if !matches!(answer, Err(Error::Internal(_) | Error::Unavailable { .. }))
            && let Some(idle) = self.idle().as_mut()
        {
            idle.push(conn);
        }
        answer
    }

    /// Closes the readers, and leaves the database whole in its file. Nobody may write any more.
    pub fn close(&self) {
        drop(self.idle().take());
        // A file that somebody has taken away is not made anew.
        if self.path.exists()
            && let Err(cause) = fold(&self.path)
        {
            tracing::warn!(%cause, "the -wal file of the database could not be folded into it, and is needed with it");
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<SqliteConnection>>> {
        self.idle.lock().unwrap_or_else(|e| e.into_inner())
    }
}
