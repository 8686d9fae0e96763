//! A small policy for the tests of this room.

use super::policy::{CollectionRights, Policy};
use crate::model::roles::{ADM, APP, AUD, EVERYBODY, NOBODY, OWN, SCM, STAFF};
use crate::model::{Action, Rights};

pub(super) const EXAMPLE: Policy = Policy::new(&[
    &[
        CollectionRights::new("services", Rights::new(EVERYBODY, &[SCM, APP, ADM])),
        CollectionRights::new("business-processes", Rights::new(EVERYBODY, &[SCM, OWN, ADM])),
        CollectionRights::new("sites", Rights::new(EVERYBODY, &[SCM, ADM])),
        CollectionRights::new(
            "measures",
            Rights::new(STAFF, &[SCM, APP, ADM]).limited(&[APP]).decide(Action::Approve, &[SCM, OWN]),
        ),
    ],
    &[
        CollectionRights::new("changes", Rights::new(&[SCM, AUD], NOBODY)),
        CollectionRights::new("batch", Rights::new(NOBODY, &[SCM, ADM])),
    ],
]);
