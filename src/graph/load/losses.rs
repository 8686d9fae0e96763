//! What is not up when some items are lost, places included.
use crate::graph::net::State;
use crate::model::{Id, Result};
use crate::store::{Conn, Scene};
use std::collections::HashMap;

/// Everything that is down or degraded when all of this is lost. With a site everything there is lost.
///
/// # Errors
/// When the database does not answer.
pub async fn affected(conn: &mut Conn<'_>, scene: &Scene<'_>, lost: &[Id]) -> Result<HashMap<Id, State>> {
    let landscape = scene.graphs.around(conn, scene, &lost.iter().copied().collect()).await?;
    Ok(landscape.affected(lost))
}
