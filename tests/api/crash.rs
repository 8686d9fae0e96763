//! Nothing acknowledged is lost, whatever is killed and whenever.
//!
//! `HOLDFAST_CRASH_CYCLES=1000` kills that often; without it, often enough to notice a broken promise.

mod oracle;

use crate::support::cluster::{Cluster, Durability};
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use oracle::{Load, ORGANIZATION, Oracle};
use serde_json::json;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How often the service is killed on each database, and how often PostgreSQL is.
const CYCLES: usize = 20;
const DATABASE_CYCLES: usize = 6;
const CLIENTS: usize = 4;

fn cycles(usual: usize) -> usize {
    let asked = std::env::var("HOLDFAST_CRASH_CYCLES").ok();
    asked.map_or(usual, |cycles| cycles.parse().expect("a number of cycles"))
}

/// One that syncs, as a production server does. Its postmaster is killed by tests, which therefore take turns.
fn cluster() -> &'static Cluster {
    static SYNCED: OnceLock<Cluster> = OnceLock::new();
    SYNCED.get_or_init(|| Cluster::create(Durability::Synced))
}

static TURN: Mutex<()> = Mutex::new(());

fn home(backend: Backend) -> Arc<Home> {
    let url = (backend == Backend::Postgres).then(|| cluster().database());
    Arc::new(Home::on_disk(url))
}

fn client(server: &Arc<Server>) -> Api {
    server.client(ORGANIZATION, "ana", &["administrator", "it_service_continuity_manager"])
}

/// A number that differs from cycle to cycle, from 5 to 500.
fn moment(cycle: usize) -> Duration {
    let seed = u64::from(std::process::id()) * 7919 + cycle as u64;
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    Duration::from_millis(5 + mixed % 496)
}

/// Waits until the service is ready and tells how long it took.
fn readiness(api: &Api, since: Instant) -> Duration {
    let deadline = since + Duration::from_secs(30);
    loop {
        let ready = api.absolute("GET", "/readyz").try_send();
        if ready.as_ref().is_ok_and(|reply| reply.status == 200) {
            return since.elapsed();
        }
        assert!(Instant::now() < deadline, "not ready after 30 s: {ready:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn print_readiness(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let (Some(least), Some(most)) = (times.first(), times.last()) else { return };
    let middle = times[times.len() / 2];
    println!("{what}: {} cycles, ready again after min {least:?}, median {middle:?}, max {most:?}", times.len());
}

/// The ledger's chain, and on SQLite the file, as they are found after a kill.
fn check_what_is_left(home: &Home) {
    let verified = home.run("verify", &[]);
    assert!(verified.status.success(), "verify: {}", String::from_utf8_lossy(&verified.stderr));
    let database = Database::of(home, cluster);
    if let Database::Sqlite(_) = database {
        assert_eq!(database.lines("select integrity_check as line from pragma_integrity_check"), ["ok"]);
        assert_eq!(database.lines("select \"table\" as line from pragma_foreign_key_check"), Vec::<String>::new());
    }
}

fn the_service_is_killed(backend: Backend) {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let home = home(backend);
    let oracle = Arc::new(Oracle::default());
    let mut times = Vec::new();
    for cycle in 0..cycles(CYCLES) {
        let started = Instant::now();
        let server = Server::start_at(&home, "serve", &[]);
        let api = client(&server);
        times.push(readiness(&api, started));
        oracle.settle(&api);
        let load = Load::start(&api, &oracle, CLIENTS);
        std::thread::sleep(moment(cycle));
        server.kill();
        load.stop();
        check_what_is_left(&home);
    }
    let server = Server::start_at(&home, "serve", &[]);
    oracle.settle(&client(&server));
    oracle.check_everything(&client(&server));
    print_readiness(&format!("{backend:?}, service killed ({})", oracle.summary()), times);
}

#[test]
fn what_was_acknowledged_survives_the_kill_of_the_service_on_sqlite() {
    the_service_is_killed(Backend::Sqlite);
}

#[test]
fn what_was_acknowledged_survives_the_kill_of_the_service_on_postgres() {
    the_service_is_killed(Backend::Postgres);
}

/// Kills one of the service's own backends, the way an operator's mistake or the kernel's memory killer does. All
/// others are then stopped by the postmaster, and the database recovers.
fn kill_a_backend(home: &Home) {
    let Database::Postgres(cluster, name) = Database::of(home, cluster) else { return };
    let query = "select pid as line from pg_stat_activity where application_name = 'holdfast' and query ilike '%insert%' \
                 or application_name = 'holdfast' order by query ilike '%insert%' desc limit 1";
    if let Ok(pid) = cluster.try_psql(&name, query) {
        let killed = std::process::Command::new("kill").args(["-9", pid.trim()]).status();
        assert!(killed.is_ok(), "{killed:?}");
    }
}

#[test]
fn what_was_acknowledged_survives_the_kill_of_postgres() {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let home = home(Backend::Postgres);
    let server = Server::start_at(&home, "serve", &[]);
    let api = client(&server);
    let oracle = Arc::new(Oracle::default());
    let mut times = Vec::new();
    for cycle in 0..cycles(DATABASE_CYCLES) {
        readiness(&api, Instant::now());
        oracle.settle(&api);
        let load = Load::start(&api, &oracle, CLIENTS);
        std::thread::sleep(moment(cycle));
        if cycle % 2 == 0 {
            cluster().kill();
            // Without a database the process lives, and says so.
            assert_eq!(api.absolute("GET", "/livez").send_unjudged().status(), 200);
            cluster().start();
        } else {
            kill_a_backend(&home);
            while cluster().try_psql("postgres", "select 1").is_err() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        times.push(readiness(&api, Instant::now()));
        std::thread::sleep(Duration::from_millis(100));
        load.stop();
        assert!(times[cycle] < Duration::from_secs(2), "ready only {:?} after the database was back", times[cycle]);
        check_what_is_left(&home);
    }
    oracle.settle(&api);
    oracle.check_everything(&api);
    print_readiness(&format!("PostgreSQL killed ({})", oracle.summary()), times);
}

/// A service with some acknowledged objects, and what is known of them.
fn a_little_load() -> (Api, Arc<Oracle>) {
    let server = Server::start_at(&home(Backend::Sqlite), "serve", &[]);
    let api = client(&server);
    let oracle = Arc::new(Oracle::default());
    let load = Load::start(&api, &oracle, CLIENTS);
    std::thread::sleep(Duration::from_millis(500));
    load.stop();
    oracle.settle(&api);
    oracle.check_everything(&api);
    (api, oracle)
}

#[test]
#[should_panic(expected = "acknowledged with that version")]
fn a_lost_object_would_be_noticed() {
    let (api, oracle) = a_little_load();
    let one = api.call("GET", "/sites?limit=1").send_unjudged().items().remove(0);
    api.call("DELETE", &format!("/sites/{}", one["id"].as_str().unwrap_or_default())).send_unjudged().expect(204);
    oracle.check_everything(&api);
}

#[test]
#[should_panic(expected = "acknowledged with that version")]
fn a_lost_change_would_be_noticed() {
    let (api, oracle) = a_little_load();
    let one = api.call("GET", "/sites?limit=1").send_unjudged().items().remove(0);
    let path = format!("/sites/{}", one["id"].as_str().unwrap_or_default());
    api.call("PATCH", &path).json(&json!({"description": "another version"})).send_unjudged().expect(200);
    oracle.check_everything(&api);
}

#[test]
#[should_panic(expected = "never acknowledged")]
fn an_object_nobody_was_told_of_would_be_noticed() {
    let (api, oracle) = a_little_load();
    api.call("POST", "/sites").json(&json!({"name": "stranger", "kind": "office"})).send_unjudged().expect(201);
    oracle.check_everything(&api);
}

fn a_graceful_stop(backend: Backend) {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let home = home(backend);
    let oracle = Arc::new(Oracle::default());
    for cycle in 0..5 {
        let server = Server::start_at(&home, "serve", &[]);
        let api = client(&server);
        readiness(&api, Instant::now());
        let unanswered = oracle.settle(&api);
        assert!(unanswered.is_empty(), "carried out while stopping, but not answered, on {backend:?}: {unanswered:#?}");
        let load = Load::start(&api, &oracle, CLIENTS);
        std::thread::sleep(Duration::from_millis(300) + moment(cycle) / 4);
        let asked = Instant::now();
        let code = server.terminate(Duration::from_secs(40));
        let took = asked.elapsed();
        load.stop();
        assert_eq!(code, Some(0), "the exit code of a graceful stop on {backend:?}");
        assert_eq!(oracle.unavailable(), 0, "requests were refused while stopping on {backend:?}");
        println!("{backend:?}: stopped gracefully after {took:?} ({})", oracle.summary());
        check_what_is_left(&home);
    }
    let server = Server::start_at(&home, "serve", &[]);
    let unanswered = oracle.settle(&client(&server));
    assert!(unanswered.is_empty(), "carried out while stopping, but not answered, on {backend:?}: {unanswered:#?}");
    oracle.check_everything(&client(&server));
}

#[test]
fn a_graceful_stop_fails_no_request_on_sqlite() {
    a_graceful_stop(Backend::Sqlite);
}

#[test]
fn a_graceful_stop_fails_no_request_on_postgres() {
    a_graceful_stop(Backend::Postgres);
}
