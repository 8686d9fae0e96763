//! Tokens that were ended before their time, of whichever issuer: a file in the data directory, so that they can be ended
//! while the database is down, and while the service has it for itself.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::claims::{LEEWAY_SECONDS, ends_at};
use super::files;
use super::token::Unverified;

const FILE: &str = "revoked-tokens";
/// More are a case for a new key.
const MOST: usize = 10_000;
const LONGEST_FILE: u64 = 16 * 1024 * 1024;
const LONGEST_JTI: usize = 255;
/// A name may begin as a token does, by chance.
const LONGEST_LOOKALIKE: usize = 64;
const LONGEST_REASON: usize = 200;

/// One token, by its name or by what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Whose token it is; of any issuer where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Of the signed part of a token that has no name. Not of the whole: of some signatures there is another spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// When the token has ended by itself.
    pub expires_at: i64,
    pub revoked_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The first line, by which a file that was cut short is known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    revoked_tokens: usize,
}

/// The list as it was read.
#[derive(Debug, Default)]
pub struct Revocations {
    /// Grows with every change that is seen: tokens checked under another number are checked again.
    pub number: u64,
    entries: Vec<Revocation>,
    /// By name the issuers, where they are said.
    names: HashMap<String, Vec<Option<String>>>,
    digests: HashSet<String>,
}

impl Revocation {
    /// The revocation of a token, or of the name of one. A name alone is remembered as long as a token lives at most.
    ///
    /// # Errors
    /// When it can be neither.
    pub fn of(text: &str, reason: Option<&str>, longest: i64, now: i64) -> Result<Self, String> {
        if reason.is_some_and(|text| text.chars().count() > LONGEST_REASON || text.chars().any(char::is_control)) {
            return Err(format!("the reason must have at most {LONGEST_REASON} characters, none of them a control character"));
        }
        let unknown = now.saturating_add(longest).saturating_add(LEEWAY_SECONDS);
        let blank = Revocation {
            issuer: None,
            jti: None,
            sha256: None,
            expires_at: unknown,
            revoked_at: now,
            reason: reason.map(str::to_owned),
        };
        // Part of a token is no name: taken for one it would end nothing, and nobody would notice.
        let looks_like_a_token = text.starts_with("eyJ") && (text.contains('.') || text.len() > LONGEST_LOOKALIKE);
        if !looks_like_a_token {
            if !is_jti(text) {
                return Err(format!("a JTI has 1 to {LONGEST_JTI} characters, none of them a space or a control character"));
            }
            return Ok(Revocation { jti: Some(text.to_owned()), ..blank });
        }
        let token = Unverified::parse(text).map_err(|_| "the token cannot be read: was it copied whole?")?;
        let issuer = token.issuer().map_err(|_| "the token does not say who issued it")?.to_owned();
        let expires_at = ends_at(token.hearsay()).map_or(unknown, |end| end.saturating_add(LEEWAY_SECONDS));
        let jti = jti_of(token.hearsay()).filter(|jti| is_jti(jti));
        let sha256 = jti.is_none().then(|| digest_of(&token));
        Ok(Revocation { issuer: Some(issuer), jti, sha256, expires_at, ..blank })
    }

    /// Whether the token has ended by itself.
    pub fn has_ended(&self, now: i64) -> bool {
        self.expires_at <= now
    }

    /// Whether it ends everything that the other ends.
    fn covers(&self, other: &Revocation) -> bool {
        let issuer = self.issuer.is_none() || self.issuer == other.issuer;
        issuer && self.jti == other.jti && self.sha256 == other.sha256 && self.expires_at >= other.expires_at
    }

    fn is_sound(&self) -> bool {
        let digest = |text: &String| text.len() == 64 && hex::decode(text).is_ok();
        match (&self.jti, &self.sha256) {
            (Some(jti), None) => is_jti(jti),
            (None, Some(sha256)) => digest(sha256),
            _ => false,
        }
    }
}

fn is_jti(text: &str) -> bool {
    let plain = |one: char| !one.is_control() && !one.is_whitespace();
    (1..=LONGEST_JTI).contains(&text.chars().count()) && text.chars().all(plain)
}

fn jti_of(claims: &Map<String, Value>) -> Option<String> {
    match claims.get("jti")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn digest_of(token: &Unverified<'_>) -> String {
    hex::encode(Sha256::digest(token.message()))
}

impl Revocations {
    /// Where the list lies in a data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(FILE)
    }

    /// The list of the data directory, empty where there is none.
    ///
    /// # Errors
    /// When there is one that cannot be used: without it revoked tokens would count again.
    pub fn load(data_dir: &Path) -> Result<Self, String> {
        let path = Self::path(data_dir);
        let told = |fault: &dyn std::fmt::Display| {
            format!("{} cannot be used, and without it revoked tokens would count again: {fault}", path.display())
        };
        match std::fs::metadata(&path) {
            Ok(file) if file.len() > LONGEST_FILE => return Err(told(&"it is too large")),
            Ok(_) => {}
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(fault) => return Err(told(&fault)),
        }
        if let Some(mode) = files::mode_open_to_others(&path).map_err(|fault| told(&fault))? {
            return Err(told(&format!("it is open to more than its owner (mode {mode:04o}): chmod 600 {}", path.display())));
        }
        let text = std::fs::read_to_string(&path).map_err(|fault| told(&fault))?;
        Self::parse(&text).map_err(|fault| told(&fault))
    }

    /// As [`Revocations::load`], while the service runs: a list that has gone is not believed.
    ///
    /// # Errors
    /// Those of [`Revocations::load`].
    pub fn load_again(data_dir: &Path, before: &Self) -> Result<Self, String> {
        let path = Self::path(data_dir);
        if !before.entries.is_empty() && !path.exists() {
            return Err(format!("{} is gone; a restart would forget what it held", path.display()));
        }
        Ok(Self { number: before.number + 1, ..Self::load(data_dir)? })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let heading = lines.next().and_then(|line| serde_json::from_str::<Heading>(line).ok());
        let heading = heading.ok_or("its first line does not say how many tokens it holds")?;
        let mut entries = Vec::new();
        for (index, line) in lines.enumerate() {
            let entry = serde_json::from_str::<Revocation>(line).ok().filter(Revocation::is_sound);
            entries.push(entry.ok_or_else(|| format!("line {} is no revocation", index + 2))?);
        }
        if entries.len() != heading.revoked_tokens {
            return Err(format!("it says to hold {} tokens, and holds {}", heading.revoked_tokens, entries.len()));
        }
        Ok(Self::of(entries))
    }

    fn of(entries: Vec<Revocation>) -> Self {
        let mut names: HashMap<String, Vec<Option<String>>> = HashMap::new();
        for entry in &entries {
            if let Some(jti) = &entry.jti {
                names.entry(jti.clone()).or_default().push(entry.issuer.clone());
            }
        }
        let digests = entries.iter().filter_map(|entry| entry.sha256.clone()).collect();
        Self { number: 0, entries, names, digests }
    }

    fn text(&self) -> Result<String, String> {
        let told = |fault: serde_json::Error| fault.to_string();
        let mut text = serde_json::to_string(&Heading { revoked_tokens: self.entries.len() }).map_err(told)? + "\n";
        for entry in &self.entries {
            text += &(serde_json::to_string(entry).map_err(told)? + "\n");
        }
        Ok(text)
    }

    /// Adds a token to the list of a data directory; whether it was not there yet. Of several commands at once none is lost.
    ///
    /// # Errors
    /// When the list is full, cannot be used or cannot be written.
    pub fn add(data_dir: &Path, new: Revocation, now: i64) -> Result<bool, String> {
        let path = Self::path(data_dir);
        let told = |fault: io::Error| format!("{}: {fault}", path.display());
        let _alone = files::exclusively(&path).map_err(told)?;
        let mut entries = Self::load(data_dir)?.entries;
        entries.retain(|entry| !entry.has_ended(now));
        if entries.iter().any(|entry| entry.covers(&new)) {
            return Ok(false);
        }
        entries.retain(|entry| !new.covers(entry));
        if entries.len() >= MOST {
            return Err(format!(
                "{MOST} tokens are revoked already: a new key ends all of the local issuer (holdfast token --rotate-key --now)"
            ));
        }
        entries.push(new);
        files::replace(&path, Self::of(entries).text()?.as_bytes()).map_err(told)?;
        Ok(true)
    }

    /// Whether the token is on the list.
    pub fn contains(&self, token: &Unverified<'_>, issuer: &str, claims: &Map<String, Value>) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let named = jti_of(claims).and_then(|jti| self.names.get(&jti));
        let by_name = named.is_some_and(|of| of.iter().any(|one| one.as_deref().is_none_or(|one| one == issuer)));
        by_name || (!self.digests.is_empty() && self.digests.contains(&digest_of(token)))
    }
}

#[cfg(test)]
mod tests;
