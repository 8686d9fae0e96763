//! A newer database is left alone, and what the way back costs is told before it is gone.

use crate::support::cluster::Cluster;
use crate::support::server::{Home, at_a_terminal};
use crate::support::sql::Database;
use crate::support::{Backend, Server};
use serde_json::json;
use std::io::Write;
use std::process::Output;
use std::sync::Arc;

const TIERS: &str = "2026-11-28-000007_recovery_tiers";

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A home that was served once, with an organisation and a recovery tier that two services name.
fn lived_in(backend: Backend) -> Arc<Home> {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    for n in 1..4 {
        api.create("recovery-tiers", &json!({"key": format!("T{n}"), "name": "Gold", "rank": n, "rto_seconds": 60 * n}));
    }
    for n in 1..3 {
        api.create("services", &json!({"key": format!("S{n}"), "name": "Mail", "recovery_tier": "key:T1", "rpo_seconds": 9}));
    }
    server.kill();
    home
}

fn a_newer_database_is_left_alone(backend: Backend) {
    let home = lived_in(backend);
    let database = Database::of(&home, Cluster::shared);
    let versions = "select version as line from __diesel_schema_migrations order by version";
    let before = database.lines(versions);
    database.execute("insert into __diesel_schema_migrations (version) values ('20991231000001')");
    let served = ["--listen", "127.0.0.1:0"];
    for (subcommand, arguments) in [
        ("serve", &served[..]),
        ("demo", &served),
        ("migrate", &[]),
        ("migrate", &["--revert", "--yes"]),
        ("verify", &[]),
        ("load-catalogue", &["--organization", "default"]),
    ] {
        let output = home.run(subcommand, arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{subcommand} {arguments:?}: {said}");
        assert!(said.contains("20991231000001") && said.contains("newer"), "{subcommand} {arguments:?}: {said}");
    }
    database.execute("delete from __diesel_schema_migrations where version = '20991231000001'");
    assert_eq!(database.lines(versions), before, "something was changed");
    assert!(home.run("verify", &[]).status.success());
}

#[test]
fn a_newer_database_is_left_alone_on_sqlite() {
    a_newer_database_is_left_alone(Backend::Sqlite);
}

#[test]
fn a_newer_database_is_left_alone_on_postgres() {
    a_newer_database_is_left_alone(Backend::Postgres);
}

#[test]
fn where_there_is_no_database_none_is_made_by_looking() {
    let home = Home::new(Backend::Sqlite);
    std::fs::create_dir_all(home.data()).expect("a folder");
    let output = home.run("verify", &[]);
    assert!(!output.status.success() && text(&output).contains("is not there"), "{}", text(&output));
    assert_eq!(std::fs::read_dir(home.data()).expect("the folder").count(), 0);
    let empty = Home::new(Backend::Postgres);
    let output = empty.run("verify", &[]);
    assert!(!output.status.success() && text(&output).contains("no table of holdfast"), "{}", text(&output));
}

/// Answers the question at a terminal.
fn answered(home: &Home, answer: &str) -> Output {
    let mut child = at_a_terminal(&home.command("migrate"), "--revert").spawn().expect("the command script");
    let mut input = child.stdin.take().expect("its input is piped");
    input.write_all(format!("{answer}\n").as_bytes()).expect("it listens");
    child.wait_with_output().expect("it ends")
}

fn the_way_back_names_its_price(backend: Backend) {
    let home = lived_in(backend);
    let database = Database::of(&home, Cluster::shared);
    let tiers = || database.lines("select cast(count(*) as text) as line from recovery_tiers");
    let mut asked = home.run("migrate", &["--revert"]);
    while !text(&asked).contains(TIERS) {
        let back = home.run("migrate", &["--revert", "--yes"]);
        assert!(back.status.success(), "{}", text(&back));
        asked = home.run("migrate", &["--revert"]);
    }
    let said = text(&asked);
    assert!(!asked.status.success(), "{said}");
    for word in [
        TIERS,
        "the table recovery_tiers with 3 rows",
        "3 objects of the kind recovery_tier\n",
        "the column recovery_tier_id of the table services, set in 2 rows",
        "the column recovery_tier_id of the table business_processes, set in 0 rows",
        "nothing was changed",
        "--yes",
    ] {
        assert!(said.contains(word), "{word:?} is missing:\n{said}");
    }
    assert!(!said.contains("objects of the kind service\n"), "{said}");
    assert_eq!(tiers(), ["3"]);
    let no = answered(&home, "no");
    assert!(!no.status.success() && text(&no).contains("nothing was changed"), "{}", text(&no));
    assert_eq!(tiers(), ["3"]);
    let yes = answered(&home, "yes");
    assert!(yes.status.success() && text(&yes).contains("was taken back"), "{}", text(&yes));
    assert!(!database.lines("select version as line from __diesel_schema_migrations").contains(&"20261128000007".to_owned()));
    let own =
        "select coalesce(cast(own_rto_seconds as text), '-') || ' ' || own_rpo_seconds as line from objects where key = 'S1'";
    assert_eq!(database.lines(own), ["- 9"], "an objective of a tier that is gone");
    let again = home.run("migrate", &[]);
    assert!(again.status.success(), "{}", text(&again));
    assert_eq!(tiers(), ["0"]);
}

#[test]
fn the_way_back_names_its_price_on_sqlite() {
    the_way_back_names_its_price(Backend::Sqlite);
}

#[test]
fn the_way_back_names_its_price_on_postgres() {
    the_way_back_names_its_price(Backend::Postgres);
}
