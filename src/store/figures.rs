//! What the store can tell of itself, for whoever watches it.
use std::time::Duration;

/// Figures of one moment, and counts since the start.
#[derive(Debug, Default)]
pub struct Figures {
    /// Changes that wait for their turn.
    pub waiting: usize,
    /// Groups of changes that were committed, and how long that took altogether.
    pub commits: u64,
    pub commit_time: Duration,
    /// How long the oldest commit that is at work has waited for its answer.
    pub oldest_commit: Duration,
    /// Connections to PostgreSQL that were made anew after one had failed.
    pub reconnects: u64,
    /// Sizes of an embedded database and of its `-wal` file, in bytes.
    pub file_bytes: Option<u64>,
    pub wal_bytes: Option<u64>,
}
