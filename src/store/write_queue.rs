//! The jobs that wait for a writer. Organisations take turns, each job of one after the other in its own order, so that a long
//! line of one organisation holds nobody else up; and none fills the queue alone.
use crate::model::{Error, Id, Result};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// What waits in the queue.
pub trait Queued {
    /// Whose it is.
    fn organization(&self) -> Id;
    /// Whether it wants a transaction of its own.
    fn alone(&self) -> bool;
}

pub struct WriteQueue<J> {
    lines: Mutex<Lines<J>>,
    news: Notify,
    most: usize,
}

struct Lines<J> {
    waiting: HashMap<Id, VecDeque<J>>,
    /// The organisations with waiting jobs, in the order of their turns.
    turns: VecDeque<Id>,
    count: usize,
    closed: bool,
}

impl<J: Queued> WriteQueue<J> {
    /// For at most so many jobs; an organisation has at most three quarters of them.
    pub fn new(most: usize) -> WriteQueue<J> {
        let lines = Lines { waiting: HashMap::new(), turns: VecDeque::new(), count: 0, closed: false };
        WriteQueue { lines: Mutex::new(lines), news: Notify::new(), most: most.max(1) }
    }

    fn lines(&self) -> MutexGuard<'_, Lines<J>> {
        self.lines.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// # Errors
    /// 503 when the queue is full, 429 when the share of the organisation is.
    pub fn push(&self, job: J) -> Result<()> {
        let organization = job.organization();
        let mut lines = self.lines();
        if lines.closed {
            return Err(Error::unavailable("the service is stopping"));
        }
        if lines.count >= self.most {
            return Err(Error::unavailable("too many writes are waiting"));
        }
        let line = lines.waiting.entry(organization).or_default();
        if line.len() >= (self.most * 3 / 4).max(1) {
            return Err(Error::too_many("too many writes of the organisation are waiting"));
        }
        line.push_back(job);
        if line.len() == 1 {
            lines.turns.push_back(organization);
        }
        lines.count += 1;
        drop(lines);
        self.news.notify_one();
        Ok(())
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lines().count
    }

    /// Ends the queue: what waits is still served, nothing more comes in.
    pub fn close(&self) {
        self.lines().closed = true;
        self.news.notify_one();
    }

    /// The job whose turn it is; waits for one. `None` when the queue is closed and empty.
    pub async fn next(&self) -> Option<J> {
        loop {
            {
                let mut lines = self.lines();
                let job = lines.take(|_| true);
                if job.is_some() || lines.closed {
                    return job;
                }
            }
            self.news.notified().await;
        }
    }

    /// A further job for the same transaction, if one waits that may join: of whichever organisation, or of this one only.
    pub fn next_to_join(&self, only: Option<Id>) -> Option<J> {
        let mut lines = self.lines();
        match only {
            Some(organization) => lines.take_of(organization, |job| !job.alone()),
            None => lines.take(|job| !job.alone()),
        }
    }
}

impl<J> Lines<J> {
    fn take(&mut self, suits: impl Fn(&J) -> bool) -> Option<J> {
        let organization = *self.turns.front()?;
        self.take_of(organization, suits)
    }

    fn take_of(&mut self, organization: Id, suits: impl Fn(&J) -> bool) -> Option<J> {
        let line = self.waiting.get_mut(&organization)?;
        if !line.front().is_some_and(suits) {
            return None;
        }
        let job = line.pop_front()?;
        let more = !line.is_empty();
        if !more {
            self.waiting.remove(&organization);
        }
        // Whoever had his turn stands at the end.
        if let Some(place) = self.turns.iter().position(|own| *own == organization) {
            self.turns.remove(place);
        }
        if more {
            self.turns.push_back(organization);
        }
        self.count -= 1;
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Job(u128, u32, bool);

    impl Queued for Job {
        fn organization(&self) -> Id {
            Id(uuid::Uuid::from_u128(self.0))
        }
        fn alone(&self) -> bool {
            self.2
        }
    }

    fn number(job: &Job) -> (u128, u32) {
        (job.0, job.1)
    }

    #[tokio::test]
    async fn organisations_take_turns_and_keep_their_own_order() {
        let queue = WriteQueue::new(100);
        for job in [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (2, 2)] {
            queue.push(Job(job.0, job.1, false)).unwrap();
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            order.push(number(&queue.next().await.unwrap()));
        }
        assert_eq!(order, [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (1, 3)]);
        assert_eq!(queue.next_to_join(None), None);
        queue.push(Job(1, 4, false)).unwrap();
        queue.close();
        assert!(queue.push(Job(1, 5, false)).is_err());
        assert_eq!(queue.next().await.as_ref().map(number), Some((1, 4)), "what waits is still served");
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn a_job_may_join_only_when_it_suits() {
        let queue = WriteQueue::new(100);
        for job in [Job(1, 1, false), Job(2, 1, false), Job(1, 2, false), Job(1, 3, true), Job(1, 4, false)] {
            queue.push(job).unwrap();
        }
        let only = Some(Job(1, 0, false).organization());
        assert_eq!(number(&queue.next().await.unwrap()), (1, 1));
        assert_eq!(queue.next_to_join(only).as_ref().map(number), Some((1, 2)));
        assert_eq!(queue.next_to_join(only), None, "the next of the organisation goes alone");
        assert_eq!(queue.next_to_join(None).as_ref().map(number), Some((2, 1)));
        assert_eq!(queue.next_to_join(None), None);
        assert_eq!(number(&queue.next().await.unwrap()), (1, 3));
        assert_eq!(number(&queue.next().await.unwrap()), (1, 4));
    }

    #[test]
    fn nobody_fills_the_queue_alone() {
        let queue = WriteQueue::new(8);
        let code = |result: Result<()>| match result {
            Ok(()) => 200,
            Err(Error::TooMany { .. }) => 429,
            Err(_) => 503,
        };
        let told: Vec<u16> = (0..7).map(|n| code(queue.push(Job(1, n, false)))).collect();
        assert_eq!(told, [200, 200, 200, 200, 200, 200, 429]);
        let told: Vec<u16> = (0..3).map(|n| code(queue.push(Job(2, n, false)))).collect();
        assert_eq!(told, [200, 200, 503]);
    }
}
