//! How often organisations were written to, for whoever keeps what was read.
use crate::model::Id;
use std::sync::atomic::{AtomicU64, Ordering};

/// Organisations share counters; sharing one costs a needless second read, never a stale one.
const COUNTERS: usize = 1024;

/// Commits of this process. Only an embedded database has no other writers, so only there do they say that nothing
/// has changed.
pub struct CommitCounters(Option<Box<[AtomicU64]>>);

impl CommitCounters {
    pub fn new() -> CommitCounters {
        CommitCounters(Some((0..COUNTERS).map(|_| AtomicU64::new(0)).collect()))
    }
    pub const fn untracked() -> CommitCounters {
        CommitCounters(None)
    }

    /// The number of commits of an organisation so far. What is read after asking holds at least until the number is
    /// another one.
    pub fn of(&self, organization: Id) -> Option<u64> {
        Some(self.0.as_ref()?[share(organization, COUNTERS)].load(Ordering::Acquire))
    }

    /// Called after each commit, before it is acknowledged.
    pub fn count(&self, organization: Id) {
        if let Some(counters) = &self.0 {
            counters[share(organization, COUNTERS)].fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Which of so many shares an organisation belongs to. The end of an id is random.
pub fn share(organization: Id, shares: usize) -> usize {
    let bytes = organization.0.as_bytes();
    u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize % shares
}
