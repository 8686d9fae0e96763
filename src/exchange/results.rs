//! What became of a batch, row by row, and how it is told.
use super::rows::beneath_data;
use crate::collection::change_set::ChangeSet;
use crate::collection::command::{CommandState, WriteOutcome};
use crate::http::problem::{Problem, parts};
use crate::model::{Error, Fault, Faults, Id, Result};
use crate::store::idempotency::StoredResponse;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An answer is kept for its repetition as it is when it is no longer than this and has no more rows; of a longer one the
/// counts are kept.
const MAX_KEPT_BYTES: usize = 256 * 1024;
const MAX_KEPT_ROWS: usize = 1500;

/// The words for what became of a row.
pub const RESULTS: [&str; 5] = ["created", "updated", "unchanged", "deleted", "failed"];

/// One row of the answer.
pub struct RowResult {
    pub place: usize,
    pub id: Option<Id>,
    pub key: Option<String>,
    pub result: &'static str,
    pub version: Option<i64>,
    pub problem: Option<Error>,
}

impl RowResult {
    /// Of a row that could not be read.
    pub fn failed(place: usize, error: Error) -> RowResult {
        RowResult { place, id: None, key: None, result: "failed", version: None, problem: Some(error) }
    }
}

/// What became of the commands of a set.
pub fn of_set(set: &ChangeSet) -> impl Iterator<Item = RowResult> {
    set.commands.iter().map(result)
}

fn result(one: &CommandState) -> RowResult {
    let old = one.old_head();
    let (id, key) = (old.map(|head| head.id), old.map(|head| head.key.clone()));
    match &one.outcome {
        Ok(Some((outcome, object))) => RowResult {
            place: one.place,
            id: Some(object.meta().id),
            key: Some(object.meta().key.clone()),
            result: outcome.as_str(),
            version: Some(object.meta().version + i64::from(*outcome == WriteOutcome::Deleted)),
            problem: None,
        },
        // To delete what is not there changes nothing.
        Ok(None) => RowResult { place: one.place, id, key, result: "unchanged", version: None, problem: None },
        Err(error) => {
            let problem = Some(beneath_data(error.clone()));
            RowResult { place: one.place, id, key, result: "failed", version: None, problem }
        }
    }
}

/// What a batch did.
pub struct BatchOutcome {
    pub rows: Vec<RowResult>,
    /// What the snapshot deleted, where there was one.
    pub snapshot: Option<Vec<RowResult>>,
    /// The end of the ledger before and after.
    pub from_seq: i64,
    pub seq: i64,
    pub request_id: String,
}

impl BatchOutcome {
    /// A batch of which every row has to be done is refused with all faults.
    ///
    /// # Errors
    /// When a row failed.
    pub fn refuse_faults(&self) -> Result<()> {
        let mut faults = Faults::default();
        let deleted = self.snapshot.iter().flatten().map(|row| ("/snapshot".to_owned(), row));
        for (at, row) in self.rows.iter().map(|row| (format!("/rows/{}", row.place), row)).chain(deleted) {
            let Some(problem) = &row.problem else { continue };
            let (_, code, detail, inner) = parts(problem);
            if inner.is_empty() || code == "still_referenced" {
                faults.push(Fault { pointer: at.clone(), code: code.into(), detail });
                continue;
            }
            inner.into_iter().for_each(|fault| faults.push(Fault { pointer: format!("{at}{}", fault.pointer), ..fault }));
        }
        faults.into_result()
    }

    fn counts(&self) -> Value {
        let count = |what: &str| self.all().filter(|row| row.result == what).count();
        RESULTS.iter().map(|what| ((*what).to_owned(), Value::from(count(what)))).collect::<serde_json::Map<_, _>>().into()
    }

    fn all(&self) -> impl Iterator<Item = &RowResult> {
        self.rows.iter().chain(self.snapshot.iter().flatten())
    }

    /// The answer.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn answer(&self) -> Result<StoredResponse> {
        self.render().map(ok)
    }

    fn render(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// What is kept for the repetition of the request: the answer, or of a long one its counts, a digest, and where to
    /// look.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn kept(&self) -> Result<StoredResponse> {
        let short = self.all().nth(MAX_KEPT_ROWS).is_none();
        let whole = if short { Some(self.render()?).filter(|body| body.len() <= MAX_KEPT_BYTES) } else { None };
        let body = whole.unwrap_or_else(|| {
            let changes = format!("/api/v1/changes?after={}", self.from_seq);
            json!({"counts": self.counts(), "rows": [], "seq": self.seq, "rows_sha256": self.digest(), "changes": changes})
                .to_string()
        });
        Ok(ok(body))
    }

    /// SHA-256 over a line a row: place, id, version and result, with blanks between, `-` for what there is none of.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for row in &self.rows {
            let id = row.id.map_or_else(|| "-".into(), |id| id.to_string());
            let version = row.version.map_or_else(|| "-".into(), |version| version.to_string());
            hash.update(format!("{} {id} {version} {}\n", row.place, row.result));
        }
        hex::encode(hash.finalize())
    }
}

fn ok(body: String) -> StoredResponse {
    StoredResponse { status: 200, location: None, etag: None, body }
}

/// A row with the id of the request, which problems tell.
struct Rendered<'a>(&'a RowResult, &'a str);

impl Serialize for Rendered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Rendered(row, request_id) = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("index", &row.place)?;
        out.serialize_entry("id", &row.id)?;
        out.serialize_entry("key", &row.key)?;
        out.serialize_entry("result", row.result)?;
        if let Some(version) = row.version {
            out.serialize_entry("version", &version)?;
        }
        if let Some(problem) = &row.problem {
            out.serialize_entry("problem", &Problem::of(problem, request_id))?;
        }
        out.end()
    }
}

struct All<'a>(&'a [RowResult], &'a str);

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|row| Rendered(row, self.1)))
    }
}

impl Serialize for BatchOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("counts", &self.counts())?;
        out.serialize_entry("rows", &All(&self.rows, &self.request_id))?;
        out.serialize_entry("seq", &self.seq)?;
        if let Some(snapshot) = &self.snapshot {
            out.serialize_entry("snapshot", &All(snapshot, &self.request_id))?;
        }
        out.end()
    }
}
