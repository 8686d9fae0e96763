//! Tokens of other issuers: what the settings grant them, and what they do not.

use crate::prepared::{approvals, draft_of, go, id, plan, words};
use crate::support::token::{base64url, now};
use crate::support::{Api, Backend, Server};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::Arc;

const SCM: &str = "it_service_continuity_manager";

/// An issuer and its key, which it publishes in a file.
struct Issuer {
    name: &'static str,
    key: Ed25519KeyPair,
}

impl Issuer {
    fn new(name: &'static str) -> Issuer {
        Issuer { name, key: Ed25519KeyPair::generate().expect("an Ed25519 key") }
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": base64url(self.key.public_key().as_ref())})
    }

    /// Its entry in the settings, with more keys beside its own.
    fn settings(&self, folder: &std::path::Path, more: &[Value], settings: &str) -> String {
        let file = folder.join(format!("{}.json", self.name));
        let keys: Vec<Value> = [self.jwk()].into_iter().chain(more.iter().cloned()).collect();
        std::fs::write(&file, json!({ "keys": keys }).to_string()).expect("the keys are written");
        let file = json!(file.to_string_lossy());
        let name = self.name;
        format!(r#"{{ issuer = "{name}", audience = "holdfast", jwks_file = {file}, {settings} }}"#)
    }

    fn claims(&self, subject: &str, roles: &[&str]) -> Value {
        json!({"iss": self.name, "aud": "holdfast", "sub": subject, "org": "acme", "roles": roles, "exp": now() + 600})
    }

    fn sign(&self, claims: &Value) -> String {
        let message = message("one", claims);
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", base64url(signature.as_ref()))
    }

    fn client(&self, server: &Arc<Server>, subject: &str, roles: &[&str]) -> Api {
        server.with_token("acme", &self.sign(&self.claims(subject, roles)))
    }
}

fn message(kid: &str, claims: &Value) -> String {
    format!("{}.{}", base64url(json!({"alg": "EdDSA", "kid": kid}).to_string()), base64url(claims.to_string()))
}

/// A service that knows issuers, with an organisation by the name of `acme`.
fn service(backend: Backend, issuers: impl FnOnce(&std::path::Path) -> Vec<String>) -> Arc<Server> {
    let server = Server::start_in(backend, |folder| {
        vec![("HOLDFAST_AUTH__ISSUERS".to_owned(), format!("[{}]", issuers(folder).join(", ")))]
    });
    server.client("acme", "operator", &["administrator"]).get("/sites").expect(200);
    server
}

fn roles_of(api: &Api) -> Value {
    api.get("/me").expect(200).json()["roles"].clone()
}

const AS_NAMED: &str = "roles_as_named = true, organizations_as_named = true";

fn what_maps_grant(backend: Backend) {
    let [mapped, empty, named, strict] = ["mapped", "empty", "named", "strict"].map(Issuer::new);
    let server = service(backend, |folder| {
        let map = r#"roles_map = { boss = "administrator", lead = "it_service_continuity_manager" }, organizations_map = { acme = "acme" }"#;
        let strictly = format!("{AS_NAMED}, refuse_unknown_scopes = true");
        vec![
            mapped.settings(folder, &[], map),
            empty.settings(folder, &[], r#"organizations_map = { one = "acme" }"#),
            named.settings(folder, &[], AS_NAMED),
            strict.settings(folder, &[], &strictly),
        ]
    });
    // Of a map, what stands in it.
    assert_eq!(roles_of(&mapped.client(&server, "ana", &["boss", "lead", SCM, "auditor"])), json!([SCM, "administrator"]));
    mapped.client(&server, "ana", &["boss"]).get("/organizations").expect(200);
    let mut elsewhere = mapped.claims("ana", &["boss"]);
    elsewhere["org"] = json!("default");
    server.with_token("", &mapped.sign(&elsewhere)).get("/me").refused(401, "unauthenticated");
    // Of an empty one, nothing: an organisation must be named, and then no role counts.
    empty.client(&server, "ana", &[SCM]).get("/me").refused(401, "unauthenticated");
    let mut known = empty.claims("ana", &[SCM, "administrator"]);
    known["org"] = json!("one");
    let nobody = server.with_token("acme", &empty.sign(&known));
    assert_eq!(roles_of(&nobody), json!([]));
    nobody.get("/sites").refused(403, "forbidden");
    // Names as they are, where the settings say so; that one name never.
    let all = named.client(&server, "ana", &["administrator", SCM, "root"]);
    assert_eq!(roles_of(&all), json!([SCM]));
    all.get("/sites").expect(200);
    all.get("/organizations").refused(403, "forbidden");
    // Scopes of others narrow nothing, or shut the door.
    for (scope, by_default, strictly) in
        [("openid sites:read", 200, 401), ("sites:reed", 200, 401), ("sites:read", 200, 200), ("", 200, 200)]
    {
        for (issuer, status) in [(&named, by_default), (&strict, strictly)] {
            let mut claims = issuer.claims("ana", &[SCM]);
            claims["scope"] = json!(scope);
            server.with_token("acme", &issuer.sign(&claims)).get("/sites").expect(status);
        }
    }
}

#[test]
fn empty_maps_grant_nothing_and_administrator_needs_an_entry_on_sqlite() {
    what_maps_grant(Backend::Sqlite);
}

#[test]
fn empty_maps_grant_nothing_and_administrator_needs_an_entry_on_postgres() {
    what_maps_grant(Backend::Postgres);
}

fn whose_name_it_is(backend: Backend) {
    let [first, second, joined] = ["first", "second", "joined"].map(Issuer::new);
    let server = service(backend, |folder| {
        let joined_settings = format!(r#"{AS_NAMED}, subject_prefix = """#);
        vec![
            first.settings(folder, &[], AS_NAMED),
            second.settings(folder, &[], AS_NAMED),
            joined.settings(folder, &[], &joined_settings),
        ]
    });
    let subject = |api: &Api| api.get("/me").expect(200).json()["subject"].clone();
    let ana = first.client(&server, "ana", &[SCM]);
    let other = second.client(&server, "ana", &[SCM]);
    let same = joined.client(&server, " ANA", &[SCM]);
    assert_eq!([subject(&ana), subject(&other), subject(&same)], [json!("ana"), json!("second#ana"), json!("ANA")]);
    // Nobody of the first issuer is called like somebody of the second.
    first.client(&server, "Second#ana", &[SCM]).get("/me").refused(401, "unauthenticated");
    let version = draft_of(&ana, &plan(&ana), &words());
    go(&ana, "plan-versions", &version, &json!({"to": "in_review"}));
    let approved = |api: &Api| api.post(&approvals(&version), &json!({"role": SCM, "decision": "approved"}));
    approved(&same).expect(200);
    let order = json!({"to": "approved"});
    let path = format!("/plan-versions/{}/transitions", id(&version));
    assert_eq!(ana.post(&path, &order).faults(), [("/to".to_owned(), "four_eyes".to_owned())]);
    approved(&ana).refused(409, "already_decided");
    approved(&other).expect(200);
    ana.post(&path, &order).expect(200);
}

#[test]
fn one_name_of_two_issuers_is_two_people_on_sqlite() {
    whose_name_it_is(Backend::Sqlite);
}

#[test]
fn one_name_of_two_issuers_is_two_people_on_postgres() {
    whose_name_it_is(Backend::Postgres);
}

/// Where a subject's case tells people apart, because the installation says so.
fn case_that_counts(backend: Backend) {
    let server = Server::start_in(backend, |_| vec![("HOLDFAST_AUTH__CASE_SENSITIVE_SUBJECTS".into(), "true".into())]);
    let ana = server.client("acme", "ana", &[SCM]);
    let version = draft_of(&ana, &plan(&ana), &words());
    go(&ana, "plan-versions", &version, &json!({"to": "in_review"}));
    let said = json!({"role": SCM, "decision": "approved"});
    server.client("acme", "Ana", &[SCM]).post(&approvals(&version), &said).expect(200);
    go(&ana, "plan-versions", &version, &json!({"to": "approved"}));
}

#[test]
fn case_tells_people_apart_where_it_is_set_on_sqlite() {
    case_that_counts(Backend::Sqlite);
}

#[test]
fn case_tells_people_apart_where_it_is_set_on_postgres() {
    case_that_counts(Backend::Postgres);
}

/// Under a key of small order anybody can sign: the signature of nothing holds for everything.
#[test]
fn a_key_of_small_order_opens_nothing() {
    let issuer = Issuer::new("careless");
    let mut point = [0u8; 32];
    point[0] = 1;
    let weak = json!({"kty": "OKP", "crv": "Ed25519", "kid": "weak", "x": base64url(point)});
    let server = service(Backend::Sqlite, |folder| vec![issuer.settings(folder, &[weak], AS_NAMED)]);
    issuer.client(&server, "ana", &[SCM]).get("/sites").expect(200);
    let message = message("weak", &issuer.claims("ana", &[SCM]));
    let forged = [point, [0; 32]].concat();
    let forged = server.with_token("acme", &format!("{message}.{}", base64url(forged)));
    forged.get("/sites").refused(401, "unauthenticated");
}
