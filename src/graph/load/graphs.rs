//! Landscapes of organisations, kept as long as their mappings stay what they are.
use super::region;
use crate::graph::impact::State;
use crate::graph::landscape::{Landscape, Mapped};
use crate::model::{Id, Kind, Result};
use crate::on;
use crate::resources::mappings::{Effect, Mapping};
use crate::store::fragment::Fragment;
use crate::store::types::{DbId, DbWord, sql::Identity};
use crate::store::{Conn, Place, Scene, Settle, ledger, record};
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::HashSet;
use std::sync::Arc;

/// Memory for kept landscapes, in KiB.
const MOST_KIB: u64 = 256 << 10;
/// A question about few objects loads what lies above them, unless that is more than so many mappings.
const MOST_AROUND: usize = 5000;
/// Objects that count as few.
const FEW: usize = 20;

/// A landscape and the place in the ledger it was read at.
struct Kept {
    graph_seq: i64,
    landscape: Arc<Landscape>,
}

/// Landscapes by organisation.
pub struct Graphs(moka::sync::Cache<Id, Arc<Kept>>);

impl Default for Graphs {
    fn default() -> Graphs {
        let weigher = |_: &Id, kept: &Arc<Kept>| kept.landscape.weight();
        Graphs(moka::sync::Cache::builder().max_capacity(MOST_KIB).weigher(weigher).build())
    }
}

impl Graphs {
    /// The whole landscape. Loading one takes a moment: ask where the event loop does not wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn whole(&self, conn: &mut Conn<'_>, scene: &Scene<'_>) -> Result<Arc<Landscape>> {
        if let Place::Past(seq) = scene.place {
            return past(conn, scene.organization, seq).await.map(Arc::new);
        }
        let graph_seq = graph_seq(conn, scene).await?;
        if let Some(landscape) = self.kept(scene.organization, graph_seq) {
            return Ok(landscape);
        }
        // Mappings written since are in the landscape already: then it is only read once more than need be.
        let landscape = Arc::new(load(conn, scene.organization).await?);
        // What a change sees may yet be taken back.
        if scene.place != Place::Now {
            return Ok(landscape);
        }
        self.0.insert(scene.organization, Arc::new(Kept { graph_seq, landscape: Arc::clone(&landscape) }));
        Ok(landscape)
    }

    /// A landscape that answers for these objects: the whole one, or when that is not at hand what lies above them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn around(&self, conn: &mut Conn<'_>, scene: &Scene<'_>, items: &HashSet<Id>) -> Result<Arc<Landscape>> {
        if !matches!(scene.place, Place::Past(_)) && items.len() <= FEW {
            let graph_seq = graph_seq(conn, scene).await?;
            if let Some(landscape) = self.kept(scene.organization, graph_seq) {
                return Ok(landscape);
            }
            if let Some(landscape) = above(conn, scene.organization, items).await? {
                return Ok(Arc::new(landscape));
            }
        }
        self.whole(conn, scene).await
    }

    fn kept(&self, organization: Id, graph_seq: i64) -> Option<Arc<Landscape>> {
        let kept = self.0.get(&organization).filter(|kept| kept.graph_seq == graph_seq)?;
        Some(Arc::clone(&kept.landscape))
    }
}

/// The newest entry of the ledger that changed the graph.
async fn graph_seq(conn: &mut Conn<'_>, scene: &Scene<'_>) -> Result<i64> {
    match scene.place {
        Place::Within(graph_seq) => Ok(graph_seq),
        _ => Ok(ledger::head(conn, scene.organization).await?.map_or(0, |head| head.graph_seq)),
    }
}

fn state(effect: Effect) -> State {
    match effect {
        Effect::Cascade => State::Down,
        Effect::Partial => State::Degraded,
        Effect::None => State::Up,
    }
}

async fn load(conn: &mut Conn<'_>, org: Id) -> Result<Landscape> {
    type Columns = (Identity, Identity, Text, Text, Nullable<BigInt>);
    type Row = (DbId, DbId, DbWord<Effect>, String, Option<i64>);
    let statement = Fragment::default()
        .sql("SELECT dependent_id, provider_id, effect, redundancy_group, required FROM mappings WHERE organization_id = ")
        .id(org)
        .rows::<Columns>();
    let rows: Vec<Row> = on!(conn, |c| statement.load(c)).settle()?;
    let statement = Fragment::default().sql("SELECT id FROM business_processes WHERE organization_id = ").id(org);
    let processes: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).settle()?;
    let mappings = rows.iter().map(|(dependent, provider, effect, group, required)| Mapped {
        dependent: dependent.0,
        provider: provider.0,
        effect: state(effect.0),
        group: Some(group.as_str()).filter(|group| !group.is_empty()),
        required: *required,
    });
    Ok(Landscape::new(mappings, processes.into_iter().map(|id| id.0)))
}

/// What lies above some objects, level by level, with all members of the groups met; `None` when it is too much.
async fn above(conn: &mut Conn<'_>, org: Id, items: &HashSet<Id>) -> Result<Option<Landscape>> {
    let mut seen = items.clone();
    let mut frontier: Vec<Id> = items.iter().copied().collect();
    let mut found = Vec::new();
    while !frontier.is_empty() {
        let edges = region::mappings(conn, org, "provider_id", &frontier).await?;
        frontier = edges.iter().map(|edge| edge.dependent).filter(|id| seen.insert(*id)).collect();
        found.extend(edges);
        if found.len() > MOST_AROUND {
            return Ok(None);
        }
    }
    let grouped: HashSet<Id> = found.iter().filter(|edge| edge.group.is_some()).map(|edge| edge.dependent).collect();
    let grouped: Vec<Id> = grouped.into_iter().collect();
    let known: HashSet<Option<Id>> = found.iter().map(|edge| edge.mapping).collect();
    let mates = region::mappings(conn, org, "dependent_id", &grouped).await?;
    found.extend(mates.into_iter().filter(|edge| edge.group.is_some() && !known.contains(&edge.mapping)));
    let seen: Vec<Id> = seen.into_iter().collect();
    let statement = Fragment::default().sql("SELECT id FROM business_processes WHERE organization_id = ").id(org);
    let statement = statement.sql(" AND id").among(&seen);
    let processes: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).settle()?;
    let mappings = found.iter().map(|edge| Mapped {
        dependent: edge.dependent,
        provider: edge.provider,
        effect: edge.effect,
        group: edge.group.as_deref(),
        required: edge.required,
    });
    Ok(Some(Landscape::new(mappings, processes.into_iter().map(|id| id.0))))
}

/// The landscape as it was at a place in the ledger.
async fn past(conn: &mut Conn<'_>, org: Id, seq: i64) -> Result<Landscape> {
    let entries = ledger::as_of(conn, org, &[Kind::Mapping, Kind::BusinessProcess], seq, i64::MAX).await?;
    let (mut mappings, mut processes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.kind.0 {
            Kind::Mapping => mappings.push(record::from_record::<Mapping>(entry.body.as_deref().unwrap_or("null"))?.body),
            _ => processes.push(entry.object_id.0),
        }
    }
    let mappings = mappings.iter().filter_map(|mapping| {
        let (dependent, provider) = mapping.dependent.id().zip(mapping.provider.id())?;
        let group = mapping.redundancy_group.as_deref();
        Some(Mapped { dependent, provider, effect: state(mapping.effect), group, required: mapping.required })
    });
    Ok(Landscape::new(mappings, processes.into_iter()))
}
