//! Looking objects up, now and as they were.
use super::view;
use crate::graph::objectives;
use crate::model::{
    Condition, Error, FieldType, FieldValue, Id, Kind, Objectives, Query, Result, Spelling, Timestamp, Word, evaluate,
};
use crate::resources::Resource;
use crate::resources::business_processes::BusinessProcess;
use crate::resources::mappings::Mapping;
use crate::resources::services::Service;
use crate::store::ledger::{self, Entry, Operation};
use crate::store::{Conn, Object, Place, Rows, Scene, Stored, record, resolve};
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

    /// The same view, from that moment.
    pub async fn scene<'a>(self, conn: &mut Conn<'_>, scene: &Scene<'a>) -> Result<(Scene<'a>, i64)> {
        let seq = self.seq(conn, scene.organization).await?;
        let now = match self {
            Moment::Time(time) => time,
            Moment::Seq(seq) => ledger::time_of(conn, scene.organization, seq).await?.unwrap_or(Timestamp::EPOCH),
        };
        let Scene { organization, graphs, .. } = *scene;
        Ok((Scene { organization, now, place: Place::Past(seq), graphs }, seq))
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

/// The id behind a spelling.
pub async fn locate(conn: &mut Conn<'_>, org: Id, kind: Kind, spelling: &Spelling) -> Result<Id> {
    if let Spelling::Id(id) = spelling {
        return Ok(*id);
    }
    let found = resolve::locate(conn, org, &[kind], &HashSet::from([spelling.clone()])).await?;
    found.get(spelling).and_then(|all| all.first()).map(|(_, id)| *id).ok_or(Error::NotFound)
}

/// An object that must be there, as it is kept.
pub async fn existing<R: Rows>(conn: &mut Conn<'_>, org: Id, spelling: &Spelling) -> Result<Object<R>> {
    let id = locate(conn, org, R::KIND, spelling).await?;
    R::find(conn, org, id).await?.ok_or(Error::NotFound)
}

/// One object with names put to its links.
pub async fn one<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, spelling: &Spelling) -> Result<Object<R>> {
    let mut objects = [existing(conn, scene.organization, spelling).await?];
    shown(conn, scene, &mut objects).await?;
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

/// Makes objects ready to be shown as they are now.
pub async fn shown<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, objects: &mut [Object<R>]) -> Result<()> {
    named(conn, scene.organization, objects).await?;
    if objects.is_empty() { Ok(()) } else { R::derive(conn, scene, objects).await }
}

/// A page of a list.
pub struct Page<R: Resource> {
    pub items: Vec<Object<R>>,
    pub next: Option<String>,
    pub total: Option<i64>,
    pub seq: i64,
}

/// Looks up what the filters refer to, as it is now or was at a place in the ledger. A reference that leads nowhere is a
/// fault of the request.
pub async fn settle_filters(conn: &mut Conn<'_>, scene: &Scene<'_>, query: &mut Query) -> Result<()> {
    let mut wanted = HashSet::new();
    let mut kinds = HashSet::new();
    // Taken from the end, so that the first that leads nowhere is the one that is told.
    let mut all: Vec<&mut Condition> = query.conditions.iter_mut().rev().collect();
    let mut places = Vec::new();
    while let Some(condition) = all.pop() {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => all.extend(parts),
            Condition::Compare { field, values, .. } => {
                places.extend(values.iter_mut().map(|value| (*field, value)));
            }
            _ => {}
        }
    }
    for (field, value) in &mut places {
        match &**value {
            FieldValue::Today => **value = FieldValue::Text(scene.now.day()),
            FieldValue::Spelled(spelling) => {
                kinds.extend(targets(field.kind));
                wanted.insert(spelling.clone());
            }
            _ => {}
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let found = match scene.place {
        Place::Past(seq) => past_found(conn, scene.organization, &kinds, seq, &wanted).await?,
        _ => resolve::locate(conn, scene.organization, &kinds, &wanted).await?,
    };
    for (field, value) in places {
        let FieldValue::Spelled(spelling) = &*value else { continue };
        let all = targets(field.kind);
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

/// The kinds a field's references lead to.
const fn targets(kind: FieldType) -> &'static [Kind] {
    match kind {
        FieldType::Link(kinds) | FieldType::Listed(kinds, _) => kinds,
        FieldType::Exposed => &[Kind::BusinessProcess],
        _ => &[],
    }
}

/// Has the graph answer what the database cannot.
async fn ask_graph(conn: &mut Conn<'_>, scene: &Scene<'_>, query: &mut Query) -> Result<()> {
    for condition in &mut query.conditions {
        if let Condition::Compare { field, values, .. } = condition
            && matches!(field.kind, FieldType::Exposed)
        {
            let ids = values.iter().filter_map(|value| if let FieldValue::Id(id) = value { Some(*id) } else { None });
            let ids: Vec<Id> = ids.collect();
            let exposing = crate::resources::risks::store::exposing(conn, scene, &ids).await?;
            *condition = Condition::Among(exposing);
        }
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

/// A page as it is now. The place in the ledger is read first: whoever goes on from there misses nothing.
pub async fn page<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, mut query: Query, derived: bool) -> Result<Page<R>> {
    let org = scene.organization;
    let seq = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
    settle_filters(conn, scene, &mut query).await?;
    ask_graph(conn, scene, &mut query).await?;
    let mut items = R::page(conn, org, &query).await?;
    let total = if query.count { Some(R::count(conn, org, &query).await?) } else { None };
    let more = items.len() > query.limit;
    items.truncate(query.limit);
    if derived {
        shown(conn, scene, &mut items).await?;
    } else {
        named(conn, org, &mut items).await?;
    }
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
pub async fn past_page<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, mut query: Query, moment: Moment) -> Result<Page<R>> {
    let (scene, seq) = moment.scene(conn, scene).await?;
    settle_filters(conn, &scene, &mut query).await?;
    let objects = past::<R>(conn, &scene, seq).await?;
    let records = objects.into_iter().map(|object| Ok((view::value(&object)?, object))).collect::<Result<Vec<_>>>()?;
    let (mut kept, total) = evaluate(records, &query, |(record, _)| record);
    let more = kept.len() > query.limit;
    kept.truncate(query.limit);
    let next = kept.last().filter(|_| more).map(|(record, object)| cursor(&query, record, object.head.id));
    let total = query.count.then(|| i64::try_from(total).unwrap_or(i64::MAX));
    Ok(Page { items: kept.into_iter().map(|(_, object)| object).collect(), next, total, seq })
}

/// One object as it was.
pub async fn past_one<R: Stored>(
    conn: &mut Conn<'_>,
    scene: &Scene<'_>,
    spelling: &Spelling,
    moment: Moment,
) -> Result<Object<R>> {
    let (scene, seq) = moment.scene(conn, scene).await?;
    let matches = |object: &Object<R>| match spelling {
        Spelling::Id(id) => object.head.id == *id,
        Spelling::Key(key) => object.head.key == *key,
        Spelling::External { system, id } => object.head.external_refs.iter().any(|one| one.system == *system && one.id == *id),
    };
    if let (Spelling::Id(id), false) = (spelling, R::EFFECTIVE) {
        let entries = ledger::these_as_of(conn, scene.organization, &[*id], seq).await?;
        let mut objects = read_entries::<R>(entries.into_iter().filter(|entry| entry.kind.0 == R::KIND))?;
        past_shown(conn, &scene, seq, &mut objects).await?;
        return objects.pop().ok_or(Error::NotFound);
    }
    past::<R>(conn, &scene, seq).await?.into_iter().find(matches).ok_or(Error::NotFound)
}

/// Every object of a kind as it was at a place in the ledger, with the names and objectives of then.
pub async fn past<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, seq: i64) -> Result<Vec<Object<R>>> {
    let org = scene.organization;
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
    past_shown(conn, scene, seq, &mut objects).await?;
    Ok(objects)
}

async fn past_shown<R: Stored>(conn: &mut Conn<'_>, scene: &Scene<'_>, seq: i64, objects: &mut [Object<R>]) -> Result<()> {
    let names = resolve::past_references(conn, scene.organization, seq, &view::targets(objects)).await?;
    view::name_links(objects, &names);
    if objects.is_empty() { Ok(()) } else { R::derive(conn, scene, objects).await }
}

fn read_entries<R: Resource>(entries: impl IntoIterator<Item = Entry>) -> Result<Vec<Object<R>>> {
    entries.into_iter().filter_map(|entry| entry.body).map(|body| record::from_record::<R>(&body)).collect()
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
                let mapping = record::from_record::<Mapping>(body)?.body;
                if let Some((dependent, provider)) = mapping.carries() {
                    edges.push((node(dependent, Objectives::NONE, &mut own), node(provider, Objectives::NONE, &mut own)));
                }
            }
            Kind::BusinessProcess => {
                node(entry.object_id.0, record::from_record::<BusinessProcess>(body)?.body.objectives(), &mut own);
            }
            _ => drop(node(entry.object_id.0, record::from_record::<Service>(body)?.body.objectives(), &mut own)),
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
