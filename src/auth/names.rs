//! What may be the name of somebody or the key of an organisation, and the one name that is taken.

/// The `iss` of the service's own tokens.
pub const LOCAL_ISSUER: &str = "holdfast-local";
const LONGEST_NAME: usize = 255;

/// Whether the text can be the key of an organisation.
pub(super) fn is_key(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= 64 && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

/// The text as the name of somebody: neither empty nor endless, and nothing that could garble a log.
pub(super) fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control)
}
