//! The tables of a database as its own catalogue tells them, so that a backup holds every one there is.
use crate::model::Timestamp;
use crate::model::{Error, Id, Result};
use crate::on;
use crate::store::bind::Bind;
use crate::store::cell::Cells;
use crate::store::conn::{Conn, MapDbError};
use crate::store::types::{DbId, DbTime, JsonText};
use diesel::sql_query;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A table with its columns.
#[derive(Debug, Clone)]
pub struct TableShape {
    pub name: String,
    pub columns: Vec<(String, ColumnType)>,
    /// The columns of its primary key, in their order.
    pub key: Vec<String>,
}

/// The type of a column, as far as values have to be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Text,
    Integer,
    Real,
    Truth,
    Time,
    Id,
    Bytes,
    Json,
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS a, c.name AS b, c.type AS c, c.pk AS d FROM sqlite_master m \
    JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '__diesel*' \
    ORDER BY m.name, c.cid";
const POSTGRES_COLUMNS: &str = "SELECT t.relname::text AS a, c.attname::text AS b, format_type(c.atttypid, NULL) AS c, \
    coalesce(array_position(k.indkey::int2[], c.attnum) + 1, 0)::bigint AS d FROM pg_class t \
    JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped \
    LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary \
    WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace AND t.relname NOT LIKE '\\_\\_diesel%' \
    ORDER BY t.relname COLLATE \"C\", c.attnum";
const SQLITE_REFERENCES: &str = "SELECT m.name AS a, f.\"table\" AS b FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
    WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*'";
const POSTGRES_REFERENCES: &str = "SELECT t.relname::text AS a, r.relname::text AS b FROM pg_constraint f \
    JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid \
    WHERE f.contype = 'f' AND NOT f.condeferrable AND t.relnamespace = current_schema()::regnamespace";

/// Every table, each after those it refers to.
///
/// # Errors
/// When the database does not answer, or has a column of a type that is unknown here.
pub async fn tables(conn: &mut Conn<'_>) -> Result<Vec<TableShape>> {
    let (columns, references) =
        if conn.is_sqlite() { (SQLITE_COLUMNS, SQLITE_REFERENCES) } else { (POSTGRES_COLUMNS, POSTGRES_REFERENCES) };
    let columns: Vec<Cells> = on!(conn, |c| sql_query(columns).load(c)).map_db_error()?;
    let mut all: BTreeMap<String, (TableShape, Vec<(i64, String)>)> = BTreeMap::new();
    for mut row in columns {
        let (table, column, kind, place): (String, String, String, i64) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let shape = || TableShape { name: table.clone(), columns: Vec::new(), key: Vec::new() };
        let (shape, key) = all.entry(table.clone()).or_insert_with(|| (shape(), Vec::new()));
        let of = ColumnType::named(&kind).ok_or_else(|| Error::Internal(format!("{table}.{column} has the type {kind}")))?;
        if place > 0 {
            key.push((place, column.clone()));
        }
        shape.columns.push((column, of));
    }
    let references: Vec<Cells> = on!(conn, |c| sql_query(references).load(c)).map_db_error()?;
    let mut before: BTreeSet<(String, String)> = BTreeSet::new();
    for mut row in references {
        before.insert((row.take()?, row.take()?));
    }
    let mut shapes = Vec::new();
    for (mut shape, mut key) in all.into_values() {
        key.sort();
        shape.key = key.into_iter().map(|(_, column)| column).collect();
        shapes.push(shape);
    }
    Ok(in_order(shapes, &before))
}

/// Tables after those they refer to; a table may refer to itself. Where some refer to each other, their references are checked
/// at the end of a transaction, and any order will do.
fn in_order(mut left: Vec<TableShape>, references: &BTreeSet<(String, String)>) -> Vec<TableShape> {
    let mut done: Vec<TableShape> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &TableShape| {
            let mut targets = references.iter().filter(|(from, to)| *from == table.name && to != from).map(|(_, to)| to);
            targets.any(|to| left.iter().any(|other| other.name == *to))
        };
        let next = left.iter().position(|table| !waits(table)).unwrap_or(0);
        done.push(left.remove(next));
    }
    done
}

impl ColumnType {
    /// By the database's name for it.
    fn named(name: &str) -> Option<ColumnType> {
        Some(match name.to_ascii_lowercase().as_str() {
            "text" => ColumnType::Text,
            "bigint" | "integer" => ColumnType::Integer,
            "double precision" | "real" => ColumnType::Real,
            "boolean" => ColumnType::Truth,
            "timestamp with time zone" => ColumnType::Time,
            "uuid" => ColumnType::Id,
            // An id, too, on SQLite: the bytes are the same.
            "bytea" | "blob" => ColumnType::Bytes,
            "jsonb" => ColumnType::Json,
            _ => return None,
        })
    }

    /// A value of a backup as one of this column.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn bind(self, value: Value) -> Result<Bind> {
        let unfit = |value: &Value| Error::Internal(format!("{value} of the backup does not fit its column"));
        let nothing = value.is_null();
        Ok(match self {
            _ if nothing => self.null(),
            ColumnType::Integer => Bind::Integer(Some(value.as_i64().ok_or_else(|| unfit(&value))?)),
            ColumnType::Truth => Bind::Truth(Some(value.as_i64().ok_or_else(|| unfit(&value))? != 0)),
            ColumnType::Time => {
                let time = value.as_i64().and_then(Timestamp::from_micros).ok_or_else(|| unfit(&value))?;
                Bind::Time(Some(DbTime(time)))
            }
            ColumnType::Real => {
                let number = value.as_str().map_or_else(|| value.to_string().parse(), str::parse);
                Bind::Real(Some(number.map_err(|_| unfit(&value))?))
            }
            ColumnType::Id => {
                let id = uuid::Uuid::try_parse(value.as_str().unwrap_or_default());
                Bind::Id(Some(DbId(Id(id.map_err(|_| unfit(&value))?))))
            }
            ColumnType::Bytes => {
                let text = value.as_str().ok_or_else(|| unfit(&value))?;
                Bind::Bytes(Some(hex::decode(text).map_err(|_| unfit(&value))?))
            }
            ColumnType::Text | ColumnType::Json => match value {
                Value::String(text) if self == ColumnType::Text => Bind::Text(Some(text)),
                Value::String(text) => Bind::Json(Some(JsonText(text))),
                other => return Err(unfit(&other)),
            },
        })
    }

    fn null(self) -> Bind {
        match self {
            ColumnType::Text => Bind::Text(None),
            ColumnType::Integer => Bind::Integer(None),
            ColumnType::Real => Bind::Real(None),
            ColumnType::Truth => Bind::Truth(None),
            ColumnType::Time => Bind::Time(None),
            ColumnType::Id => Bind::Id(None),
            ColumnType::Bytes => Bind::Bytes(None),
            ColumnType::Json => Bind::Json(None),
        }
    }
}
