//! Who may do what: the rights of every kind, and of what is no kind.
use crate::auth::Policy;
use crate::collection::history;
use crate::exchange::{batch, changes};
use crate::{analysis, reports, resources};

/// The policy of the service.
pub const POLICY: Policy =
    Policy::new(&[resources::RIGHTS, &[analysis::RIGHTS, reports::RIGHTS, changes::RIGHTS, history::RIGHTS, batch::RIGHTS]]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::roles::{ADM, APP, AUD, ICT, INT, OWN, SCM, TST, USR};
    use crate::model::{Action, Role, permission};
    use std::collections::HashSet;

    const CATALOGUE: [&str; 8] =
        ["services", "business-processes", "sites", "components", "suppliers", "agreements", "contacts", "mappings"];

    fn allows(role: Role, collection: &str, action: Action) -> bool {
        POLICY.rights(collection).allows(role, action)
    }

    fn is_limited(role: Role, collection: &str) -> bool {
        POLICY.rights(collection).is_limited(role)
    }

    fn roles_allowed(collection: &str, action: Action) -> &'static [Role] {
        POLICY.rights(collection).holders(action)
    }

    fn written_by(role: Role) -> Vec<&'static str> {
        CATALOGUE.into_iter().filter(|name| allows(role, name, Action::Write)).collect()
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
            let mut rights = POLICY.permissions().filter(|(collection, _)| *collection != "batch");
            let writes = rights.any(|(collection, action)| action == Action::Write && allows(role, collection, action));
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
        let mut decisions = POLICY.permissions().filter(|(_, action)| [Action::Accept, Action::Approve].contains(action));
        assert!(decisions.all(|(collection, action)| !allows(INT, collection, action)));
        assert_eq!(roles_allowed("contacts", Action::Erase), [ADM]);
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
        let names: Vec<String> = POLICY.permissions().map(|(collection, action)| permission(collection, action)).collect();
        assert!(names.iter().all(|name| POLICY.is_permission(name)));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "no collection stands there twice");
        assert_eq!(names.len(), 8 * 2 + 2 + 1 + 1 + 1 + 20 * 2 + 8 + 1 + 1 + 1);
        for text in ["openid", "services", "services:delete", "changes:write", "batch:read", ":read", ""] {
            assert!(!POLICY.is_permission(text), "{text}");
        }
    }
}
