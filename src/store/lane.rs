//! What a writer is at, for those who wait for it and for those who ask whether the service is ready; and which writer an
//! organisation has.
use super::commits::share;
use super::figures::Figures;
use crate::model::Id;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a writer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing is to be written.
    Idle,
    /// It runs the statements of changes; none of them counts yet.
    Working,
    /// It waits for a commit. Whether that was done is known only by its answer.
    Committing,
}

/// The state of one writer; it tells, everybody may look.
pub struct Lane {
    start: Instant,
    phase: AtomicU8,
    /// Milliseconds from the start to its last step.
    step: AtomicU64,
    commits: AtomicU64,
    commit_micros: AtomicU64,
}

impl Default for Lane {
    fn default() -> Lane {
        Lane {
            start: Instant::now(),
            phase: AtomicU8::new(Phase::Idle as u8),
            step: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            commit_micros: AtomicU64::new(0),
        }
    }
}

impl Lane {
    /// The writer begins something else.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.step();
    }

    /// The writer has come one statement further.
    pub fn step(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.step.store(now, Ordering::Relaxed);
    }

    /// A commit was answered after this time.
    pub fn committed(&self, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Adds what this writer knows.
    pub fn tell(&self, figures: &mut Figures) {
        figures.commits += self.commits.load(Ordering::Relaxed);
        figures.commit_time += Duration::from_micros(self.commit_micros.load(Ordering::Relaxed));
        figures.oldest_commit = figures.oldest_commit.max(self.committing_for().unwrap_or_default());
    }

    pub fn is_idle(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Idle as u8
    }

    /// How long ago the last step was.
    pub fn since_step(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.step.load(Ordering::Relaxed)))
    }

    /// How long it has waited for a commit, if it does.
    pub fn committing_for(&self) -> Option<Duration> {
        (self.phase.load(Ordering::Relaxed) == Phase::Committing as u8).then(|| self.since_step())
    }
}

/// Which writer each organisation has whose changes wait or are at work: all of them have the same, so that their order stays
/// and no two wait for each other's lock.
#[derive(Default)]
pub struct Seats(Mutex<HashMap<Id, (usize, usize)>>);

/// The place of one change with the writer of its organisation, until this is dropped.
pub struct Seat {
    pub place: usize,
    pub organization: Id,
    seats: Arc<Seats>,
}

impl Seats {
    /// The writer of the organisation; one that is free where it has none yet, so that nobody waits behind another one's lock.
    pub fn take(self: &Arc<Self>, organization: Id, places: usize, is_free: impl Fn(usize) -> bool) -> Seat {
        let mut seats = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let place = match seats.get(&organization) {
            Some((place, _)) => *place,
            None => {
                // An organisation that writes now and then finds the connection that knows its statements.
                let own = share(organization, places);
                let free = |place: &usize| is_free(*place) && !seats.values().any(|(taken, _)| taken == place);
                (0..places).map(|step| (own + step) % places).find(free).unwrap_or(own)
            }
        };
        seats.entry(organization).or_insert((place, 0)).1 += 1;
        Seat { place, organization, seats: Arc::clone(self) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((_, changes)) = seats.get_mut(&self.organization) {
            *changes -= 1;
            if *changes == 0 {
                seats.remove(&self.organization);
            }
        }
    }
}
