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
}

impl Action {
    pub const ALL: [Action; 4] = [Action::Read, Action::Write, Action::Accept, Action::Approve];

    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Write => "write",
            Action::Accept => "accept",
            Action::Approve => "approve",
        }
    }
}
