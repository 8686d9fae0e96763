//! Roles, actions, and what a kind grants to whom.
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A role of the continuity process, or of the people and systems around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    ItServiceContinuityManager,
    ProcessOwner,
    ApplicationManager,
    IctInfrastructureManager,
    TestManager,
    User,
    Auditor,
    Integration,
    Administrator,
}

impl Role {
    pub const ALL: [Role; 9] = [
        Role::ItServiceContinuityManager,
        Role::ProcessOwner,
        Role::ApplicationManager,
        Role::IctInfrastructureManager,
        Role::TestManager,
        Role::User,
        Role::Auditor,
        Role::Integration,
        Role::Administrator,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::ItServiceContinuityManager => "it_service_continuity_manager",
            Role::ProcessOwner => "process_owner",
            Role::ApplicationManager => "application_manager",
            Role::IctInfrastructureManager => "ict_infrastructure_manager",
            Role::TestManager => "test_manager",
            Role::User => "user",
            Role::Auditor => "auditor",
            Role::Integration => "integration",
            Role::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("there is no such role; the roles are {}", Role::ALL.map(Role::as_str).join(", ")))
    }
}

/// What somebody wants to do with a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Read,
    Write,
    /// Bear a risk as it is.
    Accept,
    /// Let a measure or an assessment count.
    Approve,
    /// Take personal data out for good.
    Erase,
}

impl Action {
    pub const ALL: [Action; 5] = [Action::Read, Action::Write, Action::Accept, Action::Approve, Action::Erase];

    /// Whether it is beyond reading and writing.
    pub const fn decides(self) -> bool {
        matches!(self, Action::Accept | Action::Approve)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Write => "write",
            Action::Accept => "accept",
            Action::Approve => "approve",
            Action::Erase => "erase",
        }
    }
}

/// The name of a right as scopes and the document spell it: `services:read`.
pub fn permission(collection: &str, action: Action) -> String {
    format!("{collection}:{}", action.as_str())
}

/// Who may do what with a collection. Whoever is not named may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    read: &'static [Role],
    write: &'static [Role],
    limited: &'static [Role],
    decide: Option<(Action, &'static [Role])>,
}

impl Rights {
    /// Nobody may do anything.
    pub const NONE: Rights = Rights::new(roles::NOBODY, roles::NOBODY);

    pub const fn new(read: &'static [Role], write: &'static [Role]) -> Rights {
        Rights { read, write, limited: roles::NOBODY, decide: None }
    }

    /// Of those who write, the roles that write only what is commissioned to them.
    pub const fn limited(mut self, roles: &'static [Role]) -> Rights {
        self.limited = roles;
        self
    }

    /// What is decided there beyond writing, and by whom.
    pub const fn decide(mut self, action: Action, roles: &'static [Role]) -> Rights {
        self.decide = Some((action, roles));
        self
    }

    /// The roles that may do this.
    pub fn holders(self, action: Action) -> &'static [Role] {
        match action {
            Action::Read => self.read,
            Action::Write => self.write,
            Action::Accept | Action::Approve | Action::Erase => match self.decide {
                Some((own, roles)) if own == action => roles,
                _ => roles::NOBODY,
            },
        }
    }

    /// Whether the role alone permits the action.
    pub fn allows(self, role: Role, action: Action) -> bool {
        self.holders(action).contains(&role)
    }

    /// Whether the role writes only what is commissioned to it.
    pub fn is_limited(self, role: Role) -> bool {
        self.limited.contains(&role)
    }
}

/// Short names of roles, and sets of roles, for the declarations of rights.
pub mod roles {
    use super::Role;

    /// IT service continuity manager.
    pub const SCM: Role = Role::ItServiceContinuityManager;
    /// Process owner.
    pub const OWN: Role = Role::ProcessOwner;
    /// Application manager.
    pub const APP: Role = Role::ApplicationManager;
    /// ICT infrastructure manager.
    pub const ICT: Role = Role::IctInfrastructureManager;
    /// Test manager.
    pub const TST: Role = Role::TestManager;
    /// User.
    pub const USR: Role = Role::User;
    /// Auditor.
    pub const AUD: Role = Role::Auditor;
    /// Integration.
    pub const INT: Role = Role::Integration;
    /// Administrator.
    pub const ADM: Role = Role::Administrator;

    pub const EVERYBODY: &[Role] = &Role::ALL;
    /// Everybody but `user`, who sees the landscape but neither people nor suppliers nor the wiring.
    pub const STAFF: &[Role] = &[SCM, OWN, APP, ICT, TST, AUD, INT, ADM];
    pub const NOBODY: &[Role] = &[];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_spelled_the_same_in_text_and_in_json() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("test_manager"));
    }
}
