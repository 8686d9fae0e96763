//! Whoever asks too much finds an end of his own, and others go on.

use crate::both;
use crate::practice::stage::{active_plan, id, practised, step};
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// Faults of a batch that are told one by one.
const TOLD: usize = 1000;

/// Rows each of which has so many unknown fields.
fn faulty(rows: usize, fields: usize) -> Vec<Value> {
    let row = |n: usize| {
        let data: serde_json::Map<String, Value> = (0..fields).map(|f| (format!("u{f}"), json!(1))).collect();
        json!({"op": "upsert", "kind": "site", "id": format!("key:F-{n}"), "data": data})
    };
    (0..rows).map(row).collect()
}

fn sound(rows: usize) -> Vec<Value> {
    let data = json!({"name": "Here", "kind": "other"});
    (0..rows).map(|n| json!({"op": "upsert", "kind": "site", "id": format!("key:S-{n}"), "data": data})).collect()
}

/// The faults of the failed rows by whether they are told themselves or only counted.
fn told(answer: &Value) -> (usize, usize) {
    let faults =
        answer["rows"].as_array().expect("rows").iter().flat_map(|row| row["problem"]["errors"].as_array().into_iter().flatten());
    let (counted, told): (Vec<&Value>, Vec<&Value>) = faults.partition(|fault| fault["code"] == "more_faults");
    (told.len(), counted.len())
}

/// Reads the head of an answer.
fn status(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("an answer");
    String::from_utf8_lossy(&head).into_owned()
}

fn connect(api: &Api, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(api.server.address).expect("the service takes calls");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let token = api.token.as_deref().unwrap_or_default();
    let head = format!("{request} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n", api.server.address);
    stream.write_all(head.as_bytes()).expect("the service takes the head");
    stream
}

both! {
    fn of_very_many_faults_the_first_are_told_and_the_rest_counted(server) {
        let api = server.fresh_organization();
        let mut rows = faulty(300, 50);
        rows.extend(sound(3));
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200).json();
        assert_eq!((&answer["counts"]["failed"], &answer["counts"]["created"]), (&json!(300), &json!(3)));
        // A name and a kind are missing in each, too.
        let whole = TOLD / 52;
        assert_eq!(told(&answer), (TOLD, 300 - whole));
        let last = &answer["rows"][299]["problem"]["errors"];
        assert_eq!(last.as_array().map(Vec::len), Some(1));
        let detail = last[0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("required 2") && detail.contains("unknown_field 50"), "{detail}");

        // What points to nothing is found later, and counts as well.
        let nobody: Vec<Value> = (0..50).map(|n| json!(format!("key:NOBODY-{n}"))).collect();
        let data = json!({"name": "S", "contacts": nobody});
        let rows: Vec<Value> = (0..100).map(|n| json!({"op": "upsert", "kind": "supplier", "id": format!("key:S-{n}"), "data": data})).collect();
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200).json();
        assert_eq!(told(&answer), (TOLD, 80));
        let refused = api.post("/batch", &json!({"rows": rows}));
        refused.refused(422, "invalid");
        assert!(refused.faults().len() <= 200);
    }

    fn a_row_that_points_to_one_that_fails_on_its_own_fails_with_it(server) {
        let api = server.fresh_organization();
        let rows = json!([
            {"op": "upsert", "kind": "site", "id": "key:BAD", "data": {"name": "Bad", "kind": "nonsense"}},
            {"op": "upsert", "kind": "site", "id": "key:IN", "data": {"name": "In", "kind": "other", "parent": "key:BAD"}},
            {"op": "upsert", "kind": "site", "id": "key:OUT", "data": {"name": "Out", "kind": "other"}},
        ]);
        let answer = api.post("/batch", &json!({"mode": "partial", "rows": rows})).expect(200).json();
        let results: Vec<&Value> = answer["rows"].as_array().expect("rows").iter().map(|row| &row["result"]).collect();
        assert_eq!(results, [&json!("failed"), &json!("failed"), &json!("created")]);
        assert_eq!(answer["rows"][1]["problem"]["errors"][0]["code"], "unknown_reference");
    }

    fn a_long_answer_given_again_is_short_and_can_be_compared(server) {
        let api = server.fresh_organization();
        let before = api.seq();
        let send = |rows: usize, key: &str| {
            let call = api.call("POST", "/batch").header("Idempotency-Key", key);
            call.json(&json!({"rows": sound(rows)})).send().expect(200)
        };
        let (first, again) = (send(1600, "long"), send(1600, "long"));
        assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
        let (first, again) = (first.json(), again.json());
        assert_eq!((&first["counts"], &first["seq"]), (&again["counts"], &again["seq"]));
        assert_eq!(again["rows"], json!([]));
        assert_eq!(again["changes"], json!(format!("/api/v1/changes?after={before}")));
        let lines: String = first["rows"].as_array().expect("rows").iter()
            .map(|row| format!("{} {} {} {}\n", row["index"], row["id"].as_str().unwrap_or("-"), row["version"], row["result"].as_str().unwrap_or_default()))
            .collect();
        let digest: String = Sha256::digest(lines).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(again["rows_sha256"], json!(digest));
        let (first, again) = (send(1500, "short"), send(1500, "short"));
        assert_eq!(first.json(), again.json(), "a short answer is kept as it is");
    }

    fn whoever_sends_slowly_holds_nobodys_place(server) {
        let api = server.fresh_organization();
        let slow: Vec<TcpStream> = (0..20)
            .map(|_| {
                let mut stream = connect(&api, "POST /api/v1/batch");
                stream.write_all(b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{").expect("the beginning");
                stream
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        for api in [&api, &server.fresh_organization()] {
            api.post("/batch", &json!({"rows": sound(1)})).expect(200);
        }
        drop(slow);
    }

    fn live_boards_have_a_share_for_each_subject(server) {
        let api = server.fresh_organization();
        let plan = active_plan(&api, &[], &json!([]), &[step("one", &[], 60)]);
        let run = id(&practised(&api, &plan)).to_owned();
        let watch = |api: &Api| {
            let mut stream = connect(api, &format!("GET /api/v1/runs/{run}/events"));
            stream.write_all(b"Accept: text/event-stream\r\n\r\n").expect("the service takes the rest");
            let status = status(&mut stream);
            (stream, status)
        };
        let boards: Vec<TcpStream> = (0..250)
            .map(|_| {
                let (stream, status) = watch(&api);
                assert_eq!(status, "HTTP/1.1 200");
                stream
            })
            .collect();
        assert_eq!(watch(&api).1, "HTTP/1.1 429");
        let colleague = server.client(&api.organization, "bob", &["auditor"]);
        assert_eq!(watch(&colleague).1, "HTTP/1.1 200");
        drop(boards);
    }
}

/// The most memory the process has ever used, in bytes.
fn peak(server: &Arc<Server>) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a figure") * 1024
}

fn memory_follows_the_size(backend: Backend) {
    let server = Server::start(backend);
    let api = server.fresh_organization();
    api.post("/batch", &json!({"mode": "partial", "rows": sound(10)})).expect(200);
    let before = peak(&server);
    let body = json!({"mode": "partial", "rows": faulty(8000, 190)}).to_string();
    let size = body.len() as u64;
    assert!(size > 12 << 20, "{size}");
    let answer = api.call("POST", "/batch").body("application/json", body).send_unjudged();
    let answer = answer.expect(200).json();
    assert_eq!(answer["counts"]["failed"], 8000);
    let grown = peak(&server) - before;
    assert!(grown < 5 * size, "{grown} bytes for a body of {size}");
}

#[test]
fn the_memory_of_a_batch_follows_its_size_on_sqlite() {
    memory_follows_the_size(Backend::Sqlite);
}

#[test]
fn the_memory_of_a_batch_follows_its_size_on_postgres() {
    memory_follows_the_size(Backend::Postgres);
}

#[test]
fn a_client_that_never_reads_is_let_go() {
    let server = Server::start_in(Backend::Sqlite, |_| vec![("HOLDFAST_LIMITS__RESPONSE_SECONDS".into(), "1".into())]);
    let api = server.fresh_organization();
    api.post("/batch", &json!({"rows": sound(500)})).expect(200);
    let length = api.get("/sites?limit=500").expect(200).text().len();
    // Far more than the buffers between hold.
    let mut stream = connect(&api, "GET /api/v1/sites?limit=500");
    stream.write_all(b"\r\n").expect("the end of the head");
    let token = api.token.as_deref().unwrap_or_default();
    let next = format!("GET /api/v1/sites?limit=500 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let asked = 200;
    for _ in 1..asked {
        if stream.write_all(next.as_bytes()).is_err() {
            break;
        }
    }
    std::thread::sleep(Duration::from_secs(8));
    let (mut taken, mut part) = (0, vec![0; 1 << 16]);
    while let Ok(count @ 1..) = stream.read(&mut part) {
        taken += count;
    }
    assert!(taken < asked * length, "all {taken} bytes came after all");
}

fn a_subject_that_asks_too_often_is_told(backend: Backend) {
    let server = Server::start_in(backend, |_| {
        let limit = |name: &str, value: &str| (format!("HOLDFAST_LIMITS__SUBJECT_REQUEST{name}"), value.to_owned());
        vec![limit("S_PER_SECOND", "1"), limit("_BURST", "20")]
    });
    let api = server.fresh_organization();
    let statuses: Vec<_> = (0..60).map(|_| api.get("/sites?limit=1")).collect();
    let early = statuses.iter().find(|answer| answer.status() == 429).expect("an end");
    let wait: u64 = early.header("retry-after").and_then(|text| text.parse().ok()).expect("when to come back");
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(early.json()["code"], "too_many_requests");
    assert!(statuses[..20].iter().all(|answer| answer.status() == 200), "a burst is free");
    // Nobody else is held up by it, not in the same organisation either.
    let colleague = server.client(&api.organization, "somebody else", &["administrator"]);
    colleague.get("/sites?limit=1").expect(200);
    server.fresh_organization().get("/sites?limit=1").expect(200);
    std::thread::sleep(Duration::from_secs(wait + 1));
    api.get("/sites?limit=1").expect(200);
}

#[test]
fn a_subject_that_asks_too_often_is_told_on_sqlite() {
    a_subject_that_asks_too_often_is_told(Backend::Sqlite);
}

#[test]
fn a_subject_that_asks_too_often_is_told_on_postgres() {
    a_subject_that_asks_too_often_is_told(Backend::Postgres);
}
