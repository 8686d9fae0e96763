//! Tokens that are wrong in every way we could think of.

use crate::support::Server;
use crate::support::token::{ALL_POWERFUL, base64url, claims, header, hmac_sha256, now, sign, sign_text};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256,
};
use serde_json::{Value, json};

pub struct Attack {
    pub name: String,
    /// What follows `Authorization: `, byte for byte.
    pub header: Vec<u8>,
}

/// What an attacker knows and has: the claims of a good token, no key, and one token that was good.
struct Stage<'s> {
    key: &'s [u8],
    claims: Value,
    attacks: Vec<Attack>,
}

impl Stage<'_> {
    fn token(&mut self, name: impl Into<String>, token: impl AsRef<[u8]>) {
        let header = [b"Bearer ", token.as_ref()].concat();
        self.attacks.push(Attack { name: name.into(), header });
    }

    fn raw(&mut self, name: &str, header: impl Into<Vec<u8>>) {
        self.attacks.push(Attack { name: name.to_owned(), header: header.into() });
    }

    /// A token under the right key with some members of its header set, or taken away by `null`.
    fn with_header(&mut self, name: &str, change: Value) {
        let token = sign(self.key, &merged(header(), change), &self.claims);
        self.token(format!("header: {name}"), token);
    }

    fn with_claims(&mut self, name: &str, change: Value) {
        let token = sign(self.key, &header(), &merged(self.claims.clone(), change));
        self.token(format!("claims: {name}"), token);
    }

    fn good(&self) -> String {
        sign(self.key, &header(), &self.claims)
    }

    /// The signed part of a token under another header.
    fn message(&self, header: Value) -> String {
        format!("{}.{}", base64url(header.to_string()), base64url(self.claims.to_string()))
    }
}

pub fn merged(mut base: Value, change: Value) -> Value {
    let members = base.as_object_mut().expect("an object");
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    base
}

fn unsigned(stage: &mut Stage) {
    for alg in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let message = stage.message(json!({"alg": alg, "typ": "JWT", "kid": "local"}));
        let signature = base64url(hmac_sha256(stage.key, message.as_bytes()));
        stage.token(format!("alg {alg:?} without a signature"), format!("{message}."));
        stage.token(format!("alg {alg:?} with a signature"), format!("{message}.{signature}"));
    }
    let good = stage.good();
    let message = good.rsplit_once('.').map(|(message, _)| message.to_owned()).expect("three parts");
    stage.token("no signature", format!("{message}."));
    stage.token("two parts", &message);
    stage.token("a signature of zeros", format!("{message}.{}", base64url([0; 32])));
    stage.token("half a signature", &good[..good.len() - 20]);
    stage.token("a longer signature", format!("{good}AAAA"));
    let mut signature = hmac_sha256(stage.key, message.as_bytes());
    signature[31] ^= 1;
    stage.token("a signature wrong in one bit", format!("{message}.{}", base64url(signature)));
}

/// Other keys, and other things an HMAC could be made with.
fn other_keys(stage: &mut Stage) {
    let text = base64url(stage.key);
    let keys: [(&str, &[u8]); 9] = [
        ("the empty key", b""),
        ("a guessed key", b"secret"),
        ("zeros", &[0; 32]),
        ("the kid", b"local"),
        ("the key's own text", text.as_bytes()),
        ("half the key", &stage.key[..16]),
        ("the issuer's name", b"holdfast-local"),
        ("null", b"null"),
        ("the audience", b"holdfast"),
    ];
    let tokens = keys.map(|(name, key)| (name, sign(key, &header(), &stage.claims)));
    for (name, token) in tokens {
        stage.token(format!("signed with {name}"), token);
    }
}

/// Keys of the attacker's own, offered in every way a careless verifier might take them.
fn own_keys(stage: &mut Stage, keys_url: &str) {
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key");
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a P-384 key");
    let ed25519 = Ed25519KeyPair::generate().expect("an Ed25519 key");
    let point = p256.public_key().as_ref().to_vec();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..65])});
    let offers = [
        ("", json!({})),
        (" with jwk", json!({"jwk": jwk})),
        (" with jku", json!({"jku": keys_url})),
        (" with x5u", json!({"x5u": keys_url})),
        (" with another kid", json!({"kid": keys_url})),
        (" with x5c", json!({"x5c": [base64url(rsa.public_key().as_ref())]})),
    ];
    for (offer, extra) in offers {
        for alg in ["ES256", "EdDSA", "RS256", "PS256", "ES384"] {
            let message = stage.message(merged(json!({"alg": alg, "typ": "JWT", "kid": "local"}), extra.clone()));
            let bytes = message.as_bytes();
            let mut long = vec![0; rsa.public_modulus_len()];
            let signature = match alg {
                "ES256" => p256.sign(&random, bytes).expect("a signature").as_ref().to_vec(),
                "ES384" => p384.sign(&random, bytes).expect("a signature").as_ref().to_vec(),
                "EdDSA" => ed25519.sign(bytes).as_ref().to_vec(),
                _ => {
                    let padding = if alg == "RS256" { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                    rsa.sign(padding, &random, bytes, &mut long).expect("a signature");
                    long.clone()
                }
            };
            stage.token(format!("{alg}{offer}"), format!("{message}.{}", base64url(signature)));
        }
    }
    // The public key as an HMAC secret: the confusion of RS256 with HS256.
    let der = rsa.public_key().as_ref().to_vec();
    let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n", base64url(&der));
    for (name, key) in [("DER", der), ("PEM", pem.into_bytes()), ("JWK", jwk.to_string().into_bytes())] {
        let token = sign(&key, &header(), &stage.claims);
        stage.token(format!("HS256 with a public key as {name}"), token);
    }
}

fn headers(stage: &mut Stage, keys_url: &str) {
    for alg in ["HS384", "HS512", "RS256", "hs256", "HS256 ", "HS1", "dir", "A128KW"] {
        stage.with_header(&format!("alg {alg}"), json!({"alg": alg}));
    }
    stage.with_header("no alg", json!({"alg": null}));
    stage.with_header("alg is a number", json!({"alg": 256}));
    stage.with_header("alg is a list", json!({"alg": ["HS256"]}));
    stage.with_header("crit", json!({"crit": ["b64"], "b64": true}));
    stage.with_header("crit is empty", json!({"crit": []}));
    stage.with_header("crit of an unknown extension", json!({"crit": ["x"], "x": 1}));
    stage.with_header("b64 is off", json!({"b64": false}));
    stage.with_header("zip", json!({"zip": "DEF"}));
    stage.with_header("enc", json!({"enc": "A256GCM"}));
    stage.with_header("nested", json!({"cty": "JWT", "typ": "JOSE"}));
    for typ in ["JOSE", "secevent+jwt", "dpop+jwt", "logout+jwt", ""] {
        stage.with_header(&format!("typ {typ:?}"), json!({"typ": typ}));
    }
    stage.with_header("typ is a number", json!({"typ": 1}));
    for name in ["jku", "x5u"] {
        stage.with_header(name, json!({name: keys_url}));
    }
    stage.with_header("jwk", json!({"jwk": {"kty": "oct", "k": base64url("secret")}}));
    stage.with_header("x5c", json!({"x5c": ["AAAA"]}));
    let kids = [
        "",
        "LOCAL",
        "other",
        "../../local",
        "/dev/null",
        "local\0",
        "local' OR '1'='1",
        "lo\ncal",
        "local ",
        "${local}",
        "lokäl",
    ];
    for kid in kids {
        stage.with_header(&format!("kid {kid:?}"), json!({"kid": kid}));
    }
    stage.with_header("kid of 10 kB", json!({"kid": "k".repeat(5000)}));
    stage.with_header("kid is a number", json!({"kid": 1}));
    stage.with_header("kid is a list", json!({"kid": ["local"]}));
}

fn times(stage: &mut Stage) {
    stage.with_claims("no exp", json!({"exp": null}));
    for (name, exp) in [
        ("past", json!(now() - 120)),
        ("zero", json!(0)),
        ("negative", json!(-1)),
        ("a text", json!((now() + 600).to_string())),
        ("true", json!(true)),
        ("a list", json!([now() + 600])),
        ("far away", json!(now() + 400 * 86_400)),
        ("beyond 2^63", json!(9_223_372_036_854_775_808_u64)),
        ("1e300", json!(1e300)),
    ] {
        stage.with_claims(&format!("exp {name}"), json!({"exp": exp}));
    }
    stage.with_claims("nbf tomorrow", json!({"nbf": now() + 7200, "exp": now() + 9000}));
    stage.with_claims("nbf is a text", json!({"nbf": "0"}));
    stage.with_claims("iat in the future", json!({"iat": now() + 7200, "exp": now() + 9000}));
    stage.with_claims("iat is a text", json!({"iat": "now"}));
    stage.with_claims("a life of two days", json!({"exp": now() + 2 * 86_400}));
}

fn names(stage: &mut Stage) {
    for claim in ["iss", "aud", "sub", "org"] {
        stage.with_claims(&format!("no {claim}"), json!({claim: null}));
        for (name, value) in [("empty", json!("")), ("a number", json!(7)), ("true", json!(true)), ("an object", json!({"a": 1}))]
        {
            stage.with_claims(&format!("{claim} is {name}"), json!({claim: value}));
        }
    }
    for iss in ["holdfast", "Holdfast-local", "holdfast-local/", "https://holdfast-local", "holdfast-local\0"] {
        stage.with_claims(&format!("iss {iss:?}"), json!({"iss": iss}));
    }
    stage.with_claims("iss is a list", json!({"iss": ["holdfast-local"]}));
    stage.with_claims("iss is a list of two", json!({"iss": ["holdfast-local", "x"]}));
    for aud in [json!("Holdfast"), json!("other"), json!([]), json!(["other"]), json!([7]), json!("holdfast ")] {
        stage.with_claims(&format!("aud {aud}"), json!({"aud": aud}));
    }
    stage.with_claims("sub with control characters", json!({"sub": "ana\nroot"}));
    stage.with_claims("sub of 5 kB", json!({"sub": "a".repeat(5000)}));
    stage.with_claims("sub is a list", json!({"sub": ["ana"]}));
    for org in ["a b", "../x", "org\0", "-x", "ä"] {
        stage.with_claims(&format!("org {org:?}"), json!({"org": org}));
    }
    stage.with_claims("org of 5 kB", json!({"org": "o".repeat(5000)}));
    stage.with_claims("org is a list", json!({"org": ["a"]}));
}

/// Tokens no library would write.
fn shapes(stage: &mut Stage) {
    let (head, body) = (header().to_string(), stage.claims.to_string());
    let good = stage.good();
    let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
    let texts = [
        ("alg twice", twice(&head, "\"alg\":\"none\""), body.clone()),
        ("kid twice", twice(&head, "\"kid\":\"x\""), body.clone()),
        ("sub twice", head.clone(), twice(&body, "\"sub\":\"root\"")),
        ("org twice", head.clone(), twice(&body, "\"org\":\"other\"")),
        ("exp twice", head.clone(), twice(&body, "\"exp\":0")),
        ("roles twice", head.clone(), twice(&body, "\"roles\":[\"user\"]")),
        ("claims are a list", head.clone(), "[]".to_owned()),
        ("claims are a text", head.clone(), "\"x\"".to_owned()),
        ("claims are nothing", head.clone(), String::new()),
        ("claims are no JSON", head.clone(), "{".to_owned()),
        ("claims and more", head.clone(), format!("{body}{body}")),
        ("a header that is a list", "[]".to_owned(), body.clone()),
        ("a header that is null", "null".to_owned(), body.clone()),
        ("a header and more", format!("{head} x"), body.clone()),
        ("a byte order mark", format!("\u{feff}{head}"), body.clone()),
        ("claims 2,000 deep", head.clone(), format!("{}{}", "[".repeat(2000), "]".repeat(2000))),
        ("a header 2,000 deep", format!("{{\"alg\":{}{}}}", "[".repeat(2000), "]".repeat(2000)), body.clone()),
        ("a claim 2,000 deep", head.clone(), twice(&body, &format!("\"x\":{}{}", "[".repeat(2000), "]".repeat(2000)))),
        ("a token in a token", head.clone(), format!("\"{good}\"")),
    ];
    for (name, head, body) in texts {
        let token = sign_text(stage.key, &head, &body);
        stage.token(name, token);
    }
    let deep = base64url("[".repeat(30_000));
    stage.token("a header 30,000 deep", format!("{deep}.{deep}.AAAA"));
    stage.token("four parts", format!("{good}.x"));
    stage.token(
        "five parts, as an encrypted one",
        format!("{}..{}.{}.{}", base64url(r#"{"alg":"dir","enc":"A128GCM"}"#), "AAAA", "AAAA", "AAAA"),
    );
    stage.token("padding", good.replacen('.', "=.", 1));
    stage.token("a space inside", good.replacen('.', ". ", 1));
    stage.token("a quote around it", format!("\"{good}\""));
    stage.token("a comma and another", format!("{good}, Bearer {good}"));
    stage.token("stray bytes", [good.as_bytes(), b"\xff\xfe"].concat());
    stage.token("the empty token", "");
    stage.token("dots", "..");
    stage.token("8 KiB and a little", format!("{good}{}", "A".repeat(8192)));
    let fat = sign(stage.key, &header(), &merged(stage.claims.clone(), json!({"x": "x".repeat(8000)})));
    stage.token("a good token of more than 8 KiB", fat);
    stage.raw("no scheme", good.clone());
    stage.raw("Basic", format!("Basic {good}"));
    stage.raw("Token", format!("Token {good}"));
    stage.raw("DPoP", format!("DPoP {good}"));
    stage.raw("only the scheme", "Bearer");
    stage.raw("another word", format!("Bearer token {good}"));
}

pub fn attacks(server: &Server, organization: &str, keys_url: &str) -> Vec<Attack> {
    let mut stage = Stage { key: server.key(), claims: claims(organization, "ana", &ALL_POWERFUL), attacks: Vec::new() };
    unsigned(&mut stage);
    other_keys(&mut stage);
    own_keys(&mut stage, keys_url);
    headers(&mut stage, keys_url);
    times(&mut stage);
    names(&mut stage);
    shapes(&mut stage);
    stage.attacks
}
