//! Looking objects up as they were: the ledger's entries, with the names and objectives of then.
use super::filters::{MOST_PAST, settle_filters};
use super::read::{Page, cursor};
use super::view;
use crate::model::{Error, Id, Objectives, Query, Result, Spelling, Timestamp, evaluate};
use crate::store::ledger::{self, Entry};
use crate::store::{AnyKind, AnyObject, Conn, Object, Place, Scene, Stored, kind_of, record, resolve};

/// A moment to look at: a place in the ledger or a time.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    Seq(i64),
    Time(Timestamp),
}

impl Moment {
    /// Reads `as_of=`.
    pub fn parse(text: &str) -> Option<Moment> {
        if let Ok(seq) = text.parse::<i64>() {
            return (seq >= 0).then_some(Moment::Seq(seq));
        }
        Timestamp::parse(text).map(Moment::Time)
    }

    /// The same view, from that moment.
    pub async fn scene(self, conn: &mut Conn<'_>, scene: &Scene) -> Result<(Scene, i64)> {
        let seq = self.seq(conn, scene.organization).await?;
        let now = match self {
            Moment::Time(time) => time,
            Moment::Seq(seq) => ledger::time_of(conn, scene.organization, seq).await?.unwrap_or(Timestamp::EPOCH),
        };
        Ok((Scene { now, place: Place::Past(seq), ..scene.clone() }, seq))
    }

    /// The place in the ledger.
    async fn seq(self, conn: &mut Conn<'_>, org: Id) -> Result<i64> {
        match self {
            Moment::Time(time) => ledger::seq_at(conn, org, time).await,
            Moment::Seq(seq) => {
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
pub async fn load_as_of_typed<R: Stored>(
    conn: &mut Conn<'_>,
    scene: &Scene,
    spelling: &Spelling,
    moment: Moment,
) -> Result<Object<R>> {
    load_as_of(conn, scene, kind_of::<R>(), spelling, moment).await?.into_typed()
}

/// As [`all_as_of`], of a kind the code knows.
///
/// # Errors
/// When there are too many, or the database does not answer.
pub async fn all_as_of_typed<R: Stored>(conn: &mut Conn<'_>, scene: &Scene, seq: i64) -> Result<Vec<Object<R>>> {
    all_as_of(conn, scene, kind_of::<R>(), seq).await?.into_iter().map(AnyObject::into_typed).collect()
}

/// A page as it was.
///
/// # Errors
/// As [`page`]; when there are too many objects to look at.
pub async fn past_page(conn: &mut Conn<'_>, scene: &Scene, kind: &dyn AnyKind, mut query: Query, moment: Moment) -> Result<Page> {
    let (scene, seq) = moment.scene(conn, scene).await?;
    settle_filters(conn, &scene, &mut query).await?;
    let objects = all_as_of(conn, &scene, kind, seq).await?;
    let records = objects.into_iter().map(|object| Ok((view::value(kind.info(), &object)?, object)));
    let (mut kept, total) = evaluate(records.collect::<Result<Vec<_>>>()?, &query, |(record, _)| record);
    let more = kept.len() > query.limit;
    kept.truncate(query.limit);
    let next = kept.last().filter(|_| more).map(|(record, object)| cursor(&query, record, object.head().id));
    let total = query.count.then(|| i64::try_from(total).unwrap_or(i64::MAX));
    Ok(Page { items: kept.into_iter().map(|(_, object)| object).collect(), next, total, seq })
}

/// One object as it was.
///
/// # Errors
/// `NotFound` when it was not there.
pub async fn load_as_of(
    conn: &mut Conn<'_>,
    scene: &Scene,
    kind: &dyn AnyKind,
    spelling: &Spelling,
    moment: Moment,
) -> Result<AnyObject> {
    let (scene, seq) = moment.scene(conn, scene).await?;
    let matches = |object: &AnyObject| match spelling {
        Spelling::Id(id) => object.head().id == *id,
        Spelling::Key(key) => object.head().key == *key,
        Spelling::External { system, id } => object.head().external_refs.iter().any(|one| one.system == *system && one.id == *id),
    };
    if let (Spelling::Id(id), false) = (spelling, kind.info().effective) {
        let entries = ledger::these_as_of(conn, scene.organization, &[*id], seq).await?;
        let entries = entries.into_iter().filter(|entry| entry.kind.0 == kind.info().kind);
        let mut objects = read_entries(kind, entries)?;
        enrich_as_of(conn, &scene, kind, seq, &mut objects).await?;
        return objects.pop().ok_or(Error::NotFound);
    }
    all_as_of(conn, &scene, kind, seq).await?.into_iter().find(matches).ok_or(Error::NotFound)
}

/// Every object of a kind as it was at a place in the ledger, with the names and objectives of then.
///
/// # Errors
/// When there are too many, or the database does not answer.
pub async fn all_as_of(conn: &mut Conn<'_>, scene: &Scene, kind: &dyn AnyKind, seq: i64) -> Result<Vec<AnyObject>> {
    let org = scene.organization;
    let entries = ledger::as_of(conn, org, &[kind.info().kind], seq, MOST_PAST + 1).await?;
    if entries.len() as i64 > MOST_PAST {
        let detail = format!("lists of the past hold at most {MOST_PAST} objects");
        return Err(Error::refused(422, "too_many_objects", detail));
    }
    let mut objects = read_entries(kind, entries)?;
    if kind.info().effective {
        let own: Vec<(Id, Objectives)> = objects.iter().map(|object| (object.head().id, object.objectives())).collect();
        let effective = scene.landscapes.objectives_as_of(conn, org, seq, &own, 5 * MOST_PAST).await?;
        for object in &mut objects {
            let id = object.head().id;
            object.head_mut().effective = effective.get(&id).copied().unwrap_or_default();
        }
    }
    enrich_as_of(conn, scene, kind, seq, &mut objects).await?;
    Ok(objects)
}

async fn enrich_as_of(
    conn: &mut Conn<'_>,
    scene: &Scene,
    kind: &dyn AnyKind,
    seq: i64,
    objects: &mut Vec<AnyObject>,
) -> Result<()> {
    let names = resolve::past_references(conn, scene.organization, seq, &view::targets(objects)).await?;
    view::name_links(objects, &names);
    if objects.is_empty() { Ok(()) } else { kind.derive(conn, scene, objects).await }
}

fn read_entries(kind: &dyn AnyKind, entries: impl IntoIterator<Item = Entry>) -> Result<Vec<AnyObject>> {
    entries.into_iter().filter_map(|entry| entry.body).map(|body| record::from_record(kind, &body)).collect()
}
