//! What is not up when some items are lost, places included.
use super::region;
use crate::graph::impact::State;
use crate::model::{Id, Result};
use crate::store::{Conn, Scene};
use std::collections::{HashMap, HashSet};

/// Everything that is down or degraded when all of this is lost. With a site everything there is lost.
///
/// # Errors
/// When the database does not answer.
pub async fn affected(conn: &mut Conn<'_>, scene: &Scene<'_>, lost: &[Id]) -> Result<HashMap<Id, State>> {
    let mut all: HashSet<Id> = lost.iter().copied().collect();
    let mut frontier: Vec<Id> = lost.to_vec();
    while !frontier.is_empty() {
        let mut there = region::located(conn, scene.organization, "components", "site_id", "site_id", &frontier).await?;
        there.extend(region::located(conn, scene.organization, "sites", "parent_id", "parent_id", &frontier).await?);
        frontier = there.into_iter().map(|edge| edge.dependent).filter(|id| all.insert(*id)).collect();
    }
    let landscape = scene.graphs.around(conn, scene, &all).await?;
    let all: Vec<Id> = all.into_iter().collect();
    let mut states = landscape.affected(&all);
    // What stands in no mapping is lost all the same.
    states.extend(all.into_iter().map(|id| (id, State::Down)));
    Ok(states)
}
