//! Looking objects up as they were: the ledger's entries, with the names and objectives of then.
//!
//! The tables of the kinds are never read here: each object is its newest entry at or before the `seq`, unless that is a
//! deletion. Filters and order are evaluated in memory by [`evaluate`], which a test compares with the SQL of lists.
use super::filters::{MAX_PAST, resolve_filters};
use super::read::{Page, cursor};
use super::view;
use crate::model::{Error, Id, ListQuery, ObjectRef, Objectives, Result, Timestamp, evaluate};
use crate::store::ledger::{self, AuditEntry};
use crate::store::past;
use crate::store::{AnyKind, AnyObject, Conn, Object, ReadPoint, ResourceHooks, Snapshot, audit, kind_of, resolve};

/// A moment to look at: a place in the ledger or a time.
#[derive(Debug, Clone, Copy)]
pub enum AsOf {
    Seq(i64),
    Time(Timestamp),
}

impl AsOf {
    /// Reads `as_of=`.
    pub fn parse(text: &str) -> Option<AsOf> {
        if let Ok(seq) = text.parse::<i64>() {
            return (seq >= 0).then_some(AsOf::Seq(seq));
        }
        Timestamp::parse(text).map(AsOf::Time)
    }

    /// The same view, from that moment.
    pub async fn snapshot(self, conn: &mut Conn<'_>, snapshot: &Snapshot) -> Result<(Snapshot, i64)> {
        let seq = self.seq(conn, snapshot.organization).await?;
        let now = match self {
            AsOf::Time(time) => time,
            AsOf::Seq(seq) => ledger::time_of(conn, snapshot.organization, seq).await?.unwrap_or(Timestamp::EPOCH),
        };
        Ok((Snapshot { now, place: ReadPoint::Past(seq), ..snapshot.clone() }, seq))
    }

    /// The place in the ledger.
    async fn seq(self, conn: &mut Conn<'_>, org: Id) -> Result<i64> {
        match self {
            AsOf::Time(time) => ledger::seq_at(conn, org, time).await,
            AsOf::Seq(seq) => {
                let newest = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
                if seq > newest {
                    return Err(Error::malformed("invalid_parameter", format!("as_of: the ledger ends at {newest}")));
                }
                Ok(seq)
            }
        }
    }
}

/// As [`load_as_of`], of a kind the code knows.
///
/// # Errors
/// `NotFound` when it was not there.
pub async fn load_as_of_typed<R: ResourceHooks>(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    object_ref: &ObjectRef,
    moment: AsOf,
) -> Result<Object<R>> {
    load_as_of(conn, snapshot, kind_of::<R>(), object_ref, moment).await?.into_typed()
}

/// As [`all_as_of`], of a kind the code knows.
///
/// # Errors
/// When there are too many, or the database does not answer.
pub async fn all_as_of_typed<R: ResourceHooks>(conn: &mut Conn<'_>, snapshot: &Snapshot, seq: i64) -> Result<Vec<Object<R>>> {
    all_as_of(conn, snapshot, kind_of::<R>(), seq).await?.into_iter().map(AnyObject::into_typed).collect()
}

/// A page as it was.
///
/// # Errors
/// As [`page`]; when there are too many objects to look at.
pub async fn page_as_of(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    mut query: ListQuery,
    moment: AsOf,
) -> Result<Page> {
    let (snapshot, seq) = moment.snapshot(conn, snapshot).await?;
    resolve_filters(conn, &snapshot, &mut query).await?;
    let objects = all_as_of(conn, &snapshot, kind, seq).await?;
    let records = objects.into_iter().map(|object| Ok((view::value(kind.info(), &object)?, object)));
    let (mut kept, total) = evaluate(records.collect::<Result<Vec<_>>>()?, &query, |(record, _)| record);
    let more = kept.len() > query.limit;
    kept.truncate(query.limit);
    let next = kept.last().filter(|_| more).map(|(record, object)| cursor(&query, record, object.meta().id));
    let total = query.count.then(|| i64::try_from(total).unwrap_or(i64::MAX));
    Ok(Page { items: kept.into_iter().map(|(_, object)| object).collect(), next, total, seq })
}

/// One object as it was.
///
/// # Errors
/// `NotFound` when it was not there.
pub async fn load_as_of(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    object_ref: &ObjectRef,
    moment: AsOf,
) -> Result<AnyObject> {
    let (snapshot, seq) = moment.snapshot(conn, snapshot).await?;
    let matches = |object: &AnyObject| match object_ref {
        ObjectRef::Id(id) => object.meta().id == *id,
        ObjectRef::Key(key) => object.meta().key == *key,
        ObjectRef::External { system, id } => {
            object.meta().external_refs.iter().any(|one| one.system == *system && one.id == *id)
        }
    };
    if let (ObjectRef::Id(id), false) = (object_ref, kind.info().effective) {
        let entries = past::entries_of_as_of(conn, snapshot.organization, &[*id], seq).await?;
        let entries = entries.into_iter().filter(|entry| entry.kind.0 == kind.info().kind);
        let mut objects = read_entries(kind, entries)?;
        enrich_as_of(conn, &snapshot, kind, seq, &mut objects).await?;
        return objects.pop().ok_or(Error::NotFound);
    }
    all_as_of(conn, &snapshot, kind, seq).await?.into_iter().find(matches).ok_or(Error::NotFound)
}

/// Every object of a kind as it was at a place in the ledger, with the names and objectives of then.
///
/// # Errors
/// When there are too many, or the database does not answer.
pub async fn all_as_of(conn: &mut Conn<'_>, snapshot: &Snapshot, kind: &dyn AnyKind, seq: i64) -> Result<Vec<AnyObject>> {
    let org = snapshot.organization;
    let entries = past::as_of(conn, org, &[kind.info().kind], seq, MAX_PAST + 1).await?;
    if entries.len() as i64 > MAX_PAST {
        let detail = format!("lists of the past hold at most {MAX_PAST} objects");
        return Err(Error::status(422, "too_many_objects", detail));
    }
    let mut objects = read_entries(kind, entries)?;
    if kind.info().effective {
        let own: Vec<(Id, Objectives)> = objects.iter().map(|object| (object.meta().id, object.objectives())).collect();
        let effective = snapshot.landscapes.objectives_as_of(conn, org, seq, &own, 5 * MAX_PAST).await?;
        for object in &mut objects {
            let id = object.meta().id;
            object.meta_mut().effective = effective.get(&id).copied().unwrap_or_default();
        }
    }
    enrich_as_of(conn, snapshot, kind, seq, &mut objects).await?;
    Ok(objects)
}

async fn enrich_as_of(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    kind: &dyn AnyKind,
    seq: i64,
    objects: &mut Vec<AnyObject>,
) -> Result<()> {
    let names = resolve::past_references(conn, snapshot.organization, seq, &view::targets(objects)).await?;
    view::name_links(objects, &names);
    if objects.is_empty() { Ok(()) } else { kind.compute_derived(conn, snapshot, objects).await }
}

fn read_entries(kind: &dyn AnyKind, entries: impl IntoIterator<Item = AuditEntry>) -> Result<Vec<AnyObject>> {
    entries.into_iter().filter_map(|entry| audit::from_entry(kind, &entry).transpose()).collect()
}
