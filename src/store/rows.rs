//! The statements every kind of object needs, written once and checked against each table.
use super::conn::Conn;
use super::insert::Inserts;
use super::scene::Scene;
use super::tx::Tx;
use super::update::Updates;
use crate::auth::Identity;
use crate::graph::load::objectives::Moves;
use crate::model::{Error, Head, Id, Query, Result};
use crate::resources::{Lifecycle, Resource};

/// An object as the database holds it: the common part and its own fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<R: Resource> {
    pub head: Head,
    pub body: R,
    /// Filled in by [`Stored::derive`], before the object is shown.
    pub derived: R::Derived,
}

impl<R: Resource> Object<R> {
    pub fn new(head: Head, body: R) -> Object<R> {
        Object { head, body, derived: R::Derived::default() }
    }
}

/// One object of a set of changes, resolved and checked as far as it can be on its own.
#[derive(Debug)]
pub struct Planned<R: Resource> {
    pub old: Option<Object<R>>,
    pub new: Object<R>,
    /// Its key is a number that was never given out before.
    pub generated: bool,
    /// Why it cannot be written.
    pub fault: Option<Error>,
}

/// Reading and writing the rows of one kind; implemented by [`stored!`](crate::stored).
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait Rows: Resource {
    /// Tables and columns that point to objects, to tell what still refers to one.
    const POINTERS: &'static [(&'static str, &'static str, &'static str)];

    async fn find(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Option<Object<Self>>>;
    async fn find_all(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<Vec<Object<Self>>>;
    /// One object more than the page holds, when there is one.
    async fn page(conn: &mut Conn<'_>, org: Id, query: &Query) -> Result<Vec<Object<Self>>>;
    async fn count(conn: &mut Conn<'_>, org: Id, query: &Query) -> Result<i64>;
    /// Adds their own rows; the heads come before.
    fn insert(inserts: &mut Inserts, org: Id, objects: &[&Object<Self>]) -> Result<()>;
    /// Adds what is different in their own row.
    fn update(updates: &mut Updates, org: Id, old: &Object<Self>, new: &Object<Self>) -> Result<()>;
}

/// What a kind has to say about a whole set of changes. The defaults say nothing.
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait Stored: Rows {
    /// Marks the changes that break a rule between objects.
    async fn inspect(_tx: &mut Tx, _planned: &mut [Planned<Self>]) -> Result<()> {
        Ok(())
    }
    /// Follows the writing of new and changed objects.
    async fn written(_tx: &mut Tx, _written: &[&Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Follows the ledger's entries of new objects, for what comes into being with them.
    async fn recorded(_tx: &mut Tx, _created: &[&Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Which objects are commissioned to the caller, where such callers write only what is.
    async fn theirs(_conn: &mut Conn<'_>, _org: Id, _identity: &Identity, objects: &[&Object<Self>]) -> Result<Vec<bool>> {
        Ok(vec![false; objects.len()])
    }
    /// Fills in what is derived of objects that are about to be shown.
    async fn derive(_conn: &mut Conn<'_>, _scene: &Scene<'_>, _objects: &mut [Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Precedes a deletion that nothing else forbids.
    async fn deleting(_tx: &mut Tx, _ids: &[Id]) -> Result<()> {
        Ok(())
    }
}

/// What a kind whose objects have a status needs of the database.
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait Living: Stored + Lifecycle {
    /// What the conditions of moves look at.
    async fn facts(_conn: &mut Conn<'_>, _org: Id, _object: &Object<Self>, _caller: &str) -> Result<Self::Facts> {
        Ok(Self::Facts::default())
    }
    /// Fills in terms that may be left out.
    async fn complete(_conn: &mut Conn<'_>, _org: Id, _to: Self::Status, _terms: &mut Self::Terms, _caller: &str) -> Result<()> {
        Ok(())
    }
    /// Follows a move; tells what it did to the graph.
    async fn followed(_tx: &mut Tx, _new: &mut Object<Self>, _terms: &Self::Terms) -> Result<Moves> {
        Ok(Moves::default())
    }
}

/// Implements [`Rows`] for a resource over its table and row; `row(org, id, &resource)` and `From<Row>` are the
/// resource's own.
#[macro_export]
macro_rules! stored {
    ($Resource:ty, $Row:ty, $table:ident, [$($pointer:expr),* $(,)?]) => {
        diesel::allow_tables_to_appear_in_same_query!($table, objects);

        impl $crate::store::Rows for $Resource {
            const POINTERS: &'static [(&'static str, &'static str, &'static str)] = &[$($pointer),*];

            async fn find(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Option<Object<Self>>> {
                let row: Option<(HeadRow, $Row)> = on!(conn, |c| objects::table
                    .inner_join($table::table.on($table::organization_id.eq(objects::organization_id).and($table::id.eq(objects::id))))
                    .filter(objects::organization_id.eq(DbId(org)))
                    .filter(objects::id.eq(DbId(id)))
                    .select((HeadRow::as_select(), <$Row>::as_select()))
                    .get_result(c)).optional()
                .settle()?;
                Ok(row.map(|(head, row)| Object::new(head.into(), row.into())))
            }

            async fn find_all(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<Vec<Object<Self>>> {
                let mut found = Vec::with_capacity(ids.len());
                for ids in ids.chunks(CHUNK) {
                    let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
                    let rows: Vec<(HeadRow, $Row)> = on!(conn, |c| objects::table
                        .inner_join($table::table.on($table::organization_id.eq(objects::organization_id).and($table::id.eq(objects::id))))
                        .filter(objects::organization_id.eq(DbId(org)))
                        .filter(objects::id.eq_any(ids))
                        .select((HeadRow::as_select(), <$Row>::as_select()))
                        .load(c))
                    .settle()?;
                    found.extend(rows.into_iter().map(|(head, row)| Object::new(head.into(), row.into())));
                }
                Ok(found)
            }

            async fn page(conn: &mut Conn<'_>, org: Id, query: &Query) -> Result<Vec<Object<Self>>> {
                let limit = i64::try_from(query.limit).unwrap_or(i64::MAX - 1) + 1;
                let table = <$Resource as $crate::resources::Resource>::TABLE;
                let kind = <$Resource as $crate::resources::Resource>::KIND;
                let rows: Vec<(HeadRow, $Row)> = on!(conn, |c| objects::table
                    .inner_join($table::table.on($crate::store::select::join(table, query)))
                    .filter(objects::organization_id.eq(DbId(org)))
                    .filter($crate::store::select::filter(org, kind, table, query, true))
                    .order($crate::store::select::order(table, query))
                    .limit(limit)
                    .select((HeadRow::as_select(), <$Row>::as_select()))
                    .load(c))
                .settle()?;
                Ok(rows.into_iter().map(|(head, row)| Object::new(head.into(), row.into())).collect())
            }

            async fn count(conn: &mut Conn<'_>, org: Id, query: &Query) -> Result<i64> {
                let table = <$Resource as $crate::resources::Resource>::TABLE;
                let kind = <$Resource as $crate::resources::Resource>::KIND;
                on!(conn, |c| objects::table
                    .inner_join($table::table.on($crate::store::select::join(table, query)))
                    .filter(objects::organization_id.eq(DbId(org)))
                    .filter($crate::store::select::filter(org, kind, table, query, false))
                    .count()
                    .get_result::<i64>(c))
                .settle()
            }

            fn insert(inserts: &mut $crate::store::Inserts, org: Id, objects: &[&Object<Self>]) -> Result<()> {
                inserts.add(objects.iter().map(|one| row(org, &one.head, &one.body)))?;
                $crate::store::links::insert(inserts, org, objects)
            }

            fn update(updates: &mut $crate::store::Updates, org: Id, old: &Object<Self>, new: &Object<Self>) -> Result<()> {
                updates.add(row(org, &old.head, &old.body), row(org, &new.head, &new.body))
            }
        }
    };
}

/// What every `store.rs` of a resource needs in its scope.
pub mod prelude {
    pub use super::{Living, Object, Planned, Stored};
    pub use crate::auth::Identity;
    pub use crate::model::{Head, Id, Query, Result};
    pub use crate::store::conn::dsl::*;
    pub use crate::store::conn::{Conn, Settle};
    pub use crate::store::heads::{CHUNK, HeadRow};
    pub use crate::store::scene::Scene;
    pub use crate::store::schema::objects;
    pub use crate::store::tx::Tx;
    pub use crate::store::types::{DbDate, DbId, DbTime, DbWord, Json, sql};
    pub use crate::{on, row, stored};
}
