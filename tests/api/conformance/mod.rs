//! What every collection promises, tried on every collection and on both databases.

mod append_only;
mod batch;
mod bulk;
mod coverage;
mod create;
mod csv;
mod field;
mod filters;
mod history;
mod hostile;
mod limits;
mod lists;
mod made;
mod objects;
mod parts;
mod past;
mod patch;
mod remove;
mod replace;
mod safely;
mod spec;
mod values;
mod world;

pub use field::{Field, Is};
pub use spec::{ALL, Spec};
pub use world::{World, assert_says};

/// Declares behaviours once and runs each for every collection on both databases.
#[macro_export]
macro_rules! each_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs run_steps risk_assessments measurements organizations] $($behaviours)+ }
    };
}

/// The same for the collections each organisation has for itself.
#[macro_export]
macro_rules! each_own_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs run_steps risk_assessments measurements] $($behaviours)+ }
    };
}

/// The same for the collections whose objects clients create.
#[macro_export]
macro_rules! each_created_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs risk_assessments measurements organizations] $($behaviours)+ }
    };
}

/// The same for those of them that each organisation has for itself.
#[macro_export]
macro_rules! each_own_created_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs risk_assessments measurements] $($behaviours)+ }
    };
}

/// The same for the collections whose objects are changed.
#[macro_export]
macro_rules! each_changing_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs run_steps organizations] $($behaviours)+ }
    };
}

/// The same for those of them whose objects clients create too.
#[macro_export]
macro_rules! each_replaced_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs organizations] $($behaviours)+ }
    };
}

/// The same for those of them that each organisation has for itself.
#[macro_export]
macro_rules! each_own_replaced_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs] $($behaviours)+ }
    };
}

/// The same for the collections whose objects are changed, of those that each organisation has for itself.
#[macro_export]
macro_rules! each_own_changing_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing runs run_steps] $($behaviours)+ }
    };
}

/// The same for the collections whose objects come, change and go.
#[macro_export]
macro_rules! each_passing_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing organizations] $($behaviours)+ }
    };
}

/// The same for those of them that each organisation has for itself.
#[macro_export]
macro_rules! each_own_passing_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! { [@passing] $($behaviours)+ }
    };
}

/// The same for the collections named, where not all have what the behaviours are about. With `specs` instead of
/// behaviours it gives the specs of the collections.
#[macro_export]
macro_rules! each_of {
    ([@passing $($more:ident)*] $($rest:tt)+) => {
        $crate::each_of! {
            [
                sites services components business_processes suppliers contacts mappings agreements threats vulnerabilities risks
                measures measure_tasks change_requests impact_assessments plans plan_versions exercises disruptions
                findings $($more)*
            ]
            $($rest)+
        }
    };
    ([$($collection:ident)+] specs) => { [$($crate::each_of!(@spec $collection)),+] };
    ($collections:tt $(fn $name:ident($world:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn behaviour($world: &$crate::conformance::World) $body
            $crate::each_of!(@all $collections);
        }
    )+};
    (@all [$($collection:ident)+]) => { $($crate::each_of!(@run $collection);)+ };
    (@spec sites) => { &$crate::conformance::spec::SITES };
    (@spec services) => { &$crate::conformance::spec::SERVICES };
    (@spec components) => { &$crate::conformance::spec::COMPONENTS };
    (@spec business_processes) => { &$crate::conformance::spec::BUSINESS_PROCESSES };
    (@spec suppliers) => { &$crate::conformance::spec::SUPPLIERS };
    (@spec contacts) => { &$crate::conformance::spec::CONTACTS };
    (@spec agreements) => { &$crate::conformance::spec::AGREEMENTS };
    (@spec mappings) => { &$crate::conformance::spec::MAPPINGS };
    (@spec threats) => { &$crate::conformance::spec::THREATS };
    (@spec vulnerabilities) => { &$crate::conformance::spec::VULNERABILITIES };
    (@spec risks) => { &$crate::conformance::spec::RISKS };
    (@spec risk_assessments) => { &$crate::conformance::spec::RISK_ASSESSMENTS };
    (@spec measures) => { &$crate::conformance::spec::MEASURES };
    (@spec measure_tasks) => { &$crate::conformance::spec::MEASURE_TASKS };
    (@spec change_requests) => { &$crate::conformance::spec::CHANGE_REQUESTS };
    (@spec impact_assessments) => { &$crate::conformance::spec::IMPACT_ASSESSMENTS };
    (@spec plans) => { &$crate::conformance::spec::PLANS };
    (@spec plan_versions) => { &$crate::conformance::spec::PLAN_VERSIONS };
    (@spec exercises) => { &$crate::conformance::spec::EXERCISES };
    (@spec disruptions) => { &$crate::conformance::spec::DISRUPTIONS };
    (@spec runs) => { &$crate::conformance::spec::RUNS };
    (@spec run_steps) => { &$crate::conformance::spec::RUN_STEPS };
    (@spec measurements) => { &$crate::conformance::spec::MEASUREMENTS };
    (@spec findings) => { &$crate::conformance::spec::FINDINGS };
    (@spec organizations) => { &$crate::conformance::spec::ORGANIZATIONS };
    (@run $collection:ident) => {
        mod $collection {
            use $crate::conformance::World;
            use $crate::support::Backend;
            #[test]
            fn on_sqlite() {
                super::behaviour(&World::new($crate::each_of!(@spec $collection), Backend::Sqlite));
            }
            #[test]
            fn on_postgres() {
                super::behaviour(&World::new($crate::each_of!(@spec $collection), Backend::Postgres));
            }
        }
    };
}
