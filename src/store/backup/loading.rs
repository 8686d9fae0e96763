//! The rows of a backup on their way into the tables.
use super::archive::{ArchiveReader, Header, Heading, Line, Manifest};
use super::catalog::{ColumnType, TableShape, tables};
use crate::model::{Error, Id, Result};
use crate::on;
use crate::store::bind::Bind;
use crate::store::conn::{Conn, MapDbError};
use crate::store::fragment::Fragment;
use crate::store::insert::Inserts;
use crate::store::kind::Kinds;
use crate::store::snapshot::Landscapes;
use crate::store::types::DbId;
use diesel::sql_types::Untyped;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

/// Rows that are written by one statement.
const ROWS: usize = 1_000;
/// The same in bytes of text, for rows may be long.
const BYTES: usize = 4 << 20;

/// The files that came with a backup, by name.
pub type Files = Vec<(String, String)>;

/// What a restored database is verified by.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub kinds: Kinds,
    pub landscapes: &'a dyn Landscapes,
}

/// Writes all rows, table by table. `only` is the organisation they must all be of, where it is one alone.
///
/// # Errors
/// When the backup is not whole or does not fit the tables, or the database does not answer.
pub async fn load<R: Read>(conn: &mut Conn<'_>, reading: &mut Reading<R>, only: Option<Id>) -> Result<Manifest> {
    let shapes = tables(conn).await?;
    let mut loading: Option<Loading> = None;
    loop {
        match reading.next()? {
            Step::Table(name, columns) => {
                if let Some(table) = &mut loading {
                    table.flush(conn).await?;
                }
                loading = Some(Loading::of(&shapes, name, columns, only)?);
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
    only: Option<Id>,
}

impl Loading {
    fn of(shapes: &[TableShape], name: String, columns: Vec<String>, only: Option<Id>) -> Result<Loading> {
        let unknown = || Error::Internal(format!("the backup has a table {name:?} with columns that are unknown here"));
        let shape = shapes.iter().find(|shape| shape.name == name).ok_or_else(unknown)?;
        let of = |column: &String| shape.columns.iter().find(|(known, _)| known == column).map(|(_, of)| *of);
        let types: Vec<ColumnType> = columns.iter().map(of).collect::<Option<_>>().ok_or_else(unknown)?;
        // Statements want names that last; there are as many as tables.
        let columns: Vec<&'static str> = columns.into_iter().map(|column| &*column.leak()).collect();
        Ok(Loading { name: name.leak(), columns: columns.leak(), types, values: Vec::new(), bytes: 0, only })
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
        if self.only.is_some_and(|only| !self.is_of(before, only)) {
            return Err(Error::Internal(format!("the backup of one organisation has a row of {} that is another's", self.name)));
        }
        if self.name == "tenants" && self.is_of(before, Id::SYSTEM) {
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

    fn is_of(&self, row: usize, organization: Id) -> bool {
        let place = self.columns.iter().position(|column| *column == "organization_id").unwrap_or(0);
        match &self.values[row + place] {
            Bind::Id(Some(id)) => *id == DbId(organization),
            Bind::Bytes(Some(bytes)) => bytes == organization.0.as_bytes(),
            _ => false,
        }
    }

    /// The tenant of the organisations themselves is made with the tables, and nobody can take it out again.
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
pub struct Reading<R: Read> {
    pub header: Header,
    pub files: Files,
    archive: ArchiveReader<R>,
    counted: BTreeMap<String, u64>,
    table: String,
}

/// What comes next in a backup.
pub enum Step {
    Table(String, Vec<String>),
    Row(Vec<Value>),
    /// The manifest, once everything before it was compared with it.
    End(Manifest),
}

impl<R: Read> Reading<R> {
    /// # Errors
    /// When it is no backup, or one of a form that is not known here.
    pub fn of(input: R) -> Result<Reading<R>> {
        let (archive, header) = ArchiveReader::new(input)?;
        Ok(Reading { header, files: Files::new(), archive, counted: BTreeMap::new(), table: String::new() })
    }

    /// # Errors
    /// When the backup is not whole.
    pub fn next(&mut self) -> Result<Step> {
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
