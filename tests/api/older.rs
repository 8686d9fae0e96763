//! Databases that earlier releases have left behind, in `tests/data`: they are opened, brought up to date, and answer as
//! they did. A later release may tell more than was told then, and nothing else.

use crate::migrations::catalog::catalog;
use crate::support::cluster::Cluster;
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn unpacked(file: &str) -> Vec<u8> {
    let output = Command::new("gzip").args(["-dc", &format!("{FOLDER}/{file}")]).output().expect("the command gzip");
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The names of what is kept, for one database.
fn kept(ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(FOLDER).expect("the folder of the data");
    let names = files.filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(ending)?.to_owned()));
    let names: Vec<String> = names.collect();
    assert!(!names.is_empty(), "nothing is kept in {FOLDER}");
    names
}

fn home_on_sqlite(name: &str) -> Home {
    let home = Home::new(Backend::Sqlite);
    std::fs::create_dir_all(home.data()).expect("a data folder");
    std::fs::write(home.data().join("holdfast.db"), unpacked(&format!("{name}.sqlite.gz"))).expect("a database file");
    home
}

fn home_on_postgres(name: &str) -> Home {
    let home = Home::new(Backend::Postgres);
    let Database::Postgres(cluster, database) = Database::of(&home, Cluster::shared) else { panic!("not on PostgreSQL") };
    let dump = home.folder.join("dump.sql");
    std::fs::write(&dump, unpacked(&format!("{name}.postgres.sql.gz"))).expect("a file with the dump");
    cluster.load(&database, &dump);
    home
}

/// Names every member of what was told that is not told any more, or otherwise.
fn missed(at: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            for (name, value) in was {
                missed(&format!("{at}/{name}"), value, is.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (index, (was, is)) in was.iter().zip(is).enumerate() {
                missed(&format!("{at}/{index}"), was, is, found);
            }
        }
        _ if was == is => {}
        // Told to be in time then, though it was not known how long it takes.
        _ if at.contains("/recovery-sequence/") && at.ends_with("/in_time") && is.is_null() => {}
        _ => found.push(format!("{at}: {was} is now {is}")),
    }
}

fn answers_as_it_did(api: &Api, recorded: &Value) {
    let mut found = Vec::new();
    for asked in recorded["answers"].as_array().expect("answers") {
        let path = asked["path"].as_str().expect("a path");
        let answer = match asked.get("body") {
            Some(body) => api.post(path, body),
            None => api.get(path),
        };
        missed(path, &asked["answer"], &answer.expect(200).json(), &mut found);
    }
    assert!(found.is_empty(), "{} answers are others now: {found:#?}", found.len());
}

fn verified(home: &Home) {
    let verified = home.run("verify", &[]);
    assert!(verified.status.success(), "verify: {}", String::from_utf8_lossy(&verified.stderr));
}

/// Writes of several kinds go on where the ledger ended.
fn is_written_to(api: &Api) {
    let seq = api.seq();
    let site = api.create("sites", &json!({"name": "New", "kind": "office", "parent": "key:S1"}));
    assert_eq!(site["parent"]["key"], json!("S1"));
    let service = api.patch("/services/key:V1", &json!({"description": "changed"})).expect(200).json();
    let history = api.get("/services/key:V1/history").expect(200).items();
    assert_eq!(service["version"], json!(history.len()));
    api.post("/impact-assessments/key:I1/transitions", &json!({"to": "draft", "comment": "Not yet"})).expect(200);
    api.post("/plans/key:L1/versions/2/copy", &json!({})).expect(201);
    api.create(
        "measurements",
        &json!({"subject": {"id": "key:K1", "kind": "component"}, "source": "restore_test", "restoration_seconds": 60}),
    );
    api.delete("/mappings/key:M6").expect(204);
    assert!(api.seq() >= seq + 6, "{} after {seq}", api.seq());
}

/// A backup of it as it is, not brought up to date, restored into a new database of this kind.
fn moved(home: Home, backend: Backend) -> Home {
    let file = home.folder.join("old.backup");
    let file = file.to_str().expect("a plain path");
    let target = Home::new(backend);
    for (home, command) in [(&home, "backup"), (&target, "restore")] {
        let output = home.run(command, &[file]);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    target
}

fn goes_on(home: Home, recorded: &[u8]) {
    let home = Arc::new(home);
    let recorded: Value = serde_json::from_slice(recorded).expect("recorded answers");
    let server = Server::start_at(&home, "serve", &[]);
    let organization = recorded["organization"].as_str().expect("its name");
    let api = server.client(organization, "ana", &["administrator", "it_service_continuity_manager"]);
    answers_as_it_did(&api, &recorded);
    verified(&home);
    is_written_to(&api);
    verified(&home);
    let fresh = Home::new(server.backend);
    assert!(fresh.run("migrate", &[]).status.success());
    let [old, new] = [&home, &fresh].map(|home| catalog(&Database::of(home, Cluster::shared)));
    assert_eq!(old, new, "the schema is not that of a new database");
}

#[test]
fn a_database_of_an_earlier_release_goes_on_on_sqlite() {
    for name in kept(".sqlite.gz") {
        goes_on(home_on_sqlite(&name), &unpacked(&format!("{name}.sqlite.json.gz")));
    }
}

#[test]
fn a_database_of_an_earlier_release_goes_on_on_postgres() {
    for name in kept(".postgres.sql.gz") {
        goes_on(home_on_postgres(&name), &unpacked(&format!("{name}.postgres.json.gz")));
    }
}

#[test]
fn a_backup_of_an_earlier_release_goes_on_in_the_other_database() {
    for name in kept(".sqlite.gz") {
        let home = moved(home_on_sqlite(&name), Backend::Postgres);
        goes_on(home, &unpacked(&format!("{name}.sqlite.json.gz")));
    }
    for name in kept(".postgres.sql.gz") {
        let home = moved(home_on_postgres(&name), Backend::Sqlite);
        goes_on(home, &unpacked(&format!("{name}.postgres.json.gz")));
    }
}
