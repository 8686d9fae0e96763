//! Makes a database of a backup: all of it or nothing, and only where nothing is.
use super::archive::{Contents, LedgerState, Manifest};
use super::loading::{Files, Known, Reading, Step, load};
use super::organization;
use crate::auth::files;
use crate::config::{Config, Database, Secret};
use crate::model::{Error, Id, Result};
use crate::store::claim;
use crate::store::conn::Conn;
use crate::store::migrate::{self, Schema, Way, with_schema};
use crate::store::verify::{verify_ledgers, verify_objects};
use crate::store::{ledger, sqlite};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Reads a backup to its end and compares it with its manifest. Nothing is written.
///
/// # Errors
/// When it is no backup, or not a whole one.
pub fn inspect(input: impl Read) -> Result<(Contents, Files)> {
    let mut reading = Reading::of(input)?;
    loop {
        if let Step::End(manifest) = reading.next()? {
            return Ok((Contents { header: reading.header, manifest }, reading.files));
        }
    }
}

/// Makes the database of the settings of a backup. It must hold no organisation; an embedded one appears under its name when all of
/// it is there, PostgreSQL gets it in one transaction. The backup of one organisation is added to what is there, under this key if one
/// is given.
///
/// # Errors
/// When the backup is not whole, or was made by a newer version; when the database holds something, is served, or does not answer.
pub fn restore(config: &Config, known: Known<'_>, input: impl Read, key: Option<&str>) -> Result<(Contents, Files)> {
    let reading = Reading::of(input)?;
    if reading.header.organization.is_some() {
        return organization::add(config, known, reading, key);
    }
    if key.is_some() {
        return Err(Error::Internal("a key is for the backup of one organisation; this one is of all".into()));
    }
    let Database::Sqlite(path) = config.database().map_err(Error::Internal)? else { return fill(config, known, reading) };
    let _claim = claim::lock(&path)?;
    refuse_used_file(&path)?;
    let draft = path.with_extension("restoring");
    for ending in ["", "-wal", "-shm"] {
        remove(&sqlite::beside(&draft, ending))?;
    }
    files::open_or_make(&draft).map_err(|e| Error::Internal(format!("{}: {e}", draft.display())))?;
    let url = Secret::from(format!("sqlite:{}", draft.display()));
    let done = fill(&Config { database_url: Some(url), ..config.clone() }, known, reading)?;
    sqlite::fold(&draft)?;
    // What an older file has left beside itself would be taken for a part of this one.
    for ending in ["-wal", "-shm"] {
        remove(&sqlite::beside(&path, ending))?;
        remove(&sqlite::beside(&draft, ending))?;
    }
    files::take_the_place(&draft, &path).map_err(|e| Error::Internal(format!("{}: {e}", path.display())))?;
    Ok(done)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Internal(format!("{}: {cause}", path.display())))
        }
        _ => Ok(()),
    }
}

fn refuse_used_file(path: &PathBuf) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() > 0 => {}
        _ => return Ok(()),
    }
    let mut conn = sqlite::reader(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::internal)?;
    runtime.block_on(refuse_used(&mut Conn::Sqlite(&mut conn)))
}

/// # Errors
/// When there is more in the database than a first migration makes.
async fn refuse_used(conn: &mut Conn<'_>) -> Result<()> {
    if migrate::newest(conn).await?.is_none() {
        return Ok(());
    }
    let tenants = ledger::tenants(conn).await?;
    if tenants.iter().all(|(org, head)| *org == Id::SYSTEM && head.seq == 0) {
        return Ok(());
    }
    Err(Error::Internal("the database holds something: a backup is restored into a new one only".into()))
}

fn fill<R: Read>(config: &Config, known: Known<'_>, mut reading: Reading<R>) -> Result<(Contents, Files)> {
    let header = reading.header.clone();
    with_schema(config, async |mut schema| {
        let mut conn = schema.conn();
        refuse_used(&mut conn).await?;
        if !migrate::knows(&conn, &header.schema)? {
            return Err(Error::Internal(format!(
                "the backup was made by a newer holdfast: {}, schema {}",
                header.version, header.schema
            )));
        }
        if migrate::newest(&mut conn).await?.is_some_and(|newest| newest > header.schema) {
            return Err(Error::Internal("the database has newer tables than the backup: restore it into one without any".into()));
        }
        schema.begin().await?;
        let (mut schema, _) = schema.apply(Way::Until(&header.schema))?;
        let manifest = load(&mut schema.conn(), &mut reading, None).await?;
        if matches!(schema, Schema::Postgres(_)) {
            // Tables with references that are still to be checked cannot be changed.
            schema.conn().batch("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        let (mut schema, _) = schema.apply(Way::Up)?;
        migrate::settle(&mut schema.conn(), known.landscapes).await?;
        if let Schema::Sqlite(conn) = &mut schema {
            migrate::check_foreign_keys(conn)?;
        }
        check(&mut schema.conn(), known, &manifest).await?;
        schema.commit().await?;
        if matches!(schema, Schema::Postgres(_)) {
            schema.conn().batch("ANALYZE").await?;
        }
        Ok((Contents { header, manifest }, reading.files))
    })
}

/// # Errors
/// When a ledger does not hold or is not the one that was taken, or the tables are not what the ledgers say.
async fn check(conn: &mut Conn<'_>, known: Known<'_>, manifest: &Manifest) -> Result<()> {
    let heads = verify_ledgers(conn).await.map_err(Error::Internal)?;
    let now: Vec<LedgerState> = ledger::tenants(conn).await?.iter().map(LedgerState::from).collect();
    if now != manifest.ledgers {
        return Err(Error::Internal("the ledgers are not those of the manifest".into()));
    }
    verify_objects(conn, known.kinds, known.landscapes, heads).await.map(drop)
}
