//! Effective objectives at a place in the ledger.
use crate::graph::objectives;
use crate::model::{Id, Kind, Objectives, Resource, Result};
use crate::resources::business_processes::BusinessProcess;
use crate::resources::mappings::Mapping;
use crate::resources::services::Service;
use crate::store::{Conn, audit, ledger};
use std::collections::HashMap;

/// Computes them from the ledger's entries, of which so many are looked at; `objects` adds objects with their own
/// objectives.
///
/// # Errors
/// When the database does not answer.
pub async fn as_of(
    conn: &mut Conn<'_>,
    org: Id,
    seq: i64,
    objects: &[(Id, Objectives)],
    most: i64,
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
    for (id, objectives) in objects {
        node(*id, *objectives, &mut own);
    }
    let entries = ledger::as_of(conn, org, &[Kind::Mapping, Kind::BusinessProcess, Kind::Service], seq, most).await?;
    let mut edges = Vec::new();
    for entry in entries {
        let body = entry.body.as_deref().unwrap_or("null");
        match entry.kind.0 {
            Kind::Mapping => {
                let mapping = audit::from_record_of::<Mapping>(body)?.body;
                if let Some((dependent, provider)) = mapping.objective_edge() {
                    edges.push((node(dependent, Objectives::NONE, &mut own), node(provider, Objectives::NONE, &mut own)));
                }
            }
            Kind::BusinessProcess => {
                node(entry.object_id.0, audit::from_record_of::<BusinessProcess>(body)?.body.objectives(), &mut own);
            }
            _ => drop(node(entry.object_id.0, audit::from_record_of::<Service>(body)?.body.objectives(), &mut own)),
        }
    }
    let settled = objectives::effective(&own, &edges);
    Ok(place.into_iter().map(|(id, at)| (id, settled[at])).collect())
}
