//! Places that many want at once. Nobody takes all of them: an organisation has at most three quarters, one of its subjects
//! at most half, so that who asks too much finds his own share taken and leaves the others theirs.
use crate::model::{Error, Id, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// So many holders are remembered before those that hold nothing are forgotten.
const REMEMBERED: usize = 1024;

/// Places of one kind, for all organisations of this instance.
pub struct Shares {
    /// What the places are for, in words for the client.
    what: &'static str,
    places: usize,
    all: Arc<Semaphore>,
    organization: usize,
    subject: usize,
    /// How long a place is waited for.
    wait: Duration,
    holders: Mutex<HashMap<Holder, Arc<Semaphore>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Holder {
    Organization(Id),
    Subject(Id, String),
}

/// A place, held until this is dropped.
pub struct Place(#[expect(dead_code, reason = "held, not looked at")] [OwnedSemaphorePermit; 3]);

impl Shares {
    pub fn new(what: &'static str, places: usize, wait: Duration) -> Shares {
        let places = places.max(1);
        Shares {
            what,
            places,
            all: Arc::new(Semaphore::new(places)),
            organization: (places * 3 / 4).max(1),
            subject: (places / 2).max(1),
            wait,
            holders: Mutex::default(),
        }
    }

    /// Takes a place, of the subject's own share first.
    ///
    /// # Errors
    /// `429 too_many_requests` when the share of the subject or of the organisation is taken, 503 when all places are.
    pub async fn take(&self, organization: Id, subject: &str) -> Result<Place> {
        let until = Instant::now() + self.wait;
        let what = self.what;
        let own = |whose: &str| Error::too_many(format!("{whose} has too many {what} at work: come back in a moment"));
        let subject = self.holder(Holder::Subject(organization, subject.to_owned()), self.subject);
        let subject = acquire(subject, until).await.ok_or_else(|| own("this subject"))?;
        let share = self.holder(Holder::Organization(organization), self.organization);
        let share = acquire(share, until).await.ok_or_else(|| own("the organisation"))?;
        let place = acquire(Arc::clone(&self.all), until).await;
        let place = place.ok_or_else(|| Error::unavailable(format!("too many {what} at work")))?;
        Ok(Place([subject, share, place]))
    }

    /// Places that are taken.
    pub fn taken(&self) -> usize {
        self.places - self.all.available_permits()
    }

    fn holder(&self, holder: Holder, places: usize) -> Arc<Semaphore> {
        let mut holders = self.holders.lock().unwrap_or_else(|e| e.into_inner());
        if holders.len() >= REMEMBERED && !holders.contains_key(&holder) {
            // Whoever holds or waits for a place holds its semaphore too.
            holders.retain(|_, share| Arc::strong_count(share) > 1);
        }
        Arc::clone(holders.entry(holder).or_insert_with(|| Arc::new(Semaphore::new(places))))
    }
}

async fn acquire(places: Arc<Semaphore>, until: Instant) -> Option<OwnedSemaphorePermit> {
    match Arc::clone(&places).try_acquire_owned() {
        Ok(place) => Some(place),
        Err(_) => tokio::time::timeout_at(until, places.acquire_owned()).await.ok()?.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::parts;

    fn id(number: u128) -> Id {
        Id(uuid::Uuid::from_u128(number))
    }

    fn code(taken: Result<Place>) -> u16 {
        taken.err().map_or(200, |error| parts(&error).0)
    }

    #[tokio::test]
    async fn nobody_takes_the_share_of_others() {
        let shares = Shares::new("batches", 8, Duration::ZERO);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(shares.take(id(1), "ann").await.unwrap());
        }
        assert_eq!(code(shares.take(id(1), "ann").await), 429, "half is the most for a subject");
        for _ in 0..2 {
            held.push(shares.take(id(1), "bob").await.unwrap());
        }
        assert_eq!(code(shares.take(id(1), "cid").await), 429, "three quarters for an organisation");
        let other = shares.take(id(2), "ann").await.unwrap();
        held.push(shares.take(id(3), "ann").await.unwrap());
        assert_eq!(code(shares.take(id(4), "ann").await), 503, "all are taken");
        drop(other);
        held.push(shares.take(id(4), "ann").await.unwrap());
        held.remove(0);
        held.push(shares.take(id(1), "cid").await.unwrap());
    }

    #[tokio::test]
    async fn a_place_is_waited_for_and_who_holds_nothing_is_forgotten() {
        let shares = Arc::new(Shares::new("scans", 1, Duration::from_secs(5)));
        let first = shares.take(id(1), "ann").await.unwrap();
        let waiting = tokio::spawn({
            let shares = Arc::clone(&shares);
            async move { shares.take(id(1), "ann").await.is_ok() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
        for number in 0..3000 {
            shares.take(id(number), "ann").await.unwrap();
        }
        assert!(shares.holders.lock().unwrap().len() <= REMEMBERED + 1);
    }
}
