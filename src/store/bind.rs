//! Values bound by statements whose text is put together here instead of by the query builder.
use super::conn::dsl::*;
use super::types::{DbDate, DbEnum, DbId, DbTime, Json, JsonText, sql};
use crate::model::{Error, Result, StringEnum};
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Double, HasSqlType, Nullable, Text};
use serde::Serialize;
use std::fmt::Debug;

/// The types of values, each with its SQL type.
macro_rules! types {
    ($($variant:ident($type:ty) as $sql:ty),* $(,)?) => {
        /// A value with its SQL type; nothing has a type too, for PostgreSQL wants to know it.
        #[derive(Debug, Clone)]
        pub enum Bind {
            $($variant(Option<$type>),)*
        }

        impl PartialEq for Bind {
            fn eq(&self, other: &Bind) -> bool {
                match (self, other) {
                    $((Bind::$variant(one), Bind::$variant(other)) => one == other,)*
                    _ => false,
                }
            }
        }

        impl<DB: Backend> QueryFragment<DB> for Bind
        where
            $(DB: HasSqlType<$sql>, Option<$type>: ToSql<Nullable<$sql>, DB>,)*
        {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                match self {
                    $(Bind::$variant(value) => out.push_bind_param::<Nullable<$sql>, _>(value),)*
                }
            }
        }

        /// The values of a column, one a row.
        #[derive(Debug)]
        pub enum Column {
            $($variant(Vec<Option<$type>>),)*
        }

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

        impl QueryFragment<Pg> for Column {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                match self {
                    $(Column::$variant(all) => out.push_bind_param::<Array<Nullable<$sql>>, _>(all),)*
                }
            }
        }
    };
}
types!(
    Text(String) as Text,
    Word(&'static str) as Text,
    Integer(i64) as BigInt,
    Real(f64) as Double,
    Truth(bool) as Bool,
    Time(DbTime) as sql::Instant,
    Id(DbId) as sql::Identity,
    Bytes(Vec<u8>) as Binary,
    Json(JsonText) as sql::Json,
);

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

impl Bound for DbDate {
    const NULL: Bind = Bind::Text(None);
    fn bind(self) -> Result<Bind> {
        Ok(Bind::Text(Some(self.0.to_string())))
    }
}

impl<W: StringEnum + Debug> Bound for DbEnum<W> {
    const NULL: Bind = Bind::Word(None);
    fn bind(self) -> Result<Bind> {
        Ok(Bind::Word(Some(self.0.as_str())))
    }
}

impl<T: Serialize + Debug> Bound for Json<T> {
    const NULL: Bind = Bind::Json(None);
    fn bind(self) -> Result<Bind> {
        Ok(Bind::Json(Some(JsonText(serde_json::to_string(&self.0).map_err(Error::internal)?))))
    }
}
