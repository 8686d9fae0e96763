//! SQLite: one file, one writer, as many readers as there are requests at work.
//!
//! Planners get fixed statistics by the migrations (`sqlite_stat1`): without any, SQLite takes `organization_id = ?` for a
//! narrow search and walks whole tables. `ANALYZE` is never run, or plans would differ between installations.
use super::conn::{Conn, map_error};
use super::figures::Figures;
use crate::model::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Integer;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// The memory a connection may take for pages: many small readers, one writer with room for a batch.
const SETUP: &str = "PRAGMA busy_timeout=4000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
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

/// The file of the database while it is served. It stays the one that it was at first: what is written to one that was
/// taken away or put in its place by somebody else would be lost.
pub struct DatabaseFile {
    path: PathBuf,
    identity: OnceLock<(u64, u64)>,
}

impl DatabaseFile {
    pub fn new(path: PathBuf) -> DatabaseFile {
        DatabaseFile { path, identity: OnceLock::new() }
    }

    /// # Errors
    /// `Unavailable` when the file is not there any more, is empty, or is another one.
    pub fn check(&self) -> Result<()> {
        let gone = |what: &str| {
            tracing::error!(file = %self.path.display(), "the database {what}");
            Error::unavailable(format!("the file of the database {what}"))
        };
        let file = std::fs::metadata(&self.path).map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => gone("is not there"),
            _ => gone("cannot be looked at"),
        })?;
        if file.len() == 0 {
            return Err(gone("is empty"));
        }
        if *self.identity.get_or_init(|| identity(&file)) != identity(&file) {
            return Err(gone("was put in the place of the one that is served: start the service again"));
        }
        Ok(())
    }

    /// The one connection that writes.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened.
    pub fn writer(&self) -> Result<SqliteConnection> {
        connect(&self.path.to_string_lossy(), WRITER).map_err(|cause| unopened(&cause))
    }

    /// A connection that only reads.
    ///
    /// # Errors
    /// As [`DatabaseFile::check`], and when the file cannot be opened.
    pub fn reader(&self) -> Result<SqliteConnection> {
        self.check()?;
        connect(&self.path.to_string_lossy(), READER).map_err(|cause| unopened(&cause))
    }
}

#[cfg(unix)]
fn identity(file: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

fn unopened(cause: &Error) -> Error {
    tracing::error!(%cause, "the database cannot be opened");
    Error::unavailable("the file of the database cannot be opened at the moment")
}

/// The file with this ending that SQLite has beside a database.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Moves everything from the -wal file into the database and closes it, so that the file alone is whole. Other processes
/// may still read it, then SQLite does the rest when the last of them goes.
pub fn fold(path: &Path) -> Result<()> {
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
    file: Arc<DatabaseFile>,
    /// None any more once the database is closed.
    idle: Mutex<Option<Vec<SqliteConnection>>>,
}

impl Readers {
    pub fn new(file: Arc<DatabaseFile>) -> Readers {
        Readers { file, idle: Mutex::new(Some(Vec::new())) }
    }

    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let idle = self.idle().as_mut().and_then(Vec::pop);
        let mut conn = match idle {
            Some(conn) => conn,
            None => self.file.reader()?,
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

    /// The sizes of the database and of its -wal file.
    pub fn tell(&self, figures: &mut Figures) {
        let size = |path: &Path| std::fs::metadata(path).map_or(None, |file| Some(file.len()));
        figures.file_bytes = size(&self.file.path);
        figures.wal_bytes = size(&beside(&self.file.path, "-wal")).or(Some(0));
    }

    /// Whether the file is there and can be read.
    ///
    /// # Errors
    /// `Unavailable` when not.
    pub fn probe(&self) -> Result<()> {
        let mut conn = self.file.reader()?;
        sql_query("SELECT 1 FROM tenants LIMIT 1").execute(&mut conn).map_err(map_error).map(drop)
    }

    /// Closes the readers, and leaves the database whole in its file. Nobody may write any more.
    pub fn close(&self) {
        drop(self.idle().take());
        // A file that somebody has taken away is not made anew.
        if self.file.path.exists()
            && let Err(cause) = fold(&self.file.path)
        {
            tracing::warn!(%cause, "the -wal file of the database could not be folded into it, and is needed with it");
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<SqliteConnection>>> {
        self.idle.lock().unwrap_or_else(|e| e.into_inner())
    }
}
