//! Tokens that are ended before their time, by the command line, while the service runs.

use super::merged;
use crate::both;
use crate::support::server::Home;
use crate::support::token::{ALL_POWERFUL, claims, header, now, sign};
use crate::support::{Api, Backend, Server, fresh};
use serde_json::{Value, json};
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).expect("UTF-8")
}

#[track_caller]
fn run(server: &Server, arguments: &[&str]) -> String {
    let output = server.home.run("token", arguments);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

fn minted(server: &Arc<Server>, organization: &str) -> Api {
    let arguments = ["--organization", organization, "--subject", "cli", "--role", "administrator"];
    let output = server.home.run("token", &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let token = String::from_utf8(output.stdout).expect("UTF-8");
    server.with_token(organization, token.trim())
}

fn token_of(api: &Api) -> &str {
    api.token.as_deref().expect("a token")
}

/// Waits until the token counts no more, and tells how long that took.
#[track_caller]
fn ended(api: &Api) -> Duration {
    let begin = Instant::now();
    loop {
        let answer = api.get("/sites");
        if answer.status() == 401 {
            return begin.elapsed();
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{}", answer.story());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn refusals(server: &Server) -> Vec<Value> {
    let log = std::fs::read_to_string(server.home.folder.join("log")).expect("a log");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.map(|line| line["refusal"].clone()).filter(|word| !word.is_null()).collect()
}

both! {
    fn a_revoked_token_opens_nothing_five_seconds_later_and_others_go_on(server) {
        let organization = format!("org-{}", fresh());
        let base = claims(&organization, "ana", &ALL_POWERFUL);
        let with = |more: Value| server.with_token(&organization, &server.token(&merged(base.clone(), more)));
        let (one, two) = (with(json!({"jti": format!("one-{}", fresh())})), with(json!({"jti": format!("two-{}", fresh())})));
        let nameless = [with(json!({"nonce": 1})), with(json!({"nonce": 2}))];
        let jti = format!("three-{}", fresh());
        let three = with(json!({"jti": jti}));
        // All of them are remembered by now.
        for api in [&one, &two, &three, &nameless[0], &nameless[1]] {
            api.get("/sites").expect(200);
        }
        let printed = run(server, &["--revoke", token_of(&one), "--reason", "left on a train"]);
        assert!(printed.contains("is revoked") && !printed.contains(token_of(&one)), "{printed}");
        run(server, &["--revoke", token_of(&nameless[0])]);
        run(server, &["--revoke", &jti]);
        for api in [&one, &nameless[0], &three] {
            ended(api);
            let refused = api.get("/sites");
            refused.refused(401, "unauthenticated");
            assert!(refused.text().contains("has been revoked"), "{}", refused.story());
        }
        two.get("/sites").expect(200);
        nameless[1].get("/sites").expect(200);
        assert!(run(server, &["--revoke", token_of(&one)]).contains("was revoked before"));
        assert!(refusals(server).contains(&json!("revoked")));
        let log = std::fs::read_to_string(server.home.folder.join("log")).expect("a log");
        assert!(!log.contains(token_of(&one)) && !log.contains(&jti));
    }

    fn what_cannot_be_revoked_is_told(server) {
        let ended = merged(claims("default", "ana", &[]), json!({"exp": now() - 60, "jti": "old"}));
        assert!(run(server, &["--revoke", &server.token(&ended)]).contains("has ended by itself"));
        let cut = server.token(&claims("default", "ana", &[]));
        for wrong in [&cut[..cut.len() - 2], &cut[..80], "", " x", "Bearer x"] {
            let output = server.home.run("token", &["--revoke", wrong]);
            assert_eq!(output.status.code(), Some(1), "{wrong:?}: {}", said(&output));
        }
        let nowhere = server.home.folder.join("elsewhere");
        let output = server.home.run("token", &["--revoke", "x", "--data-dir", &nowhere.to_string_lossy()]);
        assert!(!output.status.success() && !nowhere.exists(), "{}", said(&output));
    }
}

#[test]
fn a_damaged_list_stays_in_force_as_it_was_and_keeps_the_service_from_starting() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    let (gone, kept) = (minted(&server, "default"), minted(&server, "default"));
    run(&server, &["--revoke", token_of(&gone)]);
    ended(&gone);
    let list = home.data().join("revoked-tokens");
    let whole = std::fs::read(&list).expect("a list");
    std::fs::write(&list, &whole[..whole.len() - 10]).expect("our file");
    std::thread::sleep(Duration::from_millis(2500));
    gone.get("/sites").refused(401, "unauthenticated");
    kept.get("/sites").expect(200);
    let output = home.run("token", &["--revoke", token_of(&kept)]);
    assert!(!output.status.success() && said(&output).contains("revoked-tokens"), "{}", said(&output));
    std::fs::remove_file(&list).expect("our file");
    std::thread::sleep(Duration::from_millis(2500));
    gone.get("/sites").refused(401, "unauthenticated");
    server.kill();
    std::fs::write(&list, "nonsense").expect("our file");
    let output = home.run("serve", &["--listen", "127.0.0.1:0"]);
    assert!(output.status.code() == Some(1) && said(&output).contains("revoked-tokens"), "{}", said(&output));
    std::fs::remove_file(&list).expect("our file");
    drop(Server::start_at(&home, "serve", &[]));
}

#[test]
fn a_revocation_outlives_a_restart_and_needs_no_database() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_at(&home, "serve", &[]);
    let gone = minted(&server, "default");
    server.kill();
    run(&server, &["--revoke", token_of(&gone)]);
    let token = token_of(&gone).to_owned();
    drop((server, gone));
    let server = Server::start_at(&home, "serve", &[]);
    server.with_token("default", &token).get("/sites").refused(401, "unauthenticated");
}

#[test]
fn a_new_key_signs_at_once_and_the_one_before_counts_until_its_tokens_have_ended() {
    let home = Arc::new(Home::new(Backend::Sqlite));
    let server = Server::start_set(&home, &[("HOLDFAST_AUTH__MAX_TOKEN_LIFETIME_SECONDS", "3600")]);
    let before = minted(&server, "default");
    before.get("/sites").expect(200);
    let printed = run(&server, &["--rotate-key"]);
    assert!(printed.contains("signs from now on"), "{printed}");
    let after = minted(&server, "default");
    let begin = Instant::now();
    while after.get("/sites").status() != 200 {
        assert!(begin.elapsed() < Duration::from_secs(5), "the new key is not seen");
        std::thread::sleep(Duration::from_millis(50));
    }
    before.get("/sites").expect(200);
    run(&server, &["--rotate-key", "--now"]);
    ended(&before);
    ended(&after);
    minted(&server, "default").get("/sites").expect(200);
    // Whoever has stolen the key signs in vain.
    let forged = sign(server.key(), &header(), &claims("default", "eve", &ALL_POWERFUL));
    server.with_token("default", &forged).get("/sites").refused(401, "unauthenticated");
    assert!(refusals(&server).contains(&json!("unknown_key")));
}
