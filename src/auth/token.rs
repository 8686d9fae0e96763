//! The form of a token: a thin strict reader in front of the cryptography.
//!
//! What the usual libraries let pass (`crit`, doubled members, foreign key addresses) is refused here,
//! before a key is looked at. Nothing in this file believes what it reads: only [`Unverified::sealed_by`]
//! says that the claims are the issuer's.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::keys::VerificationKey;
use super::strict_json;

pub const LONGEST_TOKEN: usize = 8 * 1024;
const LONGEST_KID: usize = 128;

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    TooLong,
    Malformed,
    Header,
    UnknownIssuer,
    UnknownKey,
    Algorithm,
    Signature,
    Expired,
    NotYetValid,
    LivesTooLong,
    Audience,
    Claims,
    Organization,
    Scope,
    Revoked,
}

impl Rejection {
    /// What the bearer is told. Until the signature is checked everybody hears the same, so that
    /// trying teaches nothing; afterwards it is the issuer's own bearer, who may learn what to mend.
    pub const fn detail(self) -> &'static str {
        match self {
            Rejection::Expired => "the token has expired",
            Rejection::NotYetValid => "the token is not valid yet",
            Rejection::LivesTooLong => "the token is valid for longer than this service accepts",
            Rejection::Audience => "the token is meant for another service",
            Rejection::Organization => "the token names no organisation known to this service",
            Rejection::Scope => "the token names a scope that this service does not know",
            Rejection::Revoked => "the token has been revoked",
            _ => "the token is not valid",
        }
    }

    /// What the log and the metrics are told: one plain word, never a part of the token.
    pub const fn reason(self) -> &'static str {
        match self {
            Rejection::TooLong => "too_long",
            Rejection::Malformed => "malformed",
            Rejection::Header => "header",
            Rejection::UnknownIssuer => "unknown_issuer",
            Rejection::UnknownKey => "unknown_key",
            Rejection::Algorithm => "algorithm",
            Rejection::Signature => "signature",
            Rejection::Expired => "expired",
            Rejection::NotYetValid => "not_yet_valid",
            Rejection::LivesTooLong => "lives_too_long",
            Rejection::Audience => "audience",
            Rejection::Claims => "claims",
            Rejection::Organization => "organization",
            Rejection::Scope => "scope",
            Rejection::Revoked => "revoked",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.detail())
    }
}

impl std::error::Error for Rejection {}

/// A token taken apart. Its claims are hearsay until [`sealed_by`](Self::sealed_by) has returned them.
pub struct Unverified<'a> {
    algorithm: String,
    kid: Option<String>,
    claims: Map<String, Value>,
    message: &'a [u8],
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    pub fn parse(token: &'a str) -> Result<Self, Rejection> {
        if token.len() > LONGEST_TOKEN {
            return Err(Rejection::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Rejection::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Rejection::Malformed)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(Rejection::Malformed);
        }
        let header = part(header)?;
        let (algorithm, kid) = checked_header(&header)?;
        let claims = part(payload)?;
        URL_SAFE_NO_PAD.decode(signature).map_err(|_| Rejection::Malformed)?;
        Ok(Self { algorithm, kid, claims, message: message.as_bytes(), signature })
    }

    /// Who the token says has issued it. Serves to find the key, and proves nothing.
    pub fn issuer(&self) -> Result<&str, Rejection> {
        self.claims.get("iss").and_then(Value::as_str).ok_or(Rejection::UnknownIssuer)
    }

    /// What the token claims; for those who have it from its bearer anyway.
    pub fn hearsay(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What is signed.
    pub fn message(&self) -> &'a [u8] {
        self.message
    }

    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The claims, if the key has signed them with an algorithm of its own.
    pub fn sealed_by(&self, key: &VerificationKey) -> Result<&Map<String, Value>, Rejection> {
        let algorithm = key.algorithm(&self.algorithm).ok_or(Rejection::Algorithm)?;
        if !key.accepts(algorithm, self.message, self.signature) {
            return Err(Rejection::Signature);
        }
        Ok(&self.claims)
    }
}

fn part(encoded: &str) -> Result<Map<String, Value>, Rejection> {
    let text = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Rejection::Malformed)?;
    strict_json::object(&text).map_err(|_| Rejection::Malformed)
}

/// Members that change what the token means or bring their own key: a token with one of them is refused
/// whole, for ignoring it would be reading another token than its issuer wrote. (`x5t`, the mere
/// fingerprint of a certificate, is harmless and common; it is never looked at.)
const REFUSED_MEMBERS: [&str; 9] = ["crit", "jku", "x5u", "jwk", "x5c", "zip", "enc", "cty", "b64"];

fn checked_header(header: &Map<String, Value>) -> Result<(String, Option<String>), Rejection> {
    if REFUSED_MEMBERS.iter().any(|name| header.contains_key(*name)) {
        return Err(Rejection::Header);
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if is_token_type(typ) => {}
        Some(_) => return Err(Rejection::Header),
    }
    let kid = match header.get("kid") {
        None => None,
        Some(Value::String(kid)) if is_plain(kid) => Some(kid.clone()),
        Some(_) => return Err(Rejection::Header),
    };
    match header.get("alg") {
        Some(Value::String(algorithm)) => Ok((algorithm.clone(), kid)),
        _ => Err(Rejection::Header),
    }
}

fn is_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt")
}

fn is_plain(kid: &str) -> bool {
    (1..=LONGEST_KID).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-=+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"an example secret of thirty-two.";

    fn encoded(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn unsigned(header: &str) -> String {
        format!("{}.{}.AAAA", encoded(header), encoded(r#"{"iss":"a"}"#))
    }

    fn refusal(token: &str) -> Rejection {
        Unverified::parse(token).err().unwrap_or_else(|| panic!("{token} was read"))
    }

    #[test]
    fn headers_that_name_nothing_but_type_key_and_algorithm_are_read() {
        for header in [
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"RS256","typ":"jwt","kid":"A-z_0.9~=+"}"#,
            r#"{"alg":"RS256","typ":"AT+JWT","x5t":"aGk"}"#,
        ] {
            let result = Unverified::parse(&unsigned(header)).map(|_| ());
            assert_eq!(result, Ok(()), "{header}");
        }
    }

    #[test]
    fn headers_that_bring_anything_else_are_refused() {
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(129));
        for header in [
            r#"{}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"RS256","jku":"https://example.org/keys"}"#,
            r#"{"alg":"RS256","x5u":"https://example.org/cert"}"#,
            r#"{"alg":"RS256","jwk":{"kty":"oct","k":"AA"}}"#,
            r#"{"alg":"RS256","x5c":["AA"]}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
            r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#,
            r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","typ":"JOSE"}"#,
            r#"{"alg":"RS256","typ":null}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","kid":""}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":"RS256","kid":"../../etc/passwd"}"#,
            r#"{"alg":"RS256","kid":"' OR 1=1 --"}"#,
            r#"{"alg":"RS256","kid":"a\u0000"}"#,
            &long,
        ] {
            assert_eq!(refusal(&unsigned(header)), Rejection::Header, "{header}");
        }
    }

    #[test]
    fn what_is_not_three_clean_parts_of_strict_json_is_malformed() {
        let (good, claims) = (encoded(r#"{"alg":"HS256"}"#), encoded("{}"));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
        for token in [
            String::new(),
            "..".into(),
            good.clone(),
            format!("{good}.{claims}"),
            format!("{good}.{claims}."),
            format!("{good}.{claims}.AA.AA"),
            format!("{good}.{claims}.AA.AA.AA"),
            format!(" {good}.{claims}.AA"),
            format!("{good}.{claims}.AA "),
            format!("{good}.{claims}.AA\n"),
            format!("{good}.{claims}.AA=="),
            format!("{good}.{claims}.A+/A"),
            format!("{good}.{claims}.AB"),
            format!("{good}=.{claims}.AA"),
            format!("{good}.{}.AA", encoded("[]")),
            format!("{good}.{}.AA", encoded("null")),
            format!("{good}.{}.AA", encoded("{}{}")),
            format!("{good}.{}.AA", encoded(r#"{"sub":"a","sub":"b"}"#)),
            format!("{good}.{}.AA", encoded(&deep)),
            format!("{good}.{}.AA", encoded(&format!("{good}.{claims}.AA"))),
            format!("{}.{claims}.AA", encoded(r#"{"alg":"none","alg":"HS256"}"#)),
            format!("{}.{claims}.AA", encoded("\u{feff}{\"alg\":\"HS256\"}")),
        ] {
            assert_eq!(refusal(&token), Rejection::Malformed, "{token}");
        }
    }

    #[test]
    fn eight_kibibytes_are_the_most() {
        assert_eq!(refusal(&"a".repeat(LONGEST_TOKEN)), Rejection::Malformed);
        assert_eq!(refusal(&"a".repeat(LONGEST_TOKEN + 1)), Rejection::TooLong);
    }

    #[test]
    fn only_the_algorithm_of_the_key_is_looked_at_and_only_its_signature_counts() {
        let key = VerificationKey::from_secret(SECRET);
        for name in ["none", "None", "NONE", "nOnE", "", "hs256", "HS384", "RS256", "ES256", "EdDSA"] {
            let token = unsigned(&format!(r#"{{"alg":"{name}"}}"#));
            let seal = Unverified::parse(&token).unwrap().sealed_by(&key).err();
            assert_eq!(seal, Some(Rejection::Algorithm), "{name}");
        }
        let claims = serde_json::json!({"iss": "a"});
        let signer = jsonwebtoken::EncodingKey::from_secret(SECRET);
        let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &signer).unwrap();
        let parsed = Unverified::parse(&token).unwrap();
        assert_eq!((parsed.issuer(), parsed.kid()), (Ok("a"), None));
        assert!(parsed.sealed_by(&key).is_ok());
        let other = VerificationKey::from_secret(b"another secret");
        assert_eq!(parsed.sealed_by(&other).err(), Some(Rejection::Signature));
        let zero = format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(43));
        assert_eq!(Unverified::parse(&zero).unwrap().sealed_by(&key).err(), Some(Rejection::Signature));
    }

    #[test]
    fn before_the_signature_everybody_hears_the_same() {
        for rejection in [
            Rejection::TooLong,
            Rejection::Malformed,
            Rejection::Header,
            Rejection::UnknownIssuer,
            Rejection::UnknownKey,
            Rejection::Algorithm,
            Rejection::Signature,
        ] {
            assert_eq!(rejection.detail(), "the token is not valid");
        }
    }
}
