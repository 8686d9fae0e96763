//! Parents of sites and processes form trees: a circle is refused, naming it.
use super::conn::MapDbError;
use super::rows::PlannedChange;
use super::tx::Tx;
use super::types::{DbId, sql};
use crate::model::{Error, Id, Link, Resource, Result};
use crate::on;
use diesel::QueryableByName;
use std::collections::HashMap;

#[derive(QueryableByName)]
struct Edge {
    #[diesel(sql_type = sql::Identity)]
    id: DbId,
    #[diesel(sql_type = sql::Identity)]
    parent_id: DbId,
}

/// Marks the changes that would close a circle of parents.
pub async fn reject_cycles<R: Resource>(
    tx: &mut Tx,
    planned: &mut [PlannedChange<R>],
    table: &str,
    parent: impl Fn(&R) -> Option<&Link>,
) -> Result<()> {
    // An object nobody knows yet closes a circle only by itself or together with another of the same set.
    let moved = |one: &PlannedChange<R>| {
        parent(&one.new.body).is_some() && one.old.as_ref().map(|o| parent(&o.body)) != Some(parent(&one.new.body))
    };
    let own = |one: &PlannedChange<R>| parent(&one.new.body).and_then(Link::id) == Some(one.new.meta.id);
    if !planned.iter().any(|one| moved(one) && (one.old.is_some() || planned.len() > 1 || own(one))) {
        return Ok(());
    }
    let sql = format!("SELECT id, parent_id FROM {table} WHERE organization_id = $1 AND parent_id IS NOT NULL");
    let org = DbId(tx.organization());
    let edges: Vec<Edge> =
        on!(&mut tx.conn()?, |c| diesel::sql_query(sql).bind::<sql::Identity, _>(org).load(c)).map_db_error()?;
    let mut parents: HashMap<Id, Id> = edges.into_iter().map(|edge| (edge.id.0, edge.parent_id.0)).collect();
    for one in planned.iter().filter(|one| one.fault.is_none()) {
        match parent(&one.new.body).and_then(Link::id) {
            Some(id) => drop(parents.insert(one.new.meta.id, id)),
            None => drop(parents.remove(&one.new.meta.id)),
        }
    }
    for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
        let start = one.new.meta.id;
        let (mut at, mut steps) = (parents.get(&start), 0);
        while let Some(next) = at.filter(|next| **next != start && steps <= parents.len()) {
            (at, steps) = (parents.get(next), steps + 1);
        }
        if at == Some(&start) {
            let detail = format!("{} would be its own ancestor", one.new.meta.key);
            one.fault = Some(Error::invalid("/parent", "inconsistent", detail));
        }
    }
    Ok(())
}
