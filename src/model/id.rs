use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The identity of an object: a UUIDv7 (RFC 9562), so that ids sort by creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub Uuid);

impl Id {
    /// The tenant to which the organisations themselves belong.
    pub const SYSTEM: Id = Id(Uuid::nil());

    /// Reads the canonical spelling (36 characters, any case).
    pub fn parse(text: &str) -> Option<Id> {
        if text.len() != 36 {
            return None;
        }
        Uuid::try_parse(text).ok().map(Id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
