//! The rules of the gap analysis, one file each. To add a rule is to add a file that says what closes the gap (`REMEDY`)
//! and which gaps there are (`find`), and its name to the list below: the name is the code of its gaps.
//!
//! `rustfmt` does not see files that a macro names: format them by name.
use super::facts::Facts;
use super::found::GapMatch;

/// One rule.
pub struct Rule {
    /// Names its gaps; stable.
    pub code: &'static str,
    /// What closes its gaps.
    pub remedy: &'static str,
    /// An item has one gap of a rule at most.
    pub find: fn(&Facts) -> Vec<GapMatch>,
}

macro_rules! rules {
    ($($name:ident,)*) => {
        $(mod $name;)*
        /// Every rule there is.
        pub const RULES: &[Rule] = &[$(Rule { code: stringify!($name), remedy: $name::REMEDY, find: $name::find },)*];
    };
}

rules! {
    acceptance_expired,
    agreement_expired,
    agreement_insufficient,
    depends_on_retired,
    finding_overdue,
    impact_assessment_missing,
    measure_overdue,
    objectives_inconsistent,
    plan_missing,
    plan_never_exercised,
    plan_review_overdue,
    proof_missing,
    proof_stale,
    recovery_time_unknown,
    redundancy_insufficient,
    risk_untreated,
    rpo_missed,
    rto_missed,
    rto_missing,
    single_point_of_failure,
    startup_deadlock,
    vital_function_unmapped,
}
