//! What the claims of a token say, checked one by one and turned into an [`Identity`].

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::identity::Identity;
use super::names::{Subjects, is_key, is_name};
use super::policy::Policy;
use super::settings::{AuthConfig, ClaimPointers, IssuerConfig};
use super::token::Rejection;
use crate::model::Role;

/// How far the clocks of an issuer and of this service may be apart.
pub const LEEWAY_SECONDS: i64 = 30;
/// The end of the year 9999: a date beyond it is a mistake or an attempt.
const LATEST: i64 = 253_402_300_799;

/// What the claims of one issuer must say and where in them to look.
#[derive(Debug)]
pub struct ClaimRules {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub longest_lifetime: i64,
    pub longest_api_key_seconds: i64,
    pub pointers: ClaimPointers,
    pub subjects: Subjects,
    pub roles_map: BTreeMap<String, Role>,
    /// Whether roles that are not in the map count by our own names; never `administrator` of another issuer.
    pub roles_as_named: bool,
    pub organizations_map: BTreeMap<String, String>,
    pub organizations_as_named: bool,
    pub refuse_unknown_scopes: bool,
    pub local: bool,
    pub policy: Policy,
}

impl ClaimRules {
    pub fn of(config: &IssuerConfig, settings: &AuthConfig, subjects: Subjects, policy: Policy) -> Self {
        Self {
            issuer: config.issuer.clone(),
            audiences: config.audience.clone(),
            longest_lifetime: settings.max_token_lifetime_seconds,
            longest_api_key_seconds: settings.longest_api_key_seconds(),
            pointers: config.claims.clone(),
            subjects,
            roles_map: config.roles_map.clone(),
            roles_as_named: config.roles_as_named,
            organizations_map: config.organizations_map.clone(),
            organizations_as_named: config.organizations_as_named,
            refuse_unknown_scopes: config.refuse_unknown_scopes,
            local: false,
            policy,
        }
    }

    /// The bearer these claims describe. The signature must have been checked before.
    pub fn identity(&self, claims: &Map<String, Value>, now: i64) -> Result<Identity, Rejection> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Rejection::UnknownIssuer);
        }
        let expires_at = self.lifetime(claims, now)?;
        self.audience(claims)?;
        // `sub` must be sound even where another claim names the subject.
        name(claims.get("sub")).ok_or(Rejection::Claims)?;
        let subject = name(at(claims, &self.pointers.subject)).ok_or(Rejection::Claims)?;
        Ok(Identity {
            subject: self.subjects.name(subject).ok_or(Rejection::Claims)?,
            case_sensitive: self.subjects.case_sensitive,
            organization: self.organization(claims)?,
            roles: self.roles(claims)?,
            scopes: self.scopes(claims)?,
            local: self.local,
            expires_at,
            api_key: None,
            longest_api_key_seconds: self.longest_api_key_seconds,
            policy: self.policy,
            hidden: OnceLock::new(),
        })
    }

    /// Checks exp, nbf and iat and tells when the token ends.
    fn lifetime(&self, claims: &Map<String, Value>, now: i64) -> Result<i64, Rejection> {
        let exp = date(claims, "exp")?.ok_or(Rejection::Claims)?;
        let issued = date(claims, "iat")?;
        if has_ended(exp, now) {
            return Err(Rejection::Expired);
        }
        let begins = [date(claims, "nbf")?, issued].into_iter().flatten().max();
        if begins.is_some_and(|begin| begin > now.saturating_add(LEEWAY_SECONDS)) {
            return Err(Rejection::NotYetValid);
        }
        // A token that does not say when it was issued is measured from now on.
        if exp.saturating_sub(issued.unwrap_or(now)) > self.longest_lifetime {
            return Err(Rejection::LivesTooLong);
        }
        Ok(exp)
    }

    fn audience(&self, claims: &Map<String, Value>) -> Result<(), Rejection> {
        let ours = |audience: &str| self.audiences.iter().any(|one| one == audience);
        let meant = match claims.get("aud") {
            Some(Value::String(audience)) => ours(audience),
            Some(Value::Array(list)) => {
                let audiences: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                audiences.ok_or(Rejection::Claims)?.into_iter().any(ours)
            }
            _ => return Err(Rejection::Claims),
        };
        if meant { Ok(()) } else { Err(Rejection::Audience) }
    }

    fn organization(&self, claims: &Map<String, Value>) -> Result<String, Rejection> {
        let named = at(claims, &self.pointers.organization).and_then(Value::as_str);
        let named = named.ok_or(Rejection::Organization)?;
        let key = match self.organizations_map.get(named) {
            Some(key) => key,
            None if self.organizations_as_named => named,
            None => return Err(Rejection::Organization),
        };
        if is_key(key) { Ok(key.to_owned()) } else { Err(Rejection::Organization) }
    }

    /// The known roles, in the order of the enumeration and each once. Unknown names grant nothing.
    fn roles(&self, claims: &Map<String, Value>) -> Result<Vec<Role>, Rejection> {
        let ours = |role: &Role| self.roles_as_named && (self.local || *role != Role::Administrator);
        let known = |name: &str| self.roles_map.get(name).copied().or_else(|| name.parse().ok().filter(ours));
        let mut roles: Vec<Role> = words(at(claims, &self.pointers.roles))?.into_iter().filter_map(known).collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    fn scopes(&self, claims: &Map<String, Value>) -> Result<Option<Vec<String>>, Rejection> {
        let given = words(at(claims, &self.pointers.scopes))?;
        if self.refuse_unknown_scopes && !given.iter().all(|scope| self.policy.is_permission(scope)) {
            return Err(Rejection::Scope);
        }
        Ok(Identity::known_scopes(self.policy, given.into_iter()))
    }
}

/// Whether a token that ends then has ended now.
pub fn has_ended(expires_at: i64, now: i64) -> bool {
    now >= expires_at.saturating_add(LEEWAY_SECONDS)
}

/// When a token with these claims ends, if they say it soundly.
pub fn ends_at(claims: &Map<String, Value>) -> Option<i64> {
    date(claims, "exp").unwrap_or_default()
}

fn name(claim: Option<&Value>) -> Option<&str> {
    claim.and_then(Value::as_str).filter(|text| is_name(text))
}

fn at<'a>(claims: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    // The first step by hand, because the pointer walks values and the claims are a map.
    let (first, rest) = match pointer.strip_prefix('/')?.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (pointer.strip_prefix('/')?, None),
    };
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match rest {
        Some(rest) => value.pointer(&format!("/{rest}")),
        None => Some(value),
    }
}

/// A list of texts, or one text of words separated by spaces. Nothing at all is an empty list.
fn words(claim: Option<&Value>) -> Result<Vec<&str>, Rejection> {
    match claim {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split_ascii_whitespace().collect()),
        Some(Value::Array(list)) => list.iter().map(|item| item.as_str().ok_or(Rejection::Claims)).collect(),
        Some(_) => Err(Rejection::Claims),
    }
}

/// A date in seconds since 1970, of which a fraction is dropped; `"1"`, `-1` and the year 10000 are none.
fn date(claims: &Map<String, Value>, claim: &str) -> Result<Option<i64>, Rejection> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let whole = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => Some(seconds),
        // Below 2^53 the whole part of a float is exact.
        (None, Some(float)) if float.abs() <= LATEST as f64 => Some(float.floor() as i64),
        _ => None,
    };
    whole.filter(|seconds| (0..=LATEST).contains(seconds)).map(Some).ok_or(Rejection::Claims)
}

#[cfg(test)]
mod tests;
