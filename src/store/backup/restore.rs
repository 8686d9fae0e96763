//! Makes a database of a backup: all of it or nothing, and only where nothing is.
use super::archive::{ArchiveReader, Contents, Heading, LedgerState, Line, Manifest};
use super::catalog::{ColumnType, TableShape, tables};
use crate::auth::files;
use crate::config::{Config, Database, Secret};
use crate::model::{Error, Id, Result};
use crate::on;
use crate::store::bind::Bind;
use crate::store::claim;
use crate::store::conn::{Conn, MapDbError};
use crate::store::fragment::Fragment;
use crate::store::insert::Inserts;
use crate::store::migrate::{self, Schema, Way, with_schema};
use crate::store::types::DbId;
use crate::store::verify::verify_ledgers;
use crate::store::{ledger, sqlite};
use diesel::sql_types::Untyped;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Rows that are written by one statement.
const ROWS: usize = 1_000;
/// The same in bytes of text, for rows may be long.
const BYTES: usize = 4 << 20;

/// The files that came with a backup, by name.
pub type Files = Vec<(String, String)>;

/// Reads a backup to its end and compares it with its manifest. Nothing is written.
///
/// # Errors
/// When it is no backup, or not a whole one.
pub fn inspect(input: impl Read) -> Result<(Contents, Files)> {
    let (archive, header) = ArchiveReader::new(input)?;
    let mut reading = Reading::of(archive);
    loop {
        if let Step::End(manifest) = reading.next()? {
            return Ok((Contents { header, manifest }, reading.files));
        }
    }
}

/// Makes the database of the settings of a backup. It must hold no organisation; an embedded one appears under its name when all of
/// it is there, PostgreSQL gets it in one transaction.
///
/// # Errors
/// When the backup is not whole, or was made by a newer version; when the database holds something, is served, or does not answer.
pub fn restore(config: &Config, input: impl Read) -> Result<(Contents, Files)> {
    let Database::Sqlite(path) = config.database().map_err(Error::Internal)? else { return fill(config, input) };
    let _claim = claim::lock(&path)?;
    refuse_used_file(&path)?;
    let draft = path.with_extension("restoring");
    for ending in ["", "-wal", "-shm"] {
        remove(&sqlite::beside(&draft, ending))?;
    }
    files::open_or_make(&draft).map_err(|e| Error::Internal(format!("{}: {e}", draft.display())))?;
    let url = Secret::from(format!("sqlite:{}", draft.display()));
    let done = fill(&Config { database_url: Some(url), ..config.clone() }, input)?;
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

fn fill(config: &Config, input: impl Read) -> Result<(Contents, Files)> {
    let (archive, header) = ArchiveReader::new(input)?;
    let mut reading = Reading::of(archive);
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
        let manifest = load(&mut schema.conn(), &mut reading).await?;
        if matches!(schema, Schema::Postgres(_)) {
            // Tables with references that are still to be checked cannot be changed.
            schema.conn().batch("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        let (mut schema, _) = schema.apply(Way::Up)?;
        if let Schema::Sqlite(conn) = &mut schema {
            migrate::check_foreign_keys(conn)?;
        }
        check(&mut schema.conn(), &manifest).await?;
        schema.commit().await?;
        if matches!(schema, Schema::Postgres(_)) {
            schema.conn().batch("ANALYZE").await?;
        }
        Ok((Contents { header: header.clone(), manifest }, std::mem::take(&mut reading.files)))
    })
}

/// # Errors
/// When a ledger does not hold, or is not the one that was taken.
async fn check(conn: &mut Conn<'_>, manifest: &Manifest) -> Result<()> {
    verify_ledgers(conn).await.map_err(Error::Internal)?;
    let now: Vec<LedgerState> = ledger::tenants(conn).await?.iter().map(LedgerState::from).collect();
    if now == manifest.ledgers { Ok(()) } else { Err(Error::Internal("the ledgers are not those of the manifest".into())) }
}

/// Writes all rows, table by table.
async fn load<R: Read>(conn: &mut Conn<'_>, reading: &mut Reading<R>) -> Result<Manifest> {
    let shapes = tables(conn).await?;
    let mut loading: Option<Loading> = None;
    loop {
        match reading.next()? {
            Step::Table(name, columns) => {
                if let Some(table) = &mut loading {
                    table.flush(conn).await?;
                }
                loading = Some(Loading::of(&shapes, name, columns)?);
            }
            Step::Row(values) => {
                let table = loading.as_mut().ok_or_else(|| Error::Internal("the backup has rows of no table".into()))?;
                table.add(conn, values).await?;
            }
            Step::End(manifest) => {
                if let Some(table) = &mut loading {
                    table.flush(conn).await?;
                }
                if let Some(missing) = shapes.iter().find(|shape| !manifest.tables.contains_key(&shape.name)) {
                    return Err(Error::Internal(format!("the backup lacks the table {}", missing.name)));
                }
                return Ok(manifest);
            }
        }
    }
}

/// The table that is being written.
struct Loading {
    name: &'static str,
    columns: &'static [&'static str],
    types: Vec<ColumnType>,
    values: Vec<Bind>,
    bytes: usize,
}

impl Loading {
    fn of(shapes: &[TableShape], name: String, columns: Vec<String>) -> Result<Loading> {
        let unknown = || Error::Internal(format!("the backup has a table {name:?} with columns that are unknown here"));
        let shape = shapes.iter().find(|shape| shape.name == name).ok_or_else(unknown)?;
        let of = |column: &String| shape.columns.iter().find(|(known, _)| known == column).map(|(_, of)| *of);
        let types: Vec<ColumnType> = columns.iter().map(of).collect::<Option<_>>().ok_or_else(unknown)?;
        // Statements want names that last; there are as many as tables.
        let columns: Vec<&'static str> = columns.into_iter().map(|column| &*column.leak()).collect();
        Ok(Loading { name: name.leak(), columns: columns.leak(), types, values: Vec::new(), bytes: 0 })
    }

    async fn add(&mut self, conn: &mut Conn<'_>, row: Vec<Value>) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(Error::Internal(format!("a row of {} has {} values", self.name, row.len())));
        }
        let before = self.values.len();
        for (of, value) in self.types.iter().zip(row) {
            self.bytes += value.as_str().map_or(8, str::len);
            self.values.push(of.bind(value)?);
        }
        if self.name == "tenants" && self.is_there(before) {
            let row = self.values.split_off(before);
            return self.overwrite(conn, row).await;
        }
        if self.bytes >= BYTES || self.values.len() >= ROWS * self.columns.len() {
            self.flush(conn).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, conn: &mut Conn<'_>) -> Result<()> {
        self.bytes = 0;
        let mut inserts = Inserts::default();
        inserts.add_values(self.name, self.columns, std::mem::take(&mut self.values));
        inserts.run(conn).await
    }

    /// The tenant of the organisations themselves is made with the tables, and nobody can take it out again.
    fn is_there(&self, row: usize) -> bool {
        let place = self.columns.iter().position(|column| *column == "organization_id").unwrap_or(0);
        match &self.values[row + place] {
            Bind::Id(Some(id)) => *id == DbId(Id::SYSTEM),
            Bind::Bytes(Some(bytes)) => bytes.iter().all(|byte| *byte == 0),
            _ => false,
        }
    }

    async fn overwrite(&self, conn: &mut Conn<'_>, row: Vec<Bind>) -> Result<()> {
        let mut statement = Fragment::default().sql("UPDATE tenants SET ");
        for (index, (column, value)) in self.columns.iter().zip(row).enumerate() {
            statement = statement.sql(if index == 0 { "" } else { ", " }).sql(column).sql(" = ").bind(value);
        }
        let statement = statement.sql(" WHERE organization_id = ").id(Id::SYSTEM).rows::<Untyped>();
        on!(conn, |c| statement.execute(c)).map_db_error().map(drop)
    }
}

/// A backup on its way in.
struct Reading<R: Read> {
    archive: ArchiveReader<R>,
    counted: BTreeMap<String, u64>,
    table: String,
    files: Files,
}

enum Step {
    Table(String, Vec<String>),
    Row(Vec<Value>),
    /// The manifest, once everything before it was compared with it.
    End(Manifest),
}

impl<R: Read> Reading<R> {
    fn of(archive: ArchiveReader<R>) -> Reading<R> {
        Reading { archive, counted: BTreeMap::new(), table: String::new(), files: Files::new() }
    }

    fn next(&mut self) -> Result<Step> {
        loop {
            match self.archive.line()? {
                Line::Row(values) => {
                    if let Some(count) = self.counted.get_mut(&self.table) {
                        *count += 1;
                    }
                    return Ok(Step::Row(values));
                }
                Line::Heading(Heading::Table { name, columns }) => {
                    self.table.clone_from(&name);
                    self.counted.insert(name.clone(), 0);
                    return Ok(Step::Table(name, columns));
                }
                Line::Heading(Heading::File { name, content }) => self.files.push((name, content)),
                Line::Heading(Heading::Manifest(manifest)) => {
                    self.archive.check(&manifest, &self.counted)?;
                    return Ok(Step::End(manifest));
                }
                Line::Heading(Heading::Holdfast(_)) => return Err(Error::Internal("the backup begins twice".into())),
            }
        }
    }
}
