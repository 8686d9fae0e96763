//! The service's own issuer: a random key in the data directory, for the first minutes, for scripts, and
//! for the day the identity provider is part of the disaster.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretBox};
use serde::Serialize;

use super::claims::ClaimRules;
use super::files;
use super::keys::{KeySet, VerificationKey};
use super::names::{LOCAL_ISSUER, Subjects, is_key, is_name};
use super::policy::Policy;
use super::settings::ClaimPointers;
use crate::model::Role;

pub const LOCAL_AUDIENCE: &str = "holdfast";
const LOCAL_KID: &str = "local";
const KEY_FILE: &str = "local-issuer.key";

/// The secret with which the service signs, and checks, its own tokens.
pub struct LocalKey(SecretBox<[u8; 32]>);

/// What a token of the local issuer shall say.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    pub subject: &'a str,
    pub organization: &'a str,
    pub roles: &'a [Role],
    /// Narrow the roles; none leaves them as they are.
    pub scopes: &'a [String],
    pub ttl_seconds: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    org: &'a str,
    roles: &'a [Role],
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    iat: i64,
    exp: i64,
    jti: String,
}

impl LocalKey {
    /// The key in the data directory, if there is one. A key that others than its owner can read is refused: it may be
    /// theirs already.
    pub fn load(data_dir: &Path) -> Result<Option<Self>, String> {
        let path = Self::path(data_dir);
        let told = |fault: io::Error| format!("{}: {fault}", path.display());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(told(fault)),
        };
        if let Some(mode) = files::mode_open_to_others(&path).map_err(told)? {
            return Err(format!(
                "{path} is open to more than its owner (mode {mode:04o}), and whoever reads it can sign tokens of anybody: \
                 chmod 600 {path}; if somebody may have read it, remove it instead, which ends all tokens issued so far",
                path = path.display()
            ));
        }
        Self::parse(&text, &path).map(Some)
    }

    /// The key in the data directory, made now if there is none yet. Of several processes that start
    /// at once all end with the same key.
    pub fn load_or_create(data_dir: &Path) -> Result<Self, String> {
        if let Some(key) = Self::load(data_dir)? {
            return Ok(key);
        }
        let path = Self::path(data_dir);
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
        files::publish(&path, secret.as_bytes()).map_err(|fault| format!("{}: {fault}", path.display()))?;
        // Read back rather than kept: another process may have been first.
        Self::load(data_dir)?.ok_or_else(|| format!("{}: it is gone again", path.display()))
    }

    /// Where the key lies in a data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(KEY_FILE)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end()).ok();
        let secret: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        match secret {
            Some(secret) => Ok(Self(SecretBox::new(Box::new(secret)))),
            None => Err(format!(
                "{} does not hold a key of 32 bytes in base64url; restore it, or remove it to have a \
                 new one made (tokens issued so far then end)",
                path.display()
            )),
        }
    }

    /// Signs a token. Refuses a grant the service itself would refuse to accept later.
    pub fn mint(&self, grant: &Grant<'_>, policy: Policy, now: i64) -> Result<String, String> {
        if !is_name(grant.subject) {
            return Err("the subject must have 1 to 255 characters, none of them a control character".into());
        }
        if !is_key(grant.organization) {
            return Err(format!("{:?} cannot be the key of an organisation", grant.organization));
        }
        if let Some(unknown) = grant.scopes.iter().find(|scope| !policy.is_permission(scope)) {
            // An unknown scope would not narrow the token at all, which nobody asks for on purpose.
            return Err(format!("there is no scope {unknown:?}"));
        }
        if grant.ttl_seconds <= 0 {
            return Err("a token must live for at least one second".into());
        }
        let claims = Claims {
            iss: LOCAL_ISSUER,
            aud: LOCAL_AUDIENCE,
            sub: grant.subject,
            org: grant.organization,
            roles: grant.roles,
            scope: (!grant.scopes.is_empty()).then(|| grant.scopes.join(" ")),
            iat: now,
            exp: now.saturating_add(grant.ttl_seconds),
            jti: URL_SAFE_NO_PAD.encode(random::<16>()?),
        };
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(LOCAL_KID.into());
        let key = EncodingKey::from_secret(self.0.expose_secret());
        jsonwebtoken::encode(&header, &claims, &key).map_err(|fault| fault.to_string())
    }

    pub(super) fn key_set(&self) -> KeySet {
        KeySet::of_one(LOCAL_KID, || VerificationKey::from_secret(self.0.expose_secret()))
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LocalKey([redacted])")
    }
}

pub(super) fn rules(longest_lifetime: i64, case_sensitive: bool, policy: Policy) -> ClaimRules {
    ClaimRules {
        issuer: LOCAL_ISSUER.into(),
        audiences: vec![LOCAL_AUDIENCE.into()],
        longest_lifetime,
        pointers: ClaimPointers::default(),
        subjects: Subjects { case_sensitive, ..Subjects::default() },
        roles_map: Default::default(),
        roles_as_named: true,
        organizations_map: Default::default(),
        organizations_as_named: true,
        // Nobody but this service wrote them, so an unknown one is the right of an older release.
        refuse_unknown_scopes: true,
        local: true,
        policy,
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|fault| format!("the system gives no random numbers: {fault}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::example::EXAMPLE;
    use super::super::scratch::Scratch;
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn grant<'a>(scopes: &'a [String]) -> Grant<'a> {
        let roles = &[Role::Auditor];
        Grant { subject: "ana", organization: "default", roles, scopes, ttl_seconds: 60 }
    }

    #[test]
    fn processes_that_start_at_once_end_with_the_same_key() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("not/there/yet");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let start = || LocalKey::load_or_create(&dir).unwrap().0.expose_secret().to_owned();
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; 32]));
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [KEY_FILE], "no draft stays behind");
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        LocalKey::load_or_create(scratch.path()).unwrap();
        let mode = fs::metadata(scratch.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_told_and_not_replaced() {
        let scratch = Scratch::new();
        let path = scratch.path().join(KEY_FILE);
        files::open_or_make(&path).unwrap();
        for text in ["", "short", &"A".repeat(44), "!"] {
            fs::write(&path, text).unwrap();
            assert!(LocalKey::load_or_create(scratch.path()).unwrap_err().contains("32 bytes"));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, format!("{}\n", "A".repeat(43))).unwrap();
        assert!(LocalKey::load_or_create(scratch.path()).is_ok(), "a line end is no damage");
    }

    #[test]
    fn grants_that_would_not_be_accepted_are_not_signed() {
        let key = LocalKey(SecretBox::new(Box::new([7; 32])));
        let typo = ["servcies:read".to_owned()];
        for wrong in [
            Grant { subject: "", ..grant(&[]) },
            Grant { subject: "a\n", ..grant(&[]) },
            Grant { organization: "no key", ..grant(&[]) },
            Grant { organization: "018f6c2e-0000-7000-8000-000000000000", ..grant(&[]) },
            Grant { ttl_seconds: 0, ..grant(&[]) },
            grant(&typo),
        ] {
            assert!(key.mint(&wrong, EXAMPLE, NOW).is_err(), "{wrong:?}");
        }
        assert_ne!(key.mint(&grant(&[]), EXAMPLE, NOW), key.mint(&grant(&[]), EXAMPLE, NOW), "every token is its own");
    }

    #[test]
    fn the_secret_is_never_shown() {
        let scratch = Scratch::new();
        let key = LocalKey::load_or_create(scratch.path()).unwrap();
        assert_eq!(format!("{key:?}"), "LocalKey([redacted])");
    }
}
