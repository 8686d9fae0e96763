//! Rows as values whose types the database tells, so that one statement code reads the tables of all kinds.
use super::types::{DbDate, DbEnum, DbId, DbTime, Json, POSTGRES_EPOCH_MICROS};
use crate::model::{Date, Error, Id, Result, StringEnum, Timestamp};
use diesel::QueryableByName;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::{BigInt, Bool, Double, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use uuid::Uuid;

/// The value of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    /// Also truth values (0, 1) and moments (microseconds since 1970).
    Integer(i64),
    Real(f64),
    /// Also JSON.
    Text(String),
    Bytes(Vec<u8>),
    Id(Id),
}

impl Cell {
    /// The value as JSON that is the same whichever database it comes from: bytes and ids hexadecimal, times as microseconds,
    /// JSON as text, numbers with a point as the shortest text that is read as the same number.
    pub fn into_json(self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Integer(number) => number.into(),
            Cell::Real(number) => format!("{number:?}").into(),
            Cell::Text(text) => text.into(),
            Cell::Bytes(bytes) => hex::encode(bytes).into(),
            Cell::Id(id) => id.0.simple().to_string().into(),
        }
    }
}

/// The columns of one row, taken from the first to the last.
#[derive(Debug)]
pub struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    /// All columns that are left.
    pub fn into_cells(self) -> impl Iterator<Item = Cell> {
        self.0
    }

    /// The next column.
    ///
    /// # Errors
    /// When there is none, or its value is of another type.
    pub fn take<T: FromCell>(&mut self) -> Result<T> {
        T::from_cell(self.0.next().ok_or_else(|| Error::Internal("a row has too few columns".into()))?)
    }
}

/// What can be read from a column.
pub trait FromCell: Sized {
    /// # Errors
    /// When the value is of another type, or none of its list.
    fn from_cell(cell: Cell) -> Result<Self>;
}

fn unfit<T>(cell: &Cell) -> Result<T> {
    Err(Error::Internal(format!("{cell:?} does not fit its column")))
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Result<Self> {
        if cell == Cell::Null { Ok(None) } else { T::from_cell(cell).map(Some) }
    }
}

/// Reads a value of one variant.
macro_rules! from_cell {
    ($($type:ty: $cell:ident => $value:expr),* $(,)?) => {$(
        impl FromCell for $type {
            fn from_cell($cell: Cell) -> Result<Self> {
                $value
            }
        }
    )*};
}
from_cell!(
    String: cell => if let Cell::Text(text) = cell { Ok(text) } else { unfit(&cell) },
    i64: cell => if let Cell::Integer(number) = cell { Ok(number) } else { unfit(&cell) },
    bool: cell => if let Cell::Integer(number) = cell { Ok(number != 0) } else { unfit(&cell) },
    DbId: cell => if let Cell::Id(id) = cell { Ok(DbId(id)) } else { unfit(&cell) },
    f64: cell => match cell {
        Cell::Real(number) => Ok(number),
        Cell::Integer(number) => Ok(number as f64),
        cell => unfit(&cell),
    },
    Vec<u8>: cell => match cell {
        Cell::Bytes(bytes) => Ok(bytes),
        // Sixteen bytes look like an id.
        Cell::Id(id) => Ok(id.0.as_bytes().to_vec()),
        cell => unfit(&cell),
    },
    DbTime: cell => {
        let time = if let Cell::Integer(micros) = cell { Timestamp::from_micros(micros) } else { None };
        time.map_or_else(|| unfit(&cell), |time| Ok(DbTime(time)))
    },
    DbDate: cell => {
        let date = if let Cell::Text(text) = &cell { Date::parse(text) } else { None };
        date.map_or_else(|| unfit(&cell), |date| Ok(DbDate(date)))
    },
);

impl<W: StringEnum + Debug> FromCell for DbEnum<W> {
    fn from_cell(cell: Cell) -> Result<Self> {
        let word = if let Cell::Text(text) = &cell { W::from_word(text) } else { None };
        word.map_or_else(|| unfit(&cell), |word| Ok(DbEnum(word)))
    }
}

impl<T: DeserializeOwned + Debug> FromCell for Json<T> {
    fn from_cell(cell: Cell) -> Result<Self> {
        let Cell::Text(text) = &cell else { return unfit(&cell) };
        serde_json::from_str(text).map(Json).map_err(Error::internal)
    }
}

/// Reads every column of a row, whichever database it comes from.
fn cells<'a, DB: Backend, R: NamedRow<'a, DB>>(
    row: &R,
    cell: impl Fn(DB::RawValue<'_>) -> deserialize::Result<Cell>,
) -> deserialize::Result<Cells> {
    let mut all = Vec::with_capacity(row.field_count());
    for index in 0..row.field_count() {
        let field = Row::get(row, index).ok_or("a column is missing")?;
        all.push(field.value().map_or(Ok(Cell::Null), &cell)?);
    }
    Ok(Cells(all.into_iter()))
}

impl QueryableByName<Sqlite> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        cells(row, |mut value: SqliteValue<'_, '_, '_>| {
            Ok(match value.value_type() {
                None => Cell::Null,
                Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => Cell::Integer(value.read_long()),
                Some(SqliteType::Float | SqliteType::Double) => Cell::Real(value.read_double()),
                Some(SqliteType::Text) => Cell::Text(value.read_text().to_owned()),
                Some(SqliteType::Binary) => {
                    let bytes = value.read_blob();
                    Uuid::from_slice(bytes).map_or_else(|_| Cell::Bytes(bytes.to_vec()), |id| Cell::Id(Id(id)))
                }
            })
        })
    }
}

/// Object ids of PostgreSQL's types (`pg_type.dat`).
mod oid {
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const INT8: u32 = 20;
    pub const FLOAT8: u32 = 701;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

impl QueryableByName<Pg> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        cells(row, |value: PgValue<'_>| {
            Ok(match value.get_oid().get() {
                oid::BOOL => Cell::Integer(i64::from(<bool as FromSql<Bool, Pg>>::from_sql(value)?)),
                oid::BYTEA => Cell::Bytes(value.as_bytes().to_vec()),
                oid::INT8 => Cell::Integer(<i64 as FromSql<BigInt, Pg>>::from_sql(value)?),
                oid::FLOAT8 => Cell::Real(<f64 as FromSql<Double, Pg>>::from_sql(value)?),
                oid::TIMESTAMPTZ => {
                    let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(value)?;
                    Cell::Integer(micros.checked_add(POSTGRES_EPOCH_MICROS).ok_or("a stored time is out of range")?)
                }
                oid::UUID => Cell::Id(Id(Uuid::from_slice(value.as_bytes())?)),
                oid::JSONB => {
                    let bytes = value.as_bytes().strip_prefix(&[1]).ok_or("jsonb of an unknown version")?;
                    Cell::Text(std::str::from_utf8(bytes)?.to_owned())
                }
                _ => Cell::Text(<String as FromSql<Text, Pg>>::from_sql(value)?),
            })
        })
    }
}
