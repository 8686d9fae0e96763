//! What was backed up comes back: whole, on either database, and only where nothing is.

use crate::both;
use crate::support::cluster::Cluster;
use crate::support::server::Home;
use crate::support::{Api, Backend, Server};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    String::from_utf8_lossy(&output.stdout).into_owned()
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

/// The lines of a backup but the first, which tells when it was made, and the last, which tells their digest.
fn content(path: &Path) -> Vec<String> {
    let mut all = String::new();
    GzDecoder::new(std::fs::File::open(path).expect("the backup")).read_to_string(&mut all).expect("text");
    let lines: Vec<String> = all.lines().map(str::to_owned).collect();
    lines[1..lines.len() - 1].to_vec()
}

/// Everything clients see of an organisation by its ledger and some lists.
fn seen(api: &Api) -> Vec<Value> {
    let paths = [
        "/changes?limit=500&include=body",
        "/services?limit=500",
        "/components?limit=500",
        "/risks?limit=500",
        "/plans?limit=500",
    ];
    paths.map(|path| api.get(path).expect(200).json()).to_vec()
}

/// The example as it is served, and its backup taken meanwhile.
fn example(backend: Backend) -> (Arc<Home>, Arc<Server>, PathBuf) {
    let home = home(backend);
    let server = Server::start_at(&home, "demo", &[]);
    let file = home.folder.join("demo.backup");
    let told = done(&home, "backup", &[text(&file)]);
    assert!(told.contains("sha256"), "{told}");
    (home, server, file)
}

fn reader(server: &Arc<Server>) -> Api {
    server.client("demo", "ana", &["it_service_continuity_manager", "administrator"])
}

fn comes_back(from: Backend, to: Backend) {
    let (_home, server, file) = example(from);
    let before = seen(&reader(&server));
    let target = home(to);
    done(&target, "restore", &[text(&file)]);
    done(&target, "verify", &[]);
    let again = target.folder.join("again.backup");
    done(&target, "backup", &[text(&again)]);
    let (one, other) = (content(&file), content(&again));
    if from == to {
        assert!(one == other, "the backup of what was restored is another one");
    }
    assert_eq!(one.len(), other.len());
    let restored = Server::start_at(&target, "serve", &[]);
    assert_eq!(seen(&reader(&restored)), before);
    // It goes on from there.
    let api = reader(&restored);
    let site = api.create("sites", &json!({"name": "After the restore", "kind": "office"}));
    assert_eq!(site["version"], json!(1));
    assert!(api.seq() > 0);
}

#[test]
fn a_backup_of_an_embedded_database_comes_back_as_one() {
    comes_back(Backend::Sqlite, Backend::Sqlite);
}

#[test]
fn a_backup_of_postgresql_comes_back_there() {
    comes_back(Backend::Postgres, Backend::Postgres);
}

#[test]
fn an_embedded_database_moves_to_postgresql() {
    comes_back(Backend::Sqlite, Backend::Postgres);
}

#[test]
fn postgresql_moves_to_an_embedded_database() {
    comes_back(Backend::Postgres, Backend::Sqlite);
}

both! {
    fn a_backup_is_of_one_moment_while_others_write(server) {
        let own = home(server.backend);
        let busy = Server::start_at(&own, "serve", &[]);
        let api = busy.fresh_organization();
        let stop = AtomicBool::new(false);
        let file = own.folder.join("busy.backup");
        std::thread::scope(|threads| {
            for writer in 0..3 {
                let (api, stop) = (&api, &stop);
                threads.spawn(move || {
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let draft = json!({"name": format!("{writer} {n}"), "kind": "office", "tags": ["a", "b"]});
                        api.create("sites", &draft);
                    }
                });
            }
            while api.seq() < 20 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            done(&own, "backup", &[text(&file)]);
            stop.store(true, Ordering::Relaxed);
        });
        let target = home(server.backend);
        done(&target, "restore", &[text(&file)]);
        let told = done(&target, "verify", &[]);
        assert!(told.contains("verified"), "{told}");
        let restored = Server::start_at(&target, "serve", &[]);
        let there = restored.client(&api.organization, "ana", &["administrator"]);
        let seq = there.seq();
        assert!((20..=api.seq()).contains(&seq), "{seq}");
        assert_eq!(there.get("/sites?count=true&limit=1").expect(200).json()["total"], json!(seq));
    }
}

both! {
    fn nothing_is_overwritten_and_nothing_half_is_taken(server) {
        let (source, _running, file) = example(server.backend);
        refused(&source, "backup", &[text(&file)], "it is there already");
        refused(&source, "restore", &[text(&file)], if server.backend == Backend::Sqlite { "another holdfast" } else { "holds something" });
        let bytes = std::fs::read(&file).expect("the backup");
        let target = home(server.backend);
        for (name, bytes) in [("cut", bytes[..bytes.len() / 2].to_vec()), ("none", b"something else".to_vec())] {
            let part = target.folder.join(name);
            std::fs::write(&part, &bytes).expect("a file");
            refused(&target, "restore", &[text(&part), "--check"], "backup");
            refused(&target, "restore", &[text(&part)], "backup");
            assert!(!target.data().join("holdfast.db").exists(), "a half database appeared");
        }
        // Killed in the middle of it.
        let mut command = target.command("restore");
        let mut child = command.arg("-").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(&bytes[..bytes.len() / 2]).expect("half a backup");
        std::thread::sleep(std::time::Duration::from_millis(500));
        child.kill().expect("our child");
        child.wait().expect("our child");
        assert!(!target.data().join("holdfast.db").exists(), "a half database appeared");
        done(&target, "restore", &[text(&file), "--check"]);
        done(&target, "restore", &[text(&file)]);
        done(&target, "verify", &[]);
        refused(&target, "restore", &[text(&file)], "holds something");
    }
}

/// A stand-in for the program: it marks what it has had in hands.
const AGE: &str = "#!/bin/sh\nif [ \"$1\" = --encrypt ]; then echo \"for $3\"; exec cat; fi\n[ \"$1\" = --decrypt ] && head -n 1 >/dev/null && exit 3\nexit 4\n";

#[test]
fn the_key_goes_into_an_encrypted_backup_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Arc::new(Home::new(Backend::Sqlite));
    drop(Server::start_at(&home, "serve", &[]));
    refused(&home, "backup", &["one.backup", "--with-key"], "--age-recipient");
    let programs = home.folder.join("programs");
    std::fs::create_dir(&programs).expect("a folder");
    std::fs::write(programs.join("age"), AGE).expect("a program");
    std::fs::set_permissions(programs.join("age"), PermissionsExt::from_mode(0o755)).expect("it can be run");
    let path = format!("{}:{}", text(&programs), std::env::var("PATH").unwrap_or_default());
    let file = home.folder.join("two.backup");
    let run = |subcommand: &str, arguments: &[&str]| {
        home.command(subcommand).args(arguments).env("PATH", &path).stdin(Stdio::null()).output().expect("it starts")
    };
    let output = run("backup", &[text(&file), "--with-key", "--age-recipient", "age1somebody"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(&file).expect("the backup");
    let mark = b"for age1somebody\n";
    assert!(bytes.starts_with(mark), "it did not go through the program");
    let plain = home.folder.join("plain.backup");
    std::fs::write(&plain, &bytes[mark.len()..]).expect("a file");
    assert!(content(&plain).iter().any(|line| line.starts_with("{\"file\":{\"name\":\"local-issuer.key\"")));
    let output = run("restore", &[text(&file), "--age-identity", "none", "--data-dir", text(&home.folder.join("new"))]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("age"), "what the program says counts");
    // The key comes back where there is none.
    let other = Home::new(Backend::Sqlite);
    done(&other, "restore", &[text(&plain)]);
    assert_eq!(
        std::fs::read(other.data().join("local-issuer.key")).expect("a key"),
        std::fs::read(home.data().join("local-issuer.key")).expect("a key")
    );
}
