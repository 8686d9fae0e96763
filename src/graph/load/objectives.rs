//! Keeps effective objectives up to date.
use crate::graph::objectives::effective;
use crate::model::{Id, Objectives, Result};
use crate::on;
use crate::store::fragment::Fragment;
use crate::store::types::{DbId, sql::Identity};
use crate::store::{Conn, Settle, Tx, heads};
use diesel::sql_types::{BigInt, Nullable};
use diesel_async::RunQueryDsl;
use std::collections::{HashMap, HashSet};

/// Ids bound by one statement.
const CHUNK: usize = 2000;

/// Brings the effective objectives below some objects up to date, in the change that moved them, and tells which
/// changed. A fixed number of statements, however long the chains.
pub async fn refresh_objectives(tx: &mut Tx, seeds: &HashSet<Id>) -> Result<HashMap<Id, Objectives>> {
    if seeds.is_empty() {
        return Ok(HashMap::new());
    }
    let org = tx.organization();
    let mut conn = tx.conn()?;
    let below = below(&mut conn, org, seeds).await?;
    let edges = edges_into(&mut conn, org, &below).await?;
    let mut around: HashSet<Id> = below.clone();
    around.extend(edges.iter().map(|(dependent, _)| *dependent));
    let values = values(&mut conn, org, &around).await?;

    let place: HashMap<Id, usize> = values.iter().enumerate().map(|(index, value)| (value.id, index)).collect();
    // Outside the region below the seeds nothing has changed: what is in force there is a source like any other.
    let own: Vec<Objectives> = values.iter().map(|v| if below.contains(&v.id) { v.own } else { v.now }).collect();
    let edges: Vec<(usize, usize)> = edges.iter().filter_map(|(d, p)| Some((*place.get(d)?, *place.get(p)?))).collect();
    let settled = effective(&own, &edges);
    let changed: Vec<(Id, Objectives)> = values
        .iter()
        .zip(settled)
        .filter(|(value, settled)| below.contains(&value.id) && value.now != *settled)
        .map(|(value, settled)| (value.id, settled))
        .collect();
    heads::set_effective(&mut conn, org, &changed).await?;
    Ok(changed.into_iter().collect())
}

/// The seeds and everything they depend on through cascading mappings.
async fn below(conn: &mut Conn<'_>, org: Id, seeds: &HashSet<Id>) -> Result<HashSet<Id>> {
    let seeds: Vec<Id> = seeds.iter().copied().collect();
    let mut found = HashSet::new();
    for seeds in seeds.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql("WITH RECURSIVE below(id) AS (SELECT id FROM objects WHERE organization_id = ")
            .id(org)
            .sql(" AND id IN (")
            .ids(seeds)
            .sql(") UNION SELECT mappings.provider_id FROM below JOIN mappings ON mappings.organization_id = ")
            .id(org)
            .sql(" AND mappings.dependent_id = below.id AND mappings.effect = 'cascade') SELECT id FROM below");
        let rows: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c).await).settle()?;
        found.extend(rows.into_iter().map(Id::from));
    }
    Ok(found)
}

async fn edges_into(conn: &mut Conn<'_>, org: Id, providers: &HashSet<Id>) -> Result<Vec<(Id, Id)>> {
    let providers: Vec<Id> = providers.iter().copied().collect();
    let mut found = Vec::new();
    for providers in providers.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql("SELECT dependent_id, provider_id FROM mappings WHERE organization_id = ")
            .id(org)
            .sql(" AND effect = 'cascade' AND provider_id IN (")
            .ids(providers)
            .sql(")");
        let rows: Vec<(DbId, DbId)> = on!(conn, |c| statement.rows::<(Identity, Identity)>().load(c).await).settle()?;
        found.extend(rows.into_iter().map(|(dependent, provider)| (dependent.0, provider.0)));
    }
    Ok(found)
}

struct Value {
    id: Id,
    own: Objectives,
    now: Objectives,
}

async fn values(conn: &mut Conn<'_>, org: Id, ids: &HashSet<Id>) -> Result<Vec<Value>> {
    type Seconds = Nullable<BigInt>;
    type Columns = (Identity, Seconds, Seconds, Seconds, Seconds, Seconds, Seconds);
    type Row = (DbId, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    let ids: Vec<Id> = ids.iter().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let statement = Fragment::default()
            .sql(
                "SELECT o.id, coalesce(s.rto_seconds, p.rto_seconds), coalesce(s.rpo_seconds, p.rpo_seconds), p.mtpd_seconds, \
                 o.effective_rto_seconds, o.effective_rpo_seconds, o.effective_mtpd_seconds FROM objects o \
                 LEFT JOIN services s ON s.organization_id = o.organization_id AND s.id = o.id \
                 LEFT JOIN business_processes p ON p.organization_id = o.organization_id AND p.id = o.id \
                 WHERE o.organization_id = ",
            )
            .id(org)
            .sql(" AND o.id IN (")
            .ids(ids)
            .sql(")");
        let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c).await).settle()?;
        found.extend(rows.into_iter().map(|(id, rto, rpo, mtpd, now_rto, now_rpo, now_mtpd)| Value {
            id: id.0,
            own: Objectives { rto, rpo, mtpd },
            now: Objectives { rto: now_rto, rpo: now_rpo, mtpd: now_mtpd },
        }));
    }
    Ok(found)
}
