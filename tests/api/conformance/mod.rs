//! What every collection promises, tried on every collection and on both databases.

mod alone;
mod append_only;
mod batch;
mod bulk;
mod coverage;
mod create;
mod csv;
mod each;
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

pub use each::{Extent, with_each};
pub use field::{Field, Is, in_days};
pub use spec::Spec;
pub use world::{World, assert_says};

/// Declares behaviours once and runs each with every collection, on both databases:
///
/// - `each! { fn name(world) { … } }` with all of them,
/// - `each! { where |kind| kind.can.delete; fn name(world) { … } }` with those of which that is true,
/// - `each! { once; … }` and `each! { once where … }` on PostgreSQL with one collection only: what is refused before a
///   statement of the kind's own is made, or is made of the document alone, does not depend on the database.
#[macro_export]
macro_rules! each {
    (once where |$kind:ident| $which:expr; $($behaviours:tt)+) => {
        $crate::each! { @declare OneOnPostgres |$kind| $which; $($behaviours)+ }
    };
    (once; $($behaviours:tt)+) => {
        $crate::each! { @declare OneOnPostgres |_kind| true; $($behaviours)+ }
    };
    (where |$kind:ident| $which:expr; $($behaviours:tt)+) => {
        $crate::each! { @declare EveryKind |$kind| $which; $($behaviours)+ }
    };
    (@declare $extent:ident |$kind:ident| $which:expr; $(fn $name:ident($world:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::conformance as tried;
            fn behaviour($world: &tried::World) $body
            fn which($kind: &tried::Spec) -> bool {
                $which
            }
            #[test]
            fn on_sqlite() {
                let on = ($crate::support::Backend::Sqlite, tried::Extent::EveryKind);
                tried::with_each(on, (stringify!($which), which), behaviour);
            }
            #[test]
            fn on_postgres() {
                let on = ($crate::support::Backend::Postgres, tried::Extent::$extent);
                tried::with_each(on, (stringify!($which), which), behaviour);
            }
        }
    )+};
    ($($behaviours:tt)+) => {
        $crate::each! { @declare EveryKind |_kind| true; $($behaviours)+ }
    };
}
