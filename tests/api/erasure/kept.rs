//! What is kept beside and after the service: backups, tables made anew, and deleted contacts until their retention is over.

use super::{Scene, erase, person, tells_nobody};
use crate::prepared::id;
use crate::support::cluster::Cluster;
use crate::support::server::Home;
use crate::support::token::ALL_POWERFUL;
use crate::support::{Api, Backend, Server};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[track_caller]
fn done(home: &Home, subcommand: &str, arguments: &[&str]) -> String {
    let output = home.run(subcommand, arguments);
    assert!(output.status.success(), "{subcommand}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn home(backend: Backend) -> Arc<Home> {
    Arc::new(match backend {
        Backend::Sqlite => Home::new(Backend::Sqlite),
        Backend::Postgres => Home::on_disk(Some(Cluster::shared().database())),
    })
}

fn backups_and_tables_made_anew_tell_nobody(backend: Backend) {
    let at = home(backend);
    let server = Server::start_at(&at, "serve", &[]);
    let api = server.client("acme", "ana", &ALL_POWERFUL);
    let scene = Scene::new(api.clone());
    let gone = api.create("contacts", &json!({"name": "Quirina Zwetschke", "email": "quirina.z@example.org"}));
    api.delete(&format!("/contacts/{}", id(&gone))).expect(204);
    erase(&api, &gone).expect(200);
    erase(&api, &scene.contact).expect(200);
    let told = done(&at, "verify", &[]);
    assert!(told.contains("3 entries have an erased body"), "{told}");
    let file = at.folder.join("erased.backup");
    let file = file.to_str().expect("a plain path");
    done(&at, "backup", &[file]);
    let mut content = String::new();
    GzDecoder::new(std::fs::File::open(file).expect("the backup")).read_to_string(&mut content).expect("text");
    tells_nobody("the backup", &content);
    let before = api.get("/changes?limit=1000&include=body").expect(200).json();
    server.terminate(Duration::from_secs(30));
    done(&at, "rebuild", &[]);
    let target = home(backend);
    done(&target, "restore", &[file]);
    for place in [&at, &target] {
        assert!(done(place, "verify", &[]).contains("3 entries have an erased body"));
        let again = Server::start_at(place, "serve", &[]).client("acme", "ana", &ALL_POWERFUL);
        assert_eq!(again.get("/changes?limit=1000&include=body").expect(200).json(), before);
        let left = again.get(&format!("/contacts/{}", id(&scene.contact))).expect(200).json();
        assert_eq!(left["name"], json!("Erased contact"));
        again.server.kill();
    }
}

#[test]
fn backups_and_tables_made_anew_tell_nobody_on_sqlite() {
    backups_and_tables_made_anew_tell_nobody(Backend::Sqlite);
}

#[test]
fn backups_and_tables_made_anew_tell_nobody_on_postgres() {
    backups_and_tables_made_anew_tell_nobody(Backend::Postgres);
}

/// The service looks for what is due when it starts, and every hour.
fn deleted_contacts_are_erased_when_their_retention_is_over(backend: Backend) {
    let at = home(backend);
    let server = Server::start_at(&at, "serve", &[]);
    let (api, keeps) = (server.client("acme", "ana", &ALL_POWERFUL), server.client("keeps", "ana", &ALL_POWERFUL));
    let later = server.client("later", "ana", &ALL_POWERFUL);
    let contacts: Vec<(Api, Value)> = [&api, &keeps, &later].map(|api| (api.clone(), api.create("contacts", &person()))).into();
    let there = api.create("contacts", &json!({"key": "THERE", "name": "Still there"}));
    for (api, contact) in &contacts {
        api.delete(&format!("/contacts/{}", id(contact))).expect(204);
    }
    api.put("/settings", &json!({"retention": {"deleted_contacts_days": 0}})).expect(200);
    later.put("/settings", &json!({"retention": {"deleted_contacts_days": 1}})).expect(200);
    server.terminate(Duration::from_secs(30));
    let server = Server::start_at(&at, "serve", &[]);
    let again = |api: &Api| server.client(&api.organization, "ana", &ALL_POWERFUL);
    let history = |api: &Api, contact: &Value| again(api).get(&format!("/contacts/{}/history", id(contact))).expect(200).items();
    let deadline = Instant::now() + Duration::from_secs(20);
    while history(&api, &contacts[0].1).len() < 3 {
        assert!(Instant::now() < deadline, "the contact was not erased");
        std::thread::sleep(Duration::from_millis(50));
    }
    let erased = history(&api, &contacts[0].1);
    tells_nobody("the history", &json!(erased).to_string());
    assert_eq!((&erased[0]["by"], &erased[2]["erased"]), (&json!("holdfast"), &json!(true)));
    for (api, contact) in &contacts[1..] {
        assert!(json!(history(api, contact)).to_string().contains("Zwetschke"), "{}", api.organization);
    }
    assert_eq!(history(&api, &there).len(), 1);
    done(&at, "verify", &[]);
    // There is nothing left to do the next time.
    server.terminate(Duration::from_secs(30));
    let seq = {
        let server = Server::start_at(&at, "serve", &[]);
        std::thread::sleep(Duration::from_millis(500));
        server.client("acme", "ana", &ALL_POWERFUL).seq()
    };
    assert_eq!(json!(seq), erased[0]["seq"]);
}

#[test]
fn deleted_contacts_are_erased_when_their_retention_is_over_on_sqlite() {
    deleted_contacts_are_erased_when_their_retention_is_over(Backend::Sqlite);
}

#[test]
fn deleted_contacts_are_erased_when_their_retention_is_over_on_postgres() {
    deleted_contacts_are_erased_when_their_retention_is_over(Backend::Postgres);
}
