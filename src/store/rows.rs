//! What a kind needs of the database: its row and its rules between objects.
use super::cell::Cells;
use super::conn::Conn;
use super::fragment::Fragment;
use super::insert::{ReadRow, Row};
use super::kind::AnyLifecycle;
use super::node::NodeColumns;
use super::object::Object;
use super::select;
use super::snapshot::Snapshot;
use super::tx::Tx;
use crate::auth::{Caller, Identity};
use crate::graph::builder::Item;
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, Id, Lifecycle, ListQuery, ObjectMeta, Resource, Result};

/// One object of a set of changes, resolved and checked as far as it can be on its own.
#[derive(Debug)]
pub struct PlannedChange<R: Resource> {
    pub old: Option<Object<R>>,
    pub new: Object<R>,
    /// Its key is a number that was never given out before.
    pub generated: bool,
    /// Why it cannot be written.
    pub fault: Option<Error>,
}

/// The row of one kind and how it becomes an object; implemented by [`stored!`](crate::stored).
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait ResourceTable: Resource {
    type Row: ReadRow;
    /// Tables and columns that point to objects, to tell what still refers to one.
    const POINTERS: &'static [(&'static str, &'static str, &'static str)];

    fn to_row(org: Id, meta: &ObjectMeta, body: &Self) -> Self::Row;
    fn from_row(row: Self::Row) -> Self;

    async fn find(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Option<Object<Self>>> {
        select::find(conn, org, table::<Self>(), id).await?.map(object).transpose()
    }
    async fn find_all(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<Vec<Object<Self>>> {
        select::find_all(conn, org, table::<Self>(), ids).await?.into_iter().map(object).collect()
    }
    /// The objects for which a condition holds, which may end with an order.
    async fn matching(conn: &mut Conn<'_>, org: Id, condition: Fragment) -> Result<Vec<Object<Self>>> {
        select::matching(conn, org, table::<Self>(), condition).await?.into_iter().map(object).collect()
    }
    /// One object more than the page holds, when there is one.
    async fn page(conn: &mut Conn<'_>, org: Id, query: &ListQuery) -> Result<Vec<Object<Self>>> {
        select::page(conn, org, Self::KIND, table::<Self>(), query).await?.into_iter().map(object).collect()
    }
}

fn table<R: ResourceTable>() -> select::Table {
    select::Table { name: R::TABLE, columns: R::Row::COLUMNS }
}

fn object<R: ResourceTable>((meta, mut cells): (ObjectMeta, Cells)) -> Result<Object<R>> {
    Ok(Object::new(meta, R::from_row(R::Row::read(&mut cells)?)))
}

/// What a kind has to say about a whole set of changes. The defaults say nothing.
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait ResourceHooks: ResourceTable {
    /// What the dependency graph reads of the kind's rows, where its objects are nodes.
    const NODE: NodeColumns = NodeColumns::BARE;
    /// The same, of an object out of the ledger.
    fn fill_node(&self, _item: &mut Item) {}
    /// Marks the changes that break a rule between objects.
    async fn validate_set(_tx: &mut Tx, _planned: &mut [PlannedChange<Self>]) -> Result<()> {
        Ok(())
    }
    /// Follows the writing of new and changed objects.
    async fn after_write(_tx: &mut Tx, _written: &[&Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Follows the ledger's entries of new objects, for what comes into being with them.
    async fn after_audit(_tx: &mut Tx, _created: &[&Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Which objects are commissioned to the caller, where such callers write only what is.
    async fn is_assigned(_conn: &mut Conn<'_>, _org: Id, _identity: &Identity, objects: &[&Object<Self>]) -> Result<Vec<bool>> {
        Ok(vec![false; objects.len()])
    }
    /// Fills in what is derived of objects that are about to be shown.
    async fn compute_derived(_conn: &mut Conn<'_>, _snapshot: &Snapshot, _objects: &mut [Object<Self>]) -> Result<()> {
        Ok(())
    }
    /// Precedes a deletion that nothing else forbids.
    async fn before_delete(_tx: &mut Tx, _ids: &[Id]) -> Result<()> {
        Ok(())
    }
    /// The objects that expose any of some business processes, where lists can be asked that.
    async fn exposing(_conn: &mut Conn<'_>, _snapshot: &Snapshot, _processes: &[Id]) -> Result<Vec<Id>> {
        Ok(Vec::new())
    }
    /// The transitions between states, where the kind has any: `Some(&LifeDoor::<Self>::NEW)`.
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        None
    }
}

/// What a kind whose objects have a status needs of the database.
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait TransitionHooks: ResourceHooks + Lifecycle {
    /// What the conditions of transitions look at.
    async fn facts(_conn: &mut Conn<'_>, _org: Id, _object: &Object<Self>, _caller: Caller<'_>) -> Result<Self::GuardFacts> {
        Ok(Self::GuardFacts::default())
    }
    /// Fills in terms that may be left out.
    async fn default_terms(
        _conn: &mut Conn<'_>,
        _org: Id,
        _to: Self::Status,
        _terms: &mut Self::Terms,
        _caller: Caller<'_>,
    ) -> Result<()> {
        Ok(())
    }
    /// Follows a transition; tells what it did to the graph.
    async fn after_transition(_tx: &mut Tx, _new: &mut Object<Self>, _terms: &Self::Terms) -> Result<ObjectiveChanges> {
        Ok(ObjectiveChanges::default())
    }
}

/// Implements [`ResourceTable`] for a resource over its row; `row(org, head, &resource)` and `From<Row>` are the resource's own.
#[macro_export]
macro_rules! stored {
    ($Resource:ty, $Row:ty, [$($pointer:expr),* $(,)?]) => {
        impl $crate::store::ResourceTable for $Resource {
            type Row = $Row;
            const POINTERS: &'static [(&'static str, &'static str, &'static str)] = &[$($pointer),*];

            fn to_row(org: Id, meta: &ObjectMeta, body: &Self) -> $Row {
                row(org, meta, body)
            }
            fn from_row(row: $Row) -> Self {
                row.into()
            }
        }
    };
}

/// What every `store.rs` of a resource needs in its scope.
pub mod prelude {
    pub use super::{PlannedChange, ResourceHooks, ResourceTable, TransitionHooks};
    pub use crate::auth::{Caller, Identity};
    pub use crate::graph::builder::Item;
    pub use crate::model::{Id, ListQuery, ObjectMeta, Result};
    pub use crate::store::conn::dsl::*;
    pub use crate::store::conn::{Conn, MapDbError};
    pub use crate::store::door::LifeDoor;
    pub use crate::store::kind::AnyLifecycle;
    pub use crate::store::node::NodeColumns;
    pub use crate::store::object::Object;
    pub use crate::store::object_meta::CHUNK;
    pub use crate::store::snapshot::Snapshot;
    pub use crate::store::tx::Tx;
    pub use crate::store::types::{DbDate, DbEnum, DbId, DbTime, Json, sql};
    pub use crate::{on, row, stored};
}
