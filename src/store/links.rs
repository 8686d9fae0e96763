//! Look-up of objects by what their lists point to; the lists themselves stand in the tables of the kinds. Through this
//! table the database itself holds the references.
use super::conn::dsl::*;
use super::conn::{Conn, MapDbError};
use super::insert::Inserts;
use super::object::AnyObject;
use super::object_meta::CHUNK;
use super::schema::links;
use super::types::DbId;
use crate::model::{Id, Result};
use crate::{on, row};
use std::collections::HashSet;

struct LinkRow {
    organization_id: DbId,
    owner_id: DbId,
    field: &'static str,
    target_id: DbId,
}
row!(in links: LinkRow { organization_id, owner_id, field, target_id, });

/// Adds the rows of new objects, whose kind has these lists.
///
/// # Errors
/// Never; as [`Inserts::add`].
pub fn insert(inserts: &mut Inserts, org: Id, lists: &'static [&'static str], objects: &[&AnyObject]) -> Result<()> {
    if lists.is_empty() {
        return Ok(());
    }
    let rows = objects.iter().flat_map(|object| {
        let mut object = (*object).clone();
        let owner_id = DbId(object.meta().id);
        let slots = object.links();
        let targets: HashSet<(&'static str, Id)> = slots
            .iter()
            .filter_map(|slot| {
                let list = slot.in_list()?;
                Some((*lists.iter().find(|own| **own == list)?, slot.link.id()?))
            })
            .collect();
        let organization_id = DbId(org);
        targets.into_iter().map(move |(field, id)| LinkRow { organization_id, owner_id, field, target_id: DbId(id) })
    });
    inserts.add(rows)
}

/// Writes the lists of a changed object anew.
///
/// # Errors
/// When the database does not answer.
pub async fn update(conn: &mut Conn<'_>, org: Id, lists: &'static [&'static str], object: &AnyObject) -> Result<()> {
    let old = links::table.filter(links::organization_id.eq(DbId(org))).filter(links::owner_id.eq(DbId(object.meta().id)));
    on!(conn, |c| diesel::delete(old).execute(c)).map_db_error()?;
    let mut inserts = Inserts::default();
    insert(&mut inserts, org, lists, &[object])?;
    inserts.run(conn).await
}

/// Which objects have any of these in one of their lists: owner and target.
///
/// # Errors
/// When the database does not answer.
pub async fn owners(conn: &mut Conn<'_>, org: Id, field: &str, targets: &[Id]) -> Result<Vec<(Id, Id)>> {
    let mut found = Vec::new();
    for targets in targets.chunks(CHUNK) {
        let targets: Vec<DbId> = targets.iter().copied().map(DbId).collect();
        let rows: Vec<(DbId, DbId)> = on!(conn, |c| links::table
            .filter(links::organization_id.eq(DbId(org)))
            .filter(links::target_id.eq_any(targets))
            .filter(links::field.eq(field))
            .select((links::owner_id, links::target_id))
            .load(c))
        .map_db_error()?;
        found.extend(rows.into_iter().map(|(owner, target)| (owner.0, target.0)));
    }
    found.sort_unstable();
    Ok(found)
}

/// What objects have in one of their lists: owner and target.
///
/// # Errors
/// When the database does not answer.
pub async fn targets(conn: &mut Conn<'_>, org: Id, field: &str, owners: &[Id]) -> Result<Vec<(Id, Id)>> {
    let mut found = Vec::new();
    for owners in owners.chunks(CHUNK) {
        let owners: Vec<DbId> = owners.iter().copied().map(DbId).collect();
        let rows: Vec<(DbId, DbId)> = on!(conn, |c| links::table
            .filter(links::organization_id.eq(DbId(org)))
            .filter(links::owner_id.eq_any(owners))
            .filter(links::field.eq(field))
            .select((links::owner_id, links::target_id))
            .load(c))
        .map_db_error()?;
        found.extend(rows.into_iter().map(|(owner, target)| (owner.0, target.0)));
    }
    found.sort_unstable();
    Ok(found)
}
