//! The secrets of API keys: what they look like, and the digest by which one is found. The secret itself is kept nowhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::identity::Identity;
use super::local_keys::random;
use super::names::API_KEY_SUBJECT;
use super::policy::Policy;
use crate::model::{Action, Id, Role};

/// What every secret begins with, so that scanners of logs and repositories find it.
pub const API_KEY_PREFIX: &str = "hf_";
/// The SHA-256 of a secret.
pub type SecretDigest = [u8; 32];

/// A new secret, and its digest.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_secret() -> Result<(String, SecretDigest), String> {
    let secret = format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let digest = Sha256::digest(&secret).into();
    Ok((secret, digest))
}

/// The digest of a text that can be a secret.
pub fn secret_digest(text: &str) -> Option<SecretDigest> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(API_KEY_PREFIX)?).ok()?;
    (bytes.len() == 32).then(|| Sha256::digest(text).into())
}

/// What a key lets its bearer do, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyGrant {
    pub roles: Vec<Role>,
    /// Narrow the roles; none leaves them as they are.
    pub scopes: Vec<String>,
    /// In seconds since 1970.
    pub expires_at: i64,
}

/// Who calls with a key.
#[derive(Debug, Clone)]
pub struct ApiKeyHolder {
    pub id: Id,
    pub key: String,
    /// The key of the organisation.
    pub organization: String,
    pub grant: ApiKeyGrant,
    /// When the key ends, or the secret before it.
    pub serves_until: i64,
}

/// What is too much: a pointer, a code and what is wrong.
pub type Excess = Vec<(String, &'static str, String)>;

impl ApiKeyHolder {
    /// The bearer of the key.
    pub fn identity(&self, policy: Policy, longest_api_key_seconds: i64) -> Identity {
        let scopes = &self.grant.scopes;
        Identity {
            subject: format!("{API_KEY_SUBJECT}{}", self.key),
            // Keys that differ in case are two keys.
            case_sensitive: true,
            organization: self.organization.clone(),
            roles: self.grant.roles.clone(),
            scopes: (!scopes.is_empty()).then(|| scopes.clone()),
            local: false,
            expires_at: self.serves_until,
            api_key: Some(self.id),
            longest_api_key_seconds,
            policy,
            hidden: Default::default(),
        }
    }
}

impl Identity {
    /// What a key would be given beyond what the caller may do.
    pub fn excess(&self, grant: &ApiKeyGrant) -> Excess {
        let mut excess = Excess::new();
        for (index, role) in grant.roles.iter().enumerate().filter(|(_, role)| !self.covers(**role)) {
            excess.push((format!("/roles/{index}"), "not_held", format!("you may not do all that {role} may")));
        }
        if grant.scopes.is_empty() && self.scopes.is_some() {
            excess.push((
                "/scopes".into(),
                "required",
                "your own rights are narrowed by scopes, so those of the key have to be".into(),
            ));
        }
        for (index, scope) in grant.scopes.iter().enumerate() {
            if !self.policy.is_permission(scope) {
                excess.push((format!("/scopes/{index}"), "not_allowed", "there is no such scope".into()));
            } else if !self.permissions().any(|own| own == *scope) {
                excess.push((format!("/scopes/{index}"), "not_held", "you do not have this permission yourself".into()));
            }
        }
        if self.api_key.is_some() && grant.expires_at > self.expires_at {
            excess.push(("/expires_at".into(), "out_of_range", "a key makes no key that outlives it".into()));
        }
        excess
    }

    /// Whether the caller's roles let them read and write all that the role lets. What is decided is out of the question: no
    /// key decides.
    fn covers(&self, role: Role) -> bool {
        self.roles.contains(&role)
            || self.policy.permissions().all(|(collection, action)| {
                let rights = self.policy.rights(collection);
                let limited = action == Action::Write && self.is_limited(collection) && !rights.is_limited(role);
                let own = self.roles.iter().any(|own| rights.allows(*own, action));
                action.decides() || !rights.allows(role, action) || (own && !limited)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::EXAMPLE;
    use super::*;

    fn caller(roles: &[Role], scopes: &[&str]) -> Identity {
        let grant = given(roles, scopes);
        let holder =
            ApiKeyHolder { id: Id::SYSTEM, key: "k".into(), organization: "o".into(), serves_until: grant.expires_at, grant };
        holder.identity(EXAMPLE, 1)
    }

    fn given(roles: &[Role], scopes: &[&str]) -> ApiKeyGrant {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        ApiKeyGrant { roles: roles.to_vec(), scopes, expires_at: 100 }
    }

    #[test]
    fn a_role_is_given_by_whoever_may_do_all_that_it_may() {
        let told = |caller: &Identity, grant: &ApiKeyGrant| {
            caller.excess(grant).into_iter().map(|(pointer, code, _)| (pointer, code)).collect::<Vec<_>>()
        };
        let owner = caller(&[Role::ProcessOwner], &[]);
        assert_eq!(told(&owner, &given(&[Role::User, Role::ProcessOwner], &[])), []);
        let more = given(&[Role::User, Role::Administrator], &["sites:read", "sites:write", "nonsense"]);
        let wanted = [("/roles/1", "not_held"), ("/scopes/1", "not_held"), ("/scopes/2", "not_allowed")];
        assert_eq!(told(&owner, &more), wanted.map(|(pointer, code)| (pointer.to_owned(), code)));
        // Of measures an application manager writes only what is commissioned to them.
        let limited = caller(&[Role::ApplicationManager], &[]);
        assert_eq!(told(&limited, &given(&[Role::ApplicationManager], &[])), []);
        let narrow = caller(&[Role::Administrator], &["sites:read"]);
        assert_eq!(told(&narrow, &given(&[Role::User], &[])), [("/scopes".to_owned(), "required")]);
        let late = ApiKeyGrant { expires_at: 101, ..given(&[Role::User], &["sites:read"]) };
        assert_eq!(told(&narrow, &late), [("/expires_at".to_owned(), "out_of_range")]);
    }

    #[test]
    fn no_key_decides() {
        let key = caller(&[Role::ProcessOwner], &[]);
        assert!(key.may("business-processes", Action::Write) && !key.may("measures", Action::Approve));
    }

    #[test]
    fn a_secret_is_found_by_its_digest_and_every_one_is_its_own() {
        let (one, digest) = new_secret().unwrap();
        assert_eq!((one.len(), secret_digest(&one)), (46, Some(digest)));
        assert_ne!(one, new_secret().unwrap().0);
    }

    #[test]
    fn other_spellings_are_no_secrets() {
        let (one, _) = new_secret().unwrap();
        let wrong = [&one[3..], &one[..45], &format!("{one}A"), &format!("{one}="), &one.replace("hf_", "HF_"), "hf_", ""];
        for text in wrong {
            assert_eq!(secret_digest(text), None, "{text}");
        }
    }
}
