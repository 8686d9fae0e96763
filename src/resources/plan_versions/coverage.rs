//! Which steps bring a service back: those that name it, or something it depends on.
use crate::model::{Id, Kind, Link, Reference, Result};
use crate::store::{Conn, Snapshot};
use std::collections::HashSet;

/// The services that are covered, by their keys: those named and those the steps bring back; each with the places of the
/// steps that bring it, or something whose loss may take it down, back.
///
/// # Errors
/// When the database does not answer.
pub async fn services(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    named: &[Link],
    recovers: &[&[Link]],
) -> Result<Vec<(Reference, Vec<usize>)>> {
    let recovers: Vec<Vec<Id>> = recovers.iter().map(|links| links.iter().filter_map(Link::id).collect()).collect();
    let items: HashSet<Id> = recovers.iter().flatten().copied().collect();
    let all: HashSet<Id> = named.iter().filter_map(Link::id).chain(items.iter().copied()).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let names = snapshot.references(conn, &all).await?;
    let mut services: Vec<Reference> = names.into_values().filter(|one| one.kind == Kind::Service).collect();
    services.sort_by(|a, b| a.key.cmp(&b.key));
    let landscape = if items.is_empty() { None } else { Some(snapshot.landscapes.covering(conn, snapshot, &items).await?) };
    let by = |service: &Reference| -> Vec<usize> {
        let beneath = landscape.as_ref().map(|landscape| landscape.transitive_providers(&[service.id])).unwrap_or_default();
        let touches = |id: &Id| *id == service.id || beneath.certain.contains(id) || beneath.possible.contains(id);
        (0..recovers.len()).filter(|place| recovers[*place].iter().any(touches)).collect()
    };
    Ok(services
        .into_iter()
        .map(|service| {
            let by = by(&service);
            (service, by)
        })
        .collect())
}
