//! Who may do what, everywhere: the rights of all collections in one value, put together by the server.

use std::fmt;

use crate::model::{Action, Resource, Rights};

/// A collection and who may do what with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionRights {
    pub collection: &'static str,
    pub rights: Rights,
}

impl CollectionRights {
    /// The rights of what is no kind.
    pub const fn new(collection: &'static str, rights: Rights) -> CollectionRights {
        CollectionRights { collection, rights }
    }

    pub const fn of_kind<R: Resource>() -> CollectionRights {
        CollectionRights { collection: R::KIND.collection(), rights: R::RIGHTS }
    }
}

/// The rights of all collections. Nothing else in the service grants a right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Policy(&'static [&'static [CollectionRights]]);

impl Policy {
    /// Puts lists together, no two of which name the same collection.
    pub const fn new(lists: &'static [&'static [CollectionRights]]) -> Policy {
        Policy(lists)
    }

    /// The rights of a collection. One that is in none of the lists is closed to all.
    pub fn rights(self, collection: &str) -> Rights {
        self.all().find(|one| one.collection == collection).map_or(Rights::NONE, |one| one.rights)
    }

    /// Whether the text is the name of a right that at least one role holds.
    pub fn is_permission(self, text: &str) -> bool {
        let Some((collection, action)) = text.split_once(':') else {
            return false;
        };
        let rights = self.rights(collection);
        Action::ALL.into_iter().any(|known| known.as_str() == action && !rights.holders(known).is_empty())
    }

    /// Every right that at least one role holds, in the order of the lists.
    pub fn permissions(self) -> impl Iterator<Item = (&'static str, Action)> {
        self.all()
            .flat_map(|one| Action::ALL.map(|action| (one, action)))
            .filter(|(one, action)| !one.rights.holders(*action).is_empty())
            .map(|(one, action)| (one.collection, action))
    }

    fn all(self) -> impl Iterator<Item = &'static CollectionRights> {
        self.0.iter().copied().flatten()
    }
}

/// Every identity carries its policy: the whole of it would drown the rest.
impl fmt::Debug for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Policy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::example::EXAMPLE;
    use super::*;
    use crate::model::roles::{ADM, OWN, SCM};
    use crate::model::{Role, permission};

    #[test]
    fn rights_are_found_in_every_list_and_a_collection_of_none_is_closed_to_all() {
        assert_eq!(EXAMPLE.rights("sites").holders(Action::Write), [SCM, ADM]);
        assert_eq!(EXAMPLE.rights("batch").holders(Action::Write), [SCM, ADM]);
        for (role, action) in Role::ALL.into_iter().flat_map(|role| Action::ALL.map(|action| (role, action))) {
            assert!(!EXAMPLE.rights("secrets").allows(role, action), "{role}");
        }
    }

    #[test]
    fn a_decision_is_a_right_of_its_own() {
        let rights = EXAMPLE.rights("measures");
        assert!(rights.allows(OWN, Action::Approve) && !rights.allows(OWN, Action::Write));
        assert!(!rights.allows(ADM, Action::Approve));
        assert!(rights.holders(Action::Accept).is_empty());
    }

    #[test]
    fn permissions_are_the_rights_that_somebody_holds() {
        let names: Vec<String> = EXAMPLE.permissions().map(|(collection, action)| permission(collection, action)).collect();
        assert!(names.iter().all(|name| EXAMPLE.is_permission(name)));
        assert_eq!(names.len(), 3 * 2 + 3 + 1 + 1);
        assert_eq!(names[6..], ["measures:read", "measures:write", "measures:approve", "changes:read", "batch:write"]);
    }
}
