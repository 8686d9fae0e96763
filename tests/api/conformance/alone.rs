//! Installations for what all organisations of one share. A world has one for itself as long as it lives, and leaves it
//! to the next as it found it.

use super::World;
use crate::support::{Backend, Server};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};

fn idle() -> MutexGuard<'static, Vec<Arc<Server>>> {
    static IDLE: Mutex<Vec<Arc<Server>>> = Mutex::new(Vec::new());
    IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// An installation nobody else uses.
pub fn take(backend: Backend) -> Arc<Server> {
    let found = {
        let mut idle = idle();
        let place = idle.iter().position(|server| server.backend == backend);
        place.map(|place| idle.swap_remove(place))
    };
    found.unwrap_or_else(|| Server::start(backend))
}

/// Leaves the installation to the next, unless something of this world is still in it.
pub fn leave(world: &World) {
    let list = world.list("limit=500");
    let goes = |object: &Value| world.api.delete(&world.at(object)).status() == 204;
    if list.status() == 200 && list.items().iter().all(goes) {
        idle().push(world.server.clone());
    }
}
