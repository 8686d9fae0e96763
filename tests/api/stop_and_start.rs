//! What a stop leaves behind, and what a start makes of what it finds.

use crate::support::cluster::Cluster;
use crate::support::guard;
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use serde_json::json;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn file(home: &Home, name: &str) -> PathBuf {
    home.data().join(name)
}

fn wal(home: &Home) -> u64 {
    std::fs::metadata(file(home, "holdfast.db-wal")).map_or(0, |file| file.len())
}

fn verified(home: &Home) {
    let output = home.run("verify", &[]);
    assert!(output.status.success(), "verify: {}", String::from_utf8_lossy(&output.stderr));
}

/// What the service says when it does not start.
#[track_caller]
fn refused(home: &Home, subcommand: &str, arguments: &[&str]) -> String {
    let mut command = home.command(subcommand);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().expect("our child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("our child");
            panic!("{subcommand} goes on instead of refusing");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("its output");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{subcommand} was content: {text}");
    text
}

const SERVE: [&str; 2] = ["--listen", "127.0.0.1:0"];

fn sites(api: &Api) -> u64 {
    api.get("/sites?count=true&limit=1").expect(200).json()["total"].as_u64().expect("a number of sites")
}

/// A home that was served, written to and stopped in good order, with the name of its organisation.
fn stopped_in_good_order(count: u64) -> (Arc<Home>, String) {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    for n in 0..count {
        api.create("sites", &json!({"name": format!("Site {n}"), "kind": "office"}));
    }
    assert!(wal(&home) > 0, "nothing lies in the -wal file while it is served, so this proves nothing");
    assert_eq!(server.terminate(PATIENCE), Some(0));
    (home, api.organization)
}

#[test]
fn after_a_clean_stop_the_database_file_alone_is_whole() {
    let (home, organization) = stopped_in_good_order(40);
    assert_eq!(wal(&home), 0, "the -wal file holds something");
    let other = Arc::new(Home::new(Backend::Sqlite));
    std::fs::create_dir_all(other.data()).expect("a folder");
    std::fs::copy(file(&home, "holdfast.db"), file(&other, "holdfast.db")).expect("a copy");
    verified(&other);
    let server = Server::start_at(&other, "serve", &[]);
    assert_eq!(sites(&server.client(&organization, "ana", &["administrator"])), 40);
}

#[test]
fn after_loading_the_catalogue_the_database_file_alone_is_whole() {
    let (home, organization) = stopped_in_good_order(1);
    let output = home.run("load-catalogue", &["--organization", &organization]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(wal(&home), 0, "the -wal file holds something");
}

#[test]
fn a_database_that_lost_what_it_held_is_not_begun_anew() {
    let (home, organization) = stopped_in_good_order(3);
    let database = file(&home, "holdfast.db");
    let whole = std::fs::read(&database).expect("the database");
    let tableless = Home::new(Backend::Sqlite);
    std::fs::create_dir_all(tableless.data()).expect("a folder");
    Database::of(&tableless, Cluster::shared).execute("create table t (a); drop table t");
    let tableless = std::fs::read(file(&tableless, "holdfast.db")).expect("a database without tables");
    assert!(tableless.len() > 100);
    for (left, word) in [(Some(vec![]), "is empty"), (Some(tableless), "holds no table"), (None, "is not there")] {
        match &left {
            Some(bytes) => std::fs::write(&database, bytes).expect("a database cut down"),
            None => std::fs::remove_file(&database).expect("the database goes"),
        }
        for (subcommand, arguments) in [("serve", &SERVE[..]), ("demo", &SERVE), ("migrate", &[]), ("verify", &[])] {
            let said = refused(&home, subcommand, arguments);
            assert!(said.contains(word), "{subcommand}: {said}");
            assert!(subcommand == "verify" || said.contains("restore the database from a backup"), "{subcommand}: {said}");
        }
        assert_eq!(std::fs::metadata(&database).ok().map(|file| file.len()), left.map(|bytes| bytes.len() as u64));
    }
    // As it was told: restored, it goes on; without the key the directory is a fresh one.
    std::fs::write(&database, whole).expect("the database is restored");
    let server = Server::start_at(&home, "serve", &[]);
    assert_eq!(sites(&server.client(&organization, "ana", &["administrator"])), 3);
    assert_eq!(server.terminate(PATIENCE), Some(0));
    std::fs::remove_file(&database).expect("the database goes");
    std::fs::rename(file(&home, "local-issuer.key"), file(&home, "key-of-before")).expect("the key goes");
    drop(Server::start_at(&home, "serve", &[]));
}

#[test]
fn a_key_that_never_served_an_embedded_database_does_not_bar_its_first_start() {
    let with_postgres = Arc::new(Home::new(Backend::Postgres));
    Server::start_at(&with_postgres, "serve", &[]).kill();
    let home = Arc::new(Home::new(Backend::Sqlite));
    std::fs::create_dir_all(home.data()).expect("a folder");
    std::fs::copy(file(&with_postgres, "local-issuer.key"), file(&home, "local-issuer.key")).expect("a copy of the key");
    drop(Server::start_at(&home, "serve", &[]));
}

/// How much is there, kind by kind.
fn contents(home: &Home) -> Vec<String> {
    let database = Database::of(home, Cluster::shared);
    let mut lines = database.lines("select kind || ' ' || count(*) as line from objects group by kind order by kind");
    lines.extend(database.lines("select 'ledger ' || count(*) as line from ledger"));
    lines
}

fn the_example_is_whole_whenever_its_first_start_is_killed(backend: Backend) {
    let began = Instant::now();
    let model = Arc::new(Home::new(backend));
    Server::start_at(&model, "demo", &[]).kill();
    let whole = began.elapsed();
    let expected = contents(&model);
    assert!(expected.len() > 20, "{expected:?}");
    const KILLS: u32 = 5;
    let mut interrupted = 0;
    for n in 0..KILLS {
        let home = Arc::new(Home::new(backend));
        let mut command = home.command("demo");
        command.args(SERVE).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        guard::started("KILL", child.id());
        std::thread::sleep(whole * (2 * n + 1) / (2 * KILLS));
        child.kill().expect("our child");
        child.wait().expect("our child");
        guard::ended("KILL", child.id());
        interrupted += u32::from(!file(&home, "first-token").exists());
        let server = Server::start_at(&home, "demo", &[]);
        assert!(file(&home, "first-token").exists(), "nobody can get in");
        server.kill();
        assert_eq!(contents(&home), expected, "killed after {n}/{KILLS} of {whole:?}");
        verified(&home);
    }
    assert!(interrupted >= KILLS / 2, "only {interrupted} of {KILLS} kills came before the end");
}

#[test]
fn the_example_is_whole_whenever_its_first_start_is_killed_on_sqlite() {
    the_example_is_whole_whenever_its_first_start_is_killed(Backend::Sqlite);
}

#[test]
fn the_example_is_whole_whenever_its_first_start_is_killed_on_postgres() {
    the_example_is_whole_whenever_its_first_start_is_killed(Backend::Postgres);
}

#[test]
fn a_service_that_was_asked_to_stop_says_so_and_serves_on_for_a_while() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_set(&home, &[("HOLDFAST_STOP_DELAY_SECONDS", "3")]);
    let api = server.fresh_organization();
    let ready = || server.stranger().absolute("GET", "/readyz").send_unjudged();
    assert_eq!(ready().expect(200).header("connection"), None);
    server.ask_to_stop();
    let deadline = Instant::now() + PATIENCE;
    while ready().status() != 503 {
        assert!(Instant::now() < deadline, "readiness says nothing of the stop");
    }
    // Requests that still come are served, and take their connection with them.
    let made = api.post("/sites", &json!({"name": "Late", "kind": "office"})).expect(201);
    assert_eq!(made.needed_header("connection"), "close");
    let mut ended = Instant::now();
    while std::net::TcpStream::connect(server.address).is_ok() {
        ended = Instant::now();
        assert!(ended < deadline, "it takes calls for ever");
        std::thread::sleep(Duration::from_millis(20));
    }
    let again = Server::start_at(&home, "serve", &[]);
    assert_eq!(sites(&again.client(&api.organization, "ana", &["administrator"])), 1, "{ended:?}");
}
