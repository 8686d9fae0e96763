//! From the text of a token to the identity of its bearer.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::claims::{ClaimRules, has_ended};
use super::identity::Identity;
use super::jwks::KeySource;
use super::local::{self, LocalKey};
use super::names::LOCAL_ISSUER;
use super::policy::Policy;
use super::settings::AuthConfig;
use super::token::{LONGEST_TOKEN, Rejection, Unverified};

/// How many verified tokens are remembered: more than people and systems call at one time, and still
/// only a few megabytes.
const MAX_REMEMBERED: u64 = 20_000;

/// Checks tokens against the issuers of the configuration.
pub struct Verifier {
    issuers: HashMap<String, Arc<Issuer>>,
    local_key: Option<LocalKey>,
    remembered: Cache<[u8; 32], Remembered>,
}

struct Issuer {
    rules: ClaimRules,
    keys: Arc<KeySource>,
}

/// A token that was checked, and under which keys of its issuer.
#[derive(Clone)]
struct Remembered {
    identity: Arc<Identity>,
    issuer: Arc<Issuer>,
    generation: u64,
}

impl Verifier {
    /// Reads the local key and the key files; makes the local key if there is none. Asks no network.
    pub fn new(settings: &AuthConfig, data_dir: &Path, policy: Policy) -> Result<Self, String> {
        if let Some(fault) = settings.faults().into_iter().next() {
            return Err(fault);
        }
        let longest = settings.max_token_lifetime_seconds;
        let mut issuers = HashMap::new();
        for (index, config) in settings.issuers.iter().enumerate() {
            let keys =
                KeySource::configured(config, data_dir).map_err(|fault| format!("the keys of {}: {fault}", config.issuer))?;
            let issuer =
                Issuer { rules: ClaimRules::of(config, settings.subjects(index), longest, policy), keys: Arc::new(keys) };
            issuers.insert(config.issuer.clone(), Arc::new(issuer));
            for (map, setting) in config.closed_doors() {
                tracing::warn!(issuer = %config.issuer, "without {map} or {setting} the issuer's tokens grant nothing");
            }
        }
        let local_key = match settings.local_issuer {
            true => Some(LocalKey::load_or_create(data_dir)?),
            false => None,
        };
        if let Some(key) = &local_key {
            let keys = Arc::new(KeySource::fixed(LOCAL_ISSUER, key.key_set()));
            let issuer = Issuer { rules: local::rules(longest, settings.case_sensitive_subjects, policy), keys };
            issuers.insert(LOCAL_ISSUER.to_owned(), Arc::new(issuer));
        }
        let remembered = Cache::new(MAX_REMEMBERED);
        Ok(Self { issuers, local_key, remembered })
    }

    /// The key of the local issuer, if it is in use.
    pub fn local_key(&self) -> Option<&LocalKey> {
        self.local_key.as_ref()
    }

    /// Keeps the keys of the issuers fresh in the background, as long as the verifier lives.
    pub fn start_refresh(self: &Arc<Self>) {
        for issuer in self.issuers.values() {
            issuer.keys.keep_fresh();
        }
    }

    /// Who the bearer of the token is, at this time.
    pub async fn verify(&self, token: &str, now: i64) -> Result<Arc<Identity>, Rejection> {
        if token.len() > LONGEST_TOKEN {
            return Err(Rejection::TooLong);
        }
        let hash: [u8; 32] = Sha256::digest(token).into();
        match self.recall(&hash, now) {
            Some(identity) => Ok(identity),
            None => self.verify_anew(token, hash, now).await,
        }
    }

    /// The identity of a token checked before, unless it has ended or its issuer's keys have changed.
    fn recall(&self, hash: &[u8; 32], now: i64) -> Option<Arc<Identity>> {
        let known = self.remembered.get(hash)?;
        let fresh = !has_ended(known.identity.expires_at, now) && known.issuer.keys.current().number == known.generation;
        if !fresh {
            self.remembered.invalidate(hash);
        }
        fresh.then_some(known.identity)
    }

    async fn verify_anew(&self, token: &str, hash: [u8; 32], now: i64) -> Result<Arc<Identity>, Rejection> {
        let token = Unverified::parse(token)?;
        let issuer = self.issuers.get(token.issuer()?).ok_or(Rejection::UnknownIssuer)?;
        if issuer.keys.current().keys.find(token.kid()).is_none() {
            issuer.keys.look_again_for(token.kid()).await;
        }
        let current = issuer.keys.current();
        let key = current.keys.find(token.kid()).ok_or(Rejection::UnknownKey)?;
        let claims = token.sealed_by(key)?;
        let identity = Arc::new(issuer.rules.identity(claims, now)?);
        let remembered = Remembered { identity: identity.clone(), issuer: issuer.clone(), generation: current.number };
        self.remembered.insert(hash, remembered);
        Ok(identity)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Verifier").field("issuers", &self.issuers.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
