//! Looking objects up, now and as they were.
use super::view;
use crate::graph::objectives;
use crate::model::{Error, FieldValue, Id, Kind, Objectives, Query, Reference, Result, Spelling, Timestamp, Word, evaluate};
use crate::resources::Resource;
use crate::resources::business_processes::BusinessProcess;
use crate::resources::mappings::Mapping;
use crate::resources::services::Service;
use crate::store::ledger::{self, Entry, Operation};
use crate::store::{Conn, Object, Rows, resolve};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// A list of the past is put together in memory; it may hold so many objects.
pub const MOST_PAST: i64 = 200_000;
/// So many mappings are included with an object.
pub const MOST_INCLUDED: usize = 1000;

/// Kinds that can stand in mappings.
pub const fn has_mappings(kind: Kind) -> bool {
    matches!(kind, Kind::Site | Kind::Service | Kind::Component | Kind::BusinessProcess | Kind::Supplier)
}

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

    /// The place in the ledger.
    pub async fn seq(self, conn: &mut Conn<'_>, org: Id) -> Result<i64> {
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

/// The id behind a spelling.
pub async fn locate(conn: &mut Conn<'_>, org: Id, kind: Kind, spelling: &Spelling) -> Result<Id> {
    if let Spelling::Id(id) = spelling {
        return Ok(*id);
    }
    let found = resolve::locate(conn, org, &[kind], &HashSet::from([spelling.clone()])).await?;
    found.get(spelling).and_then(|all| all.first()).map(|(_, id)| *id).ok_or(Error::NotFound)
}

/// One object with names put to its links.
pub async fn one<R: Rows>(conn: &mut Conn<'_>, org: Id, spelling: &Spelling) -> Result<Object<R>> {
    let id = locate(conn, org, R::KIND, spelling).await?;
    let mut objects = [R::find(conn, org, id).await?.ok_or(Error::NotFound)?];
    named(conn, org, &mut objects).await?;
    let [object] = objects;
    Ok(object)
}

/// Puts names to the links of objects: one statement for all of them.
pub async fn named<R: Resource>(conn: &mut Conn<'_>, org: Id, objects: &mut [Object<R>]) -> Result<()> {
    let targets = view::targets(objects);
    if !targets.is_empty() {
        let names = resolve::references(conn, org, &targets).await?;
        view::name_links(objects, &names);
    }
    Ok(())
}

/// A page of a list.
pub struct Page<R> {
    pub items: Vec<Object<R>>,
    pub next: Option<String>,
    pub total: Option<i64>,
    pub seq: i64,
}

/// Looks the references among the filters up, as they are now or were at a place in the ledger. One that leads nowhere
/// is a fault of the request.
pub async fn settle_filters(conn: &mut Conn<'_>, org: Id, query: &mut Query, seq: Option<i64>) -> Result<()> {
    let mut wanted = HashSet::new();
    let mut kinds = HashSet::new();
    for (field, value) in values(query) {
        if let (crate::model::FieldType::Link(all), FieldValue::Spelled(spelling)) = (field.kind, &*value) {
            kinds.extend(all);
            wanted.insert(spelling.clone());
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let found = match seq {
        None => resolve::locate(conn, org, &kinds, &wanted).await?,
        Some(seq) => past_found(conn, org, &kinds, seq, &wanted).await?,
    };
    for (field, value) in values(query) {
        let (crate::model::FieldType::Link(all), FieldValue::Spelled(spelling)) = (field.kind, &*value) else { continue };
        let hits: Vec<Id> =
            found.get(spelling).into_iter().flatten().filter(|(kind, _)| all.contains(kind)).map(|(_, id)| *id).collect();
        let fault = |code, words| Error::invalid(field.name, code, format!("{spelling} {words}"));
        *value = match hits.as_slice() {
            [id] => FieldValue::Id(*id),
            [] => return Err(fault("unknown_reference", "is unknown")),
            _ => return Err(fault("ambiguous_reference", "stands in several kinds: use the UUID")),
        };
    }
    Ok(())
}

/// The objects that spellings named at a place in the ledger.
async fn past_found(
    conn: &mut Conn<'_>,
    org: Id,
    kinds: &[Kind],
    seq: i64,
    wanted: &HashSet<Spelling>,
) -> Result<resolve::Found> {
    #[derive(serde::Deserialize)]
    struct Known {
        external_refs: Vec<crate::model::ExternalRef>,
    }
    let mut found = resolve::Found::new();
    for entry in ledger::as_of(conn, org, kinds, seq, 5 * MOST_PAST).await? {
        let known: Known = serde_json::from_str(entry.body.as_deref().unwrap_or("null")).map_err(Error::internal)?;
        let refs = known.external_refs.into_iter().map(|one| Spelling::External { system: one.system, id: one.id });
        let id = entry.object_id.0;
        for spelling in refs.chain([Spelling::Id(id), Spelling::Key(entry.object_key)]).filter(|own| wanted.contains(own)) {
            found.entry(spelling).or_default().push((entry.kind.0, id));
        }
    }
    Ok(found)
}

fn values(query: &mut Query) -> impl Iterator<Item = (&'static crate::model::Field, &mut FieldValue)> {
    query.conditions.iter_mut().flat_map(|condition| {
        let (field, values) = match condition {
            crate::model::Condition::Compare { field, values, .. } => (Some(*field), values.as_mut_slice()),
            _ => (None, Default::default()),
        };
        values.iter_mut().filter_map(move |value| field.map(|field| (field, value)))
    })
}

/// A page as it is now. The place in the ledger is read first: whoever goes on from there misses nothing.
pub async fn page<R: Rows>(conn: &mut Conn<'_>, org: Id, mut query: Query) -> Result<Page<R>> {
    let seq = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
    settle_filters(conn, org, &mut query, None).await?;
    let mut items = R::page(conn, org, &query).await?;
    let total = if query.count { Some(R::count(conn, org, &query).await?) } else { None };
    let more = items.len() > query.limit;
    items.truncate(query.limit);
    named(conn, org, &mut items).await?;
    let next = match items.last() {
        Some(last) if more => Some(cursor(&query, &view::value(last)?, last.head.id)),
        _ => None,
    };
    Ok(Page { items, next, total, seq })
}

fn cursor(query: &Query, record: &Value, id: Id) -> String {
    let values = query.sort.iter().map(|sort| crate::model::sort_value(sort.field, record)).collect();
    query.cursor(values, id).encode()
}

/// A page as it was.
pub async fn past_page<R: Rows>(conn: &mut Conn<'_>, org: Id, mut query: Query, moment: Moment) -> Result<Page<R>> {
    let seq = moment.seq(conn, org).await?;
    settle_filters(conn, org, &mut query, Some(seq)).await?;
    let objects = past::<R>(conn, org, seq).await?;
    let records = objects.into_iter().map(|object| Ok((view::value(&object)?, object))).collect::<Result<Vec<_>>>()?;
    let (mut kept, total) = evaluate(records, &query, |(record, _)| record);
    let more = kept.len() > query.limit;
    kept.truncate(query.limit);
    let next = kept.last().filter(|_| more).map(|(record, object)| cursor(&query, record, object.head.id));
    let total = query.count.then(|| i64::try_from(total).unwrap_or(i64::MAX));
    Ok(Page { items: kept.into_iter().map(|(_, object)| object).collect(), next, total, seq })
}

/// One object as it was.
pub async fn past_one<R: Rows>(conn: &mut Conn<'_>, org: Id, spelling: &Spelling, moment: Moment) -> Result<Object<R>> {
    let seq = moment.seq(conn, org).await?;
    let matches = |object: &Object<R>| match spelling {
        Spelling::Id(id) => object.head.id == *id,
        Spelling::Key(key) => object.head.key == *key,
        Spelling::External { system, id } => object.head.external_refs.iter().any(|one| one.system == *system && one.id == *id),
    };
    if let (Spelling::Id(id), false) = (spelling, R::EFFECTIVE) {
        let entries = ledger::these_as_of(conn, org, &[*id], seq).await?;
        let mut objects = read_entries::<R>(entries.into_iter().filter(|entry| entry.kind.0 == R::KIND))?;
        past_names(conn, org, seq, &mut objects).await?;
        return objects.pop().ok_or(Error::NotFound);
    }
    past::<R>(conn, org, seq).await?.into_iter().find(matches).ok_or(Error::NotFound)
}

/// Every object of a kind as it was at a place in the ledger, with the names and objectives of then.
pub async fn past<R: Rows>(conn: &mut Conn<'_>, org: Id, seq: i64) -> Result<Vec<Object<R>>> {
    let entries = ledger::as_of(conn, org, &[R::KIND], seq, MOST_PAST + 1).await?;
    if entries.len() as i64 > MOST_PAST {
        let detail = format!("lists of the past hold at most {MOST_PAST} objects");
        return Err(Error::refused(422, "too_many_objects", detail));
    }
    let mut objects = read_entries::<R>(entries)?;
    if R::EFFECTIVE {
        let effective = past_objectives(conn, org, seq, &objects).await?;
        for object in &mut objects {
            object.head.effective = effective.get(&object.head.id).copied().unwrap_or_default();
        }
    }
    past_names(conn, org, seq, &mut objects).await?;
    Ok(objects)
}

fn read_entries<R: Resource>(entries: impl IntoIterator<Item = Entry>) -> Result<Vec<Object<R>>> {
    entries.into_iter().filter_map(|entry| entry.body).map(|body| view::from_record::<R>(&body)).collect()
}

async fn past_names<R: Resource>(conn: &mut Conn<'_>, org: Id, seq: i64, objects: &mut [Object<R>]) -> Result<()> {
    let mut targets: Vec<Id> = view::targets(objects).into_iter().collect();
    let mut names = HashMap::new();
    // In the middle of a batch an object may point to one that comes later in it.
    for seq in [seq, i64::MAX] {
        for entry in ledger::these_as_of(conn, org, &targets, seq).await? {
            let body: Value = serde_json::from_str(entry.body.as_deref().unwrap_or("null")).map_err(Error::internal)?;
            let name = body["name"].as_str().map(str::to_owned);
            let reference = Reference { id: entry.object_id.0, kind: entry.kind.0, key: entry.object_key, name };
            names.insert(reference.id, reference);
        }
        targets.retain(|id| !names.contains_key(id));
    }
    view::name_links(objects, &names);
    Ok(())
}

async fn past_objectives<R: Resource>(
    conn: &mut Conn<'_>,
    org: Id,
    seq: i64,
    objects: &[Object<R>],
) -> Result<HashMap<Id, Objectives>> {
    let mut place: HashMap<Id, usize> = HashMap::new();
    let mut own: Vec<Objectives> = Vec::new();
    let mut node = |id: Id, objectives: Objectives, own: &mut Vec<Objectives>| {
        let at = *place.entry(id).or_insert_with(|| {
            own.push(Objectives::NONE);
            own.len() - 1
        });
        own[at] = own[at].strictest(objectives);
        at
    };
    for object in objects {
        node(object.head.id, object.body.objectives(), &mut own);
    }
    let entries = ledger::as_of(conn, org, &[Kind::Mapping, Kind::BusinessProcess, Kind::Service], seq, 5 * MOST_PAST).await?;
    let mut edges = Vec::new();
    for entry in entries {
        let body = entry.body.as_deref().unwrap_or("null");
        match entry.kind.0 {
            Kind::Mapping => {
                let mapping = view::from_record::<Mapping>(body)?.body;
                if let Some((dependent, provider)) = mapping.carries() {
                    edges.push((node(dependent, Objectives::NONE, &mut own), node(provider, Objectives::NONE, &mut own)));
                }
            }
            Kind::BusinessProcess => {
                node(entry.object_id.0, view::from_record::<BusinessProcess>(body)?.body.objectives(), &mut own);
            }
            _ => drop(node(entry.object_id.0, view::from_record::<Service>(body)?.body.objectives(), &mut own)),
        }
    }
    let settled = objectives::effective(&own, &edges);
    Ok(place.into_iter().map(|(id, at)| (id, settled[at])).collect())
}

/// The mappings in which an object stands, on either side.
pub async fn mappings_of(conn: &mut Conn<'_>, org: Id, id: Id) -> Result<Vec<Object<Mapping>>> {
    let ids = crate::resources::mappings::store::around(conn, org, &[id], MOST_INCLUDED).await?;
    let mut found = Mapping::find_all(conn, org, &ids).await?;
    found.sort_by_key(|mapping| mapping.head.id);
    named(conn, org, &mut found).await?;
    Ok(found)
}

/// What happened to an object, newest first: who, when, why and what changed.
pub async fn history(conn: &mut Conn<'_>, org: Id, kind: Kind, id: Id, before: i64, limit: usize) -> Result<Value> {
    // One entry more tells what the oldest shown one changed.
    let entries = ledger::of_object(conn, org, id, before, i64::try_from(limit).unwrap_or(500) + 1).await?;
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| entry.kind.0 == kind).collect();
    if entries.is_empty() && before == i64::MAX {
        return Err(Error::NotFound);
    }
    let mut items = Vec::new();
    for (index, entry) in entries.iter().enumerate().take(limit) {
        let older = entries.get(index + 1).filter(|older| older.operation.0 != Operation::Deleted);
        items.push(json!({
            "seq": entry.seq,
            "version": entry.version,
            "operation": entry.operation.0.as_str(),
            "at": entry.at.0,
            "by": entry.actor,
            "reason": entry.reason,
            "request_id": entry.request_id,
            "changes": changes(older.and_then(|older| older.body.as_deref()), entry.body.as_deref()),
        }));
    }
    let next = if entries.len() > limit { items.last().map(|item| item["seq"].clone()) } else { None };
    Ok(json!({"items": items, "next_before": next}))
}

/// Field by field, what was and what is.
fn changes(old: Option<&str>, new: Option<&str>) -> Value {
    let read =
        |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let mut changed = Map::new();
    for name in old.keys().chain(new.keys()) {
        let (from, to) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
        if from != to && !matches!(name.as_str(), "version" | "updated_at" | "updated_by") {
            changed.insert(name.clone(), json!({"from": from, "to": to}));
        }
    }
    Value::Object(changed)
}
