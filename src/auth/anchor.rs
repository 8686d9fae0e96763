//! Anchors: the newest entry of every ledger, signed (Ed25519, as a JSON Web Token, RFC 7519 and 8037), to be kept where nobody of the
//! database comes. Whoever cuts the end off a ledger, or writes another history, has the anchors of before against him.
use super::files;
use super::local_keys::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

const KEY_FILE: &str = "anchor.key";
const TYPE: &str = "holdfast-anchor+jwt";
/// PKCS #8 (RFC 8410) of an Ed25519 key, up to the 32 bytes of its seed.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The public half of a key, as a JSON Web Key.
pub type PublicKey = Jwk;

/// The newest entry of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchoredHead {
    pub organization: String,
    pub seq: i64,
    /// Hexadecimal.
    pub hash: String,
    /// When the entry was made.
    pub at: String,
}

/// What an anchor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    pub heads: Vec<AnchoredHead>,
}

/// The key that signs anchors, in the data directory.
pub struct AnchorKey {
    seed: SecretBox<[u8; 32]>,
    public: Jwk,
}

impl AnchorKey {
    /// The key in the data directory, made now if there is none yet.
    ///
    /// # Errors
    /// When it cannot be read or made, is no key, or others can read it.
    pub fn load_or_create(data_dir: &Path) -> Result<AnchorKey, String> {
        let path = Self::path(data_dir);
        if !path.exists() {
            let seed = URL_SAFE_NO_PAD.encode(random::<32>()?);
            files::publish(&path, seed.as_bytes()).map_err(|fault| format!("{}: {fault}", path.display()))?;
        }
        Self::load(data_dir)?.ok_or_else(|| format!("{}: it is gone again", path.display()))
    }

    /// As [`AnchorKey::load_or_create`], if it is there.
    ///
    /// # Errors
    /// When it is no key, or others can read it.
    pub fn load(data_dir: &Path) -> Result<Option<AnchorKey>, String> {
        let path = Self::path(data_dir);
        let told = |fault: io::Error| format!("{}: {fault}", path.display());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(told(fault)),
        };
        if let Some(mode) = files::mode_open_to_others(&path).map_err(told)? {
            return Err(format!("{} is open to more than its owner (mode {mode:04o})", path.display()));
        }
        let seed = URL_SAFE_NO_PAD.decode(text.trim_end()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let seed = seed.ok_or_else(|| format!("{} does not hold a key of 32 bytes in base64url", path.display()))?;
        let seed = SecretBox::new(Box::new(seed));
        let mut public = Jwk::from_encoding_key(&encoding(&seed), Algorithm::EdDSA).map_err(|fault| fault.to_string())?;
        public.common.key_id = Some("anchor".into());
        Ok(Some(AnchorKey { seed, public }))
    }

    /// Where the key lies in a data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(KEY_FILE)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, anchor: &Anchor) -> Result<String, String> {
        let header = Header { typ: Some(TYPE.into()), kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, anchor, &encoding(&self.seed)).map_err(|fault| fault.to_string())
    }
}

/// What a signed anchor says.
///
/// # Errors
/// When the key has not signed it.
pub fn verified(text: &str, key: &PublicKey) -> Result<Anchor, String> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    // An anchor does not run out.
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let key = DecodingKey::from_jwk(key).map_err(|fault| fault.to_string())?;
    let data = jsonwebtoken::decode::<Anchor>(text, &key, &validation).map_err(|fault| fault.to_string())?;
    if data.header.typ.as_deref() == Some(TYPE) { Ok(data.claims) } else { Err("it is no anchor".into()) }
}

fn encoding(seed: &SecretBox<[u8; 32]>) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8[..], seed.expose_secret()].concat())
}

impl fmt::Debug for AnchorKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnchorKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn an_anchor_is_what_was_signed_or_nothing() {
        let (scratch, other) = (Scratch::new(), Scratch::new());
        let key = AnchorKey::load_or_create(scratch.path()).unwrap();
        let head = AnchoredHead { organization: "o".into(), seq: 7, hash: "ab".into(), at: "then".into() };
        let anchor = Anchor { iat: 1, heads: vec![head] };
        let text = key.sign(&anchor).unwrap();
        let again = AnchorKey::load_or_create(scratch.path()).unwrap();
        assert_eq!(verified(&text, again.public()), Ok(anchor));
        assert!(verified(&text, AnchorKey::load_or_create(other.path()).unwrap().public()).is_err());
        let changed = text.replacen('.', ".A", 1);
        assert!(verified(&changed, key.public()).is_err());
        assert_eq!(format!("{key:?}"), "AnchorKey([redacted])");
    }
}
