//! Looking objects up as they are now.
use super::filters::{resolve_exposure, resolve_filters};
use super::view;
use crate::model::{Condition, Error, FieldValue, Id, Kind, ListQuery, ObjectRef, Operator, Result};
use crate::store::{AnyKind, AnyObject, Conn, Object, ResourceHooks, Snapshot, kind_of, ledger, resolve, select};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// So many mappings are included with an object.
pub const MAX_INCLUDED: usize = 1000;

/// The id behind a reference.
pub async fn locate(conn: &mut Conn<'_>, org: Id, kind: Kind, object_ref: &ObjectRef) -> Result<Id> {
    if let ObjectRef::Id(id) = object_ref {
        return Ok(*id);
    }
    let found = resolve::locate(conn, org, &[kind], &HashSet::from([object_ref.clone()])).await?;
    found.get(object_ref).and_then(|all| all.first()).map(|(_, id)| *id).ok_or(Error::NotFound)
}

/// An object that must be there, as it is kept.
///
/// # Errors
/// `NotFound` when it is not.
pub async fn load(conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind, object_ref: &ObjectRef) -> Result<AnyObject> {
    let id = locate(conn, org, kind.info().kind, object_ref).await?;
    let (head, mut cells) = select::find(conn, org, kind.info().table, id).await?.ok_or(Error::NotFound)?;
    kind.decode(head, &mut cells)
}

/// Those of some objects that are there, as they are kept.
///
/// # Errors
/// When the database does not answer.
pub async fn load_all(conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind, ids: &[Id]) -> Result<Vec<AnyObject>> {
    let found = select::find_all(conn, org, kind.info().table, ids).await?;
    found.into_iter().map(|(head, mut cells)| kind.decode(head, &mut cells)).collect()
}

/// One object with names put to its links.
///
/// # Errors
/// `NotFound` when it is not there.
pub async fn load_view(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    object_ref: &ObjectRef,
) -> Result<AnyObject> {
    let mut objects = vec![load(conn, snapshot.organization, kind, object_ref).await?];
    enrich(conn, snapshot, kind, &mut objects).await?;
    objects.pop().ok_or(Error::NotFound)
}

/// Puts names to the links of objects: one statement for all of them.
///
/// # Errors
/// When the database does not answer.
pub async fn name_links(conn: &mut Conn<'_>, org: Id, objects: &mut [AnyObject]) -> Result<()> {
    let targets = view::targets(objects);
    if !targets.is_empty() {
        let names = resolve::references(conn, org, &targets).await?;
        view::name_links(objects, &names);
    }
    Ok(())
}

/// Makes objects ready to be shown as they are now: names to their links, and what is derived.
///
/// # Errors
/// When the database does not answer.
pub async fn enrich(conn: &mut Conn<'_>, snapshot: &Snapshot, kind: &dyn AnyKind, objects: &mut Vec<AnyObject>) -> Result<()> {
    name_links(conn, snapshot.organization, objects).await?;
    if objects.is_empty() { Ok(()) } else { kind.compute_derived(conn, snapshot, objects).await }
}

/// As [`load`], of a kind the code knows.
///
/// # Errors
/// `NotFound` when it is not there.
pub async fn load_of<R: ResourceHooks>(conn: &mut Conn<'_>, org: Id, object_ref: &ObjectRef) -> Result<Object<R>> {
    load(conn, org, kind_of::<R>(), object_ref).await?.into_typed()
}

/// As [`load_view`], of a kind the code knows.
///
/// # Errors
/// `NotFound` when it is not there.
pub async fn load_view_of<R: ResourceHooks>(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    object_ref: &ObjectRef,
) -> Result<Object<R>> {
    load_view(conn, snapshot, kind_of::<R>(), object_ref).await?.into_typed()
}

/// As [`enrich`], of a kind the code knows.
///
/// # Errors
/// When the database does not answer.
pub async fn enrich_of<R: ResourceHooks>(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    objects: Vec<Object<R>>,
) -> Result<Vec<Object<R>>> {
    let mut all = objects.into_iter().map(AnyObject::from).collect();
    enrich(conn, snapshot, kind_of::<R>(), &mut all).await?;
    all.into_iter().map(AnyObject::into_typed).collect()
}

/// As [`name_links`], of a kind the code knows.
///
/// # Errors
/// When the database does not answer.
pub async fn name_links_of<R: ResourceHooks>(conn: &mut Conn<'_>, org: Id, objects: Vec<Object<R>>) -> Result<Vec<Object<R>>> {
    let mut all: Vec<AnyObject> = objects.into_iter().map(AnyObject::from).collect();
    name_links(conn, org, &mut all).await?;
    all.into_iter().map(AnyObject::into_typed).collect()
}

/// A page of a list.
pub struct Page {
    pub items: Vec<AnyObject>,
    pub next: Option<String>,
    pub total: Option<i64>,
    pub seq: i64,
}

/// A page as it is now. The place in the ledger is read first: whoever goes on from there misses nothing.
///
/// # Errors
/// When a reference of a filter leads nowhere, or the database does not answer.
pub async fn page(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    mut query: ListQuery,
    derived: bool,
) -> Result<Page> {
    let (org, info) = (snapshot.organization, kind.info());
    let seq = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
    resolve_filters(conn, snapshot, &mut query).await?;
    resolve_exposure(conn, snapshot, kind, &mut query).await?;
    let mut found = select::page(conn, org, info.kind, info.table, &query).await?;
    let total = if query.count { Some(select::count(conn, org, info.kind, info.table, &query).await?) } else { None };
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let mut items = found.into_iter().map(|(head, mut cells)| kind.decode(head, &mut cells)).collect::<Result<Vec<_>>>()?;
    if derived {
        enrich(conn, snapshot, kind, &mut items).await?;
    } else {
        name_links(conn, org, &mut items).await?;
    }
    let next = match items.last() {
        Some(last) if more => Some(cursor(&query, &view::value(info, last)?, last.meta().id)),
        _ => None,
    };
    Ok(Page { items, next, total, seq })
}

pub(super) fn cursor(query: &ListQuery, record: &Value, id: Id) -> String {
    let values = query.sort.iter().map(|sort| crate::model::sort_value(sort.field, record)).collect();
    query.cursor(values, id).encode()
}

/// The mappings in which an object stands, on either side.
///
/// # Errors
/// When the database does not answer.
pub async fn mappings_of(conn: &mut Conn<'_>, org: Id, mapping: &dyn AnyKind, id: Id) -> Result<Vec<AnyObject>> {
    let info = mapping.info();
    let mut found: BTreeMap<Id, AnyObject> = BTreeMap::new();
    for side in ["dependent", "provider"] {
        let fields = (info.fields)();
        let field = fields.iter().flat_map(|table| table.iter()).find(|field| field.name == side);
        let field = field.ok_or_else(|| Error::Internal(format!("mappings have no {side}")))?;
        let stands = Condition::Compare { field, operator: Operator::Equal, values: vec![FieldValue::Id(id)] };
        let query = ListQuery { conditions: vec![stands], ..ListQuery::first(MAX_INCLUDED) };
        for (head, mut cells) in select::page(conn, org, info.kind, info.table, &query).await? {
            found.insert(head.id, mapping.decode(head, &mut cells)?);
        }
    }
    let mut found: Vec<AnyObject> = found.into_values().take(MAX_INCLUDED).collect();
    name_links(conn, org, &mut found).await?;
    Ok(found)
}
