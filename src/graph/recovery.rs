//! Earliest restoration.

/// What an item can do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ability {
    pub recovery: Option<i64>,
    pub restart: Option<i64>,
    pub data_loss: Option<i64>,
}
