//! What every collection promises, tried on every collection and on both databases.

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
mod objects;
mod past;
mod patch;
mod remove;
mod replace;
mod safely;
mod spec;
mod world;

pub use field::{Field, Is};
pub use spec::{ALL, Spec};
pub use world::{World, assert_says};

/// Declares behaviours once and runs each for every collection on both databases.
#[macro_export]
macro_rules! each_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! {
            [sites services components business_processes suppliers contacts mappings organizations]
            $($behaviours)+
        }
    };
}

/// The same for the collections each organisation has for itself.
#[macro_export]
macro_rules! each_own_collection {
    ($($behaviours:tt)+) => {
        $crate::each_of! {
            [sites services components business_processes suppliers contacts mappings]
            $($behaviours)+
        }
    };
}

/// The same for the collections named, where not all have what the behaviours are about.
#[macro_export]
macro_rules! each_of {
    ($collections:tt $(fn $name:ident($world:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn behaviour($world: &$crate::conformance::World) $body
            $crate::each_of!(@all $collections);
        }
    )+};
    (@all [$($collection:ident)+]) => { $($crate::each_of!(@one $collection);)+ };
    (@one sites) => { $crate::each_of!(@run sites SITES); };
    (@one services) => { $crate::each_of!(@run services SERVICES); };
    (@one components) => { $crate::each_of!(@run components COMPONENTS); };
    (@one business_processes) => { $crate::each_of!(@run business_processes BUSINESS_PROCESSES); };
    (@one suppliers) => { $crate::each_of!(@run suppliers SUPPLIERS); };
    (@one contacts) => { $crate::each_of!(@run contacts CONTACTS); };
    (@one mappings) => { $crate::each_of!(@run mappings MAPPINGS); };
    (@one organizations) => { $crate::each_of!(@run organizations ORGANIZATIONS); };
    (@run $collection:ident $spec:ident) => {
        mod $collection {
            use $crate::conformance::{World, spec};
            use $crate::support::Backend;
            #[test]
            fn on_sqlite() {
                super::behaviour(&World::new(&spec::$spec, Backend::Sqlite));
            }
            #[test]
            fn on_postgres() {
                super::behaviour(&World::new(&spec::$spec, Backend::Postgres));
            }
        }
    };
}
