use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::example::EXAMPLE;
use super::super::local::Grant;
use super::super::revocations::Revocation;
use super::super::scratch::Scratch;
use super::super::settings::IssuerConfig;
use super::*;
use crate::model::{Action, Role};
use signer::{RSA, Signer, encoded};

mod signer;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example.org";

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": "holdfast", "sub": "ana", "org": "acme", "roles": ["auditor"], "exp": NOW + 600})
}

fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn settings(issuer: Value) -> AuthConfig {
    let mut issuer = issuer;
    issuer["issuer"] = json!(ISSUER);
    issuer["audience"] = json!("holdfast");
    issuer["roles_as_named"] = json!(true);
    issuer["organizations_as_named"] = json!(true);
    let issuer: IssuerConfig = serde_json::from_value(issuer).unwrap();
    AuthConfig { issuers: vec![issuer], ..AuthConfig::default() }
}

fn verifier_of(scratch: &Scratch, keys: &[Value]) -> Verifier {
    let file = scratch.path().join("issuer.json");
    fs::write(&file, jwks(keys)).unwrap();
    Verifier::new(&settings(json!({ "jwks_file": file })), scratch.path(), EXAMPLE).unwrap()
}

#[tokio::test]
async fn a_token_of_the_local_issuer_is_accepted_until_thirty_seconds_after_its_end() {
    let scratch = Scratch::new();
    let verifier = Verifier::new(&AuthConfig::default(), scratch.path(), EXAMPLE).unwrap();
    let scopes = ["services:read".to_owned()];
    let grant =
        Grant { subject: "ana", organization: "default", roles: &[Role::ApplicationManager], scopes: &scopes, ttl_seconds: 60 };
    let token = verifier.local_key().unwrap().mint(&grant, EXAMPLE, NOW).unwrap();
    // Twice, for the second answer comes from memory.
    for _ in 0..2 {
        let identity = verifier.verify(&token, NOW).await.unwrap();
        assert!(identity.local && identity.may("services", Action::Read));
        assert!(!identity.may("services", Action::Write));
        assert!(verifier.verify(&token, NOW + 89).await.is_ok());
    }
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, NOW + 90).await.err(), Some(Rejection::Expired));
    }
    let other = Scratch::new();
    let elsewhere = Verifier::new(&AuthConfig::default(), other.path(), EXAMPLE).unwrap();
    assert_eq!(elsewhere.verify(&token, NOW).await.err(), Some(Rejection::Signature));
}

fn minted(key: &LocalKey) -> String {
    let grant = Grant { subject: "ana", organization: "default", roles: &[Role::User], scopes: &[], ttl_seconds: 600 };
    key.mint(&grant, EXAMPLE, NOW).unwrap()
}

#[tokio::test]
async fn a_revoked_token_counts_no_more_also_where_it_is_remembered() {
    let scratch = Scratch::new();
    let ed = Signer::ed();
    let verifier = verifier_of(&scratch, &[ed.jwk("o")]);
    let mut named = claims();
    named["jti"] = json!("one");
    let (one, two) = (ed.token("EdDSA", "o", &named), ed.token("EdDSA", "o", &claims()));
    let own = minted(verifier.local_key().unwrap());
    for token in [&one, &two, &own] {
        verifier.verify(token, NOW).await.unwrap();
        let revocation = Revocation::of(token, None, 86_400, NOW).unwrap();
        Revocations::add(scratch.path(), revocation, NOW).unwrap();
        verifier.look_again();
        assert_eq!(verifier.verify(token, NOW).await.err(), Some(Rejection::Revoked));
    }
    assert!(verifier.verify(&minted(verifier.local_key().unwrap()), NOW).await.is_ok());
    // Nothing that happens to the file brings them back.
    for damage in ["", "{\"revoked_tokens\":9}\n"] {
        fs::write(Revocations::path(scratch.path()), damage).unwrap();
        verifier.look_again();
        assert_eq!(verifier.verify(&one, NOW).await.err(), Some(Rejection::Revoked));
    }
    fs::remove_file(Revocations::path(scratch.path())).unwrap();
    verifier.look_again();
    assert_eq!(verifier.verify(&one, NOW).await.err(), Some(Rejection::Revoked));
}

#[tokio::test]
async fn tokens_of_an_earlier_key_count_until_the_last_of_them_has_ended() {
    let scratch = Scratch::new();
    let verifier = Verifier::new(&AuthConfig::default(), scratch.path(), EXAMPLE).unwrap();
    let longest = AuthConfig::default().max_token_lifetime_seconds;
    let key = LocalKey::load(scratch.path()).unwrap().unwrap();
    let (before, until) = (minted(&key), NOW + longest + 30);
    verifier.verify(&before, NOW).await.unwrap();
    LocalKey::rotate(scratch.path(), longest, false, NOW).unwrap();
    let after = minted(&LocalKey::load(scratch.path()).unwrap().unwrap());
    assert_eq!(verifier.verify(&after, NOW).await.err(), Some(Rejection::UnknownKey));
    verifier.look_again();
    for token in [&before, &after] {
        assert!(verifier.verify(token, NOW).await.is_ok());
    }
    // Signed with the old key after the rotation, and remembered: it counts no longer than that key.
    let grant = Grant { subject: "eve", organization: "default", roles: &[Role::User], scopes: &[], ttl_seconds: longest };
    let late = key.mint(&grant, EXAMPLE, until - 10).unwrap();
    for (now, expected) in [(until - 1, None), (until, Some(Rejection::UnknownKey))] {
        assert_eq!(verifier.verify(&late, now).await.err(), expected);
    }
    LocalKey::rotate(scratch.path(), longest, true, NOW).unwrap();
    verifier.look_again();
    for token in [&before, &after] {
        assert_eq!(verifier.verify(token, NOW).await.err(), Some(Rejection::UnknownKey));
    }
    // A start finds what is in force.
    let anew = Verifier::new(&AuthConfig::default(), scratch.path(), EXAMPLE).unwrap();
    assert!(anew.verify(&minted(anew.local_key().unwrap()), NOW).await.is_ok());
    assert_eq!(anew.verify(&before, NOW).await.err(), Some(Rejection::UnknownKey));
}

#[test]
fn a_check_can_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    let scratch = Scratch::new();
    let verifier = Verifier::new(&AuthConfig::default(), scratch.path(), EXAMPLE).unwrap();
    moves(&verifier.verify("", NOW));
}

#[tokio::test]
async fn every_algorithm_of_the_key_set_is_accepted_and_marks_the_bearer_as_foreign() {
    let scratch = Scratch::new();
    let (rsa, ec, ed) = (Signer::rsa(), Signer::ec(), Signer::ed());
    let verifier = verifier_of(&scratch, &[rsa.jwk("r"), ec.jwk("e"), ed.jwk("o")]);
    for (signer, algorithm, kid) in [(&rsa, "RS256", "r"), (&rsa, "PS256", "r"), (&ec, "ES256", "e"), (&ed, "EdDSA", "o")] {
        let token = signer.token(algorithm, kid, &claims());
        let identity = verifier.verify(&token, NOW).await.unwrap();
        assert!(!identity.local && identity.organization == "acme", "{algorithm}");
    }
}

#[tokio::test]
async fn no_confusion_of_keys_issuers_or_algorithms_is_accepted() {
    let scratch = Scratch::new();
    let (rsa, ec, ed) = (Signer::rsa(), Signer::ec(), Signer::ed());
    let verifier = verifier_of(&scratch, &[rsa.jwk("r"), ec.jwk("e"), ed.jwk("o")]);
    let jwk = rsa.jwk("r");
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let der = RSA.public_key().as_der().unwrap().as_ref().to_vec();
    for public in [modulus, der, jwk.to_string().into_bytes(), vec![]] {
        let token = Signer::Hmac(public).token("HS256", "r", &claims());
        assert_eq!(verifier.verify(&token, NOW).await.err(), Some(Rejection::Algorithm));
    }
    let mut local = claims();
    local["iss"] = json!(LOCAL_ISSUER);
    let mut stranger = claims();
    stranger["iss"] = json!("https://issuer.example.org/");
    for (token, expected) in [
        (rsa.token("RS256", "e", &claims()), Rejection::Algorithm),
        (rsa.token("ES256", "e", &claims()), Rejection::Signature),
        (ed.token("EdDSA", "r", &claims()), Rejection::Algorithm),
        (Signer::ec().token("ES256", "e", &claims()), Rejection::Signature),
        (Signer::ed().token("EdDSA", "o", &claims()), Rejection::Signature),
        (rsa.token("PS256", "r", &claims()).replacen('.', ".e30", 1), Rejection::Malformed),
        (rsa.token("RS256", "local", &local), Rejection::Algorithm),
        (rsa.token("RS256", "r", &local), Rejection::UnknownKey),
        (rsa.token("RS256", "r", &stranger), Rejection::UnknownIssuer),
        (rsa.token("RS256", "R", &claims()), Rejection::UnknownKey),
    ] {
        assert_eq!(verifier.verify(&token, NOW).await.err(), Some(expected), "{token}");
    }
}

#[tokio::test]
async fn a_changed_byte_anywhere_spoils_a_token() {
    let scratch = Scratch::new();
    let ed = Signer::ed();
    let verifier = verifier_of(&scratch, &[ed.jwk("o")]);
    let token = ed.token("EdDSA", "o", &claims());
    assert!(verifier.verify(&token, NOW).await.is_ok());
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let spoiled = String::from_utf8(bytes).unwrap();
        assert!(verifier.verify(&spoiled, NOW).await.is_err(), "byte {at}");
    }
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once_and_a_removed_one_ends_its_remembered_tokens() {
    let scratch = Scratch::new();
    let (old, new) = (Signer::ed(), Signer::ed());
    let verifier = verifier_of(&scratch, &[old.jwk("old")]);
    let token = old.token("EdDSA", "old", &claims());
    assert!(verifier.verify(&token, NOW).await.is_ok());
    fs::write(scratch.path().join("issuer.json"), jwks(&[new.jwk("new")])).unwrap();
    assert!(verifier.verify(&new.token("EdDSA", "new", &claims()), NOW).await.is_ok());
    assert_eq!(verifier.verify(&token, NOW).await.err(), Some(Rejection::UnknownKey));
}

/// An identity provider on loopback that counts its visitors.
struct Provider {
    url: String,
    visits: Arc<AtomicUsize>,
    answer: Arc<Mutex<String>>,
}

impl Provider {
    fn answering(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let visits = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new(Self::ok(body)));
        let (counted, given) = (visits.clone(), answer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(given.lock().unwrap().as_bytes());
            }
        });
        Self { url, visits, answer }
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }

    fn answers(&self, answer: String) {
        *self.answer.lock().unwrap() = answer;
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    fn verifier(&self, scratch: &Scratch) -> Arc<Verifier> {
        let settings = settings(json!({ "jwks_url": self.url, "allow_insecure_url": true }));
        Arc::new(Verifier::new(&settings, scratch.path(), EXAMPLE).unwrap())
    }
}

#[tokio::test]
async fn an_unknown_key_name_asks_the_issuer_once_a_minute_however_many_come() {
    let scratch = Scratch::new();
    let ed = Signer::ed();
    let provider = Provider::answering(&jwks(&[ed.jwk("o")]));
    let verifier = provider.verifier(&scratch);
    assert_eq!(provider.visits(), 0, "nothing is asked before it is needed");
    let token = ed.token("EdDSA", "o", &claims());
    let (one, two) = tokio::join!(verifier.verify(&token, NOW), verifier.verify(&token, NOW));
    assert!(one.is_ok() && two.is_ok(), "who comes meanwhile waits for the same answer");
    for attempt in 0..100 {
        let token = ed.token("EdDSA", &format!("guess-{attempt}"), &claims());
        assert_eq!(verifier.verify(&token, NOW).await.err(), Some(Rejection::UnknownKey));
    }
    assert_eq!(provider.visits(), 1);
}

#[tokio::test]
async fn keys_survive_a_restart_while_the_issuer_is_down() {
    let scratch = Scratch::new();
    let ed = Signer::ed();
    let token = ed.token("EdDSA", "o", &claims());
    let provider = Provider::answering(&jwks(&[ed.jwk("o")]));
    let verifier = provider.verifier(&scratch);
    verifier.start_refresh();
    assert!(verifier.verify(&token, NOW).await.is_ok());
    provider.answers("HTTP/1.1 503 Gone Fishing\r\nContent-Length: 0\r\n\r\n".into());
    drop(verifier);
    let restarted = provider.verifier(&scratch);
    restarted.start_refresh();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(restarted.verify(&token, NOW).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_not_a_key_set_within_bounds_are_not_followed_nor_believed() {
    let ed = Signer::ed();
    let good = jwks(&[ed.jwk("o")]);
    let elsewhere = Provider::answering(&good);
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", elsewhere.url);
    let padded = format!("{good}{}", " ".repeat(64 * 1024));
    for answer in [redirect, Provider::ok(&padded), Provider::ok("<html>"), "nonsense".into()] {
        let scratch = Scratch::new();
        let provider = Provider::answering("");
        provider.answers(answer);
        let verifier = provider.verifier(&scratch);
        let token = ed.token("EdDSA", "o", &claims());
        assert_eq!(verifier.verify(&token, NOW).await.err(), Some(Rejection::UnknownKey));
        assert_eq!(provider.visits(), 1);
    }
    assert_eq!(elsewhere.visits(), 0);
}

#[test]
fn unsound_settings_and_unusable_key_files_stop_the_start() {
    let scratch = Scratch::new();
    let file = scratch.path().join("keys.json");
    let start = || Verifier::new(&settings(json!({ "jwks_file": &file })), scratch.path(), EXAMPLE).unwrap_err();
    assert!(start().contains("keys.json"), "a missing file is named");
    for (content, said) in [("{", "strict JSON"), (r#"{"keys":[]}"#, "no usable key")] {
        fs::write(&file, content).unwrap();
        assert!(start().contains(said), "{content}");
    }
    let inside = settings(json!({ "jwks_url": "https://169.254.169.254/keys" }));
    assert!(Verifier::new(&inside, scratch.path(), EXAMPLE).is_err());
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_without_a_panic(
        token in "[A-Za-z0-9_.{}\":-]{0,200}",
        header in "\\PC{0,60}",
        claims in "\\PC{0,60}",
    ) {
        prop_assert!(Unverified::parse(&token).is_err());
        let composed = format!("{}.{}.AAAA", encoded(&header), encoded(&claims));
        let _ = Unverified::parse(&composed);
    }
}
