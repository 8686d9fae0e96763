//! A database that is slow, silent, locked, read only or gone: everybody gets an answer in time, nothing acknowledged is lost,
//! and the service is back by itself.

use crate::support::cluster::{Cluster, Durability, database_name};
use crate::support::server::Home;
use crate::support::{Answer, Api, Backend, Server, fresh};
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// Within this everybody is answered; the promise is five seconds, the rest is for a busy machine.
const ANSWER: Duration = Duration::from_secs(7);
const PATIENCE: Duration = Duration::from_secs(30);

struct Stage {
    cluster: Cluster,
    server: Arc<Server>,
}

impl Stage {
    fn new() -> Stage {
        let cluster = Cluster::create(Durability::Fast);
        let home = Arc::new(Home::on_disk(Some(cluster.database())));
        Stage { server: Server::start_at(&home, "serve", &[]), cluster }
    }

    fn database(&self) -> &str {
        database_name(self.server.home.database_url.as_deref().expect("a database"))
    }
}

fn site() -> Value {
    json!({"name": format!("Site {}", fresh()), "kind": "office"})
}

/// The answer to a request, which must come in time.
#[track_caller]
fn in_time(ask: impl FnOnce() -> Answer) -> Answer {
    let began = Instant::now();
    let answer = ask();
    let took = began.elapsed();
    assert!(took < ANSWER, "answered {} after {took:?}", answer.status());
    answer
}

#[track_caller]
fn come_back(answer: &Answer, codes: &[&str]) {
    assert_eq!(answer.status(), 503, "{}", answer.story());
    assert!(codes.contains(&answer.code().as_str()), "{}", answer.story());
    answer.needed_header("retry-after");
}

/// Asks until it is as wanted.
#[track_caller]
fn until(what: &str, wanted: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        sleep(Duration::from_millis(50));
    }
}

fn ready(server: &Arc<Server>) -> Answer {
    server.stranger().absolute("GET", "/readyz").send_unjudged()
}

#[test]
fn a_frozen_server_hangs_nobody() {
    let stage = Stage::new();
    let api = stage.server.fresh_organization();
    let known = api.create("sites", &site());
    let path = format!("/sites/{}", known["id"].as_str().expect("an id"));
    api.get(&path).expect(200);
    stage.cluster.freeze();
    let unsure = ["unavailable", "outcome_unknown"];
    scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| come_back(&in_time(|| api.call("GET", "/sites").send_unjudged()), &unsure));
            threads.spawn(|| come_back(&in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged()), &unsure));
            threads.spawn(|| come_back(&in_time(|| api.call("GET", &path).send_unjudged()), &unsure));
        }
        threads.spawn(|| {
            let began = Instant::now();
            come_back(&ready(&stage.server), &["unavailable"]);
            assert!(began.elapsed() < Duration::from_secs(3), "readiness took {:?}", began.elapsed());
            in_time(|| stage.server.stranger().absolute("GET", "/livez").send_unjudged()).expect(200);
        });
    });
    // Those who come later find out as fast.
    come_back(&in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged()), &unsure);
    stage.cluster.thaw();
    until("a write after the thaw", || api.call("POST", "/sites").json(&site()).send_unjudged().status() == 201);
    api.get(&path).expect(200);
    ready(&stage.server).expect(200);
}

#[test]
fn a_lock_on_one_organisation_stops_no_other() {
    let stage = Stage::new();
    let (held, free) = (stage.server.fresh_organization(), stage.server.fresh_organization());
    held.create("sites", &site());
    free.create("sites", &site());
    let id = held.get("/me").expect(200).json()["organization"]["id"].as_str().expect("an id").to_owned();
    let lock = format!("begin; select 1 from tenants where organization_id = '{id}' for update; select pg_sleep(9); rollback");
    scope(|threads| {
        threads.spawn(|| stage.cluster.psql(stage.database(), &lock));
        let waiting = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        until("the lock", || stage.cluster.psql(stage.database(), waiting).trim() == "1");
        threads.spawn(|| come_back(&in_time(|| held.call("POST", "/sites").json(&site()).send_unjudged()), &["unavailable"]));
        sleep(Duration::from_millis(200));
        for _ in 0..5 {
            in_time(|| free.call("POST", "/sites").json(&site()).send_unjudged()).expect(201);
            in_time(|| held.call("GET", "/sites").send_unjudged()).expect(200);
        }
        ready(&stage.server).expect(200);
    });
    until("a write after the lock", || held.call("POST", "/sites").json(&site()).send_unjudged().status() == 201);
}

#[test]
fn a_locked_table_hangs_no_reader() {
    let stage = Stage::new();
    let api = stage.server.fresh_organization();
    api.create("sites", &site());
    let lock = "begin; lock table sites in access exclusive mode; select pg_sleep(8); rollback";
    scope(|threads| {
        threads.spawn(|| stage.cluster.psql(stage.database(), lock));
        let waiting = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        until("the lock", || stage.cluster.psql(stage.database(), waiting).trim() == "1");
        for _ in 0..6 {
            threads.spawn(|| come_back(&in_time(|| api.call("GET", "/sites").send_unjudged()), &["unavailable"]));
        }
        sleep(Duration::from_millis(500));
        // Slow reads are passed by, however many.
        for _ in 0..5 {
            let began = Instant::now();
            api.get("/threats").expect(200);
            assert!(began.elapsed() < Duration::from_secs(2), "a read waited behind another one: {:?}", began.elapsed());
        }
    });
    until("a read after the lock", || api.call("GET", "/sites").send_unjudged().status() == 200);
}

#[test]
fn a_commit_that_hangs_is_told_as_unknown_and_settled_by_its_key() {
    let stage = Stage::new();
    let api = stage.server.fresh_organization();
    api.create("sites", &site());
    let standbys = |names: &str| {
        stage.cluster.psql("postgres", &format!("alter system set synchronous_standby_names = '{names}'"));
        stage.cluster.psql("postgres", "select pg_reload_conf()");
    };
    standbys("nobody");
    let shown = || stage.cluster.psql("postgres", "show synchronous_standby_names").trim() == "nobody";
    until("the setting", shown);
    sleep(Duration::from_millis(500));
    let draft = json!({"name": "Once", "kind": "office", "key": "ONCE"});
    let send = || api.call("POST", "/sites").header("idempotency-key", "the-same").json(&draft).send_unjudged();
    come_back(&in_time(send), &["outcome_unknown"]);
    until("readiness to tell it", || ready(&stage.server).status() == 503);
    in_time(|| api.call("GET", "/sites").send_unjudged()).expect(200);
    standbys("");
    until("the answer", || send().status() == 201);
    let named = api.get("/sites?name=Once").expect(200).items();
    assert_eq!(named.len(), 1, "{named:?}");
    ready(&stage.server).expect(200);
    let verified = stage.server.home.run("verify", &[]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_read_only_server_takes_no_writes_and_says_so() {
    let stage = Stage::new();
    let api = stage.server.fresh_organization();
    api.create("sites", &site());
    let set = |value: &str| {
        let name = stage.database();
        stage.cluster.psql("postgres", &format!("alter database {name} set default_transaction_read_only = {value}"));
        let all = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        stage.cluster.psql("postgres", &all);
    };
    set("on");
    until("the first refusal", || {
        let answer = in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged());
        assert_eq!(answer.status(), 503, "{}", answer.story());
        answer.code() == "database_read_only"
    });
    until("a read", || in_time(|| api.call("GET", "/sites").send_unjudged()).status() == 200);
    until("readiness to tell it", || ready(&stage.server).status() == 503);
    set("off");
    until("a write", || api.call("POST", "/sites").json(&site()).send_unjudged().status() == 201);
    ready(&stage.server).expect(200);
}

#[test]
fn of_several_hosts_the_one_that_takes_writes_is_found_past_a_silent_one() {
    let cluster = Cluster::create(Durability::Fast);
    // It takes the call and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("a bound listener").port();
    let url = cluster.database().replace("127.0.0.1:", &format!("127.0.0.1:{port},127.0.0.1:"));
    let home = Arc::new(Home::on_disk(Some(url)));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged()).expect(201);
    ready(&server).expect(200);
}

#[test]
fn an_embedded_file_that_was_taken_away_takes_no_writes() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    let api: Api = server.fresh_organization();
    let known = api.create("sites", &site());
    let (file, away) = (home.data().join("holdfast.db"), home.data().join("away.db"));
    std::fs::rename(&file, &away).expect("the file can be moved");
    come_back(&in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged()), &["unavailable"]);
    come_back(&ready(&server), &["unavailable"]);
    let answer = api.call("GET", "/sites").send_unjudged();
    assert!([200, 503].contains(&answer.status()), "{}", answer.story());
    // Another one in its place is not taken for it.
    std::fs::copy(&away, &file).expect("a copy");
    come_back(&in_time(|| api.call("POST", "/sites").json(&site()).send_unjudged()), &["unavailable"]);
    std::fs::rename(&away, &file).expect("the file can be moved back");
    api.create("sites", &site());
    api.get(&format!("/sites/{}", known["id"].as_str().expect("an id"))).expect(200);
    ready(&server).expect(200);
}
