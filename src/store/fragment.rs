//! SQL put together from text of this code and bound values, for what the query builder cannot say once for both
//! databases.
use super::bind::Bind;
use super::conn::dsl::*;
use super::types::{DbId, DbTime, sql::Identity};
use crate::model::{FieldValue as Value, Id};
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Text};
use diesel::sqlite::Sqlite;
use std::marker::PhantomData;

#[derive(Debug, Clone)]
enum Part {
    Sql(String),
    Bind(Bind),
    Among(Among),
}

/// SQL with its bound values.
#[derive(Debug, Clone, Default)]
pub struct Fragment(Vec<Part>);

/// Statements with more bound values than this are prepared anew: their texts are too many to keep.
const MAX_CACHED: usize = 9;

impl Fragment {
    /// Appends text, which never comes from a request.
    pub fn sql(mut self, sql: &str) -> Self {
        match self.0.last_mut() {
            Some(Part::Sql(text)) => text.push_str(sql),
            _ => self.0.push(Part::Sql(sql.to_owned())),
        }
        self
    }
    /// Appends another fragment.
    pub fn then(mut self, other: Fragment) -> Self {
        self.0.extend(other.0);
        self
    }
    /// Appends a bound value.
    pub fn value(self, value: &Value) -> Self {
        match value {
            Value::Text(text) => self.bind(Bind::Text(Some(text.clone()))),
            Value::Integer(number) => self.integer(Some(*number)),
            Value::Boolean(truth) => self.bind(Bind::Truth(Some(*truth))),
            Value::Time(time) => self.bind(Bind::Time(Some(DbTime(*time)))),
            Value::Id(id) => self.id(*id),
            Value::Null | Value::Unresolved(_) | Value::Today => self.sql("NULL"),
        }
    }
    pub fn integer(self, number: Option<i64>) -> Self {
        self.bind(Bind::Integer(number))
    }
    pub fn id(self, id: Id) -> Self {
        self.bind(Bind::Id(Some(DbId(id))))
    }
    /// Appends ids with commas between.
    pub fn ids(mut self, ids: &[Id]) -> Self {
        for (index, id) in ids.iter().enumerate() {
            self = self.sql(if index == 0 { "" } else { ", " }).id(*id);
        }
        self
    }
    /// Appends a comparison with any number of ids, which are bound as one value.
    pub fn among(mut self, ids: &[Id]) -> Self {
        self.0.push(Part::Among(Among::new(ids)));
        self
    }
    pub fn bind(mut self, bind: Bind) -> Self {
        self.0.push(Part::Bind(bind));
        self
    }
    /// The fragment as a whole statement that gives rows of these types.
    pub fn rows<T>(self) -> Statement<T> {
        Statement { fragment: self, rows: PhantomData }
    }
}

impl<DB: Backend> QueryFragment<DB> for Fragment
where
    Bind: QueryFragment<DB>,
    Among: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if self.0.len() > 2 * MAX_CACHED {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.0 {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Bind(bind) => bind.walk_ast(out.reborrow())?,
                Part::Among(ids) => ids.walk_ast(out.reborrow())?,
            }
        }
        Ok(())
    }
}

/// `= ANY ($1)` or the like: the one comparison that both databases spell in their own way.
#[derive(Debug, Clone)]
struct Among {
    ids: Vec<DbId>,
    /// The ids as SQLite reads them: a JSON list of hexadecimal texts.
    json: String,
}

impl Among {
    fn new(ids: &[Id]) -> Among {
        let json = ids.iter().map(|id| format!("\"{}\"", id.0.simple())).collect::<Vec<_>>().join(",");
        Among { ids: ids.iter().copied().map(DbId).collect(), json: format!("[{json}]") }
    }
}

impl QueryFragment<Pg> for Among {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" = ANY (");
        out.push_bind_param::<Array<Identity>, _>(&self.ids)?;
        out.push_sql(")");
        Ok(())
    }
}
impl QueryFragment<Sqlite> for Among {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(" IN (SELECT unhex(value) FROM json_each(");
        out.push_bind_param::<Text, _>(&self.json)?;
        out.push_sql("))");
        Ok(())
    }
}

impl QueryId for Fragment {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl Expression for Fragment {
    type SqlType = Bool;
}
impl<T> ValidGrouping<T> for Fragment {
    type IsAggregate = is_aggregate::Never;
}
impl<T> AppearsOnTable<T> for Fragment {}
impl<T> SelectableExpression<T> for Fragment {}

/// A whole statement whose rows have the SQL types `T`.
#[derive(Debug)]
pub struct Statement<T> {
    fragment: Fragment,
    rows: PhantomData<T>,
}

impl<T> QueryId for Statement<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl<T> Query for Statement<T> {
    type SqlType = T;
}
impl<T, DB: Backend> QueryFragment<DB> for Statement<T>
where
    Fragment: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.fragment.walk_ast(out)
    }
}
impl<T, Conn> diesel::RunQueryDsl<Conn> for Statement<T> {}
