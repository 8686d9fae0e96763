//! What a service or component depends on, as one figure that changes when any of it does.
use crate::graph::region::{Direction, Extent, PreloadedRegion, Region};
use crate::model::{Id, Result};
use crate::store::{Conn, Snapshot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The items of a fingerprint are kept up to so many; what depends on more is compared by the whole figure only.
pub const MAX_ITEMS: usize = 500;
/// How far down one looks.
const DEPTH: usize = 64;
/// Objects looked at; the rest of the level at which they are passed still counts.
const MAX_NODES: usize = 20_000;
const EXTENT: Extent = Extent { depth: DEPTH, nodes: MAX_NODES, edges: usize::MAX };

/// What a subject depended on: a figure for everything beneath it, and one for each item of that.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fingerprint {
    /// SHA-256 over the items in the order of their ids.
    #[schema(max_length = 64)]
    pub sha256: String,
    /// For each item, by its id: its own dependencies, lifecycle and recovery option. Empty where there are more than 500.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<crate::model::StepKey, crate::model::StepKey>, inline)]
    pub items: BTreeMap<String, String>,
}

/// What changed between two.
#[derive(Debug, Default, PartialEq)]
pub struct Difference {
    pub added: Vec<Id>,
    pub removed: Vec<Id>,
    pub changed: Vec<Id>,
}

impl Fingerprint {
    /// What is different in a later one, as far as the items tell.
    pub fn difference(&self, later: &Fingerprint) -> Difference {
        let ids = |all: Vec<&String>| all.into_iter().filter_map(|text| Id::parse(text)).collect();
        if self.items.is_empty() || later.items.is_empty() {
            return Difference::default();
        }
        Difference {
            added: ids(later.items.keys().filter(|id| !self.items.contains_key(*id)).collect()),
            removed: ids(self.items.keys().filter(|id| !later.items.contains_key(*id)).collect()),
            changed: ids(self
                .items
                .iter()
                .filter(|(id, own)| later.items.get(*id).is_some_and(|l| l != *own))
                .map(|(id, _)| id)
                .collect()),
        }
    }
}

/// The fingerprint of a subject as things are.
///
/// # Errors
/// When the database does not answer.
pub async fn of(conn: &mut Conn<'_>, snapshot: &Snapshot, subject: Id) -> Result<Fingerprint> {
    let (org, landscapes) = (snapshot.organization, &snapshot.landscapes);
    let found = landscapes.region(conn, org, subject, Direction::Down, EXTENT).await?;
    let ids: Vec<Id> = found.distances.iter().map(|(id, _)| *id).collect();
    let traits = landscapes.traits(conn, org, &ids).await?;
    Ok(print(&found, &traits))
}

/// The fingerprints of many subjects as things are: no more statements than for one of them.
///
/// # Errors
/// When the database does not answer.
pub async fn of_all(conn: &mut Conn<'_>, snapshot: &Snapshot, subjects: &[Id]) -> Result<HashMap<Id, Fingerprint>> {
    let (org, landscapes) = (snapshot.organization, &snapshot.landscapes);
    let ground = landscapes.beneath(conn, org, subjects, DEPTH).await?;
    let ids: Vec<Id> = ground.ids().into_iter().chain(subjects.iter().copied()).collect();
    let traits = landscapes.traits(conn, org, &ids).await?;
    Ok(on(&ground, &traits, subjects))
}

/// The fingerprints of subjects on some ground; `traits` are those of [`traits`](crate::store::Landscapes::traits).
pub fn on(ground: &PreloadedRegion, traits: &HashMap<Id, String>, subjects: &[Id]) -> HashMap<Id, Fingerprint> {
    subjects.iter().map(|subject| (*subject, print(&ground.region(*subject, DEPTH, MAX_NODES), traits))).collect()
}

fn print(region: &Region, traits: &HashMap<Id, String>) -> Fingerprint {
    let mut items: BTreeMap<String, Vec<String>> =
        region.distances.iter().map(|(id, _)| (id.to_string(), traits.get(id).cloned().into_iter().collect())).collect();
    for edge in &region.dependencies {
        let Some(lines) = items.get_mut(&edge.dependent.to_string()) else { continue };
        let group = edge.group.as_deref().unwrap_or_default();
        lines.push(format!(
            "{} {} {} {group:?} {:?} {}",
            edge.provider,
            edge.relation,
            edge.effect.as_str(),
            edge.required,
            edge.needed_to_start
        ));
    }
    let mut whole = Sha256::new();
    let mut short = BTreeMap::new();
    for (id, mut lines) in items {
        lines.sort_unstable();
        let digest = hex::encode(Sha256::digest(lines.join("\n")));
        whole.update(format!("{id} {digest}\n"));
        short.insert(id, digest[..12].to_owned());
    }
    if short.len() > MAX_ITEMS {
        short.clear();
    }
    Fingerprint { sha256: hex::encode(whole.finalize()), items: short }
}
