//! From the three spellings of an id to objects, and from ids to references: a fixed number of statements however
//! many are asked.
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::object_meta::CHUNK;
use super::past;
use super::schema::{external_refs, objects};
use super::types::{DbEnum, DbId};
use crate::model::{ERASABLE, ERASED_NAME, Error, Id, Kind, ObjectRef, Reference, Result, StringEnum, erased_key};
use crate::on;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Where spellings lead: usually one object, none when unknown, several when a key stands in several kinds.
pub type ResolvedRefs = HashMap<ObjectRef, Vec<(Kind, Id)>>;

/// Looks spellings up among the objects of some kinds.
pub async fn locate(conn: &mut Conn<'_>, org: Id, kinds: &[Kind], object_refs: &HashSet<ObjectRef>) -> Result<ResolvedRefs> {
    let mut found = ResolvedRefs::new();
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    let mut systems: HashMap<&str, Vec<&str>> = HashMap::new();
    for object_ref in object_refs {
        match object_ref {
            ObjectRef::Id(id) => ids.push(DbId(*id)),
            ObjectRef::Key(key) => keys.push(key.as_str()),
            ObjectRef::External { system, id } => systems.entry(system).or_default().push(id),
        }
    }
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    for ids in ids.chunks(CHUNK) {
        let rows: Vec<(DbEnum<Kind>, DbId)> = on!(conn, |c| objects::table
            .filter(objects::organization_id.eq(DbId(org)))
            .filter(objects::id.eq_any(ids))
            .filter(objects::kind.eq_any(&words))
            .select((objects::kind, objects::id))
            .load(c))
        .map_db_error()?;
        rows.into_iter().for_each(|(kind, id)| found.entry(ObjectRef::Id(id.0)).or_default().push((kind.0, id.0)));
    }
    for keys in keys.chunks(CHUNK) {
        let rows: Vec<(String, DbEnum<Kind>, DbId)> = on!(conn, |c| objects::table
            .filter(objects::organization_id.eq(DbId(org)))
            .filter(objects::kind.eq_any(&words))
            .filter(objects::key.eq_any(keys))
            .select((objects::key, objects::kind, objects::id))
            .load(c))
        .map_db_error()?;
        rows.into_iter().for_each(|(key, kind, id)| found.entry(ObjectRef::Key(key)).or_default().push((kind.0, id.0)));
    }
    for (system, external) in systems {
        for external in external.chunks(CHUNK) {
            let rows: Vec<(String, DbEnum<Kind>, DbId)> = on!(conn, |c| external_refs::table
                .filter(external_refs::organization_id.eq(DbId(org)))
                .filter(external_refs::kind.eq_any(&words))
                .filter(external_refs::system.eq(system))
                .filter(external_refs::external_id.eq_any(external))
                .select((external_refs::external_id, external_refs::kind, external_refs::object_id))
                .load(c))
            .map_db_error()?;
            for (id, kind, object) in rows {
                let object_ref = ObjectRef::External { system: system.to_owned(), id };
                found.entry(object_ref).or_default().push((kind.0, object.0));
            }
        }
    }
    Ok(found)
}

/// How objects stand in answers.
pub async fn references(conn: &mut Conn<'_>, org: Id, ids: &HashSet<Id>) -> Result<HashMap<Id, Reference>> {
    let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
    let mut names = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let rows: Vec<(DbId, DbEnum<Kind>, String, String)> = on!(conn, |c| objects::table
            .filter(objects::organization_id.eq(DbId(org)))
            .filter(objects::id.eq_any(ids))
            .select((objects::id, objects::kind, objects::key, objects::name))
            .load(c))
        .map_db_error()?;
        for (id, kind, key, name) in rows {
            let name = Some(name).filter(|name| !name.is_empty());
            names.insert(id.0, Reference { id: id.0, kind: kind.0, key, name });
        }
    }
    Ok(names)
}

/// How objects stood in answers at a place in the ledger.
pub async fn past_references(conn: &mut Conn<'_>, org: Id, seq: i64, ids: &HashSet<Id>) -> Result<HashMap<Id, Reference>> {
    let mut wanted: Vec<Id> = ids.iter().copied().collect();
    let mut names = HashMap::new();
    // In the middle of a batch an object may point to one that comes later in it.
    for seq in [seq, i64::MAX] {
        for entry in past::entries_of_as_of(conn, org, &wanted, seq).await? {
            let (id, kind) = (entry.object_id.0, entry.kind.0);
            let (key, name) = match &entry.body {
                Some(body) => {
                    let body: Value = serde_json::from_str(body).map_err(Error::internal)?;
                    (entry.object_key, body["title"].as_str().or(body["name"].as_str()).map(str::to_owned))
                }
                None if ERASABLE.contains(&kind) => (erased_key(id), Some(ERASED_NAME.to_owned())),
                None => (entry.object_key, None),
            };
            let reference = Reference { id, kind, key, name };
            names.insert(reference.id, reference);
        }
        wanted.retain(|id| !names.contains_key(id));
    }
    Ok(names)
}

/// The objects of one kind that have an id in a client's system: what a snapshot of that system is compared with.
pub async fn of_system(conn: &mut Conn<'_>, org: Id, kind: Kind, system: &str) -> Result<Vec<Id>> {
    let rows: Vec<DbId> = on!(conn, |c| external_refs::table
        .filter(external_refs::organization_id.eq(DbId(org)))
        .filter(external_refs::kind.eq(kind.as_str()))
        .filter(external_refs::system.eq(system))
        .select(external_refs::object_id)
        .load(c))
    .map_db_error()?;
    Ok(rows.into_iter().map(Id::from).collect())
}
