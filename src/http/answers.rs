//! Answers to single reads, kept until their organisation is next written to.
use crate::model::{Id, Kind, Spelling, Timestamp};
use crate::store::Store;
use actix_web::web::Bytes;
use std::sync::Arc;

/// Memory for kept answers.
const BYTES: u64 = 32 << 20;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    pub organization: Id,
    pub kind: Kind,
    pub spelling: Spelling,
    /// What is derived from the date changes with it.
    day: i64,
}

impl Question {
    pub fn new(organization: Id, now: Timestamp, kind: Kind, spelling: &Spelling) -> Question {
        let day = now.seconds().div_euclid(86_400);
        Question { organization, kind, spelling: spelling.clone(), day }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub etag: String,
    pub body: Bytes,
    /// The commits of the organisation before it was read.
    commits: u64,
}

pub struct Answers(moka::sync::Cache<Question, Arc<Answer>>);

impl Default for Answers {
    fn default() -> Answers {
        let weight = |_: &Question, answer: &Arc<Answer>| u32::try_from(answer.body.len() + 256).unwrap_or(u32::MAX);
        Answers(moka::sync::Cache::builder().max_capacity(BYTES).weigher(weight).build())
    }
}

/// The place a fresh answer may take.
pub struct Vacant<'a> {
    answers: &'a Answers,
    question: Question,
    commits: Option<u64>,
}

impl Answers {
    /// The kept answer when nothing was written since, else the place for the next one.
    ///
    /// # Errors
    /// The vacant place, to be asked for before the database is.
    pub fn get(&self, store: &Store, question: Question) -> Result<Arc<Answer>, Vacant<'_>> {
        let commits = store.commits.of(question.organization);
        let kept = commits.and_then(|now| self.0.get(&question).filter(|answer| answer.commits == now));
        kept.ok_or(Vacant { answers: self, question, commits })
    }
}

impl Vacant<'_> {
    pub fn fill(self, etag: &str, body: &Bytes) {
        if let Some(commits) = self.commits {
            self.answers.0.insert(self.question, Arc::new(Answer { etag: etag.to_owned(), body: body.clone(), commits }));
        }
    }
}
