//! Tables that are made anew from the ledgers are what they were; one organisation comes into another database; anchors tell what a
//! ledger held.

use crate::support::cluster::{Cluster, database_name};
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

fn home(backend: Backend) -> Arc<Home> {
    Arc::new(match backend {
        Backend::Sqlite => Home::new(Backend::Sqlite),
        Backend::Postgres => Home::on_disk(Some(Cluster::shared().database())),
    })
}

#[track_caller]
fn done(home: &Home, subcommand: &str, arguments: &[&str]) -> String {
    let output = home.run(subcommand, arguments);
    assert!(output.status.success(), "{subcommand}: {}", String::from_utf8_lossy(&output.stderr));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn refused(home: &Home, subcommand: &str, arguments: &[&str], why: &str) {
    let output = home.run(subcommand, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(why), "{subcommand} {arguments:?}: {told}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// What clients see of an organisation: its ledger, and lists of most kinds with what is derived.
fn seen(api: &Api) -> Vec<Value> {
    let paths = ["services", "components", "business-processes", "risks", "plans", "runs", "mappings", "measures", "contacts"];
    let mut all: Vec<Value> = paths.iter().map(|path| api.get(&format!("/{path}?limit=500")).expect(200).json()).collect();
    all.push(api.get("/changes?limit=500&include=body").expect(200).json());
    all
}

fn reader(server: &Arc<Server>) -> Api {
    server.client("demo", "ana", &["it_service_continuity_manager", "administrator"])
}

/// Statements that somebody made past the service.
fn tamper(database: &Database, statements: &str) {
    let free = match database {
        Database::Sqlite(_) => format!("COMMIT; PRAGMA foreign_keys=OFF; BEGIN; {statements}"),
        Database::Postgres(..) => format!("set session_replication_role = replica; {statements}"),
    };
    database.execute(&free);
}

fn tables_come_back(backend: Backend) {
    let home = home(backend);
    let server = Server::start_at(&home, "demo", &[]);
    let before = seen(&reader(&server));
    if backend == Backend::Sqlite {
        refused(&home, "rebuild", &[], "another holdfast");
    }
    server.terminate(Duration::from_secs(10));
    let database = Database::of(&home, Cluster::shared);
    for statements in [
        "update objects set name = 'Something else' where kind = 'service'",
        "delete from mappings; delete from objects where kind = 'mapping'",
        "delete from links; delete from tags; delete from external_refs",
        "update objects set effective_rto_seconds = 1 where kind = 'component'",
    ] {
        tamper(&database, statements);
        assert!(!home.run("verify", &[]).status.success(), "not seen: {statements}");
    }
    let told = done(&home, "rebuild", &[]);
    assert!(told.contains("made anew"), "{told}");
    done(&home, "verify", &[]);
    let guards = database.lines(database.either(
        "select name as line from sqlite_master where name = 'plan_versions_fixed'",
        "select tgname as line from pg_trigger where tgname = 'plan_versions_fixed' and tgenabled = 'O'",
    ));
    assert_eq!(guards.len(), 1, "what guards the tables is there again");
    let again = Server::start_at(&home, "serve", &[]);
    let api = reader(&again);
    assert_eq!(seen(&api), before);
    api.create("sites", &json!({"name": "Afterwards", "kind": "office"}));
}

#[test]
fn tables_come_back_from_the_ledger_on_sqlite() {
    tables_come_back(Backend::Sqlite);
}

#[test]
fn tables_come_back_from_the_ledger_on_postgres() {
    tables_come_back(Backend::Postgres);
}

fn a_broken_ledger_changes_nothing(backend: Backend) {
    let home = home(backend);
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    api.create("sites", &json!({"key": "S", "name": "Here", "kind": "office"}));
    server.terminate(Duration::from_secs(10));
    let database = Database::of(&home, Cluster::shared);
    if backend == Backend::Sqlite {
        tamper(&database, "drop trigger ledger_fixed");
    }
    tamper(
        &database,
        "update objects set name = 'There' where kind = 'site'; update ledger set actor = 'eve' where kind = 'site'",
    );
    refused(&home, "rebuild", &[], "is broken");
    let name = database.lines("select name as line from objects where kind = 'site'");
    assert_eq!(name, ["There"], "something was changed");
}

#[test]
fn nothing_is_rebuilt_from_a_broken_ledger_on_sqlite() {
    a_broken_ledger_changes_nothing(Backend::Sqlite);
}

#[test]
fn nothing_is_rebuilt_from_a_broken_ledger_on_postgres() {
    a_broken_ledger_changes_nothing(Backend::Postgres);
}

fn one_organisation_moves(from: Backend, to: Backend) {
    let source = home(from);
    let server = Server::start_at(&source, "demo", &[]);
    let before = seen(&reader(&server));
    let other = server.fresh_organization();
    other.create("sites", &json!({"name": "Not for others", "kind": "office"}));
    let file = source.folder.join("one.backup");
    refused(&source, "backup", &[text(&file), "--organization", "nobody"], "no organisation");
    done(&source, "backup", &[text(&file), "--organization", "demo"]);

    let target = home(to);
    let there = Server::start_at(&target, "serve", &[]);
    let own = there.client("demo", "eve", &["administrator"]);
    own.create("sites", &json!({"name": "Of the other demo", "kind": "office"}));
    if to == Backend::Sqlite {
        refused(&target, "restore", &[text(&file), "--key", "moved"], "another holdfast");
        there.terminate(Duration::from_secs(10));
    }
    refused(&target, "restore", &[text(&file)], "--key");
    refused(&target, "restore", &[text(&file), "--key", "no key"], "cannot be the key");
    done(&target, "restore", &[text(&file), "--key", "moved"]);
    refused(&target, "restore", &[text(&file), "--key", "again"], "has the organisation");
    done(&target, "verify", &[]);
    let there = if to == Backend::Sqlite { Server::start_at(&target, "serve", &[]) } else { there };
    let moved = there.client("moved", "ana", &["it_service_continuity_manager", "administrator"]);
    assert_eq!(seen(&moved), before);
    moved.create("sites", &json!({"name": "It goes on", "kind": "office"}));
    let own = there.client("demo", "eve", &["administrator"]);
    assert_eq!(own.get("/sites?count=true").expect(200).json()["total"], json!(1));
    let held = there.client("moved", "eve", &["administrator"]).get("/organizations?key=moved").expect(200).json();
    assert_eq!(held["items"].as_array().map(Vec::len), Some(1), "{held}");
}

#[test]
fn one_organisation_moves_to_an_embedded_database() {
    one_organisation_moves(Backend::Postgres, Backend::Sqlite);
}

#[test]
fn one_organisation_moves_to_postgresql_while_it_is_served() {
    one_organisation_moves(Backend::Sqlite, Backend::Postgres);
}

/// Waits until a file has so many lines, and gives them.
fn lines(path: &Path, count: usize) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(Instant::now() < until, "{} lines only", lines.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Takes calls and tells what came.
fn receiver() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/anchors", listener.local_addr().expect("an address"));
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a caller");
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = stream.read(&mut part) {
                request.extend_from_slice(&part[..count]);
                let text = String::from_utf8_lossy(&request);
                let length =
                    text.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                let body = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
                if length.is_some_and(|length| length.trim().parse() == Ok(body)) {
                    break;
                }
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("an answer");
            drop(tell.send(String::from_utf8_lossy(&request).into_owned()));
        }
    });
    (url, told)
}

fn anchors_tell_what_there_was(backend: Backend) {
    let home = home(backend);
    let file = home.folder.join("anchors");
    let (url, told) = receiver();
    let settings = [
        ("HOLDFAST_ANCHOR__FILE", text(&file)),
        ("HOLDFAST_ANCHOR__URL", &url),
        ("HOLDFAST_ANCHOR__ALLOW_INSECURE_URL", "true"),
        ("HOLDFAST_ANCHOR__INTERVAL_SECONDS", "1"),
    ];
    let server = Server::start_set(&home, &settings);
    let first = lines(&file, 1);
    let api = server.fresh_organization();
    for n in 0..3 {
        api.create("sites", &json!({"key": format!("S{n}"), "name": "Here", "kind": "office"}));
    }
    let both = lines(&file, 2);
    assert_eq!(both[0], first[0], "it is appended to");
    let posted = told.recv_timeout(Duration::from_secs(10)).expect("a call");
    assert!(posted.contains("application/jwt") && posted.ends_with(&first[0]), "{posted}");
    std::thread::sleep(Duration::from_millis(1500));
    server.terminate(Duration::from_secs(10));
    let kept = std::fs::read_to_string(&file).expect("anchors");

    let key = home.folder.join("anchor.jwk");
    std::fs::write(&key, done(&home, "anchor-key", &[]).trim()).expect("a file");
    done(&home, "verify", &["--expect", text(&file), "--anchor-key", text(&key)]);
    done(&home, "verify", &["--expect", text(&file), "--anchor", text(&file)]);
    done(&home, "verify", &["--expect", text(&file)]);
    let changed = home.folder.join("changed");
    std::fs::write(&changed, kept.replacen('.', ".e", 1)).expect("a file");
    refused(&home, "verify", &["--expect", text(&changed)], "line 1");
    let stranger = Home::new(Backend::Sqlite);
    std::fs::write(&key, done(&stranger, "anchor-key", &[]).trim()).expect("a file");
    refused(&home, "verify", &["--expect", text(&file), "--anchor-key", text(&key)], "line 1");

    // Somebody who can do all of it cuts the end off, and makes the head fit.
    let database = Database::of(&home, Cluster::shared);
    let last = database.lines("select cast(max(seq) as text) as line from ledger where kind = 'site'").concat();
    let mine = "organization_id in (select organization_id from ledger where kind = 'site')";
    if backend == Backend::Sqlite {
        tamper(&database, "drop trigger ledger_keep; drop trigger tenants_forward");
    }
    tamper(
        &database,
        &format!(
            "delete from objects where id in (select object_id from ledger where kind = 'site' and seq = {last}); \
             delete from sites where id in (select object_id from ledger where kind = 'site' and seq = {last}); \
             update tenants set seq = seq - 1, at = (select at from ledger l where l.organization_id = tenants.organization_id \
             and l.seq = {last} - 1), hash = (select hash from ledger l where l.organization_id = tenants.organization_id \
             and l.seq = {last} - 1) where {mine}; \
             delete from ledger where kind = 'site' and seq = {last}"
        ),
    );
    done(&home, "verify", &[]);
    refused(&home, "verify", &["--expect", text(&file)], "is missing");
}

#[test]
fn anchors_tell_what_there_was_on_sqlite() {
    anchors_tell_what_there_was(Backend::Sqlite);
}

#[test]
fn anchors_tell_what_there_was_on_postgres() {
    anchors_tell_what_there_was(Backend::Postgres);
}

fn heads_only_move_on(backend: Backend) {
    let home = home(backend);
    let server = Server::start_at(&home, "serve", &[]);
    server.fresh_organization().create("sites", &json!({"name": "Here", "kind": "office"}));
    server.terminate(Duration::from_secs(10));
    let database = Database::of(&home, Cluster::shared);
    let zero = database.either("zeroblob(32)", "decode(repeat('00', 32), 'hex')");
    for statement in ["seq = seq - 1", "organization_id = organization_id, seq = 0", &format!("hash = {zero}")] {
        let told = database.try_execute(&format!("update tenants set {statement} where seq > 0")).expect_err(statement);
        assert!(told.contains("only moves on"), "{told}");
    }
    database.execute("update tenants set seq = seq");
}

#[test]
fn the_head_of_a_ledger_only_moves_on_sqlite() {
    heads_only_move_on(Backend::Sqlite);
}

#[test]
fn the_head_of_a_ledger_only_moves_on_postgres() {
    heads_only_move_on(Backend::Postgres);
}

/// The database guards the ledger against the service itself, where the service is not its owner.
#[test]
fn a_service_may_have_a_role_that_owns_nothing() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let (name, role) = (database_name(&url).to_owned(), format!("service_{}", crate::support::fresh()));
    for statement in [
        format!("create role {role} login"),
        format!("grant usage on schema public to {role}"),
        format!("alter default privileges in schema public grant select, insert, update, delete on tables to {role}"),
    ] {
        cluster.psql(&name, &statement);
    }
    let owner = Home::on_disk(Some(url.clone()));
    done(&owner, "migrate", &[]);
    let home = Arc::new(Home::on_disk(Some(url.replace("//holdfast@", &format!("//{role}@")))));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    // More than the figures of the planner were made for.
    let rows: Vec<Value> = (0..1500)
        .map(|n| json!({"op": "upsert", "kind": "site", "id": format!("key:S-{n}"), "data": {"name": "Here", "kind": "office"}}))
        .collect();
    api.post("/batch", &json!({"rows": rows})).expect(200);
    api.patch("/sites/key:S-1", &json!({"name": "There"})).expect(200);
    api.delete("/sites/key:S-2").expect(204);
    for statement in
        ["drop trigger ledger_keep on ledger", "alter table ledger disable trigger all", "truncate ledger", "delete from ledger"]
    {
        let told = cluster.try_psql(&name, &format!("set role {role}; {statement}")).expect_err(statement);
        assert!(["must be owner", "permission denied", "only appended to"].iter().any(|words| told.contains(words)), "{told}");
    }
    done(&home, "verify", &[]);
}
