//! The file of an embedded database before it is worked with: no other process has it, it has not lost what it held, and
//! nobody but its owner can read it.
use super::sqlite;
use crate::auth::{LocalKey, files};
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use diesel::sql_types::BigInt;
use diesel::{RunQueryDsl, dsl::sql};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Keeps every other serving process away from the file for as long as the answer lives: what is counted and kept in
/// memory is true only with one writer. PostgreSQL has no such file.
///
/// # Errors
/// `Unavailable` when another process has it; also when it was in use and is empty now.
pub fn claim(config: &Config) -> Result<Option<File>> {
    let Database::Sqlite(path) = config.database().map_err(Error::Internal)? else { return Ok(None) };
    let claimed_before = lock_file(&path).exists();
    let file = lock(&path)?;
    if LocalKey::path(&config.data_dir).exists()
        && let Some(loss) = loss(&path, claimed_before)?
    {
        return Err(lost(&path, &config.data_dir, loss));
    }
    files::open_or_make(&path).map_err(|e| Error::Internal(format!("{}: {e}", path.display())))?;
    for ending in ["", "-wal", "-shm"] {
        close_to_others(&sqlite::beside(&path, ending));
    }
    Ok(Some(file))
}

fn lock_file(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// As [`claim`], whatever stands in the file.
///
/// # Errors
/// `Unavailable` when another process has it.
pub fn lock(path: &Path) -> Result<File> {
    let lock = lock_file(path);
    let cannot = |e: &dyn std::fmt::Display| Error::Internal(format!("{}: {e}", lock.display()));
    if let Some(folder) = path.parent() {
        files::make_directory(folder).map_err(|e| cannot(&e))?;
    }
    let file = files::open_or_make(&lock).map_err(|e| cannot(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::unavailable(format!("{}: another holdfast serves this database", lock.display())))
        }
        Err(TryLockError::Error(cause)) => Err(cannot(&cause)),
    }
}

/// The key is made after the tables, so where it lies there was a database: what it lacks now.
fn loss(path: &Path, claimed_before: bool) -> Result<Option<&'static str>> {
    // Asked before SQLite opens it: beside an empty file it throws the -wal file away.
    match std::fs::metadata(path) {
        // With PostgreSQL there is a key as well; a first start on SQLite finds no lock beside it.
        Err(_) => return Ok(claimed_before.then_some("is not there")),
        Ok(file) if file.len() == 0 => return Ok(Some("is empty")),
        Ok(_) => {}
    }
    let mut conn = sqlite::reader(path)?;
    let tables: i64 = sql::<BigInt>("SELECT count(*) FROM sqlite_master WHERE name = '__diesel_schema_migrations'")
        .get_result(&mut conn)
        .map_err(Error::internal)?;
    Ok((tables == 0).then_some("holds no table of holdfast"))
}

fn lost(path: &Path, data_dir: &Path, loss: &str) -> Error {
    Error::Internal(format!(
        "{} {loss}, but {} shows that this directory was in use: restore the database from a backup; to begin anew with an \
         empty one, name another data directory or move the key away first",
        path.display(),
        LocalKey::path(data_dir).display()
    ))
}

/// What is not there needs no closing; what belongs to somebody else cannot be closed, and is served all the same.
fn close_to_others(path: &Path) {
    if let Err(cause) = files::close_to_others(path)
        && path.exists()
    {
        tracing::warn!(%cause, file = %path.display(), "others than its owner may read this file");
    }
}
