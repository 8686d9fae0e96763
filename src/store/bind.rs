//! Values bound by statements whose text is put together here instead of by the query builder.
use super::conn::dsl::*;
use super::types::{DbId, DbTime, DbWord, Json, sql};
use crate::model::{Error, Result, Word};
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Double, HasSqlType, Nullable, Text};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt::Debug;

/// A value with its SQL type; nothing has a type too, for PostgreSQL wants to know it.
#[derive(Debug, Clone)]
pub enum Bind {
    Text(Option<String>),
    Word(Option<&'static str>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Truth(Option<bool>),
    Time(Option<DbTime>),
    Id(Option<DbId>),
    Bytes(Option<Vec<u8>>),
    Json(Option<Json<Box<RawValue>>>),
}

impl<DB> QueryFragment<DB> for Bind
where
    DB: Backend + HasSqlType<sql::Identity> + HasSqlType<sql::Instant> + HasSqlType<sql::Json> + HasSqlType<Bool>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    Option<&'static str>: ToSql<Nullable<Text>, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    Option<f64>: ToSql<Nullable<Double>, DB>,
    Option<bool>: ToSql<Nullable<Bool>, DB>,
    Option<DbTime>: ToSql<Nullable<sql::Instant>, DB>,
    Option<DbId>: ToSql<Nullable<sql::Identity>, DB>,
    Option<Vec<u8>>: ToSql<Nullable<Binary>, DB>,
    Option<Json<Box<RawValue>>>: ToSql<Nullable<sql::Json>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        match self {
            Bind::Text(value) => out.push_bind_param::<Nullable<Text>, _>(value),
            Bind::Word(value) => out.push_bind_param::<Nullable<Text>, _>(value),
            Bind::Integer(value) => out.push_bind_param::<Nullable<BigInt>, _>(value),
            Bind::Real(value) => out.push_bind_param::<Nullable<Double>, _>(value),
            Bind::Truth(value) => out.push_bind_param::<Nullable<Bool>, _>(value),
            Bind::Time(value) => out.push_bind_param::<Nullable<sql::Instant>, _>(value),
            Bind::Id(value) => out.push_bind_param::<Nullable<sql::Identity>, _>(value),
            Bind::Bytes(value) => out.push_bind_param::<Nullable<Binary>, _>(value),
            Bind::Json(value) => out.push_bind_param::<Nullable<sql::Json>, _>(value),
        }
    }
}

/// The values of a column, one a row.
#[derive(Debug)]
pub enum Column {
    Text(Vec<Option<String>>),
    Word(Vec<Option<&'static str>>),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Truth(Vec<Option<bool>>),
    Time(Vec<Option<DbTime>>),
    Id(Vec<Option<DbId>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Json(Vec<Option<Json<Box<RawValue>>>>),
}

/// For each variant the same.
macro_rules! each {
    ($($variant:ident),* $(,)?) => {
        impl Column {
            /// An empty column for values like this one.
            pub fn of(value: &Bind) -> Column {
                match value {
                    $(Bind::$variant(_) => Column::$variant(Vec::new()),)*
                }
            }
            /// # Errors
            /// When the value is of another type.
            pub fn push(&mut self, value: Bind) -> Result<()> {
                match (self, value) {
                    $((Column::$variant(all), Bind::$variant(value)) => all.push(value),)*
                    (column, value) => return Err(Error::Internal(format!("{value:?} cannot stand in {column:?}"))),
                }
                Ok(())
            }
        }
    };
}
each!(Text, Word, Integer, Real, Truth, Time, Id, Bytes, Json);

impl QueryFragment<Pg> for Column {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Column::Text(all) => out.push_bind_param::<Array<Nullable<Text>>, _>(all),
            Column::Word(all) => out.push_bind_param::<Array<Nullable<Text>>, _>(all),
            Column::Integer(all) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(all),
            Column::Real(all) => out.push_bind_param::<Array<Nullable<Double>>, _>(all),
            Column::Truth(all) => out.push_bind_param::<Array<Nullable<Bool>>, _>(all),
            Column::Time(all) => out.push_bind_param::<Array<Nullable<sql::Instant>>, _>(all),
            Column::Id(all) => out.push_bind_param::<Array<Nullable<sql::Identity>>, _>(all),
            Column::Bytes(all) => out.push_bind_param::<Array<Nullable<Binary>>, _>(all),
            Column::Json(all) => out.push_bind_param::<Array<Nullable<sql::Json>>, _>(all),
        }
    }
}

/// What can stand in a column.
pub trait Bound {
    const NULL: Bind;
    /// # Errors
    /// When a value cannot be written as JSON.
    fn bind(self) -> Result<Bind>;
}

impl<T: Bound> Bound for Option<T> {
    const NULL: Bind = T::NULL;
    fn bind(self) -> Result<Bind> {
        self.map_or(Ok(T::NULL), T::bind)
    }
}

macro_rules! bound {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl Bound for $type {
            const NULL: Bind = Bind::$variant(None);
            fn bind(self) -> Result<Bind> {
                Ok(Bind::$variant(Some(self)))
            }
        }
    )*};
}
bound!(String => Text, &'static str => Word, i64 => Integer, f64 => Real, bool => Truth, DbTime => Time, DbId => Id, Vec<u8> => Bytes);

impl<W: Word + Debug> Bound for DbWord<W> {
    const NULL: Bind = Bind::Word(None);
    fn bind(self) -> Result<Bind> {
        Ok(Bind::Word(Some(self.0.as_str())))
    }
}

impl<T: Serialize + Debug> Bound for Json<T> {
    const NULL: Bind = Bind::Json(None);
    fn bind(self) -> Result<Bind> {
        let text = serde_json::value::to_raw_value(&self.0).map_err(Error::internal)?;
        Ok(Bind::Json(Some(Json(text))))
    }
}
