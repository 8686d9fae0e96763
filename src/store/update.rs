//! `UPDATE` of one object: only what differs is written, so that the indexes of all other columns stay untouched, and as
//! a statement that stays prepared.
use super::bind::Bind;
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::insert::Row;
use super::types::{DbId, sql::Identity};
use crate::model::{Id, Result};
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::Sqlite;

/// Statements that set more columns than this are prepared anew: their texts are too many to keep.
const MAX_CACHED: usize = 8;

/// The changed columns of one object in several tables.
pub struct Updates {
    key: (DbId, DbId),
    tables: Vec<Update>,
}

struct Update {
    table: &'static str,
    columns: Vec<(&'static str, Bind)>,
    key: (DbId, DbId),
}

impl Updates {
    pub fn new(org: Id, id: Id) -> Updates {
        Updates { key: (DbId(org), DbId(id)), tables: Vec::new() }
    }

    /// Adds what differs between two rows of a table.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    pub fn add<R: Row>(&mut self, old: R, new: R) -> Result<()> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        old.bind(&mut before)?;
        new.bind(&mut after)?;
        let all = R::COLUMNS.iter().copied().zip(after).zip(before);
        let columns: Vec<_> = all.filter(|((_, new), old)| new != old).map(|(changed, _)| changed).collect();
        if !columns.is_empty() {
            self.tables.push(Update { table: R::TABLE, columns, key: self.key });
        }
        Ok(())
    }

    /// Writes them. PostgreSQL gets one statement.
    ///
    /// # Errors
    /// When a constraint is broken or the database does not answer.
    pub async fn run(self, conn: &mut Conn<'_>) -> Result<()> {
        match conn {
            Conn::Postgres(_) if self.tables.is_empty() => {}
            Conn::Postgres(c) => {
                c.in_time(diesel_async::RunQueryDsl::execute(Together(self.tables), &mut &***c)).await.map_db_error()?;
            }
            Conn::Sqlite(c) => {
                for update in self.tables {
                    diesel::RunQueryDsl::execute(update, &mut **c).map_db_error()?;
                }
            }
        }
        Ok(())
    }
}

impl Update {
    fn walk<'b, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + diesel::sql_types::HasSqlType<Identity>,
        Bind: QueryFragment<DB>,
        DbId: diesel::serialize::ToSql<Identity, DB>,
    {
        if self.columns.len() > MAX_CACHED {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("UPDATE ");
        out.push_sql(self.table);
        for (index, (column, value)) in self.columns.iter().enumerate() {
            out.push_sql(if index == 0 { " SET " } else { ", " });
            out.push_sql(column);
            out.push_sql(" = ");
            value.walk_ast(out.reborrow())?;
        }
        out.push_sql(" WHERE organization_id = ");
        out.push_bind_param::<Identity, _>(&self.key.0)?;
        out.push_sql(" AND id = ");
        out.push_bind_param::<Identity, _>(&self.key.1)
    }
}

impl QueryFragment<Sqlite> for Update {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(&mut out)
    }
}

/// `WITH in_t AS (UPDATE t …) UPDATE u …`.
struct Together(Vec<Update>);

impl QueryFragment<Pg> for Together {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, before)) = self.0.split_last() else { return Ok(()) };
        for (index, update) in before.iter().enumerate() {
            out.push_sql(if index == 0 { "WITH in_" } else { ", in_" });
            out.push_sql(update.table);
            out.push_sql(" AS (");
            update.walk(&mut out)?;
            out.push_sql(") ");
        }
        last.walk(&mut out)
    }
}

impl QueryId for Update {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Conn> diesel::RunQueryDsl<Conn> for Update {}
impl QueryId for Together {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<Conn> diesel::RunQueryDsl<Conn> for Together {}
