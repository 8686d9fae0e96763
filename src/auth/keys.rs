//! The keys of an issuer. A key knows its algorithm; a token never gets to choose one.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::strict_json;

/// A key together with the only algorithms it may be used with.
pub struct VerificationKey {
    algorithms: &'static [Algorithm],
    key: DecodingKey,
    until: i64,
}

impl VerificationKey {
    /// The key of the local issuer.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self { algorithms: &[Algorithm::HS256], key: DecodingKey::from_secret(secret), until: i64::MAX }
    }

    /// The key, to count until then.
    pub fn until(self, until: i64) -> Self {
        Self { until, ..self }
    }

    /// From when on it counts no more.
    pub fn ends_at(&self) -> i64 {
        self.until
    }

    /// The algorithm of this name, if the key may be used with it.
    pub fn algorithm(&self, name: &str) -> Option<Algorithm> {
        self.algorithms.iter().copied().find(|algorithm| spelling(*algorithm) == Some(name))
    }

    /// Whether the signature (still base64url) over the message was made with the other half of this key.
    pub fn accepts(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> bool {
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(signature, message, &self.key, algorithm).unwrap_or(false)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerificationKey({:?})", self.algorithms)
    }
}

/// The algorithms known here. Compared letter by letter: `None`, `nOnE` and `rs256` are no algorithms.
fn spelling(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::HS256 => Some("HS256"),
        Algorithm::RS256 => Some("RS256"),
        Algorithm::PS256 => Some("PS256"),
        Algorithm::ES256 => Some("ES256"),
        Algorithm::EdDSA => Some("EdDSA"),
        _ => None,
    }
}

/// The keys of one issuer as they were at one time.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: HashMap<String, VerificationKey>,
    /// The only key of a set that holds a single one, so that tokens without `kid` can be checked.
    sole: Option<VerificationKey>,
}

impl KeySet {
    /// The set of the local issuer: the key that signs first.
    pub fn of_own<K: Fn() -> VerificationKey>(keys: impl Iterator<Item = (String, K)>) -> Self {
        let keys: Vec<(String, K)> = keys.collect();
        let sole = match keys.as_slice() {
            [(_, key)] => Some(key()),
            _ => None,
        };
        Self { keys: keys.into_iter().map(|(kid, key)| (kid, key())).collect(), sole }
    }

    /// Reads a JSON Web Key Set (RFC 7517). Keys that cannot be used here are passed over, as the
    /// standard asks: an issuer may publish keys for encryption, or for algorithms yet to come.
    pub fn from_jwks(text: &[u8]) -> Result<Self, &'static str> {
        let document = strict_json::object(text).map_err(|_| "is not a strict JSON object")?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err("holds no list of keys");
        };
        let usable: Vec<(Option<&str>, &Map<String, Value>)> = entries
            .iter()
            .filter_map(Value::as_object)
            .filter(|jwk| verification_key(jwk).is_some())
            .map(|jwk| (jwk.get("kid").and_then(Value::as_str), jwk))
            .collect();
        let mut keys = HashMap::new();
        for (kid, jwk) in &usable {
            let Some(kid) = kid else { continue };
            // Two keys of one name: nobody can say which is meant, so neither is.
            let unique = usable.iter().filter(|(other, _)| *other == Some(*kid)).count() == 1;
            if let (true, Some(key)) = (unique, verification_key(jwk)) {
                keys.insert((*kid).to_owned(), key);
            }
        }
        let sole = match usable.as_slice() {
            [(_, jwk)] => verification_key(jwk),
            _ => None,
        };
        Ok(Self { keys, sole })
    }

    /// The key a token means. A look-up by name and never anything else.
    pub fn find(&self, kid: Option<&str>) -> Option<&VerificationKey> {
        match kid {
            Some(kid) => self.keys.get(kid),
            None => self.sole.as_ref(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.sole.is_none()
    }
}

/// The key a JSON Web Key describes, `None` when it cannot be used here. Symmetric keys have no
/// business in a published set: whoever reads it could sign.
fn verification_key(jwk: &Map<String, Value>) -> Option<VerificationKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let private = jwk.contains_key("d");
    let for_signatures = jwk.get("use").is_none_or(|purpose| purpose == "sig")
        && jwk
            .get("key_ops")
            .is_none_or(|operations| operations.as_array().is_some_and(|list| list.iter().any(|one| one == "verify")));
    if private || !for_signatures {
        return None;
    }
    let (possible, key): (&'static [Algorithm], DecodingKey) = match text("kty")? {
        "RSA" => (&[Algorithm::RS256, Algorithm::PS256], rsa(text("n")?, text("e")?)?),
        "EC" if text("crv") == Some("P-256") => (&[Algorithm::ES256], p256(text("x")?, text("y")?)?),
        "OKP" if text("crv") == Some("Ed25519") => (&[Algorithm::EdDSA], ed25519(text("x")?)?),
        _ => return None,
    };
    let algorithms = match jwk.get("alg") {
        None => possible,
        Some(Value::String(name)) => {
            // RFC 9864 gave Ed25519 a name of its own for keys; tokens go on to say EdDSA.
            let name = if name == "Ed25519" { "EdDSA" } else { name };
            let at = possible.iter().position(|one| spelling(*one) == Some(name))?;
            possible.get(at..=at)?
        }
        Some(_) => return None,
    };
    Some(VerificationKey { algorithms, key, until: i64::MAX })
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    let strip = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let n = strip(URL_SAFE_NO_PAD.decode(modulus).ok()?);
    let e = strip(URL_SAFE_NO_PAD.decode(exponent).ok()?);
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let sound = (2048..=8192).contains(&bits) && e.len() <= 5 && e.last().is_some_and(|byte| byte % 2 == 1) && e != [1];
    sound.then(|| DecodingKey::from_rsa_raw_components(&n, &e))
}

fn p256(x: &str, y: &str) -> Option<DecodingKey> {
    let point = [URL_SAFE_NO_PAD.decode(x).ok()?, URL_SAFE_NO_PAD.decode(y).ok()?];
    if point.iter().any(|coordinate| coordinate.len() != 32) {
        return None;
    }
    DecodingKey::from_ec_components(x, y).ok()
}

fn ed25519(x: &str) -> Option<DecodingKey> {
    let key: [u8; 32] = URL_SAFE_NO_PAD.decode(x).ok()?.try_into().ok()?;
    (!is_of_small_order(key)).then(|| DecodingKey::from_ed_der(&key))
}

/// Whether the point is one of the eight whose multiples are these eight only. Under such a key one signature holds for
/// many messages, and anybody can make it.
fn is_of_small_order(mut point: [u8; 32]) -> bool {
    // All spellings of their y, the highest bit being the sign of x.
    const Y: [&str; 7] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    point[31] &= 0x7f;
    Y.contains(&hex::encode(point).as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(length: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![0xff; length])
    }

    fn rsa_key(kid: &str) -> Value {
        json!({"kty": "RSA", "kid": kid, "n": bytes(256), "e": "AQAB"})
    }

    fn set(keys: Value) -> KeySet {
        KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    #[test]
    fn keys_are_found_by_name_with_the_algorithms_of_their_kind() {
        let keys = set(json!([
            rsa_key("r"),
            with(rsa_key("p"), "alg", json!("PS256")),
            {"kty": "EC", "kid": "e", "crv": "P-256", "x": bytes(32), "y": bytes(32), "use": "sig"},
            {"kty": "OKP", "kid": "o", "crv": "Ed25519", "x": bytes(32), "key_ops": ["verify"]},
        ]));
        let serves = |kid: &str| {
            ["HS256", "RS256", "PS256", "ES256", "EdDSA", "none", "rs256", "RS512"]
                .into_iter()
                .filter(|name| keys.find(Some(kid)).unwrap().algorithm(name).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(serves("r"), ["RS256", "PS256"]);
        assert_eq!(serves("p"), ["PS256"]);
        assert_eq!(serves("e"), ["ES256"]);
        assert_eq!(serves("o"), ["EdDSA"]);
        assert!(keys.find(Some("R")).is_none() && keys.find(None).is_none());
    }

    #[test]
    fn keys_that_must_not_be_used_are_passed_over() {
        let unusable = [
            json!({"kty": "oct", "kid": "k", "k": bytes(32)}),
            with(rsa_key("k"), "n", json!(bytes(255))),
            with(rsa_key("k"), "n", json!(bytes(1025))),
            with(rsa_key("k"), "n", json!("====")),
            with(rsa_key("k"), "n", json!("")),
            with(rsa_key("k"), "e", json!("AQ")),
            with(rsa_key("k"), "e", json!("AQAA")),
            with(rsa_key("k"), "use", json!("enc")),
            with(rsa_key("k"), "use", json!(1)),
            with(rsa_key("k"), "key_ops", json!(["sign"])),
            with(rsa_key("k"), "alg", json!("HS256")),
            with(rsa_key("k"), "alg", json!("RS512")),
            with(rsa_key("k"), "alg", json!(null)),
            with(rsa_key("k"), "d", json!("AQAB")),
            json!({"kty": "EC", "kid": "k", "crv": "P-384", "x": bytes(48), "y": bytes(48)}),
            json!({"kty": "EC", "kid": "k", "crv": "P-256", "x": bytes(31), "y": bytes(32)}),
            json!({"kty": "OKP", "kid": "k", "crv": "X25519", "x": bytes(32)}),
            json!({"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": bytes(31)}),
            json!("RSA"),
        ];
        for key in unusable {
            assert!(set(json!([key])).is_empty(), "{key} was taken");
        }
    }

    #[test]
    fn points_of_small_order_are_no_keys() {
        let key = |bytes: &[u8]| json!({"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(bytes)});
        let y = |least: u8, rest: u8, most: u8| {
            let mut point = [rest; 32];
            (point[0], point[31]) = (least, most);
            point
        };
        let mut points = vec![y(0, 0, 0), y(1, 0, 0), y(0xec, 0xff, 0x7f), y(0xed, 0xff, 0x7f), y(0xee, 0xff, 0x7f)];
        for text in [
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ] {
            points.push(hex::decode(text).unwrap().try_into().unwrap());
        }
        for mut point in points {
            assert!(set(json!([key(&point)])).is_empty(), "{point:?}");
            point[31] |= 0x80;
            assert!(set(json!([key(&point)])).is_empty(), "{point:?}");
        }
        assert!(!set(json!([key(&y(2, 0, 0))])).is_empty());
    }

    #[test]
    fn two_keys_of_one_name_are_both_ignored() {
        let keys = set(json!([rsa_key("a"), rsa_key("a"), rsa_key("b")]));
        assert!(keys.find(Some("a")).is_none());
        assert!(keys.find(Some("b")).is_some());
    }

    #[test]
    fn a_token_without_a_key_name_is_served_only_by_a_set_of_one() {
        assert!(set(json!([rsa_key("a")])).find(None).is_some());
        assert!(set(json!([{"kty": "RSA", "n": bytes(256), "e": "AQAB"}])).find(None).is_some());
        assert!(set(json!([rsa_key("a"), rsa_key("b")])).find(None).is_none());
    }

    #[test]
    fn what_is_no_key_set_is_refused_and_an_empty_one_is_believed() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
            assert!(KeySet::from_jwks(text.as_bytes()).is_err(), "{text}");
        }
        assert!(set(json!([])).is_empty());
    }
}
