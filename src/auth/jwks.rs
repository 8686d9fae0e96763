//! Where an issuer's keys come from, and how they stay fresh without being able to hold up the service.
//!
//! The keys in use are always in memory. They are replaced when a new set was read whole and understood;
//! as long as that fails the old ones stay, because the disaster usually takes the identity provider too.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use sha2::{Digest, Sha256};

use super::fetch::{LARGEST_ANSWER, fetch};
use super::files;
use super::keys::KeySet;
use super::settings::IssuerConfig;
use super::targets::Target;

/// An unknown key name may be a rotated key, or somebody trying: it is worth one look a minute.
const BETWEEN_FORCED: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(30);

/// The keys of an issuer at one time. Tokens checked under another generation are checked again.
#[derive(Debug)]
pub struct Generation {
    pub number: u64,
    pub keys: KeySet,
    fingerprint: [u8; 32],
}

/// The keys of one issuer.
#[derive(Debug)]
pub struct KeySource {
    issuer: String,
    origin: Origin,
    current: ArcSwap<Generation>,
    /// Held while the origin is asked, so that it is asked once; remembers the last forced time.
    asking: tokio::sync::Mutex<Option<Instant>>,
    refresh: Duration,
    between_forced: Duration,
}

#[derive(Debug)]
enum Origin {
    /// Whoever owns the keys hands them over.
    Own,
    File(PathBuf),
    Web {
        target: Target,
        copy: PathBuf,
    },
}

impl KeySource {
    pub fn own(issuer: &str, keys: KeySet, fingerprint: [u8; 32]) -> Self {
        Self::starting(issuer, Origin::Own, Some((keys, fingerprint)), Duration::MAX)
    }

    /// The keys of a configured issuer. A file must be readable now. The web is not asked yet: the
    /// copy of the last answer serves until [`keep_fresh`](Self::keep_fresh) has got a new one.
    pub fn configured(config: &IssuerConfig, data_dir: &Path) -> Result<Self, String> {
        let (origin, text) = match (&config.jwks_file, &config.jwks_url) {
            (Some(path), None) => {
                let text = read_bounded(path)?;
                (Origin::File(path.clone()), Some(text))
            }
            (None, Some(url)) => {
                let target = Target::parse(url, config.allow_insecure_url).map_err(|fault| format!("jwks_url {fault}"))?;
                let copy = data_dir.join(copy_name(&config.issuer, url));
                let text = read_bounded(&copy).ok();
                (Origin::Web { target, copy }, text)
            }
            _ => return Err("needs either jwks_file or jwks_url".into()),
        };
        let keys = match (&origin, text) {
            (Origin::File(path), Some(text)) => match parsed(&text) {
                Ok((keys, _)) if keys.is_empty() => {
                    return Err(format!("{} holds no usable key", path.display()));
                }
                Ok(keys) => Some(keys),
                Err(fault) => return Err(format!("{} {fault}", path.display())),
            },
            // A damaged copy is as good as none: the next answer replaces it.
            (_, text) => text.and_then(|text| parsed(&text).ok()),
        };
        Ok(Self::starting(&config.issuer, origin, keys, Duration::from_secs(config.refresh_seconds)))
    }

    fn starting(issuer: &str, origin: Origin, keys: Option<(KeySet, [u8; 32])>, refresh: Duration) -> Self {
        let (keys, fingerprint) = keys.unwrap_or_default();
        Self {
            issuer: issuer.to_owned(),
            origin,
            current: ArcSwap::from_pointee(Generation { number: 0, keys, fingerprint }),
            between_forced: BETWEEN_FORCED,
            asking: tokio::sync::Mutex::new(None),
            refresh,
        }
    }

    /// The keys in use. Takes no lock.
    pub fn current(&self) -> Guard<Arc<Generation>> {
        self.current.load()
    }

    /// Asks the origin because of a key name that is not in the set, if that may help. Whoever comes
    /// while it is being asked waits for the same answer.
    pub async fn look_again_for(&self, kid: Option<&str>) {
        if matches!(self.origin, Origin::Own) {
            return;
        }
        let mut last = self.asking.lock().await;
        if self.current().keys.find(kid).is_some() {
            return;
        }
        if last.is_some_and(|at| at.elapsed() < self.between_forced) {
            return;
        }
        *last = Some(Instant::now());
        self.refresh_once().await;
    }

    /// Keeps the keys fresh as long as the source is in use.
    pub fn keep_fresh(self: &Arc<Self>) {
        if matches!(self.origin, Origin::Own) {
            return;
        }
        let source: Weak<Self> = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(wait) = Self::refresh_in_turn(&source).await {
                tokio::time::sleep(wait).await;
            }
        });
    }

    /// One round of the background work: how long to rest, or `None` when nobody needs the keys.
    async fn refresh_in_turn(source: &Weak<Self>) -> Option<Duration> {
        let source = source.upgrade()?;
        let _turn = source.asking.lock().await;
        let answered = source.refresh_once().await;
        Some(if answered { source.refresh } else { source.refresh.min(RETRY) })
    }

    /// Asks the origin once and takes over what it says. Whether it gave a usable answer.
    async fn refresh_once(&self) -> bool {
        let outcome = match self.read_origin().await {
            Ok(text) => self.take_over(&text).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = &outcome {
            tracing::warn!(issuer = %self.issuer, %fault, "the keys of an issuer could not be refreshed");
        }
        outcome.is_ok()
    }

    async fn read_origin(&self) -> Result<Vec<u8>, String> {
        match &self.origin {
            Origin::Own => Err("the keys are handed over".into()),
            Origin::Web { target, .. } => fetch(target).await,
            Origin::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_bounded(&path)).await.map_err(|fault| fault.to_string())?
            }
        }
    }

    /// Puts other keys in the place of those in use; whether they are others.
    pub fn hand_over(&self, keys: KeySet, fingerprint: [u8; 32]) -> bool {
        let before = self.current.load();
        // Nothing new: the tokens checked so far stay checked.
        if before.fingerprint == fingerprint {
            return false;
        }
        tracing::info!(issuer = %self.issuer, "the keys of an issuer have changed");
        self.current.store(Arc::new(Generation { number: before.number + 1, keys, fingerprint }));
        true
    }

    async fn take_over(&self, text: &[u8]) -> Result<(), String> {
        let (keys, fingerprint) = parsed(text)?;
        if !self.hand_over(keys, fingerprint) {
            return Ok(());
        }
        if let Origin::Web { copy, .. } = &self.origin {
            let (copy, text) = (copy.clone(), text.to_vec());
            let kept = tokio::task::spawn_blocking(move || files::replace(&copy, &text)).await;
            if !matches!(kept, Ok(Ok(()))) {
                // The keys are in use all the same; only a restart without the issuer would miss them.
                tracing::warn!(issuer = %self.issuer, "the copy of an issuer's keys could not be kept");
            }
        }
        Ok(())
    }
}

fn parsed(text: &[u8]) -> Result<(KeySet, [u8; 32]), String> {
    let keys = KeySet::from_jwks(text)?;
    Ok((keys, Sha256::digest(text).into()))
}

/// A copy belongs to the issuer and the address, so that a changed configuration does not find old keys.
fn copy_name(issuer: &str, url: &str) -> String {
    let digest = Sha256::digest(format!("{issuer}\n{url}"));
    format!("jwks-{}.json", hex::encode(&digest[..16]))
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut text = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_ANSWER as u64 + 1).read_to_end(&mut text))
        .map_err(|fault| format!("{}: {fault}", path.display()))?;
    if text.len() > LARGEST_ANSWER {
        return Err(format!("{} is larger than 64 KiB", path.display()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;
    use serde_json::json;

    /// The issuer publishes a key only after it has signed with it.
    #[tokio::test]
    async fn a_key_name_that_was_unknown_is_asked_for_again_when_its_time_has_come() {
        assert!(BETWEEN_FORCED <= Duration::from_secs(60));
        let scratch = Scratch::new();
        let file = scratch.path().join("keys.json");
        let publish = |kid: &str| {
            let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            std::fs::write(&file, json!({ "keys": [key] }).to_string()).unwrap();
        };
        publish("old");
        let config = json!({"issuer": "a", "audience": "b", "jwks_file": file});
        let config: IssuerConfig = serde_json::from_value(config).unwrap();
        let source =
            KeySource { between_forced: Duration::from_millis(200), ..KeySource::configured(&config, scratch.path()).unwrap() };
        source.look_again_for(Some("new")).await;
        publish("new");
        source.look_again_for(Some("new")).await;
        assert!(source.current().keys.find(Some("new")).is_none(), "it was asked a moment ago");
        tokio::time::sleep(Duration::from_millis(250)).await;
        source.look_again_for(Some("new")).await;
        assert!(source.current().keys.find(Some("new")).is_some());
    }
}
