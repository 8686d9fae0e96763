//! `INSERT` of many rows by one statement, on both databases.
use super::bind::Bind;
use super::conn::dsl::*;
use super::conn::{Conn, Settle};
use crate::model::Result;
use crate::on;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

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

/// Declares the struct of a row of a table, read by the query builder, changed by it, and inserted by [`insert`].
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $Row:ident in $table:ident { $($fvis:vis $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(diesel::Queryable, diesel::Selectable, diesel::AsChangeset)]
        #[diesel(table_name = $table, treat_none_as_null = true)]
        $vis struct $Row { $($fvis $field: $type,)* }

        $crate::row!(in $table: $Row { $($field,)* });
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

/// Rows of one statement, falling: so few different statements are prepared, and kept, however many rows there are.
const SIZES: [usize; 4] = [100, 25, 5, 1];

/// Inserts rows, in their order.
///
/// # Errors
/// When a constraint is broken or the database does not answer.
pub async fn insert<R: Row>(conn: &mut Conn<'_>, rows: impl IntoIterator<Item = R>) -> Result<()> {
    let mut rows = rows.into_iter().peekable();
    let mut waiting: Vec<Bind> = Vec::new();
    while rows.peek().is_some() {
        let mut count = 0;
        for row in rows.by_ref().take(SIZES[0]) {
            row.bind(&mut waiting)?;
            count += 1;
        }
        for size in SIZES {
            while count >= size {
                let values: Vec<Bind> = waiting.drain(..size * R::COLUMNS.len()).collect();
                let statement = Insert { table: R::TABLE, columns: R::COLUMNS, values };
                on!(conn, |c| statement.execute(c)).settle()?;
                count -= size;
            }
        }
    }
    Ok(())
}

struct Insert {
    table: &'static str,
    columns: &'static [&'static str],
    values: Vec<Bind>,
}

impl<DB: Backend> QueryFragment<DB> for Insert
where
    Bind: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table);
        for (index, column) in self.columns.iter().enumerate() {
            out.push_sql(if index == 0 { " (" } else { ", " });
            out.push_sql(column);
        }
        for (index, value) in self.values.iter().enumerate() {
            out.push_sql(match index {
                0 => ") VALUES (",
                _ if index % self.columns.len() == 0 => "), (",
                _ => ", ",
            });
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryId for Insert {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Conn> diesel::RunQueryDsl<Conn> for Insert {}
