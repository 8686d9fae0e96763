//! From the text of a token to the identity of its bearer.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::claims::{ClaimRules, has_ended};
use super::identity::Identity;
use super::jwks::KeySource;
use super::local;
use super::local_keys::LocalKey;
use super::names::LOCAL_ISSUER;
use super::policy::Policy;
use super::revocations::Revocations;
use super::settings::AuthConfig;
use super::token::{LONGEST_TOKEN, Rejection, Unverified};
use super::watched::Watched;

/// How many verified tokens are remembered: more than people and systems call at one time, and still
/// only a few megabytes.
const MAX_REMEMBERED: u64 = 20_000;
/// How often the files in the data directory are looked at: what ends a token counts within five seconds.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Checks tokens against the issuers of the configuration.
pub struct Verifier {
    issuers: HashMap<String, Arc<Issuer>>,
    local_key: Option<LocalKey>,
    remembered: Cache<[u8; 32], Remembered>,
    revoked: ArcSwap<Revocations>,
    policy: Policy,
    files: Mutex<LocalFiles>,
}

/// The files that commands change while the service runs.
struct LocalFiles {
    data_dir: PathBuf,
    key: Watched,
    revoked: Watched,
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
    /// The list of revoked tokens it is not on.
    revocations: u64,
    /// Until when its key counts.
    until: i64,
}

impl Verifier {
    /// Reads the local key and the key files; makes the local key if there is none. Asks no network.
    pub fn new(settings: &AuthConfig, data_dir: &Path, policy: Policy) -> Result<Self, String> {
        if let Some(fault) = settings.faults().into_iter().next() {
            return Err(fault);
        }
        let files = LocalFiles {
            data_dir: data_dir.to_owned(),
            key: Watched::new(LocalKey::path(data_dir)),
            revoked: Watched::new(Revocations::path(data_dir)),
        };
        let revoked = Revocations::load(data_dir)?;
        let mut issuers = HashMap::new();
        for (index, config) in settings.issuers.iter().enumerate() {
            let keys =
                KeySource::configured(config, data_dir).map_err(|fault| format!("the keys of {}: {fault}", config.issuer))?;
            let issuer =
                Issuer { rules: ClaimRules::of(config, settings, settings.subjects(index), policy), keys: Arc::new(keys) };
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
            let keys = Arc::new(KeySource::own(LOCAL_ISSUER, key.key_set(), key.fingerprint()?));
            let issuer = Issuer { rules: local::rules(settings, policy), keys };
            issuers.insert(LOCAL_ISSUER.to_owned(), Arc::new(issuer));
        }
        let remembered = Cache::new(MAX_REMEMBERED);
        Ok(Self { issuers, local_key, remembered, revoked: ArcSwap::from_pointee(revoked), policy, files: Mutex::new(files) })
    }

    /// What identities may do.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The key of the local issuer as it was at the start, if it is in use.
    pub fn local_key(&self) -> Option<&LocalKey> {
        self.local_key.as_ref()
    }

    /// Keeps the keys of the issuers fresh in the background, as long as the verifier lives.
    pub fn start_refresh(self: &Arc<Self>) {
        for issuer in self.issuers.values() {
            issuer.keys.keep_fresh();
        }
        let verifier: Weak<Self> = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                let Some(verifier) = verifier.upgrade() else { return };
                // The disk may be slow, and whoever is asking for something must not wait for it.
                let _ = tokio::task::spawn_blocking(move || verifier.look_again()).await;
            }
        });
    }

    /// Takes over what commands have changed in the data directory.
    fn look_again(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let LocalFiles { data_dir, key, revoked } = &mut *files;
        let before = self.revoked.load();
        if let Some(list) = revoked.look(|| Revocations::load_again(data_dir, &before)) {
            self.revoked.store(Arc::new(list));
        }
        let Some(issuer) = self.issuers.get(LOCAL_ISSUER) else { return };
        let read = || LocalKey::load(data_dir)?.ok_or_else(|| format!("{} is gone", LocalKey::path(data_dir).display()));
        if let Some((keys, fingerprint)) = key.look(|| read().and_then(|key| Ok((key.key_set(), key.fingerprint()?)))) {
            issuer.keys.hand_over(keys, fingerprint);
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

    /// The identity of a token checked before, unless it has ended, its issuer's keys have changed or tokens were revoked.
    fn recall(&self, hash: &[u8; 32], now: i64) -> Option<Arc<Identity>> {
        let known = self.remembered.get(hash)?;
        let fresh = !has_ended(known.identity.expires_at, now)
            && now < known.until
            && known.issuer.keys.current().number == known.generation
            && self.revoked.load().number == known.revocations;
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
        let key = current.keys.find(token.kid()).filter(|key| now < key.ends_at()).ok_or(Rejection::UnknownKey)?;
        let claims = token.sealed_by(key)?;
        let identity = Arc::new(issuer.rules.identity(claims, now)?);
        let revoked = self.revoked.load();
        if revoked.contains(&token, &issuer.rules.issuer, claims) {
            return Err(Rejection::Revoked);
        }
        let remembered = Remembered {
            identity: identity.clone(),
            issuer: issuer.clone(),
            generation: current.number,
            revocations: revoked.number,
            until: key.ends_at(),
        };
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
