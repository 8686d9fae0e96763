//! `INSERT` of many rows by one statement, on both databases.
use super::bind::{Bind, Column};
use super::cell::Cells;
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use crate::model::Result;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use futures_util::{StreamExt, TryStreamExt, stream};

/// A row as it is inserted; implemented by [`row!`](crate::row).
pub trait Row: Sized {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    /// Appends one value a column.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn bind(self, values: &mut Vec<Bind>) -> Result<()>;
}

/// A row that can be read, not only written.
pub trait ReadRow: Row {
    /// Takes the columns of the row, in their order.
    ///
    /// # Errors
    /// When a value does not fit its column.
    fn read(cells: &mut Cells) -> Result<Self>;
}

/// Declares the struct of a row of a table, read as [`ReadRow`](crate::store::ReadRow) and written by [`insert`] and
/// [`Updates`](crate::store::Updates).
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $Row:ident in $table:ident { $($fvis:vis $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        $vis struct $Row { $($fvis $field: $type,)* }

        $crate::row!(in $table: $Row { $($field,)* });

        impl $crate::store::ReadRow for $Row {
            fn read(cells: &mut $crate::store::Cells) -> $crate::model::Result<Self> {
                Ok(Self { $($field: cells.take()?,)* })
            }
        }
    };
    (in $table:ident: $Row:ty { $($field:ident,)* }) => {
        impl $crate::store::Row for $Row {
            const TABLE: &'static str = stringify!($table);
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
            fn bind(self, values: &mut Vec<$crate::store::Bind>) -> $crate::model::Result<()> {
                $(values.push($crate::store::Bound::bind(self.$field)?);)*
                Ok(())
            }
        }
    };
}

/// Rows of several tables that belong together.
#[derive(Default)]
pub struct Inserts(Vec<Table>);

struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// Row by row.
    values: Vec<Bind>,
}

/// Rows of one statement on SQLite, falling: so few different statements are prepared, and kept, however many rows
/// there are.
const SIZES: [usize; 4] = [100, 25, 5, 1];

/// Inserts rows of one table, in their order.
///
/// # Errors
/// When a constraint is broken or the database does not answer.
pub async fn insert<R: Row>(conn: &mut Conn<'_>, rows: impl IntoIterator<Item = R>) -> Result<()> {
    let mut inserts = Inserts::default();
    inserts.add(rows)?;
    inserts.run(conn).await
}

/// Runs several, one after the other; on PostgreSQL the next is put together while the one before is at work.
///
/// # Errors
/// As [`Inserts::run`].
pub async fn insert_all(conn: &mut Conn<'_>, all: impl Iterator<Item = Result<Inserts>>) -> Result<()> {
    match conn {
        Conn::Postgres(c) => {
            let run = async |inserts: Result<Inserts>| inserts?.run(&mut Conn::Postgres(c)).await;
            stream::iter(all).map(run).buffered(2).try_collect().await
        }
        Conn::Sqlite(_) => {
            for inserts in all {
                inserts?.run(conn).await?;
            }
            Ok(())
        }
    }
}

impl Inserts {
    /// Adds rows of a table.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    pub fn add<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) -> Result<()> {
        let rows = rows.into_iter();
        let mut values = Vec::with_capacity(rows.size_hint().0 * R::COLUMNS.len());
        for row in rows {
            row.bind(&mut values)?;
        }
        if !values.is_empty() {
            self.0.push(Table { name: R::TABLE, columns: R::COLUMNS, values });
        }
        Ok(())
    }

    /// Adds rows of a table that is known by name only: its values row by row.
    pub fn add_values(&mut self, name: &'static str, columns: &'static [&'static str], values: Vec<Bind>) {
        if !values.is_empty() {
            self.0.push(Table { name, columns, values });
        }
    }

    /// The rows themselves: name and columns of each table, and its values row by row. A table without rows is left out.
    pub fn into_tables(self) -> impl Iterator<Item = (&'static str, &'static [&'static str], Vec<Bind>)> {
        self.0.into_iter().map(|table| (table.name, table.columns, table.values))
    }

    /// Inserts the rows of all tables, in their order. PostgreSQL gets one statement with an array a column, SQLite
    /// lists of values.
    ///
    /// # Errors
    /// When a constraint is broken or the database does not answer.
    pub async fn run(self, conn: &mut Conn<'_>) -> Result<()> {
        match conn {
            Conn::Postgres(_) if self.0.is_empty() => {}
            Conn::Postgres(c) => {
                let statement = Arrays(self.0.into_iter().map(Table::arrays).collect::<Result<_>>()?);
                c.in_time(diesel_async::RunQueryDsl::execute(statement, &mut &***c)).await.map_db_error()?;
            }
            Conn::Sqlite(c) => {
                for table in self.0 {
                    for statement in table.lists() {
                        diesel::RunQueryDsl::execute(statement, &mut **c).map_db_error()?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Table {
    fn arrays(self) -> Result<Array> {
        let mut arrays: Vec<Column> = self.values[..self.columns.len()].iter().map(Column::of).collect();
        for (index, value) in self.values.into_iter().enumerate() {
            arrays[index % self.columns.len()].push(value)?;
        }
        Ok(Array { table: self.name, columns: self.columns, arrays })
    }

    fn lists(self) -> impl Iterator<Item = List> {
        let Table { name, columns, values } = self;
        let mut values = values.into_iter();
        std::iter::from_fn(move || {
            let rows = values.len() / columns.len();
            let size = SIZES.into_iter().find(|size| *size <= rows)?;
            Some(List { table: name, columns, values: values.by_ref().take(size * columns.len()).collect() })
        })
    }
}

fn into_table<DB: Backend>(out: &mut AstPass<'_, '_, DB>, table: &str, columns: &[&str]) {
    out.push_sql("INSERT INTO ");
    out.push_sql(table);
    for (index, column) in columns.iter().enumerate() {
        out.push_sql(if index == 0 { " (" } else { ", " });
        out.push_sql(column);
    }
    out.push_sql(")");
}

/// `INSERT INTO t (a, b) VALUES (?, ?), (?, ?)`.
struct List {
    table: &'static str,
    columns: &'static [&'static str],
    values: Vec<Bind>,
}

impl QueryFragment<Sqlite> for List {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        into_table(&mut out, self.table, self.columns);
        for (index, value) in self.values.iter().enumerate() {
            out.push_sql(match index {
                0 => " VALUES (",
                _ if index % self.columns.len() == 0 => "), (",
                _ => ", ",
            });
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(")");
        Ok(())
    }
}

struct Array {
    table: &'static str,
    columns: &'static [&'static str],
    arrays: Vec<Column>,
}

/// `WITH t0 AS (INSERT INTO t (a, b) SELECT * FROM unnest($1, $2)) INSERT INTO u …`: constraints between the tables are
/// checked when all is there.
struct Arrays(Vec<Array>);

impl QueryFragment<Pg> for Arrays {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, Array { table, columns, arrays }) in self.0.iter().enumerate() {
            let last = index + 1 == self.0.len();
            out.push_sql(match (index, last) {
                (0, true) => "",
                (0, false) => "WITH into_",
                (_, true) => " ",
                (_, false) => ", into_",
            });
            if !last {
                out.push_sql(table);
                out.push_sql(" AS (");
            }
            into_table(&mut out, table, columns);
            for (index, array) in arrays.iter().enumerate() {
                out.push_sql(if index == 0 { " SELECT * FROM unnest(" } else { ", " });
                array.walk_ast(out.reborrow())?;
            }
            out.push_sql(if last { ")" } else { "))" });
        }
        Ok(())
    }
}

impl QueryId for List {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Conn> diesel::RunQueryDsl<Conn> for List {}
impl QueryId for Arrays {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
