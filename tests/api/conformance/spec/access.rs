//! Who may what with a kind: the contract's table of roles, a row a kind.

pub const PROCESSES: &str = "process_owner";
pub const APPLICATIONS: &str = "application_manager";
pub const ICT: &str = "ict_infrastructure_manager";
pub const TESTS: &str = "test_manager";
pub const USER: &str = "user";
const MANAGER: &str = "it_service_continuity_manager";
const INTEGRATION: &str = "integration";
const ADMINISTRATOR: &str = "administrator";

#[derive(Debug, Clone, Copy)]
pub struct Access {
    readers: &'static [&'static str],
    /// Who writes it whatever it is about.
    masters: &'static [&'static str],
    /// Who writes it besides.
    writers: &'static [&'static str],
    /// Who writes only what is commissioned to him.
    limited: &'static [&'static str],
    /// Who reports it, and amends only what he has reported himself.
    pub reporters: &'static [&'static str],
    /// Who decides on it, beside the manager and the administrator; nothing where nothing is decided.
    deciders: Option<&'static [&'static str]>,
}

/// Everybody but those who only use the services reads it.
pub const STAFF_READS: Access = Access {
    readers: &[PROCESSES, APPLICATIONS, ICT, TESTS, MANAGER, INTEGRATION, ADMINISTRATOR, "auditor"],
    masters: &[MANAGER, INTEGRATION, ADMINISTRATOR],
    writers: &[],
    limited: &[],
    reporters: &[],
    deciders: None,
};

/// Those who only use the services read it too.
pub const USERS_READ: Access = Access {
    readers: &[PROCESSES, APPLICATIONS, ICT, TESTS, MANAGER, INTEGRATION, ADMINISTRATOR, "auditor", USER],
    ..STAFF_READS
};

/// It is nobody's business but the operators'.
pub const ADMINISTRATORS: Access = Access { readers: &[ADMINISTRATOR], masters: &[ADMINISTRATOR], ..STAFF_READS };

impl Access {
    pub const fn written_by(mut self, roles: &'static [&'static str]) -> Access {
        self.writers = roles;
        self
    }

    pub const fn commissioned_to(mut self, roles: &'static [&'static str]) -> Access {
        self.limited = roles;
        self
    }

    pub const fn reported_by(mut self, roles: &'static [&'static str]) -> Access {
        self.reporters = roles;
        self
    }

    pub const fn decided_by(mut self, roles: &'static [&'static str]) -> Access {
        self.deciders = Some(roles);
        self
    }

    pub fn reads(&self, role: &str) -> bool {
        self.readers.contains(&role)
    }

    /// Whether the role writes it as it likes.
    pub fn writes(&self, role: &str) -> bool {
        self.masters.contains(&role) || self.writers.contains(&role)
    }

    pub fn creates(&self, role: &str) -> bool {
        self.writes(role) || self.reporters.contains(&role)
    }

    pub fn is_limited(&self, role: &str) -> bool {
        self.limited.contains(&role)
    }

    pub fn decides(&self, role: &str) -> bool {
        self.deciders.is_some_and(|others| [MANAGER, ADMINISTRATOR].contains(&role) || others.contains(&role))
    }
}
