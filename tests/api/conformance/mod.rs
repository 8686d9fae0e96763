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
    ($($(#[doc = $doc:literal])* fn $name:ident($world:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn behaviour($world: &$crate::conformance::World) $body
            $crate::each_collection!(@run sites, SITES);
            $crate::each_collection!(@run services, SERVICES);
            $crate::each_collection!(@run components, COMPONENTS);
            $crate::each_collection!(@run business_processes, BUSINESS_PROCESSES);
            $crate::each_collection!(@run suppliers, SUPPLIERS);
            $crate::each_collection!(@run contacts, CONTACTS);
            $crate::each_collection!(@run mappings, MAPPINGS);
            $crate::each_collection!(@run organizations, ORGANIZATIONS);
        }
    )+};
    (@run $collection:ident, $spec:ident) => {
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
