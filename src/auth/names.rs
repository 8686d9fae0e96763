//! What may be the name of somebody or the key of an organisation, and the one name that is taken.

use crate::model::{Id, tidy_subject};

/// The `iss` of the service's own tokens.
pub const LOCAL_ISSUER: &str = "holdfast-local";
/// What the subject of an API key begins with; no token of an outside issuer has such a subject.
pub(super) const API_KEY_SUBJECT: &str = "api-key:";
const LONGEST_NAME: usize = 255;

/// Whether the text can be the key of an organisation. What looks like an id is none: nobody could tell which is meant.
pub fn is_key(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    text.len() <= 64 && begins_well && text.bytes().all(plain) && Id::parse(text).is_none()
}

/// The text as the name of somebody: neither empty nor endless, and nothing that could garble a log.
pub(super) fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control)
}

/// How an issuer's subjects are kept apart from those of the others.
#[derive(Debug, Clone, Default)]
pub struct Subjects {
    /// Stands before every subject of this issuer.
    pub prefix: String,
    /// Stands before those of others: no subject of this one may begin with it.
    pub foreign: Vec<String>,
    pub case_sensitive: bool,
    /// Whether the issuer is another than the service's own, whose bearers can be anybody.
    pub outside: bool,
}

impl Subjects {
    /// The name of somebody whom the issuer calls so.
    pub(super) fn name(&self, text: &str) -> Option<String> {
        let name = tidy_subject(&format!("{}{}", self.prefix, tidy_subject(text)));
        let plain = name.to_lowercase();
        let foreign = self.foreign.iter().any(|prefix| plain.starts_with(&prefix.to_lowercase()));
        let foreign = foreign || (self.outside && plain.starts_with(API_KEY_SUBJECT));
        (is_name(&name) && !foreign).then_some(name)
    }
}
