//! Bearer tokens made by hand, so that wrong ones can be made as easily as right ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

pub const ROLES: [&str; 9] = [
    "it_service_continuity_manager",
    "process_owner",
    "application_manager",
    "ict_infrastructure_manager",
    "test_manager",
    "user",
    "auditor",
    "integration",
    "administrator",
];

/// Everything an administrator and an integration may do.
pub const ALL_POWERFUL: [&str; 2] = ["administrator", "it_service_continuity_manager"];

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now() -> i64 {
    #[allow(clippy::disallowed_methods, reason = "tests read the clock as clients do")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_secs()).expect("the clock is in range")
}

/// The header every token of the local issuer has.
pub fn header() -> Value {
    json!({"alg": "HS256", "typ": "JWT", "kid": "local"})
}

/// The claims of a good token, for an hour.
pub fn claims(organization: &str, subject: &str, roles: &[&str]) -> Value {
    json!({
        "iss": "holdfast-local",
        "aud": "holdfast",
        "sub": subject,
        "org": organization,
        "roles": roles,
        "iat": now(),
        "exp": now() + 3600,
    })
}

/// A token of the given header and claims under the given HS256 key.
pub fn sign(key: &[u8], header: &Value, claims: &Value) -> String {
    sign_text(key, &header.to_string(), &claims.to_string())
}

/// The same for header and claims that are no JSON a library would write.
pub fn sign_text(key: &[u8], header: &str, claims: &str) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = hmac_sha256(key, message.as_bytes());
    format!("{message}.{}", base64url(signature))
}

/// HMAC as RFC 2104 defines it.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner: Vec<u8> = block.iter().map(|byte| byte ^ 0x36).chain(message.iter().copied()).collect();
    let outer: Vec<u8> = block.iter().map(|byte| byte ^ 0x5c).chain(Sha256::digest(inner)).collect();
    Sha256::digest(outer).to_vec()
}

#[test]
fn the_hand_made_hmac_is_that_of_rfc_4231() {
    let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
