//! Ending tokens before their time: single ones of any issuer, and all of the service's own by another key.
use super::TokenArguments;
use crate::auth::{LocalKey, Revocation, Revocations};
use crate::config::Config;
use crate::model::Timestamp;

/// `holdfast token --revoke`.
pub fn revoke(config: &Config, arguments: &TokenArguments, text: &str, now: i64) -> Result<String, String> {
    at_home(config)?;
    let longest = config.auth.max_token_lifetime_seconds;
    let revocation = Revocation::of(text, arguments.reason.as_deref(), longest, now)?;
    if revocation.has_ended(now) {
        return Ok("the token has ended by itself; nothing was changed".into());
    }
    let what = match (&revocation.jti, &revocation.issuer) {
        (Some(jti), Some(issuer)) => format!("the token {jti} of {issuer}"),
        (Some(jti), None) => format!("every token of the name {jti}"),
        (None, Some(issuer)) => format!("this token of {issuer}"),
        (None, None) => "this token".into(),
    };
    let until = time(revocation.expires_at);
    Ok(match Revocations::add(&config.data_dir, revocation, now)? {
        true => format!("{what} is revoked, and remembered until {until}"),
        false => format!("{what} was revoked before"),
    })
}

/// `holdfast token --rotate-key`.
pub fn rotate(config: &Config, end_all: bool, now: i64) -> Result<String, String> {
    if !config.auth.local_issuer {
        return Err("the local issuer is switched off (auth.local_issuer)".into());
    }
    at_home(config)?;
    let rotation = LocalKey::rotate(&config.data_dir, config.auth.max_token_lifetime_seconds, end_all, now)?;
    Ok(match rotation.until {
        Some(until) => format!("the key {} signs from now on; tokens signed before count until {}", rotation.kid, time(until)),
        None => format!("the key {} signs from now on; all tokens signed before have ended", rotation.kid),
    })
}

/// What is written elsewhere than into the data directory of the service ends nothing.
fn at_home(config: &Config) -> Result<(), String> {
    let there = if config.auth.local_issuer { LocalKey::path(&config.data_dir) } else { config.data_dir.clone() };
    if there.exists() { Ok(()) } else { Err(not_at_home(config)) }
}

/// That the data directory is not that of a service.
pub fn not_at_home(config: &Config) -> String {
    format!(
        "{} is not there: is this the data directory of the service? It makes the key at its first start (holdfast serve); \
         start it first, or name its directory with --data-dir",
        LocalKey::path(&config.data_dir).display()
    )
}

fn time(seconds: i64) -> String {
    let time = seconds.checked_mul(1_000_000).and_then(Timestamp::from_micros);
    time.map_or_else(|| "for ever".into(), |time| time.to_string())
}
