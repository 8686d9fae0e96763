//! What is left of an object whose personal data was erased.
use super::{Id, Kind};

/// The kinds whose objects are about people, and can be erased.
pub const ERASABLE: &[Kind] = &[Kind::Contact];
/// What the keys of erased objects begin with, and no others.
pub const ERASED_PREFIX: &str = "ERASED-";
/// The name of every erased contact.
pub const ERASED_NAME: &str = "Erased contact";

/// The key of an erased object. It tells the id and nothing else. The ledger's chain covers it, so it says for good that
/// bodies of the object are missing because somebody erased them.
pub fn erased_key(id: Id) -> String {
    format!("{ERASED_PREFIX}{}", id.0.simple().to_string().to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limits;

    #[test]
    fn the_key_of_an_erased_object_is_a_key_of_its_own() {
        let id = Id::parse("018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f").unwrap();
        assert_eq!(erased_key(id), "ERASED-018F6C2E5A4B7C3D8E9F0A1B2C3D4E5F");
        assert!(erased_key(id).len() <= limits::KEY);
    }
}
