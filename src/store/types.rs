//! SQL types that exist on both databases, and how our values become them.
use crate::model::{Date, Id, Link, StringEnum, Timestamp};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::{Serialize, de::DeserializeOwned};
use std::io::Write;
use uuid::Uuid;

pub mod sql {
    use diesel::query_builder::QueryId;
    use diesel::sql_types::SqlType;

    /// `uuid` on PostgreSQL, 16 byte `BLOB` on SQLite.
    #[derive(Debug, Clone, Copy, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
    pub struct Identity;

    /// `timestamptz` on PostgreSQL, microseconds since 1970 (`INTEGER`) on SQLite.
    #[derive(Debug, Clone, Copy, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
    pub struct Instant;

    /// `jsonb` on PostgreSQL, `TEXT` on SQLite.
    #[derive(Debug, Clone, Copy, SqlType, QueryId)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
    pub struct Json;
}

pub(super) const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Ids as the databases keep them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Identity)]
pub struct DbId(pub Id);

impl From<Id> for DbId {
    fn from(id: Id) -> DbId {
        DbId(id)
    }
}
impl From<DbId> for Id {
    fn from(id: DbId) -> Id {
        id.0
    }
}

impl DbId {
    /// The object a link points to, once it has been looked up.
    pub fn of(link: &Link) -> DbId {
        DbId(link.id().unwrap_or(Id::SYSTEM))
    }
    pub fn link(self) -> Link {
        Link::To(self.0)
    }
}

impl ToSql<sql::Identity, Pg> for DbId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Identity, Pg> for DbId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(DbId(Id(Uuid::from_slice(value.as_bytes())?)))
    }
}
impl ToSql<sql::Identity, Sqlite> for DbId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Identity, Sqlite> for DbId {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(DbId(Id(Uuid::from_slice(value.read_blob())?)))
    }
}

/// Moments as the databases keep them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Instant)]
pub struct DbTime(pub Timestamp);

impl From<Timestamp> for DbTime {
    fn from(time: Timestamp) -> DbTime {
        DbTime(time)
    }
}

fn time(micros: Option<i64>) -> deserialize::Result<DbTime> {
    micros.and_then(Timestamp::from_micros).map(DbTime).ok_or_else(|| "a stored time is out of range".into())
}
impl ToSql<sql::Instant, Pg> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<BigInt, Pg>::to_sql(&(self.0.micros() - POSTGRES_EPOCH_MICROS), &mut out.reborrow())
    }
}
impl FromSql<sql::Instant, Pg> for DbTime {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        time(<i64 as FromSql<BigInt, Pg>>::from_sql(value)?.checked_add(POSTGRES_EPOCH_MICROS))
    }
}
impl ToSql<sql::Instant, Sqlite> for DbTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Instant, Sqlite> for DbTime {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        time(Some(<i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?))
    }
}

/// A day, kept as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct DbDate(pub Date);

impl DbDate {
    /// The day of a moment, in UTC.
    pub fn of(time: Timestamp) -> DbDate {
        DbDate(Date::parse(&time.day()).unwrap_or_default())
    }
}

impl ToSql<Text, Pg> for DbDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        write!(out, "{}", self.0)?;
        Ok(IsNull::No)
    }
}
impl ToSql<Text, Sqlite> for DbDate {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}
impl<DB: diesel::backend::Backend> FromSql<Text, DB> for DbDate
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, DB>>::from_sql(value)?;
        Date::parse(&text).map(DbDate).ok_or_else(|| format!("{text:?} is not a date").into())
    }
}

/// A value kept as JSON.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Json)]
pub struct Json<T: std::fmt::Debug>(pub T);

impl Json<Vec<Id>> {
    /// A list of links, once they have been looked up.
    pub fn ids(links: &[Link]) -> Json<Vec<Id>> {
        Json(links.iter().filter_map(Link::id).collect())
    }
    pub fn links(self) -> Vec<Link> {
        self.0.into_iter().map(Link::To).collect()
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<sql::Json, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?; // the version of jsonb's wire format
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: DeserializeOwned + std::fmt::Debug> FromSql<sql::Json, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let bytes = value.as_bytes().strip_prefix(&[1]).ok_or("jsonb of an unknown version")?;
        Ok(Json(serde_json::from_slice(bytes)?))
    }
}
impl<T: Serialize + std::fmt::Debug> ToSql<sql::Json, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl<T: DeserializeOwned + std::fmt::Debug> FromSql<sql::Json, Sqlite> for Json<T> {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Json(serde_json::from_str(value.read_text())?))
    }
}

/// JSON that has been written already.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonText(pub String);

impl ToSql<sql::Json, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Json, Sqlite> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

/// A word of a closed list, kept as text.
#[derive(Debug, Clone, Copy, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct DbEnum<W: std::fmt::Debug>(pub W);

impl<W: StringEnum + std::fmt::Debug, DB: diesel::backend::Backend> ToSql<Text, DB> for DbEnum<W>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(self.0.as_str(), out)
    }
}
impl<W: StringEnum + std::fmt::Debug, DB: diesel::backend::Backend> FromSql<Text, DB> for DbEnum<W>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, DB>>::from_sql(value)?;
        W::from_word(&text).map(DbEnum).ok_or_else(|| format!("{text:?} is not a word of its list").into())
    }
}
