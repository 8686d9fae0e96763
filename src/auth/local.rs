//! The service's own issuer: a random key in the data directory, for the first minutes, for scripts, and
//! for the day the identity provider is part of the disaster.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::claims::ClaimRules;
use super::local_keys::{LocalKey, random};
use super::names::{LOCAL_ISSUER, Subjects, is_key, is_name};
use super::policy::Policy;
use super::settings::{AuthConfig, ClaimPointers};
use crate::model::Role;

pub const LOCAL_AUDIENCE: &str = "holdfast";

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
        header.kid = Some(self.kid().to_owned());
        let key = EncodingKey::from_secret(self.signing_secret());
        jsonwebtoken::encode(&header, &claims, &key).map_err(|fault| fault.to_string())
    }
}

pub(super) fn rules(settings: &AuthConfig, policy: Policy) -> ClaimRules {
    ClaimRules {
        issuer: LOCAL_ISSUER.into(),
        audiences: vec![LOCAL_AUDIENCE.into()],
        longest_lifetime: settings.max_token_lifetime_seconds,
        longest_api_key_seconds: settings.longest_api_key_seconds(),
        pointers: ClaimPointers::default(),
        subjects: Subjects { case_sensitive: settings.case_sensitive_subjects, ..Subjects::default() },
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
    fn grants_that_would_not_be_accepted_are_not_signed() {
        let scratch = Scratch::new();
        let key = LocalKey::load_or_create(scratch.path()).unwrap();
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
}
