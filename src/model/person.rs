//! The one rule that tells whether two subjects name the same person.
use super::nfc;

/// A subject as it is kept: without space around it, in Unicode's composed form.
pub fn tidy_subject(text: &str) -> String {
    nfc(text.trim())
}

/// Whether two subjects name the same person. Most identity providers take `Ana` and `ana` for one, so where four eyes are
/// wanted these are two only if the installation says so.
pub fn same_person(one: &str, other: &str, case_sensitive: bool) -> bool {
    one == other || compared(one, case_sensitive) == compared(other, case_sensitive)
}

fn compared(text: &str, case_sensitive: bool) -> String {
    let text = tidy_subject(text);
    if case_sensitive { text } else { nfc(&text.to_lowercase()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_composition_and_case_make_no_other_person() {
        for (one, other) in [
            ("ana", " ana\t"),
            ("ana", "ANA"),
            ("J\u{fc}rgen", "ju\u{308}rgen"),
            ("\u{c9}va", "e\u{301}va "),
            ("\u{3a3}\u{3b1}", "\u{3c3}\u{3b1}"),
        ] {
            assert!(same_person(one, other, false), "{one} {other}");
        }
        for (one, other) in [("ana", "anna"), ("ana", ""), ("jurgen", "j\u{fc}rgen"), ("a na", "ana")] {
            assert!(!same_person(one, other, false), "{one} {other}");
        }
    }

    #[test]
    fn where_case_counts_only_space_and_composition_do_not() {
        assert!(same_person("J\u{fc}rgen", " Ju\u{308}rgen", true));
        assert!(!same_person("ana", "Ana", true));
    }
}
