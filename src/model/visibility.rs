//! What a caller may read of the kinds that an answer shows beside its subject.
use super::{Kind, Reference, StringEnum};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What stands in a text or a picture instead of the name of an object that the caller may not read.
pub const WITHHELD: &str = "withheld";

/// Some kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    /// The kinds of which something is true.
    pub fn of(is: impl Fn(Kind) -> bool) -> KindSet {
        KindSet(Kind::ALL.iter().filter(|kind| is(**kind)).fold(0, |bits, kind| bits | bit(*kind)))
    }
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & bit(kind) != 0
    }
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// In the order of the kinds.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
    /// A short text that differs where the sets do.
    pub fn tag(self) -> String {
        format!("{:x}", self.0)
    }
}

const fn bit(kind: Kind) -> u64 {
    1 << kind as u64
}

struct Narrow {
    hidden: KindSet,
    /// The kinds of which something was left out so far.
    left_out: AtomicU64,
}

/// How much one request sees. Whoever looks whether something is hidden has it told in the answer that it was left out.
#[derive(Clone, Default)]
pub struct Visibility(Option<Arc<Narrow>>);

impl Visibility {
    /// Everything but some kinds.
    pub fn without(hidden: KindSet) -> Visibility {
        let narrow = || Arc::new(Narrow { hidden, left_out: AtomicU64::new(0) });
        Visibility((!hidden.is_empty()).then(narrow))
    }
    /// Whether nothing is hidden.
    pub const fn is_whole(&self) -> bool {
        self.0.is_none()
    }
    pub fn hidden(&self) -> KindSet {
        self.0.as_ref().map_or(KindSet::default(), |narrow| narrow.hidden)
    }
    /// Whether an object of the kind, which belongs into the answer, has to be left out of it.
    pub fn hides(&self, kind: Kind) -> bool {
        let Some(narrow) = self.0.as_ref().filter(|narrow| narrow.hidden.contains(kind)) else { return false };
        narrow.left_out.fetch_or(bit(kind), Ordering::Relaxed);
        true
    }
    /// The kinds of which something was left out.
    pub fn left_out(&self) -> KindSet {
        self.0.as_ref().map_or(KindSet::default(), |narrow| KindSet(narrow.left_out.load(Ordering::Relaxed)))
    }
    /// The key, for a text.
    pub fn key<'a>(&self, kind: Kind, key: &'a str) -> &'a str {
        if self.hides(kind) { WITHHELD } else { key }
    }
    /// The reference as it may stand in a text or a picture.
    pub fn shown(&self, mut reference: Reference) -> Reference {
        self.mask(&mut reference);
        reference
    }
    /// Takes the words out of a reference that may not be shown.
    pub fn mask(&self, reference: &mut Reference) {
        if self.hides(reference.kind) {
            WITHHELD.clone_into(&mut reference.key);
            reference.name = None;
        }
    }
}

impl std::fmt::Debug for Visibility {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Visibility").field(&self.hidden()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_told_once_it_was_looked_for() {
        let all = Visibility::without(KindSet::default());
        assert!(all.is_whole() && !all.hides(Kind::Contact));
        let some = Visibility::without(KindSet::of(|kind| matches!(kind, Kind::Contact | Kind::Finding)));
        assert!(some.left_out().is_empty());
        assert!(some.clone().hides(Kind::Finding) && !some.hides(Kind::Service));
        assert_eq!(some.left_out().iter().collect::<Vec<_>>(), [Kind::Finding]);
        assert_eq!((some.key(Kind::Contact, "ANA"), some.key(Kind::Site, "NORTH")), (WITHHELD, "NORTH"));
    }

    #[test]
    fn there_are_no_more_kinds_than_a_set_has_room_for() {
        assert!(Kind::ALL.len() <= 64);
    }
}
