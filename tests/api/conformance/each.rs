//! A behaviour and the collections it is tried with, found among all specs when the test runs.
//!
//! `HOLDFAST_KIND=sites` tries one collection alone.

use super::{Spec, World};
use crate::support::Backend;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    EveryKind,
    /// Where what is tried does not depend on the database.
    OneOnPostgres,
}

/// Tries a behaviour with every collection that is such, each seen by an organisation of its own, and names those that
/// failed.
pub fn with_each((backend, extent): (Backend, Extent), (words, such): (&str, fn(&Spec) -> bool), behaviour: fn(&World)) {
    let asked = std::env::var("HOLDFAST_KIND").ok().map(|path| Spec::of(&path).path);
    let (mut chosen, others): (Vec<&'static Spec>, Vec<&'static Spec>) = Spec::all().partition(|spec| such(spec));
    assert!(!chosen.is_empty(), "no collection is such: {words}");
    for spec in others {
        println!("/{}: skipped, for it is not so that {words}", spec.path);
    }
    if extent == Extent::OneOnPostgres && backend == Backend::Postgres {
        chosen.truncate(1);
    }
    chosen.retain(|spec| asked.is_none_or(|asked| asked == spec.path));
    let fails = |spec: &'static Spec| {
        let started = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| behaviour(&World::new(spec, backend))));
        println!("/{}: {} after {:?}", spec.path, if done.is_ok() { "done" } else { "failed" }, started.elapsed());
        done.is_err()
    };
    let failed: Vec<&str> = chosen.into_iter().filter(|spec| fails(spec)).map(|spec| spec.path).collect();
    assert!(failed.is_empty(), "failed with {}, see above", failed.join(", "));
}
