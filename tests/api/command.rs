//! The command line as an operator uses it.

use crate::support::server::{Home, at_a_terminal, program};
use crate::support::{Backend, Server};
use serde_json::json;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

fn first_start(backend: Backend) {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let printed = server.printed();
    let place = home.data().join("first-token");
    assert!(printed.iter().any(|line| line.contains(&place.display().to_string())), "{printed:?}");
    assert!(!printed.iter().any(|line| line.contains("eyJ")), "a token in what may be kept for all to read: {printed:?}");
    let log = std::fs::read_to_string(home.folder.join("log")).expect("a log");
    assert!(log.contains(&place.display().to_string()) && !log.contains("eyJ"), "{log}");
    assert_eq!(mode(&place), 0o600);
    let token = std::fs::read_to_string(&place).expect("a first token");
    let api = server.with_token("default", token.trim());
    assert!(api.get("/me").expect(200).text().contains("default"));
    api.create("sites", &json!({"name": "First", "kind": "office"}));
    assert!(printed.iter().any(|line| line.contains("docs: http://")), "{printed:?}");
    server.kill();
    std::fs::remove_file(&place).expect("the file goes");
    let again = Server::start_at(&home, "serve", &[]);
    let printed = again.printed();
    assert!(!printed.iter().any(|line| line.contains("token")), "{printed:?}");
    assert!(!place.exists(), "a second first token");
    let api = again.with_token("default", token.trim());
    assert_eq!(api.get("/sites").expect(200).items().len(), 1);
}

#[test]
fn the_first_start_leaves_one_token_for_the_owner_of_the_files_on_sqlite() {
    first_start(Backend::Sqlite);
}

#[test]
fn the_first_start_leaves_one_token_for_the_owner_of_the_files_on_postgres() {
    first_start(Backend::Postgres);
}

#[test]
fn the_first_start_at_a_terminal_shows_the_token_and_leaves_no_file() {
    let home = Home::new(Backend::Sqlite);
    let mut child = at_a_terminal(&home.command("serve"), "--listen 127.0.0.1:0").spawn().expect("the command script");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines().map_while(Result::ok);
    let token = lines.into_iter().find_map(|line| line.trim().strip_prefix("token: ").map(str::to_owned));
    child.kill().expect("our child");
    child.wait().expect("our child");
    assert_eq!(token.expect("a token").split('.').count(), 3);
    assert!(!home.data().join("first-token").exists());
}

#[test]
fn what_the_service_keeps_is_for_its_owner_alone() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    server.fresh_organization().create("sites", &json!({"name": "First", "kind": "office"}));
    assert_eq!(mode(&home.data()), 0o700);
    let kept = || std::fs::read_dir(home.data()).expect("the folder").map(|file| file.expect("a file").path());
    let names: Vec<_> = kept().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned())).collect();
    for name in ["holdfast.db", "holdfast.db-wal", "holdfast.db-shm", "local-issuer.key"] {
        assert!(names.iter().any(|one| one == name), "{name} is not among {names:?}");
    }
    for file in kept() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    server.kill();
    // As earlier releases left them.
    for file in kept().filter(|file| !file.ends_with("local-issuer.key")) {
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("our file");
    }
    drop(Server::start_at(&home, "serve", &[]));
    for name in ["holdfast.db", "holdfast.db-wal", "holdfast.db-shm"] {
        assert_eq!(mode(&home.data().join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_way_to_mend_it() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    Server::start_at(&home, "serve", &[]).kill();
    let key = home.data().join("local-issuer.key");
    let asked = ["--organization", "default", "--subject", "ana", "--role", "user"];
    for open in [0o640, 0o604, 0o644, 0o620] {
        std::fs::set_permissions(&key, Permissions::from_mode(open)).expect("our file");
        for (subcommand, arguments) in [("serve", &["--listen", "127.0.0.1:0"][..]), ("token", &asked)] {
            let output = home.run(subcommand, arguments);
            let said = text(&output);
            assert_eq!(output.status.code(), Some(1), "{subcommand} {open:o}: {said}");
            assert!(said.contains(&format!("chmod 600 {}", key.display())), "{said}");
            assert!(said.contains(&format!("{open:04o}")), "{said}");
        }
    }
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("our file");
    drop(Server::start_at(&home, "serve", &[]));
}

#[test]
fn no_token_is_made_with_a_key_that_no_service_has() {
    let home = Home::new(Backend::Sqlite);
    let arguments = ["--organization", "default", "--subject", "ana", "--role", "user"];
    let output = home.run("token", &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("start it first"), "{}", text(&output));
    assert!(!home.data().exists(), "something was made");
}

fn an_unknown_organisation_is_noticed(backend: Backend) {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let asked = |organization: &str| {
        let output = home.run("token", &["--organization", organization, "--subject", "ana", "--role", "auditor"]);
        assert!(output.status.success(), "{}", text(&output));
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(token.split('.').count(), 3, "{token}");
        (token, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(asked("default").1, "");
    let (token, warned) = asked("defualt");
    assert!(warned.contains("\"defualt\"") && warned.contains("no organisation"), "{warned}");
    server.with_token("defualt", &token).get("/me").expect(200);
    assert_eq!(asked("defualt").1, "", "it is there now");
    server.kill();
    // The day nothing else works is the day a token is needed.
    let lost = home.data().join("elsewhere");
    let url = format!("sqlite:{}", lost.display());
    let arguments = ["--organization", "default", "--subject", "ana", "--role", "auditor", "--database-url", &url];
    let mut command = program();
    let output = command.arg("token").arg("--data-dir").arg(home.data()).args(arguments).output().expect("the program starts");
    assert!(output.status.success() && text(&output).contains("could not be seen"), "{}", text(&output));
    assert!(!lost.exists());
}

#[test]
fn a_token_for_an_organisation_that_is_not_there_comes_with_a_warning_on_sqlite() {
    an_unknown_organisation_is_noticed(Backend::Sqlite);
}

#[test]
fn a_token_for_an_organisation_that_is_not_there_comes_with_a_warning_on_postgres() {
    an_unknown_organisation_is_noticed(Backend::Postgres);
}

fn demo(backend: Backend) {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "demo", &[]);
    let api = server.client("demo", "ana", &["administrator"]);
    let services = api.get("/services?count=true").expect(200).json()["total"].as_u64();
    assert!(services.is_some_and(|services| services > 0), "{services:?}");
    let before = api.seq();
    server.kill();
    let again = Server::start_at(&home, "demo", &[]);
    assert_eq!(again.client("demo", "ana", &["administrator"]).seq(), before, "the example was loaded twice");
}

#[test]
fn the_demonstration_has_an_example_on_sqlite() {
    demo(Backend::Sqlite);
}

#[test]
fn the_demonstration_has_an_example_on_postgres() {
    demo(Backend::Postgres);
}

fn verify(backend: Backend) {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.fresh_organization();
    for n in 0..5 {
        api.create("sites", &json!({"name": format!("Site {n}"), "kind": "office"}));
    }
    let running = home.run("verify", &[]);
    assert!(running.status.success(), "{}", text(&running));
    assert!(text(&running).contains("verified"), "{}", text(&running));
    server.kill();
    assert!(home.run("verify", &[]).status.success());
}

#[test]
fn a_ledger_is_verified_while_the_service_runs_and_after_on_sqlite() {
    verify(Backend::Sqlite);
}

#[test]
fn a_ledger_is_verified_while_the_service_runs_and_after_on_postgres() {
    verify(Backend::Postgres);
}

#[test]
fn health_is_asked_from_the_command_line() {
    let server = Server::shared(Backend::Sqlite);
    let good = program().args(["healthcheck", "--url", &format!("http://{}/readyz", server.address)]).output();
    let good = good.expect("the program starts");
    assert!(good.status.success(), "{}", text(&good));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let bad = program().args(["healthcheck", "--url", &format!("http://{nobody}/readyz")]).output();
    assert_eq!(bad.expect("the program starts").status.code(), Some(1));
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let url = "postgres://holdfast:pa55word@db.example.org/holdfast";
    let output = program().args(["check-config", "--database-url", url]).output().expect("the program starts");
    assert!(output.status.success(), "{}", text(&output));
    assert!(!text(&output).contains("pa55word"), "{}", text(&output));
    assert!(text(&output).contains("[redacted]"), "{}", text(&output));
}

fn the_database_is_tried_when_that_is_asked(backend: Backend) {
    let home = Arc::new(Home::new(backend));
    let untried = home.run("check-config", &[]);
    assert!(untried.status.success() && !text(&untried).contains("can be worked with"));
    drop(Server::start_at(&home, "serve", &[]));
    let tried = home.run("check-config", &["--connect"]);
    assert!(tried.status.success() && text(&tried).contains("schema up to date"), "{}", text(&tried));
}

#[test]
fn the_database_is_tried_when_that_is_asked_on_sqlite() {
    the_database_is_tried_when_that_is_asked(Backend::Sqlite);
}

#[test]
fn the_database_is_tried_when_that_is_asked_on_postgres() {
    the_database_is_tried_when_that_is_asked(Backend::Postgres);
}

#[test]
fn a_database_that_does_not_do_is_told_by_its_cause() {
    let server = Home::new(Backend::Postgres).database_url.clone().expect("a URL");
    let with = |parameter: &str| format!("{server}{}{parameter}", if server.contains('?') { '&' } else { '?' });
    for (url, cause) in [
        ("postgres://nobody:pa55word@127.0.0.1:1/x?sslmode=disable".to_owned(), "database"),
        (with("sslmode=allow"), "sslmode=allow"),
        (with("sslrootcert=/not/there.pem&sslmode=require"), "sslrootcert /not/there.pem"),
        (with("sslcert=mine.pem"), "sslcert"),
        (with("pgbouncer=true"), "pool_mode"),
    ] {
        let output = program().args(["check-config", "--connect", "--database-url", &url]).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{cause}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(cause) && !told.contains("pa55word"), "{cause}: {told}");
    }
    let many = program()
        .args(["check-config", "--connect", "--database-url", &server])
        .env("HOLDFAST_LIMITS__POSTGRES_CONNECTIONS", "1000")
        .output()
        .expect("the program starts");
    assert!(!many.status.success() && text(&many).contains("max_connections"), "{}", text(&many));
}

#[test]
fn a_wrong_command_line_is_refused_with_a_word_of_help() {
    for arguments in [&["nonsense"][..], &["serve", "--nonsense"], &["token"], &["serve", "--listen", "nowhere"]] {
        let output = program().args(arguments).current_dir(std::env::temp_dir()).output().expect("the program starts");
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
        assert!(!text(&output).contains("panicked"), "{}", text(&output));
    }
}

#[test]
fn an_embedded_database_is_served_by_one_process_alone() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    let second = home.run("serve", &["--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    assert!(text(&second).contains("another holdfast serves this database"), "{}", text(&second));
    // Looking is allowed, and a killed process leaves no lock behind.
    assert!(home.run("verify", &[]).status.success());
    server.kill();
    drop(Server::start_at(&home, "serve", &[]));
}

#[test]
fn an_organisation_deleted_through_one_instance_takes_no_writes_through_another() {
    let home = Arc::new(Home::new(Backend::Postgres));
    let (one, other) = (Server::start_at(&home, "serve", &[]), Server::start_at(&home, "serve", &[]));
    let site = json!({"name": "Here", "kind": "other"});
    let there = other.client("short-lived", "ana", &["it_service_continuity_manager"]);
    let kept = there.create("sites", &site);
    let operator = one.client("default", "operator", &["administrator"]);
    operator.delete("/organizations/key:short-lived").refused(409, "still_referenced");
    there.delete(&format!("/sites/{}", kept["id"].as_str().expect("an id"))).expect(204);
    operator.delete("/organizations/key:short-lived").expect(204);
    // The other instance remembers the organisation for a few seconds; its database does not.
    there.post("/sites", &site).refused(403, "forbidden");
}
