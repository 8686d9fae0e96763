//! Who is calling: what a verified token says about its bearer.

use super::policy::Policy;
use crate::model::{Action, Id, Kind, KindSet, Role, permission, same_person};
use std::sync::OnceLock;

/// The bearer of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name of the person or system, as [`tidy_subject`](crate::model::tidy_subject) has it. Names of different issuers
    /// are told apart by a prefix.
    pub subject: String,
    /// Whether names that differ in case only are those of two.
    pub case_sensitive: bool,
    /// The key of the organisation the token is for.
    pub organization: String,
    /// The roles known here; others the token may name are left out.
    pub roles: Vec<Role>,
    /// The scopes known here, `None` when the token names none of them.
    pub scopes: Option<Vec<String>>,
    /// Whether the service itself issued the token.
    pub local: bool,
    /// When the token ends, in seconds since 1970.
    pub expires_at: i64,
    /// The API key that was shown instead of a token.
    pub api_key: Option<Id>,
    /// How long API keys live at most that this caller makes.
    pub longest_api_key_seconds: i64,
    /// What the roles permit.
    pub policy: Policy,
    /// See [`Identity::hidden`]; looked up once for all requests with the token.
    pub hidden: OnceLock<KindSet>,
}

/// Who asks; nobody when the service does something by itself.
pub type Caller<'a> = Option<&'a Identity>;

impl Identity {
    /// Whether somebody of this name is the caller: the one rule wherever two people must not be one.
    pub fn is(&self, subject: &str) -> bool {
        same_person(&self.subject, subject, self.case_sensitive)
    }

    /// Whether one of the roles permits the action and the scopes, if there are any, do not forbid it. No API key decides: whoever
    /// has made it would decide twice.
    pub fn may(&self, collection: &str, action: Action) -> bool {
        let rights = self.policy.rights(collection);
        self.roles.iter().any(|role| rights.allows(*role, action))
            && !(action.decides() && self.api_key.is_some())
            && self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| names(scope, collection, action)))
    }

    /// The kinds that this caller may not read, as far as others refer to them: only one's own organisation stands in answers, and
    /// nothing refers to API keys.
    pub fn hidden(&self) -> KindSet {
        let hides = |kind: Kind| !matches!(kind, Kind::Organization | Kind::ApiKey) && !self.may(kind.collection(), Action::Read);
        *self.hidden.get_or_init(|| KindSet::of(hides))
    }

    /// Whether all that the roles let this caller write there is what is commissioned to them.
    pub fn is_limited(&self, collection: &str) -> bool {
        let rights = self.policy.rights(collection);
        let mut writers = self.roles.iter().filter(|role| rights.allows(**role, Action::Write)).peekable();
        writers.peek().is_some() && writers.all(|role| rights.is_limited(*role))
    }

    /// The names of all that this caller may do.
    pub fn permissions(&self) -> impl Iterator<Item = String> {
        let own = self.policy.permissions().filter(|(collection, action)| self.may(collection, *action));
        own.map(|(collection, action)| permission(collection, action))
    }

    /// Keeps what this service knows of a token's scopes.
    ///
    /// Identity providers put their own words there (`openid email profile`), often by default. A
    /// token that carries only such words was not narrowed for this service, so it counts as one
    /// without scopes and is limited by its roles alone. One known scope is enough to narrow it.
    pub(super) fn known_scopes<'a>(policy: Policy, given: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
        let known: Vec<String> = given.filter(|scope| policy.is_permission(scope)).map(str::to_owned).collect();
        (!known.is_empty()).then_some(known)
    }
}

/// Compares in place: this runs for every request and must not allocate.
fn names(scope: &str, collection: &str, action: Action) -> bool {
    scope.strip_prefix(collection).and_then(|rest| rest.strip_prefix(':')) == Some(action.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::example::EXAMPLE;
    use super::*;

    fn identity(roles: &[Role], scopes: &[&str]) -> Identity {
        Identity {
            subject: "ana".into(),
            case_sensitive: false,
            organization: "default".into(),
            roles: roles.to_vec(),
            scopes: Identity::known_scopes(EXAMPLE, scopes.iter().copied()),
            local: true,
            expires_at: 0,
            api_key: None,
            longest_api_key_seconds: 0,
            policy: EXAMPLE,
            hidden: OnceLock::new(),
        }
    }

    #[test]
    fn roles_add_up_and_no_role_permits_nothing() {
        let both = identity(&[Role::ProcessOwner, Role::ApplicationManager], &[]);
        assert!(both.may("services", Action::Write) && both.may("business-processes", Action::Write));
        assert!(!both.may("sites", Action::Write));
        assert!(!identity(&[], &["services:read"]).may("services", Action::Read));
    }

    #[test]
    fn a_known_scope_narrows_and_never_widens() {
        let narrowed = identity(&[Role::Administrator], &["openid", "services:read"]);
        assert!(narrowed.may("services", Action::Read));
        assert!(!narrowed.may("services", Action::Write));
        assert!(!narrowed.may("sites", Action::Read));
        assert!(!identity(&[Role::User], &["services:write"]).may("services", Action::Write));
    }

    #[test]
    fn a_caller_is_limited_where_every_role_that_writes_is() {
        assert!(identity(&[Role::ApplicationManager, Role::User], &[]).is_limited("measures"));
        for roles in [&[Role::ApplicationManager, Role::Administrator][..], &[Role::User], &[]] {
            assert!(!identity(roles, &[]).is_limited("measures"), "{roles:?}");
        }
        assert!(!identity(&[Role::ApplicationManager], &[]).is_limited("services"));
    }

    #[test]
    fn permissions_are_what_the_caller_may_do() {
        let all = |roles: &[Role], scopes: &[&str]| identity(roles, scopes).permissions().collect::<Vec<_>>();
        let own = ["services:read", "business-processes:read", "business-processes:write", "sites:read"];
        assert_eq!(all(&[Role::ProcessOwner], &[])[..4], own);
        assert_eq!(all(&[Role::ProcessOwner], &[])[4..], ["measures:read", "measures:approve"]);
        assert_eq!(all(&[Role::ProcessOwner], &["sites:read", "sites:write"]), ["sites:read"]);
        assert!(all(&[], &[]).is_empty());
    }

    #[test]
    fn hidden_is_every_kind_that_may_not_be_read() {
        let narrowed = identity(&[Role::Administrator], &["services:read", "measures:write"]);
        let hidden = narrowed.hidden();
        assert!(!hidden.contains(Kind::Service) && hidden.contains(Kind::Measure) && hidden.contains(Kind::Site));
        assert!(!hidden.contains(Kind::Organization));
    }

    #[test]
    fn foreign_scopes_alone_do_not_narrow() {
        let foreign = identity(&[Role::Auditor], &["openid", "email", "profile"]);
        assert_eq!(foreign.scopes, None);
        assert!(foreign.may("changes", Action::Read));
    }
}
