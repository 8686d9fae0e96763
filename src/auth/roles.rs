//! Who may do what: the roles of the process and the one table that grants them their rights.

use crate::model::{Action, Role};

/// One line of the table: a collection and the roles that may read and write it.
struct Grant {
    collection: &'static str,
    read: &'static [Role],
    write: &'static [Role],
    /// Of those who write, the roles that write only what is commissioned to them.
    limited: &'static [Role],
    /// What is decided there beyond writing, and by whom.
    decide: Option<(Action, &'static [Role])>,
}

use Role::{
    Administrator as ADM, ApplicationManager as APP, Auditor as AUD, IctInfrastructureManager as ICT, Integration as INT,
    ItServiceContinuityManager as SCM, ProcessOwner as OWN, TestManager as TST, User as USR,
};

const ALL: &[Role] = &Role::ALL;
/// Everybody but `user`, who sees the landscape but neither people nor suppliers nor the wiring.
const STAFF: &[Role] = &[SCM, OWN, APP, ICT, TST, AUD, INT, ADM];
const NONE: &[Role] = &[];

const fn grant(collection: &'static str, read: &'static [Role], write: &'static [Role]) -> Grant {
    Grant { collection, read, write, limited: NONE, decide: None }
}

impl Grant {
    const fn limited(mut self, roles: &'static [Role]) -> Grant {
        self.limited = roles;
        self
    }
    const fn decide(mut self, action: Action, roles: &'static [Role]) -> Grant {
        self.decide = Some((action, roles));
        self
    }
}

/// The one table of who may do what. Nothing else in the service grants a right.
///
/// `batch` opens the door of the batch only; every row is checked for its own collection.
#[rustfmt::skip]
const TABLE: &[Grant] = &[
    //     collection            may read               may write
    grant("services",            ALL,                   &[SCM, APP, INT, ADM]),
    grant("business-processes",  ALL,                   &[SCM, OWN, INT, ADM]),
    grant("sites",               ALL,                   &[SCM, ICT, INT, ADM]),
    grant("components",          ALL,                   &[SCM, APP, ICT, INT, ADM]),
    grant("suppliers",           STAFF,                 &[SCM, ICT, INT, ADM]),
    grant("contacts",            STAFF,                 &[SCM, APP, ICT, INT, ADM]),
    grant("mappings",            STAFF,                 &[SCM, APP, ICT, INT, ADM]),
    grant("agreements",          STAFF,                 &[SCM, ICT, INT, ADM]),
    grant("settings",            STAFF,                 &[SCM, ADM]),
    grant("risk-matrix",         STAFF,                 &[SCM, ADM]),
    grant("impact-assessments",  STAFF,                 &[SCM, OWN, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]),
    grant("threats",             STAFF,                 &[SCM, INT, ADM]),
    grant("vulnerabilities",     STAFF,                 &[SCM, APP, ICT, INT, ADM]),
    grant("risks",               STAFF,                 &[SCM, INT, ADM]).decide(Action::Accept, &[SCM, OWN, ADM]),
    grant("risk-assessments",    STAFF,                 &[SCM, INT, ADM]),
    grant("measures",            STAFF,                 &[SCM, APP, ICT, INT, ADM]).limited(&[APP, ICT]).decide(Action::Approve, &[SCM, OWN, ADM]),
    grant("measure-tasks",       STAFF,                 &[SCM, APP, ICT, INT, ADM]).limited(&[APP, ICT]),
    grant("change-requests",     STAFF,                 &[SCM, INT, ADM]).decide(Action::Approve, &[SCM, ADM]),
    grant("plans",               STAFF,                 &[SCM, OWN, INT, ADM]),
    grant("plan-versions",       STAFF,                 &[SCM, OWN, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]),
    grant("exercises",           STAFF,                 &[SCM, TST, INT, ADM]).decide(Action::Approve, &[SCM, OWN, ADM]),
    grant("disruptions",         STAFF,                 &[SCM, OWN, APP, ICT, TST, USR, INT, ADM]).limited(&[OWN, APP, ICT, TST, USR]).decide(Action::Approve, &[SCM, ADM]),
    grant("runs",                STAFF,                 &[SCM, TST, INT, ADM]),
    grant("run-steps",           STAFF,                 &[SCM, OWN, APP, ICT, TST, INT, ADM]),
    grant("measurements",        STAFF,                 &[SCM, APP, ICT, TST, INT, ADM]),
    grant("findings",            STAFF,                 &[SCM, TST, INT, ADM]).decide(Action::Approve, &[SCM, TST, ADM]),
    grant("analyses",            STAFF,                 NONE),
    grant("reports",             STAFF,                 NONE),
    grant("organizations",       &[ADM],                &[ADM]),
    grant("changes",             &[SCM, AUD, INT, ADM], NONE),
    grant("history",             &[SCM, AUD, INT, ADM], NONE),
    grant("batch",               NONE,                  &[SCM, OWN, APP, ICT, TST, INT, ADM]),
];

/// Whether the role alone permits the action. A collection that is not in the table is closed to all.
pub fn allows(role: Role, collection: &str, action: Action) -> bool {
    holders(collection, action).contains(&role)
}

/// Whether the role writes only what is commissioned to it.
pub fn is_limited(role: Role, collection: &str) -> bool {
    row(collection).is_some_and(|row| row.limited.contains(&role))
}

/// The roles that may do this, for the document and for messages.
pub fn roles_allowed(collection: &str, action: Action) -> Vec<Role> {
    holders(collection, action).to_vec()
}

/// The name of a right as scopes and the document spell it: `services:read`.
pub fn permission(collection: &str, action: Action) -> String {
    format!("{collection}:{}", action.as_str())
}

/// Whether the text is the name of a right that at least one role holds.
pub fn is_permission(text: &str) -> bool {
    let Some((collection, action)) = text.split_once(':') else {
        return false;
    };
    Action::ALL.into_iter().any(|known| known.as_str() == action && !holders(collection, known).is_empty())
}

/// Every right there is, in the order of the table.
pub fn permissions() -> impl Iterator<Item = String> {
    TABLE
        .iter()
        .flat_map(|row| Action::ALL.map(|action| (row, action)))
        .filter(|(row, action)| !row.holders(*action).is_empty())
        .map(|(row, action)| permission(row.collection, action))
}

fn holders(collection: &str, action: Action) -> &'static [Role] {
    row(collection).map_or(NONE, |row| row.holders(action))
}

fn row(collection: &str) -> Option<&'static Grant> {
    TABLE.iter().find(|row| row.collection == collection)
}

impl Grant {
    fn holders(&self, action: Action) -> &'static [Role] {
        match action {
            Action::Read => self.read,
            Action::Write => self.write,
            Action::Accept | Action::Approve => match self.decide {
                Some((own, roles)) if own == action => roles,
                _ => NONE,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role::User as USR;

    const CATALOGUE: [&str; 8] =
        ["services", "business-processes", "sites", "components", "suppliers", "agreements", "contacts", "mappings"];

    fn written_by(role: Role) -> Vec<&'static str> {
        CATALOGUE.into_iter().filter(|name| allows(role, name, Action::Write)).collect()
    }

    #[test]
    fn every_role_is_spelled_the_same_in_text_and_in_json() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("test_manager"));
    }

    #[test]
    fn three_roles_write_the_whole_catalogue_and_the_others_their_own_part() {
        for role in [SCM, INT, ADM] {
            assert_eq!(written_by(role), CATALOGUE);
        }
        assert_eq!(written_by(OWN), ["business-processes"]);
        assert_eq!(written_by(APP), ["services", "components", "contacts", "mappings"]);
        assert_eq!(written_by(ICT), ["sites", "components", "suppliers", "agreements", "contacts", "mappings"]);
        for role in [TST, USR, AUD] {
            assert!(written_by(role).is_empty());
        }
    }

    #[test]
    fn everybody_reads_the_catalogue_but_users_only_the_landscape() {
        for role in Role::ALL {
            let read: Vec<_> = CATALOGUE.into_iter().filter(|name| allows(role, name, Action::Read)).collect();
            let expected = if role == USR { &CATALOGUE[..4] } else { &CATALOGUE[..] };
            assert_eq!(read, expected, "{role}");
        }
    }

    #[test]
    fn the_batch_is_open_to_those_whose_work_is_to_write_and_users_report_one_by_one() {
        for role in Role::ALL {
            let writes = TABLE.iter().any(|row| row.collection != "batch" && row.write.contains(&role));
            assert_eq!(allows(role, "batch", Action::Write), writes && role != USR, "{role}");
        }
    }

    #[test]
    fn the_ledger_and_the_organisations_are_for_few_and_unknown_collections_for_nobody() {
        assert_eq!(roles_allowed("changes", Action::Read), [SCM, AUD, INT, ADM]);
        assert_eq!(roles_allowed("history", Action::Read), [SCM, AUD, INT, ADM]);
        assert_eq!(roles_allowed("organizations", Action::Write), [ADM]);
        assert!(roles_allowed("changes", Action::Write).is_empty());
        assert!(Role::ALL.into_iter().all(|role| !allows(role, "secrets", Action::Read)));
    }

    #[test]
    fn deciding_is_for_those_who_answer_for_it_and_machines_decide_nothing() {
        assert_eq!(roles_allowed("risks", Action::Accept), [SCM, OWN, ADM]);
        for collection in ["measures", "impact-assessments", "plan-versions", "exercises"] {
            assert_eq!(roles_allowed(collection, Action::Approve), [SCM, OWN, ADM]);
        }
        for collection in ["change-requests", "disruptions"] {
            assert_eq!(roles_allowed(collection, Action::Approve), [SCM, ADM]);
        }
        assert_eq!(roles_allowed("findings", Action::Approve), [SCM, TST, ADM]);
        assert!(TABLE.iter().all(|row| row.decide.is_none_or(|(_, roles)| !roles.contains(&INT))));
        assert!(!allows(INT, "risks", Action::Accept) && roles_allowed("risks", Action::Approve).is_empty());
    }

    #[test]
    fn those_who_carry_measures_out_write_only_what_is_commissioned_to_them() {
        for collection in ["measures", "measure-tasks"] {
            for role in Role::ALL {
                assert_eq!(is_limited(role, collection), [APP, ICT].contains(&role), "{role}");
                assert!(!is_limited(role, collection) || allows(role, collection, Action::Write));
            }
        }
        assert!(Role::ALL.into_iter().all(|role| !is_limited(role, "risks")));
    }

    #[test]
    fn whoever_is_struck_by_a_disruption_reports_it_and_users_do_not_read_those_of_others() {
        for role in Role::ALL {
            let reports = [OWN, APP, ICT, TST, USR].contains(&role);
            assert_eq!(is_limited(role, "disruptions"), reports, "{role}");
            assert_eq!(allows(role, "disruptions", Action::Write), reports || [SCM, INT, ADM].contains(&role), "{role}");
        }
        assert!(!allows(USR, "disruptions", Action::Read));
    }

    #[test]
    fn permissions_have_names_and_nothing_else_is_one() {
        assert_eq!(permission("services", Action::Read), "services:read");
        assert!(permissions().all(|name| is_permission(&name)));
        assert_eq!(permissions().count(), 8 * 2 + 2 + 1 + 1 + 1 + 18 * 2 + 8 + 1 + 1);
        for text in ["openid", "services", "services:delete", "changes:write", "batch:read", ":read", ""] {
            assert!(!is_permission(text), "{text}");
        }
    }
}
