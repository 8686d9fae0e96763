//! `If-Match` and `If-None-Match` of writes.
use crate::model::{Error, Result};

/// Conditions of the client (RFC 9110, 13.1): which versions a write is meant for.
#[derive(Debug, Clone, Default)]
pub struct Preconditions {
    /// `If-Match`: one of these versions; an empty list is met by none.
    pub versions: Option<Vec<i64>>,
    /// `If-Match: *`.
    pub if_match_any: bool,
    /// `If-None-Match: *`.
    pub if_none_match_any: bool,
}

impl Preconditions {
    /// Whether an object that is there, in this version, is the one the change is meant for.
    ///
    /// # Errors
    /// `PreconditionFailed` when it is not.
    pub fn check(&self, version: i64) -> Result<()> {
        let other = self.versions.as_ref().is_some_and(|versions| !versions.contains(&version));
        if self.if_none_match_any || other { Err(Error::PreconditionFailed) } else { Ok(()) }
    }
}
