//! The common part of every object: the table `objects` and its look-ups by external id and by tag.
//!
//! Because all objects share one table, one foreign key can point to any kind, and keys, tags, external references and the
//! names in answers are looked up by one statement whatever the kind. The price is a join in every read. `external_refs` and
//! `tags` are look-ups only; the lists themselves are JSON in `objects`.
use super::bind::{Bind, Bound};
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::fragment::Fragment;
use super::insert::{Inserts, Row};
use super::object::AnyObject;
use super::schema::{external_refs, objects, tags};
use super::types::{DbEnum, DbId, DbTime, Json};
use super::update::Updates;
use crate::model::{Attributes, ExternalRef, Id, Kind, ObjectMeta, Objectives, Result, Tag};
use crate::{on, row};

/// Values bound by one statement stay well below 32,766.
pub const CHUNK: usize = 1000;

row! {
    #[derive(Debug, Clone)]
    pub struct ObjectMetaRow in objects {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<Kind>,
        key: String,
        name: String,
        description: Option<String>,
        external_refs: Json<Vec<ExternalRef>>,
        tags: Json<Vec<Tag>>,
        attributes: Json<Attributes>,
        effective_rto_seconds: Option<i64>,
        effective_rpo_seconds: Option<i64>,
        effective_mtpd_seconds: Option<i64>,
        version: i64,
        created_at: DbTime,
        updated_at: DbTime,
        created_by: String,
        updated_by: String,
    }
}

/// As a head is written: with the text that `q=` searches, and with that from which effective objectives follow.
struct Written {
    row: ObjectMetaRow,
    search: String,
    own: Objectives,
    recovery_tier: Option<DbId>,
    live: bool,
}

/// The columns of [`Written`] besides those of its row.
const FURTHER: [&str; 6] = ["search", "own_rto_seconds", "own_rpo_seconds", "own_mtpd_seconds", "recovery_tier_id", "live"];

impl Row for Written {
    const TABLE: &'static str = ObjectMetaRow::TABLE;
    const COLUMNS: &'static [&'static str] = {
        const ALL: [&str; ObjectMetaRow::COLUMNS.len() + FURTHER.len()] = {
            let mut all = [""; ObjectMetaRow::COLUMNS.len() + FURTHER.len()];
            let (row, further) = all.split_at_mut(ObjectMetaRow::COLUMNS.len());
            row.copy_from_slice(ObjectMetaRow::COLUMNS);
            further.copy_from_slice(&FURTHER);
            all
        };
        &ALL
    };
    fn bind(self, values: &mut Vec<Bind>) -> Result<()> {
        self.row.bind(values)?;
        values.push(self.search.bind()?);
        for seconds in [self.own.rto, self.own.rpo, self.own.mtpd] {
            values.push(seconds.bind()?);
        }
        values.push(self.recovery_tier.bind()?);
        values.push(self.live.bind()?);
        Ok(())
    }
}

impl From<ObjectMetaRow> for ObjectMeta {
    fn from(row: ObjectMetaRow) -> ObjectMeta {
        ObjectMeta {
            id: row.id.0,
            kind: row.kind.0,
            key: row.key,
            name: Some(row.name).filter(|name| !name.is_empty()),
            description: row.description,
            external_refs: row.external_refs.0,
            tags: row.tags.0,
            attributes: row.attributes.0,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            created_by: row.created_by,
            updated_by: row.updated_by,
            effective: Objectives {
                rto: row.effective_rto_seconds,
                rpo: row.effective_rpo_seconds,
                mtpd: row.effective_mtpd_seconds,
            },
        }
    }
}

fn row(org: Id, meta: &ObjectMeta) -> ObjectMetaRow {
    ObjectMetaRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(meta.kind),
        key: meta.key.clone(),
        name: meta.name.clone().unwrap_or_default(),
        description: meta.description.clone(),
        external_refs: Json(meta.external_refs.clone()),
        tags: Json(meta.tags.clone()),
        attributes: Json(meta.attributes.clone()),
        effective_rto_seconds: meta.effective.rto,
        effective_rpo_seconds: meta.effective.rpo,
        effective_mtpd_seconds: meta.effective.mtpd,
        version: meta.version,
        created_at: DbTime(meta.created_at),
        updated_at: DbTime(meta.updated_at),
        created_by: meta.created_by.clone(),
        updated_by: meta.updated_by.clone(),
    }
}

fn written(org: Id, object: &AnyObject) -> Written {
    let meta = object.meta();
    Written {
        row: row(org, meta),
        search: meta.search_text(),
        own: object.objectives(),
        recovery_tier: object.recovery_tier().map(DbId),
        live: object.is_live(),
    }
}

/// Adds the heads of new objects with their look-ups.
pub fn insert(inserts: &mut Inserts, org: Id, objects: &[&AnyObject]) -> Result<()> {
    inserts.add(objects.iter().map(|object| written(org, object)))?;
    insert_lookups(inserts, org, &objects.iter().map(|object| object.meta()).collect::<Vec<_>>())
}

struct RefRow {
    organization_id: DbId,
    kind: DbEnum<Kind>,
    system: String,
    external_id: String,
    object_id: DbId,
}
row!(in external_refs: RefRow { organization_id, kind, system, external_id, object_id, });

struct TagRow {
    organization_id: DbId,
    tag: String,
    object_id: DbId,
}
row!(in tags: TagRow { organization_id, tag, object_id, });

fn insert_lookups(inserts: &mut Inserts, org: Id, heads: &[&ObjectMeta]) -> Result<()> {
    let (organization_id, all) = (DbId(org), || heads.iter().copied());
    let refs = all().flat_map(|meta| {
        meta.external_refs.iter().map(move |one| RefRow {
            organization_id,
            kind: DbEnum(meta.kind),
            system: one.system.clone(),
            external_id: one.id.clone(),
            object_id: DbId(meta.id),
        })
    });
    inserts.add(refs)?;
    let tags = all().flat_map(|meta| {
        meta.tags.iter().map(move |tag| TagRow { organization_id, tag: tag.0.clone(), object_id: DbId(meta.id) })
    });
    inserts.add(tags)
}

/// Adds what is different in a head.
pub fn update(updates: &mut Updates, org: Id, old: &AnyObject, new: &AnyObject) -> Result<()> {
    updates.add(written(org, old), written(org, new))
}

/// Writes the look-ups of a changed head anew where they changed.
pub async fn update_lookups(conn: &mut Conn<'_>, org: Id, old: &ObjectMeta, new: &ObjectMeta) -> Result<()> {
    if old.external_refs == new.external_refs && old.tags == new.tags {
        return Ok(());
    }
    on!(conn, |c| {
        diesel::delete(external_refs::table.filter(external_refs::organization_id.eq(DbId(org))))
            .filter(external_refs::object_id.eq(DbId(new.id)))
            .execute(c)
    })
    .map_db_error()?;
    on!(conn, |c| {
        diesel::delete(tags::table.filter(tags::organization_id.eq(DbId(org))))
            .filter(tags::object_id.eq(DbId(new.id)))
            .execute(c)
    })
    .map_db_error()?;
    let mut inserts = Inserts::default();
    insert_lookups(&mut inserts, org, &[new])?;
    inserts.run(conn).await
}

/// Deletes objects; their own tables and look-ups follow by cascade.
pub async fn delete(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<()> {
    for ids in ids.chunks(CHUNK) {
        let ids: Vec<DbId> = ids.iter().copied().map(DbId).collect();
        on!(conn, |c| {
            diesel::delete(objects::table.filter(objects::organization_id.eq(DbId(org))))
                .filter(objects::id.eq_any(ids))
                .execute(c)
        })
        .map_db_error()?;
    }
    Ok(())
}

/// Writes the effective objectives of objects; versions and ledger stay, for nothing of theirs was written.
pub async fn set_effective(conn: &mut Conn<'_>, org: Id, changed: &[(Id, Objectives)]) -> Result<()> {
    if conn.is_sqlite() {
        for (id, effective) in changed {
            let columns = (
                objects::effective_rto_seconds.eq(effective.rto),
                objects::effective_rpo_seconds.eq(effective.rpo),
                objects::effective_mtpd_seconds.eq(effective.mtpd),
            );
            let target = objects::table.find((DbId(org), DbId(*id)));
            on!(conn, |c| diesel::update(target).set(columns).execute(c)).map_db_error()?;
        }
        return Ok(());
    }
    for changed in changed.chunks(CHUNK) {
        let statement = effective_statement(org, changed).rows::<diesel::sql_types::Untyped>();
        on!(conn, |c| statement.execute(c)).map_db_error()?;
    }
    Ok(())
}

/// One statement for many objects. SQLite would look through all objects for each of them.
fn effective_statement(org: Id, changed: &[(Id, Objectives)]) -> Fragment {
    let mut statement = Fragment::default().sql(
        "UPDATE objects SET effective_rto_seconds = v.column2, effective_rpo_seconds = v.column3, \
         effective_mtpd_seconds = v.column4 FROM (VALUES ",
    );
    for (index, (id, effective)) in changed.iter().enumerate() {
        statement = statement.sql(if index == 0 { "(" } else { ", (" }).id(*id).sql(", ").integer(effective.rto);
        statement = statement.sql(", ").integer(effective.rpo).sql(", ").integer(effective.mtpd).sql(")");
    }
    statement.sql(") AS v WHERE objects.organization_id = ").id(org).sql(" AND objects.id = v.column1")
}
