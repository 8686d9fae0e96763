//! Answers to single reads, kept until their organisation is next written to.
//!
//! An answer is given again only while the number of commits of its organisation is what it was before it was read, and on
//! the same day. Only SQLite counts commits, for there [`claim`](crate::store::claim) keeps other processes away.
use crate::model::{Id, Kind, ObjectRef, Timestamp};
use crate::store::Store;
use actix_web::web::Bytes;
use std::sync::Arc;

/// Memory for kept answers.
const BYTES: u64 = 32 << 20;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    pub organization: Id,
    pub kind: Kind,
    pub object_ref: ObjectRef,
    /// What is derived from the date changes with it.
    day: i64,
}

impl CacheKey {
    pub fn new(organization: Id, now: Timestamp, kind: Kind, object_ref: &ObjectRef) -> CacheKey {
        let day = now.seconds().div_euclid(86_400);
        CacheKey { organization, kind, object_ref: object_ref.clone(), day }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct CachedResponse {
    pub etag: String,
    pub body: Bytes,
    /// The commits of the organisation before it was read.
    commits: u64,
}

pub struct ResponseCache(moka::sync::Cache<CacheKey, Arc<CachedResponse>>);

impl Default for ResponseCache {
    fn default() -> ResponseCache {
        let weight = |_: &CacheKey, answer: &Arc<CachedResponse>| u32::try_from(answer.body.len() + 256).unwrap_or(u32::MAX);
        ResponseCache(moka::sync::Cache::builder().max_capacity(BYTES).weigher(weight).build())
    }
}

/// The place a fresh answer may take.
pub struct CacheSlot<'a> {
    answers: &'a ResponseCache,
    question: CacheKey,
    commits: Option<u64>,
}

impl ResponseCache {
    /// The kept answer when nothing was written since, else the place for the next one.
    ///
    /// # Errors
    /// The vacant place, to be asked for before the database is.
    pub fn get(&self, store: &Store, question: CacheKey) -> Result<Arc<CachedResponse>, CacheSlot<'_>> {
        let commits = store.commits.of(question.organization);
        let kept = commits.and_then(|now| self.0.get(&question).filter(|answer| answer.commits == now));
        kept.ok_or(CacheSlot { answers: self, question, commits })
    }
}

impl CacheSlot<'_> {
    pub fn insert(self, etag: &str, body: &Bytes) {
        if let Some(commits) = self.commits {
            self.answers.0.insert(self.question, Arc::new(CachedResponse { etag: etag.to_owned(), body: body.clone(), commits }));
        }
    }
}
