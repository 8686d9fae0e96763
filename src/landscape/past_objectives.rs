//! Effective objectives at a place in the ledger.
use crate::graph::objectives;
use crate::model::{Id, Objectives, Result};
use crate::resources::KINDS;
use crate::store::{Conn, audit, past};
use std::collections::{HashMap, HashSet};

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
    let kinds = KINDS.which(|info| info.affects_objectives);
    let mut edges = Vec::new();
    let mut tiers: HashMap<Id, Objectives> = HashMap::new();
    let mut named = Vec::new();
    let mut idle: HashSet<usize> = HashSet::new();
    for entry in past::as_of(conn, org, &kinds, seq, most).await? {
        let kind = KINDS.of(entry.kind.0);
        let object = audit::from_audit_body(kind, entry.body.as_deref().unwrap_or("null"))?;
        let id = entry.object_id.0;
        if let Some((dependent, provider)) = object.objective_edge() {
            edges.push((node(dependent, Objectives::NONE, &mut own), node(provider, Objectives::NONE, &mut own)));
        }
        if kind.info().is_node() {
            let at = node(id, object.objectives(), &mut own);
            if !object.is_live() {
                idle.insert(at);
            }
            named.extend(object.recovery_tier().map(|tier| (at, object.objectives(), tier)));
        } else if object.objectives() != Objectives::NONE {
            tiers.insert(id, object.objectives());
        }
    }
    for (at, set, tier) in named {
        let objectives = set.or(tiers.get(&tier).copied().unwrap_or(Objectives::NONE));
        own[at] = own[at].strictest(objectives);
    }
    edges.retain(|(dependent, provider)| !idle.contains(dependent) && !idle.contains(provider));
    let settled = objectives::effective(&own, &edges);
    Ok(place.into_iter().map(|(id, at)| (id, settled[at])).collect())
}
