//! A loss and the way back from it.
use super::net::State;
use super::recovery::Recovery;
use rustc_hash::FxHashMap;

/// What a loss does, and how soon all of it is undone.
pub struct Restoration {
    /// What the loss makes of each node.
    pub states: Vec<State>,
    pub recovery: Recovery,
    /// Seconds' worth of data that nodes lack when they are back; those that lack none are left out.
    pub(super) data: FxHashMap<usize, i64>,
    /// Whether a node rests on data that was lost with an item that does not say how much of it that costs.
    pub unaccounted: Vec<bool>,
}

impl Restoration {
    /// Seconds' worth of data a node lacks when it is back.
    pub fn data_loss(&self, node: usize) -> i64 {
        self.data.get(&node).copied().unwrap_or(0)
    }
}
