//! Whose tokens are accepted and how they are read: the `[auth]` part of the configuration.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use super::names::{LOCAL_ISSUER, Subjects, is_key};
use super::targets::Target;
use crate::model::Role;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Whether the service accepts tokens signed with its own key.
    pub local_issuer: bool,
    /// A token that lives longer than this is refused, whoever signed it.
    pub max_token_lifetime_seconds: i64,
    /// How many days an API key lives at most.
    pub max_api_key_days: i64,
    /// Whether subjects that differ in case only are two persons.
    pub case_sensitive_subjects: bool,
    pub issuers: Vec<IssuerConfig>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            local_issuer: true,
            max_token_lifetime_seconds: 86_400,
            max_api_key_days: 400,
            case_sensitive_subjects: false,
            issuers: Vec::new(),
        }
    }
}

/// An identity provider whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The `iss` of its tokens, compared letter by letter.
    pub issuer: String,
    /// The `aud` its tokens must carry: one of these.
    #[serde(deserialize_with = "one_or_many")]
    pub audience: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// Permits plain http and loopback for `jwks_url`. For trying things out only.
    #[serde(default)]
    pub allow_insecure_url: bool,
    #[serde(default = "an_hour")]
    pub refresh_seconds: u64,
    #[serde(default)]
    pub claims: ClaimPointers,
    /// What stands before its subjects in the service, so that `ana` of one issuer is not `ana` of another. Nothing for the
    /// first issuer, and `{issuer}#` for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_prefix: Option<String>,
    /// The issuer's names for roles. Other names grant nothing.
    #[serde(default)]
    pub roles_map: BTreeMap<String, Role>,
    /// Whether roles count that the issuer names as we do, besides those of the map; never `administrator`.
    #[serde(default)]
    pub roles_as_named: bool,
    /// The issuer's names for organisations. Others are refused, which keeps an issuer to the organisations it is trusted
    /// with.
    #[serde(default)]
    pub organizations_map: BTreeMap<String, String>,
    /// Whether the issuer may name any organisation by its key, besides those of the map.
    #[serde(default)]
    pub organizations_as_named: bool,
    /// Whether a token is refused that names a scope unknown here.
    #[serde(default)]
    pub refuse_unknown_scopes: bool,
}

/// Where in the claims to look, as JSON pointers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimPointers {
    pub subject: String,
    pub organization: String,
    pub roles: String,
    pub scopes: String,
}

impl Default for ClaimPointers {
    fn default() -> Self {
        Self { subject: "/sub".into(), organization: "/org".into(), roles: "/roles".into(), scopes: "/scope".into() }
    }
}

impl AuthConfig {
    /// How long an API key lives at most.
    pub fn longest_api_key_seconds(&self) -> i64 {
        self.max_api_key_days.saturating_mul(86_400)
    }

    /// Everything that is wrong with these settings, in words for the person who wrote them.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(60..=31_536_000).contains(&self.max_token_lifetime_seconds) {
            faults.push("auth.max_token_lifetime_seconds must be between 60 and 31536000".into());
        }
        if !(1..=3_660).contains(&self.max_api_key_days) {
            faults.push("auth.max_api_key_days must be between 1 and 3660".into());
        }
        if !self.local_issuer && self.issuers.is_empty() {
            faults.push("auth names no issuer and local_issuer is off: nobody could get in".into());
        }
        let mut seen = HashSet::new();
        for (index, issuer) in self.issuers.iter().enumerate() {
            let here = format!("auth.issuers[{index}]");
            if !seen.insert(&issuer.issuer) {
                faults.push(format!("{here}.issuer stands twice"));
            }
            faults.extend(issuer.faults().into_iter().map(|fault| format!("{here}.{fault}")));
            let prefix = self.subject_prefix(index).to_lowercase();
            let ambiguous = |other: String| !other.is_empty() && other != prefix && prefix.starts_with(&other);
            if (0..self.issuers.len()).any(|other| ambiguous(self.subject_prefix(other).to_lowercase())) {
                faults.push(format!("{here}.subject_prefix begins with that of another issuer"));
            }
        }
        faults
    }

    /// What stands before the subjects of an issuer, by its place.
    pub fn subject_prefix(&self, index: usize) -> String {
        match self.issuers.get(index) {
            Some(IssuerConfig { subject_prefix: Some(prefix), .. }) => prefix.clone(),
            Some(issuer) if index > 0 => format!("{}#", issuer.issuer),
            _ => String::new(),
        }
    }

    /// How the subjects of an issuer are told from those of the others. An issuer without a prefix could otherwise call
    /// somebody as another one's people are called.
    pub(super) fn subjects(&self, index: usize) -> Subjects {
        let prefix = self.subject_prefix(index);
        let others = (0..self.issuers.len()).map(|other| self.subject_prefix(other));
        let foreign = others.filter(|other| prefix.is_empty() && !other.is_empty()).collect();
        Subjects { prefix, foreign, case_sensitive: self.case_sensitive_subjects, outside: true }
    }
}

impl IssuerConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.issuer.is_empty() {
            faults.push("issuer must not be empty".to_owned());
        }
        if self.issuer == LOCAL_ISSUER {
            faults.push(format!("issuer must not be {LOCAL_ISSUER}, the name of the service's own"));
        }
        if self.audience.is_empty() || self.audience.iter().any(String::is_empty) {
            faults.push("audience must name at least one audience, and no empty one".to_owned());
        }
        if self.subject_prefix.as_ref().is_some_and(|prefix| prefix.len() > 128 || prefix.chars().any(char::is_control)) {
            faults.push("subject_prefix must have at most 128 characters, none of them a control character".to_owned());
        }
        if !(60..=604_800).contains(&self.refresh_seconds) {
            faults.push("refresh_seconds must be between 60 and 604800".to_owned());
        }
        match (&self.jwks_file, &self.jwks_url) {
            (Some(_), None) => {}
            (None, Some(url)) => {
                if let Err(fault) = Target::parse(url, self.allow_insecure_url) {
                    faults.push(format!("jwks_url {fault}"));
                }
            }
            _ => faults.push("needs either jwks_file or jwks_url".to_owned()),
        }
        for (name, pointer) in self.claims.named() {
            if !pointer.starts_with('/') {
                faults.push(format!("claims.{name} must be a JSON pointer such as /{name}"));
            }
        }
        for key in self.organizations_map.values() {
            if !is_key(key) {
                faults.push(format!("organizations_map: {key:?} is not the key of an organisation"));
            }
        }
        faults
    }
}

impl IssuerConfig {
    /// Empty maps that nothing stands in for: nobody of this issuer gets in, or may do anything.
    pub(super) fn closed_doors(&self) -> Vec<(&'static str, &'static str)> {
        let roles = (self.roles_map.is_empty() && !self.roles_as_named).then_some(("roles_map", "roles_as_named"));
        let organizations = self.organizations_map.is_empty() && !self.organizations_as_named;
        roles.into_iter().chain(organizations.then_some(("organizations_map", "organizations_as_named"))).collect()
    }
}

impl ClaimPointers {
    fn named(&self) -> [(&'static str, &str); 4] {
        [("subject", &self.subject), ("organization", &self.organization), ("roles", &self.roles), ("scopes", &self.scopes)]
    }
}

fn an_hour() -> u64 {
    3600
}

fn one_or_many<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "audience must be a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(reader)? {
        OneOrMany::One(audience) => vec![audience],
        OneOrMany::Many(audiences) => audiences,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_of_keycloak_and_a_tenant_of_entra_are_described_by_pointers() {
        let settings: AuthConfig = toml::from_str(
            r#"
            [[issuers]]
            issuer = "https://sso.example.org/realms/acme"
            audience = "holdfast"
            jwks_url = "https://sso.example.org/realms/acme/protocol/openid-connect/certs"
            claims = { organization = "/tenant", roles = "/realm_access/roles" }
            roles_map = { continuity = "it_service_continuity_manager" }

            [[issuers]]
            issuer = "https://login.example.com/6f0c/v2.0"
            audience = ["api://holdfast", "6f0c"]
            jwks_file = "entra.json"
            claims = { organization = "/tid", scopes = "/scp", subject = "/oid" }
            organizations_map = { "6f0c" = "acme" }
            "#,
        )
        .unwrap();
        assert_eq!(settings.faults(), Vec::<String>::new());
        assert_eq!(settings.issuers[0].audience, ["holdfast"]);
        assert_eq!(settings.issuers[0].claims.scopes, "/scope");
        assert_eq!(settings.issuers[1].claims.roles, "/roles");
    }

    #[test]
    fn unknown_members_are_refused_at_every_level() {
        let issuer = "[[issuers]]\nissuer = \"a\"\naudience = \"b\"\njwks_file = \"c\"\n";
        for text in ["local = true", &format!("{issuer}jwks = 1"), &format!("{issuer}claims = {{ org = \"/o\" }}")] {
            let fault = toml::from_str::<AuthConfig>(text).unwrap_err();
            assert!(fault.message().contains("unknown field"), "{fault}");
        }
    }

    #[test]
    fn all_faults_of_all_issuers_are_told_at_once() {
        let settings: AuthConfig = toml::from_str(
            r#"
            local_issuer = false
            max_token_lifetime_seconds = 5
            [[issuers]]
            issuer = "holdfast-local"
            audience = []
            jwks_url = "https://10.0.0.1/keys"
            refresh_seconds = 1
            claims = { roles = "roles" }
            organizations_map = { a = "no key" }
            [[issuers]]
            issuer = "holdfast-local"
            audience = "x"
            "#,
        )
        .unwrap();
        let faults = settings.faults();
        assert_eq!(faults.len(), 10, "{faults:#?}");
    }

    /// Settings with one issuer for each text, by the names a, b, c.
    fn issuers(texts: &[&str]) -> AuthConfig {
        let one = |(index, text): (usize, &&str)| {
            let name = ["a", "b", "c"][index];
            format!("[[issuers]]\nissuer = \"{name}\"\naudience = \"x\"\njwks_file = \"y\"\n{text}\n")
        };
        toml::from_str(&texts.iter().enumerate().map(one).collect::<String>()).unwrap()
    }

    #[test]
    fn subjects_of_two_issuers_are_told_apart_by_a_prefix() {
        let settings = issuers(&["", "", "subject_prefix = \"\""]);
        assert_eq!(settings.faults(), Vec::<String>::new());
        assert_eq!([0, 1, 2].map(|index| settings.subject_prefix(index)), ["", "b#", ""]);
        assert_eq!([0, 1, 2].map(|index| settings.subjects(index).foreign), [vec!["b#".to_owned()], vec![], vec!["b#".into()]]);
        for prefixes in [["one", "One-"], ["x#y", "x#"]] {
            let texts = prefixes.map(|prefix| format!("subject_prefix = \"{prefix}\""));
            let settings = issuers(&[&texts[0], &texts[1]]);
            assert!(settings.faults()[0].contains("begins with that of another"), "{:?}", settings.faults());
        }
    }

    #[test]
    fn maps_that_grant_nothing_are_told() {
        let told = |text: &str| issuers(&[text]).issuers[0].closed_doors().into_iter().map(|(map, _)| map).collect::<Vec<_>>();
        assert_eq!(told(""), ["roles_map", "organizations_map"]);
        assert_eq!(told("roles_as_named = true"), ["organizations_map"]);
        assert_eq!(told("organizations_as_named = true\nroles_map = { boss = \"administrator\" }"), Vec::<&str>::new());
    }

    #[test]
    fn a_door_nobody_can_open_is_a_fault() {
        let settings = AuthConfig { local_issuer: false, ..AuthConfig::default() };
        assert!(settings.faults()[0].contains("nobody could get in"));
    }
}
