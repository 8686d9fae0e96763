//! The keys of the service's own issuer, in a file of the data directory: the one that signs, and those before it for as long
//! as there may be tokens of theirs.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::claims::LEEWAY_SECONDS;
use super::files;
use super::keys::{KeySet, VerificationKey};

/// The name of a key that stands in its file without one, as the first one does.
const FIRST_KID: &str = "local";
const KEY_FILE: &str = "local-issuer.key";
/// Keys that may be in force beside each other.
const MOST: usize = 32;

/// The secrets with which the service signs, and checks, its own tokens.
pub struct LocalKey {
    signing: Secret,
    earlier: Vec<Secret>,
}

struct Secret {
    kid: String,
    bytes: SecretBox<[u8; 32]>,
    /// When its last token has ended; nothing while it signs.
    until: Option<i64>,
}

/// What a rotation has done.
#[derive(Debug)]
pub struct Rotation {
    /// The name of the key that signs from now on.
    pub kid: String,
    /// Until when tokens of the key before it count, in seconds since 1970; nothing when they have ended.
    pub until: Option<i64>,
}

/// A key as it stands in a file that holds several, one a line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kid: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl LocalKey {
    /// The keys in the data directory, if there are any. A file that others than its owner can read is refused: the keys may
    /// be theirs already.
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
                 chmod 600 {path}; if somebody may have read it, follow with `holdfast token --rotate-key --now`, which ends \
                 all tokens issued so far",
                path = path.display()
            ));
        }
        match parse(&text) {
            Some(keys) => Ok(Some(keys)),
            None => Err(format!(
                "{} does not hold a key of 32 bytes in base64url, nor several of them; restore it, or remove it to have a \
                 new one made (tokens issued so far then end)",
                path.display()
            )),
        }
    }

    /// The keys in the data directory, one being made now if there is none yet. Of several processes that start
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

    /// Where the keys lie in a data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(KEY_FILE)
    }

    /// Gives the data directory a new key to sign with. Those before it go on to count until their tokens have ended by
    /// themselves, which live so long at most, or end at once. Of several rotations at once none is lost.
    ///
    /// # Errors
    /// When there is no key yet, when too many are in force, or when the file cannot be written.
    pub fn rotate(data_dir: &Path, longest_lifetime: i64, end_all: bool, now: i64) -> Result<Rotation, String> {
        let path = Self::path(data_dir);
        let told = |fault: io::Error| format!("{}: {fault}", path.display());
        let _alone = files::exclusively(&path).map_err(told)?;
        let before = Self::load(data_dir)?.ok_or_else(|| format!("{} is not there", path.display()))?;
        // Those who check it and those who sign may see the new file, or another time, a little later.
        let until = now.saturating_add(longest_lifetime).saturating_add(LEEWAY_SECONDS);
        let kid = format!("local-{}", URL_SAFE_NO_PAD.encode(random::<9>()?));
        let signing = Secret { kid: kid.clone(), bytes: SecretBox::new(Box::new(random()?)), until: None };
        let mut earlier: Vec<Secret> = Vec::new();
        if !end_all {
            earlier.push(Secret { until: Some(until), ..before.signing });
            earlier.extend(before.earlier.into_iter().filter(|one| !one.has_ended(now)));
        }
        if earlier.len() > MOST {
            return Err(format!("{MOST} keys are in force already: --now ends those before"));
        }
        files::replace(&path, Self { signing, earlier }.text()?.as_bytes()).map_err(told)?;
        Ok(Rotation { kid, until: (!end_all).then_some(until) })
    }

    /// The name of the key that signs.
    pub fn kid(&self) -> &str {
        &self.signing.kid
    }

    pub(super) fn signing_secret(&self) -> &[u8] {
        self.signing.bytes.expose_secret()
    }

    pub(super) fn key_set(&self) -> KeySet {
        let all = std::iter::once(&self.signing).chain(&self.earlier);
        let key = |one: &Secret| VerificationKey::from_secret(one.bytes.expose_secret()).until(one.until.unwrap_or(i64::MAX));
        KeySet::of_own(all.map(|one| (one.kid.clone(), move || key(one))))
    }

    /// Tells these keys from others, and tells nobody what they are.
    pub(super) fn fingerprint(&self) -> Result<[u8; 32], String> {
        Ok(Sha256::digest(self.text()?).into())
    }

    fn text(&self) -> Result<String, String> {
        let mut text = String::new();
        for one in std::iter::once(&self.signing).chain(&self.earlier) {
            let key = URL_SAFE_NO_PAD.encode(one.bytes.expose_secret());
            let line = Line { kid: one.kid.clone(), key, until: one.until };
            text += &(serde_json::to_string(&line).map_err(|fault| fault.to_string())? + "\n");
        }
        Ok(text)
    }
}

impl Secret {
    fn of(kid: &str, key: &str, until: Option<i64>) -> Option<Self> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(key).ok()?.try_into().ok()?;
        Some(Self { kid: kid.to_owned(), bytes: SecretBox::new(Box::new(bytes)), until })
    }

    fn has_ended(&self, now: i64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// One key alone, as the service makes it, or a line for each, of which exactly one signs.
fn parse(text: &str) -> Option<LocalKey> {
    if !text.starts_with('{') {
        let signing = Secret::of(FIRST_KID, text.trim_end(), None)?;
        return Some(LocalKey { signing, earlier: Vec::new() });
    }
    let mut all = Vec::new();
    for line in text.lines() {
        let Line { kid, key, until } = serde_json::from_str(line).ok()?;
        if all.iter().any(|one: &Secret| one.kid == kid) {
            return None;
        }
        all.push(Secret::of(&kid, &key, until)?);
    }
    let (mut signing, earlier): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.until.is_none());
    let only = signing.pop()?;
    signing.is_empty().then_some(LocalKey { signing: only, earlier })
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LocalKey([redacted])")
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|fault| format!("the system gives no random numbers: {fault}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: i64 = 86_400;

    fn kids(scratch: &Scratch) -> Vec<(String, Option<i64>)> {
        let key = LocalKey::load(scratch.path()).unwrap().unwrap();
        std::iter::once(key.signing).chain(key.earlier).map(|one| (one.kid, one.until)).collect()
    }

    #[test]
    fn processes_that_start_at_once_end_with_the_same_key() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("not/there/yet");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let start = || LocalKey::load_or_create(&dir).unwrap().signing.bytes.expose_secret().to_owned();
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; 32]));
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [KEY_FILE], "no draft stays behind");
    }

    #[cfg(unix)]
    #[test]
    fn the_keys_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        let mode = || fs::metadata(scratch.path().join(KEY_FILE)).unwrap().permissions().mode() & 0o777;
        LocalKey::load_or_create(scratch.path()).unwrap();
        assert_eq!(mode(), 0o600);
        LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(scratch.path().join(KEY_FILE), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap_err().contains("0640"));
    }

    #[test]
    fn damaged_keys_are_told_and_not_replaced() {
        let scratch = Scratch::new();
        let path = scratch.path().join(KEY_FILE);
        files::open_or_make(&path).unwrap();
        let key = "A".repeat(43);
        let line = |kid: &str, until: &str| format!("{{\"kid\":\"{kid}\",\"key\":\"{key}\"{until}}}\n");
        let ended = line("a", ",\"until\":1");
        let damaged = [line("a", "") + &line("b", ""), line("a", "") + &ended, line("a", "") + "{\"kid\":", ended.clone()];
        let short = ["", "short", &"A".repeat(44), "!", "{}"].map(str::to_owned);
        for text in short.iter().chain(&damaged) {
            fs::write(&path, text).unwrap();
            assert!(LocalKey::load_or_create(scratch.path()).unwrap_err().contains("32 bytes"), "{text}");
            assert!(LocalKey::rotate(scratch.path(), DAY, true, NOW).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), *text);
        }
        fs::write(&path, format!("{key}\n")).unwrap();
        assert!(LocalKey::load_or_create(scratch.path()).is_ok(), "a line end is no damage");
    }

    #[test]
    fn a_new_key_signs_and_those_before_count_until_their_tokens_have_ended() {
        let scratch = Scratch::new();
        assert!(LocalKey::rotate(scratch.path(), DAY, false, NOW).is_err(), "a key was invented");
        LocalKey::load_or_create(scratch.path()).unwrap();
        let first = LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap();
        assert_eq!(kids(&scratch), [(first.kid.clone(), None), ("local".into(), Some(NOW + DAY + 30))]);
        let second = LocalKey::rotate(scratch.path(), DAY, false, NOW + DAY + 29).unwrap();
        assert_eq!(kids(&scratch).len(), 3);
        let third = LocalKey::rotate(scratch.path(), DAY, false, NOW + DAY + 30).unwrap();
        let left: Vec<_> = kids(&scratch).into_iter().map(|(kid, _)| kid).collect();
        assert_eq!(left, [&third.kid, &second.kid, &first.kid].map(Clone::clone));
        let last = LocalKey::rotate(scratch.path(), DAY, true, NOW + DAY + 31).unwrap();
        assert_eq!((kids(&scratch), last.until), (vec![(last.kid, None)], None));
    }

    #[test]
    fn of_rotations_at_once_none_is_lost() {
        let scratch = Scratch::new();
        LocalKey::load_or_create(scratch.path()).unwrap();
        std::thread::scope(|scope| {
            (0..8).for_each(|_| {
                scope.spawn(|| LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap());
            });
        });
        assert_eq!(kids(&scratch).len(), 9);
        while kids(&scratch).len() <= MOST {
            LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap();
        }
        assert!(LocalKey::rotate(scratch.path(), DAY, false, NOW).unwrap_err().contains("--now"));
    }

    #[test]
    fn the_secret_is_never_shown() {
        let scratch = Scratch::new();
        let key = LocalKey::load_or_create(scratch.path()).unwrap();
        assert_eq!(format!("{key:?}"), "LocalKey([redacted])");
    }
}
