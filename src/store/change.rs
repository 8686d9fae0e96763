//! Who changes what.
use crate::auth::Identity;
use crate::model::{Id, Timestamp, Visibility};
use std::sync::Arc;

/// Who changes what, when and why; stands in every ledger entry the change makes.
#[derive(Debug, Clone)]
pub struct WriteContext {
    pub organization: Id,
    pub actor: String,
    pub request_id: String,
    pub reason: Option<String>,
    pub now: Timestamp,
    /// Everything is done and checked, then taken back.
    pub dry_run: bool,
    /// May touch many rows. It gets a transaction of its own: SQLite copies every page a savepoint touches, and goes
    /// through these copies at each later statement.
    pub large: bool,
    /// Whose rights limit it; nobody's when the service does something by itself.
    pub identity: Option<Arc<Identity>>,
    /// What of the answer may be shown.
    pub visibility: Visibility,
}

impl WriteContext {
    /// Whether somebody of this name makes the change.
    pub fn is_by(&self, subject: &str) -> bool {
        self.identity.as_ref().map_or(self.actor == subject, |identity| identity.is(subject))
    }

    /// What the service does by itself.
    pub fn by_the_service(organization: Id, reason: Option<String>, now: Timestamp) -> WriteContext {
        let actor = "holdfast".into();
        let (request_id, visibility) = (String::new(), Visibility::default());
        WriteContext { organization, actor, request_id, reason, now, dry_run: false, large: false, identity: None, visibility }
    }
}
