//! What must be there, what must not, and what may: from the answers that came, and from those that did not.

use crate::support::Api;
use crate::support::wire::Reply;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

pub const ORGANIZATION: &str = "crash";
/// So many of the objects last written are looked at after every kill; all of them at the end.
const RECENT: usize = 100;

/// A write that can be sent again.
#[derive(Debug, Clone)]
enum Write {
    /// Objects that are made together or not at all, under an Idempotency-Key.
    Create { path: &'static str, body: Value, once: String, marks: Vec<String> },
    /// The step from one version to the next.
    Change { id: String, mark: String, from: u64 },
    /// What must be refused.
    Nonsense { mark: String },
}

#[derive(Default)]
struct Book {
    /// What was acknowledged, by its mark, with its version.
    there: HashMap<String, u64>,
    recent: Vec<String>,
    /// Writes whose fate is unknown.
    open: Vec<Write>,
    /// Answers that blame the service.
    broken: Vec<String>,
    unavailable: u64,
    settled: u64,
}

#[derive(Default)]
pub struct Oracle {
    book: Mutex<Book>,
    next: AtomicU64,
}

/// Clients that write until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(api: &Api, oracle: &Arc<Oracle>, clients: usize) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..clients)
            .map(|_| {
                let (api, oracle, stop) = (api.clone(), Arc::clone(oracle), Arc::clone(&stop));
                std::thread::spawn(move || {
                    let mut last = None;
                    while !stop.load(Ordering::Relaxed) {
                        oracle.write_something(&api, &mut last);
                    }
                })
            })
            .collect();
        Load { stop, clients }
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("a client ends");
        }
    }
}

fn site(mark: &str) -> Value {
    json!({"name": mark, "kind": "office", "tags": [mark]})
}

impl Write {
    fn create(number: u64) -> Write {
        let mark = format!("one-{number}");
        Write::Create { path: "/sites", body: site(&mark), once: mark.clone(), marks: vec![mark] }
    }

    fn batch(number: u64) -> Write {
        let marks: Vec<String> = (0..3).map(|row| format!("all-{number}-{row}")).collect();
        let row = |mark: &String| json!({"op": "upsert", "kind": "site", "id": format!("ref:load:{mark}"), "data": site(mark)});
        let body = json!({"rows": marks.iter().map(row).collect::<Vec<_>>()});
        Write::Create { path: "/batch", body, once: marks[0].clone(), marks }
    }

    fn send(&self, api: &Api) -> std::io::Result<Reply> {
        match self {
            Write::Create { path, body, once, .. } => {
                api.call("POST", path).header("Idempotency-Key", once.as_str()).json(body).try_send()
            }
            Write::Change { id, from, .. } => {
                let patch = json!({"description": format!("changed from version {from}")});
                api.call("PATCH", &format!("/sites/{id}")).header("If-Match", format!("\"{from}\"")).json(&patch).try_send()
            }
            Write::Nonsense { mark } => {
                let body = json!({"name": mark, "kind": "castle", "tags": [mark]});
                api.call("POST", "/sites").json(&body).try_send()
            }
        }
    }
}

impl Oracle {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write_something(&self, api: &Api, last: &mut Option<(String, String, u64)>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let write = match (number % 8, last.clone()) {
            (0..=2, Some((id, mark, from))) => Write::Change { id, mark, from },
            (3, _) => Write::batch(number),
            (4, _) => Write::Nonsense { mark: format!("bad-{number}") },
            _ => Write::create(number),
        };
        match write.send(api) {
            Ok(reply) => self.answered(&write, &reply, last),
            // Nobody took the call: nothing was sent.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => {
                *last = None;
                self.book().open.push(write);
            }
        }
    }

    fn answered(&self, write: &Write, reply: &Reply, last: &mut Option<(String, String, u64)>) {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let mut book = self.book();
        match (write, reply.status) {
            (Write::Create { marks, .. }, 200 | 201) => {
                marks.iter().for_each(|mark| book.note(mark, 1));
                if let (Some(id), [mark]) = (body["id"].as_str(), &marks[..]) {
                    *last = Some((id.to_owned(), mark.clone(), 1));
                }
            }
            (Write::Change { id, mark, from }, 200) => {
                if body["version"] != json!(from + 1) {
                    book.broken.push(format!("{mark} became version {} after {from}", body["version"]));
                }
                book.note(mark, from + 1);
                *last = Some((id.clone(), mark.clone(), from + 1));
            }
            (Write::Nonsense { .. }, 422) => {}
            // The commit may have landed all the same.
            (Write::Create { .. } | Write::Change { .. }, 503 | 507) => {
                book.unavailable += 1;
                book.open.push(write.clone());
                *last = None;
                drop(book);
                std::thread::sleep(Duration::from_millis(20));
            }
            (Write::Nonsense { .. }, 503) => book.unavailable += 1,
            (_, status) => {
                book.broken.push(format!("{write:?} was answered {status}: {body}"));
                book.open.push(write.clone());
                *last = None;
            }
        }
    }

    /// Sends what is open again, which must give one object and not two, looks at what was written last, and tells
    /// what had been carried out without an answer.
    pub fn settle(&self, api: &Api) -> Vec<String> {
        let open = std::mem::take(&mut self.book().open);
        let mut unanswered = Vec::new();
        for write in &open {
            let reply = write.send(api).unwrap_or_else(|error| panic!("{write:?}: {error}"));
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let mut book = self.book();
            book.settled += 1;
            match (write, reply.status) {
                (Write::Create { marks, .. }, 200 | 201) => {
                    marks.iter().for_each(|mark| book.note(mark, 1));
                    if reply.header("idempotent-replayed").is_some() {
                        unanswered.push(format!("{write:?}"));
                    }
                }
                (Write::Change { mark, from, .. }, 200 | 412) => {
                    book.note(mark, from + 1);
                    if reply.status == 412 {
                        unanswered.push(format!("{write:?}"));
                    }
                }
                (Write::Nonsense { .. }, 422) => {}
                (_, status) => panic!("{write:?} sent again was answered {status}: {text}"),
            }
        }
        self.check_recent(api);
        unanswered
    }

    fn check_recent(&self, api: &Api) {
        let recent = std::mem::take(&mut self.book().recent);
        for mark in recent.iter().rev().take(RECENT) {
            let wanted = self.book().there.get(mark).copied();
            let answer = api.call("GET", &format!("/sites?tag={mark}")).send_unjudged();
            let found: Vec<Option<u64>> = answer.items().iter().map(|item| item["version"].as_u64()).collect();
            assert_eq!(found, [wanted], "{mark} must be there once, with that version\n{}", answer.story());
        }
        let broken = self.book().broken.clone();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// Everything that is there was acknowledged or settled, once and with that version; and the other way round.
    pub fn check_everything(&self, api: &Api) {
        let mut found: HashMap<String, Vec<u64>> = HashMap::new();
        let mut next = String::new();
        loop {
            let page = api.call("GET", &format!("/sites?limit=500{next}")).send_unjudged().expect(200).json();
            for item in page["items"].as_array().into_iter().flatten() {
                let mark = item["name"].as_str().unwrap_or_default().to_owned();
                found.entry(mark).or_default().push(item["version"].as_u64().unwrap_or_default());
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        let book = self.book();
        let wrong = |(mark, version): &(&String, &u64)| found.get(*mark) != Some(&vec![**version]);
        let lost: Vec<_> = book.there.iter().filter(wrong).map(|(mark, version)| (mark, version, found.get(mark))).collect();
        assert!(lost.is_empty(), "acknowledged with that version, but found: {lost:#?}");
        let uninvited: Vec<_> = found.keys().filter(|mark| !book.there.contains_key(*mark)).collect();
        assert!(uninvited.is_empty(), "never acknowledged: {uninvited:#?}");
    }

    /// How often the service said that it cannot.
    pub fn unavailable(&self) -> u64 {
        self.book().unavailable
    }

    pub fn summary(&self) -> String {
        let book = self.book();
        let (there, settled) = (book.there.len(), book.settled);
        format!("{there} objects acknowledged and there, {settled} unknown ones settled, {} answers 503", book.unavailable)
    }
}

impl Book {
    fn note(&mut self, mark: &str, version: u64) {
        self.there.insert(mark.to_owned(), version);
        self.recent.push(mark.to_owned());
    }
}
