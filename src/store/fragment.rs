//! SQL put together from text of this code and bound values, for what the query builder cannot say once for both
//! databases.
use super::types::{DbId, DbTime, sql};
use crate::model::{FieldValue as Value, Id};
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text};
use std::marker::PhantomData;

#[derive(Debug, Clone)]
enum Part {
    Sql(String),
    Text(String),
    Integer(Option<i64>),
    Truth(bool),
    Time(DbTime),
    Id(DbId),
}

/// SQL with its bound values.
#[derive(Debug, Clone, Default)]
pub struct Fragment(Vec<Part>);

/// Statements with more bound values than this are prepared anew: their texts are too many to keep.
const MOST_CACHED: usize = 6;

impl Fragment {
    /// Appends text, which never comes from a request.
    pub fn sql(mut self, sql: &str) -> Self {
        match self.0.last_mut() {
            Some(Part::Sql(text)) => text.push_str(sql),
            _ => self.0.push(Part::Sql(sql.to_owned())),
        }
        self
    }
    /// Appends a bound value.
    pub fn value(self, value: &Value) -> Self {
        match value {
            Value::Text(text) => self.part(Part::Text(text.clone())),
            Value::Integer(number) => self.integer(Some(*number)),
            Value::Boolean(truth) => self.part(Part::Truth(*truth)),
            Value::Time(time) => self.part(Part::Time(DbTime(*time))),
            Value::Id(id) => self.id(*id),
            Value::Null | Value::Spelled(_) => self.sql("NULL"),
        }
    }
    pub fn integer(self, number: Option<i64>) -> Self {
        self.part(Part::Integer(number))
    }
    pub fn id(self, id: Id) -> Self {
        self.part(Part::Id(DbId(id)))
    }
    /// Appends ids with commas between.
    pub fn ids(mut self, ids: &[Id]) -> Self {
        for (index, id) in ids.iter().enumerate() {
            self = self.sql(if index == 0 { "" } else { ", " }).id(*id);
        }
        self
    }
    fn part(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }
    /// The fragment as a whole statement that gives rows of these types.
    pub fn rows<T>(self) -> Statement<T> {
        Statement { fragment: self, rows: PhantomData }
    }
}

impl<DB> QueryFragment<DB> for Fragment
where
    DB: Backend + HasSqlType<sql::Identity> + HasSqlType<sql::Instant> + HasSqlType<Bool>,
    String: ToSql<Text, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    bool: ToSql<Bool, DB>,
    DbTime: ToSql<sql::Instant, DB>,
    DbId: ToSql<sql::Identity, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if self.0.len() > 2 * MOST_CACHED {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.0 {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Text(text) => out.push_bind_param::<Text, String>(text)?,
                Part::Integer(number) => out.push_bind_param::<Nullable<BigInt>, Option<i64>>(number)?,
                Part::Truth(truth) => out.push_bind_param::<Bool, bool>(truth)?,
                Part::Time(time) => out.push_bind_param::<sql::Instant, DbTime>(time)?,
                Part::Id(id) => out.push_bind_param::<sql::Identity, DbId>(id)?,
            }
        }
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
