//! `GET /runs/{id}/events`: the log of a run, read off the ledger; as a list, or as a stream for a live board.
//!
//! A stream looks for news every quarter of a second, on SQLite only after a commit.
use super::form::{list, object, text};
use crate::collection::doc::with_id;
use crate::collection::params::{object_ref, parameter, reject_unknown};
use crate::collection::{history, read};
use crate::http::context::{Reader, RequestContext, kept_bearer};
use crate::http::headers;
use crate::http::metrics::AtWork;
use crate::http::routes::{Api, Operation};
use crate::http::shares::{Place, Shares};
use crate::http::withhold::withhold;
use crate::model::{Action, Error, Id, Kind, Result, StringEnum, Timestamp};
use crate::resources::runs::Run;
use crate::store::ledger::{self, AuditAction as Written, AuditEntry};
use crate::store::{Conn, Snapshot};
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const STREAM: &str = "text/event-stream";
const KINDS: &[Kind] = &[Kind::Run, Kind::RunStep, Kind::Measurement, Kind::Finding];
const MAX: i64 = 1000;
/// How often a stream looks for news, how often it says that it lives, and how long it lasts.
const LOOK: Duration = Duration::from_millis(250);
const BEAT: u32 = 60;
const LOOKS: u32 = 4 * 3600;

/// What entries of the ledger tell of the run they belong to.
#[derive(Deserialize)]
struct Belongs {
    run: Option<Id>,
    status: Option<String>,
    status_changed_at: Option<Timestamp>,
    #[serde(default)]
    notes: Vec<Noted>,
}

#[derive(Deserialize)]
struct Noted {
    at: Timestamp,
}

/// What happened, in a word; `None` when it belongs to another run.
fn event(entry: &AuditEntry, run: Id) -> Option<String> {
    let body: Belongs = serde_json::from_str(entry.body.as_deref()?).ok()?;
    let created = entry.operation.0 == Written::Created;
    let moved = body.status_changed_at == Some(entry.at.0);
    let status = body.status.unwrap_or_default();
    if entry.kind.0 == Kind::Run {
        let noted = body.notes.last().is_some_and(|note| note.at == entry.at.0);
        return (entry.object_id.0 == run).then(|| match (created, moved, noted) {
            (true, ..) => "run_started".into(),
            (_, true, _) => format!("run_{status}"),
            (_, _, true) => "note".into(),
            _ => "run_changed".into(),
        });
    }
    let word = match (entry.kind.0, created, moved) {
        (Kind::RunStep, true, _) => "step_planned".into(),
        (Kind::RunStep, _, true) => format!("step_{status}"),
        (Kind::RunStep, ..) => "step_reassigned".into(),
        (Kind::Measurement, ..) => "measured".into(),
        (_, true, _) => "finding".into(),
        _ => "finding_changed".into(),
    };
    (body.run == Some(run)).then_some(word)
}

/// A page of events.
struct Page {
    items: Vec<Value>,
    /// How far was looked.
    next: i64,
    /// Whether so many entries were looked at that there may be more, whatever they belong to.
    full: bool,
}

/// The events after a place in the ledger.
async fn after(conn: &mut Conn<'_>, snapshot: &Snapshot, run: Id, seq: i64) -> Result<Page> {
    let org = snapshot.organization;
    let newest = ledger::head(conn, org).await?.map_or(0, |head| head.seq);
    let entries = ledger::entries_after(conn, org, seq, KINDS, MAX).await?;
    let full = entries.len() as i64 == MAX;
    // Something may have been written since the head was read.
    let last = entries.last().map_or(seq, |last| last.seq);
    let next = if full { last } else { newest.max(last) };
    let own: Vec<(String, AuditEntry)> =
        entries.into_iter().filter_map(|entry| event(&entry, run).map(|word| (word, entry))).collect();
    let (words, entries): (Vec<String>, Vec<AuditEntry>) = own.into_iter().unzip();
    let mut bodies = history::bodies(conn, snapshot, crate::resources::KINDS, &entries).await?;
    let item = |(word, entry): (String, &AuditEntry)| {
        json!({
            "seq": entry.seq, "event": word, "at": entry.at.0, "by": entry.actor, "reason": entry.reason,
            "kind": entry.kind.0.as_str(), "id": entry.object_id.0, "key": entry.object_key, "version": entry.version,
            "body": bodies.remove(&entry.seq),
        })
    };
    Ok(Page { items: words.into_iter().zip(&entries).map(item).collect(), next, full })
}

async fn events(reader: Reader<Run>, boards: Data<Boards>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::RunStep.collection(), Action::Read)?;
    let (spelling, parameters) = (object_ref(&request)?, headers::parameters(&request)?);
    reject_unknown(&parameters, &["after"])?;
    let bad = || Error::malformed("invalid_parameter", "after is a seq of the ledger");
    let given = parameter(&parameters, "after").map(|text| text.parse::<i64>().ok().filter(|seq| *seq >= 0).ok_or_else(bad));
    let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
    // Browsers connect again with the address they began with: what was seen since counts for more.
    let given = given.transpose()?.max(last);
    let (run, from) = reader
        .read(async |conn, org| {
            let run = read::load_of::<Run>(conn, org, &spelling).await?.meta.id;
            let first = ledger::first_entry_of(conn, org, run).await?.unwrap_or(1);
            Ok((run, given.unwrap_or(0).max(first - 1)))
        })
        .await?;
    if headers::accepts(&request, STREAM) && request.method() == Method::HEAD {
        return Ok(HttpResponse::Ok().content_type(STREAM).insert_header((header::CACHE_CONTROL, "no-store")).finish());
    }
    if headers::accepts(&request, STREAM) {
        return stream(boards, reader.caller().clone(), kept_bearer(&request), run, from).await;
    }
    let snapshot = reader.caller().snapshot();
    let page = reader.scan(async move |conn, _| after(conn, &snapshot, run, from).await).await?;
    Ok(HttpResponse::Ok().json(json!({"items": page.items, "next_after": page.next})))
}

/// Live boards connected at once; a further one is told to come back.
const MAX_BOARDS: usize = 500;

/// What the live boards share.
pub struct Boards {
    places: Shares,
    /// Whether the service was asked to stop: boards end then, for nobody waits for them.
    stopping: AtomicBool,
}

impl Default for Boards {
    fn default() -> Boards {
        Boards { places: Shares::new("live boards", MAX_BOARDS, Duration::ZERO), stopping: AtomicBool::new(false) }
    }
}

impl Boards {
    /// Ends every board soon.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// A live board's connection.
struct Board {
    boards: Data<Boards>,
    caller: RequestContext,
    /// What the request showed: it may be ended while the board is open.
    shown: SecretString,
    run: Id,
    seq: i64,
    /// The commits of the organisation when it was last looked, where they are counted.
    commits: Option<u64>,
    looks: u32,
    _place: Place,
    _counted: AtWork,
}

async fn stream(boards: Data<Boards>, caller: RequestContext, shown: SecretString, run: Id, seq: i64) -> Result<HttpResponse> {
    let place = boards.places.take(caller.organization(), &caller.identity().subject).await?;
    let counted = caller.app().metrics.stream();
    let board = Board { boards, caller, shown, run, seq, commits: None, looks: 0, _place: place, _counted: counted };
    let news = futures_util::stream::try_unfold(board, async |mut board: Board| {
        let news = board.wait().await?;
        Ok::<_, Error>(news.map(|news| (news, board)))
    });
    Ok(HttpResponse::Ok()
        .content_type(STREAM)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Compression would keep news back until there is enough of it.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(Box::pin(news)))
}

impl Board {
    /// The next piece of the stream; nothing when it is time to connect again.
    async fn wait(&mut self) -> Result<Option<Bytes>> {
        if self.looks == 0 {
            self.looks = 1;
            return Ok(Some(Bytes::from_static(b"retry: 2000\n\n")));
        }
        loop {
            let app = self.caller.app();
            let expired = app.now().seconds() >= self.caller.identity().expires_at;
            if self.looks > LOOKS || expired || self.boards.stopping.load(Ordering::Relaxed) {
                return Ok(None);
            }
            // A suspended organisation's board ends like one whose token does.
            match self.caller.readmit(&self.shown).await {
                Err(Error::Forbidden(_)) => return Ok(None),
                outcome => outcome?,
            }
            let commits = app.store.commits.of(self.caller.organization());
            if commits.is_none() || commits != self.commits {
                let news = self.look(commits).await?;
                if !news.is_empty() {
                    return Ok(Some(news.into()));
                }
            }
            self.looks += 1;
            if self.looks.is_multiple_of(BEAT) {
                return Ok(Some(Bytes::from_static(b": still here\n\n")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&mut self, commits: Option<u64>) -> Result<String> {
        let (snapshot, run, seq) = (self.caller.snapshot(), self.run, self.seq);
        let page = self.caller.app().store.read(async |conn| after(conn, &snapshot, run, seq).await).await?;
        let mut items = Value::Array(page.items);
        withhold(&mut items, &snapshot.visibility);
        self.commits = commits.filter(|_| !page.full);
        self.seq = page.next;
        let one = |item: &Value| {
            format!("id: {}\nevent: {}\ndata: {item}\n\n", item["seq"], item["event"].as_str().unwrap_or_default())
        };
        Ok(items.as_array().into_iter().flatten().map(one).collect())
    }
}

pub fn routes(api: &mut Api) {
    let words = "The log of a run: its start and end, every press of a button, notes, measurements and findings, read off the \
                 ledger. Keep `next_after` and ask again. With `Accept: text/event-stream` a stream for a live board, which \
                 goes on after `Last-Event-ID`; it ends with the token, after an hour at most, and is then opened again.";
    let example = json!({"items": [{
        "seq": 8123, "event": "step_in_progress", "at": "2026-11-22T10:00:00.000000Z", "by": "ben", "reason": null, "kind": "run_step",
        "id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "key": "RST-7", "version": 2, "body": {"step": "restore", "status": "in_progress"}
    }], "next_after": 8123});
    let op = Operation::new(Method::GET, "/api/v1/runs/{id}/events", "runs", "list_events_of_run", "Events of a run", words)
        .permission("runs", Action::Read)
        .query("after", json!({"type": "integer", "format": "int64", "minimum": 0}), "Events after this seq.")
        .header("Last-Event-ID", "The seq of the last event that was seen.")
        .json(200, "The events, oldest first.", json!({"$ref": "#/components/schemas/RunEventList"}), &example, Value::Null);
    api.add(with_id(op).also(200, STREAM, "id: 8123\nevent: step_in_progress\ndata: {}\n\n"), events);
}

pub fn schemas() -> Value {
    let seq = json!({"type": "integer", "format": "int64", "minimum": 0});
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
    let item = object(&json!({
        "seq": seq, "event": text(64), "at": {"type": "string", "format": "date-time"}, "by": text(255),
        "reason": {"type": ["string", "null"], "maxLength": 500}, "kind": {"type": "string", "enum": kinds},
        "id": {"type": "string", "format": "uuid"}, "key": text(64), "version": seq,
        "body": {"type": ["object", "null"], "description": "The object after the event."}
    }));
    json!({"RunEventList": object(&json!({"items": list(1000, &item), "next_after": seq}))})
}
