//! What Holdfast keeps. One folder a kind: `mod.rs` says what it is (pure), `store.rs` holds its table, `http.rs` its
//! routes. The common part of every object is `model::Head`.
pub mod agreements;
pub mod api_keys;
pub mod business_processes;
pub mod change_requests;
pub mod components;
pub mod contacts;
pub mod disruptions;
pub mod exercises;
pub mod findings;
pub mod impact_assessments;
pub mod mappings;
pub mod measure_tasks;
pub mod measurements;
pub mod measures;
pub mod organizations;
pub mod plan_versions;
pub mod plans;
pub mod recovery_tiers;
pub mod risk_assessments;
pub mod risk_matrix;
pub mod risks;
pub mod run_steps;
pub mod runs;
pub mod services;
pub mod settings;
pub mod sites;
pub mod suppliers;
pub mod threats;
pub mod vulnerabilities;

use crate::auth::CollectionRights;
use crate::collection::schema::{COMMON, closed_body, named};
use crate::collection::{doc, nested};
use crate::http::routes::Api;
use crate::model::{Kind, kinds};
use crate::store::{Kinds, kind_of};

macro_rules! list {
    ($($name:ident, $word:literal, $collection:literal, $prefix:literal, $folder:ident;)*) => {
        /// Every kind, in the order of [`Kind`].
        pub const KINDS: Kinds = Kinds::new(&[$(kind_of::<$folder::$name>()),*]);

        /// Who may do what with the objects of every kind, in the same order.
        pub const RIGHTS: &[CollectionRights] = &[$(CollectionRights::of_kind::<$folder::$name>()),*];
    };
}
kinds!(list);

/// The routes of every kind: those all have, and those of its own.
pub fn routes(api: &mut Api) {
    for kind in KINDS.all().filter(|kind| !kind.info().single) {
        doc::routes(kind, api);
    }
    contacts::http::routes(api);
    risk_matrix::http::routes(api);
    settings::http::routes(api);
    findings::http::routes(api);
    api_keys::http::routes(api);
    runs::http::routes(api);
    run_steps::http::routes(api);
    plan_versions::http::routes(api);
    for (parent, kind, tail) in [
        (Kind::Measure, Kind::MeasureTask, "tasks"),
        (Kind::Plan, Kind::PlanVersion, "versions"),
        (Kind::Run, Kind::RunStep, "steps"),
    ] {
        nested::routes(KINDS.of(parent), KINDS.of(kind), api, tail);
    }
    api.schemas(COMMON.clone());
    for kind in KINDS.all() {
        api.schemas(named(kind));
    }
    let bodies = [
        ("ApprovalDraft", closed_body::<plan_versions::http::ApprovalDraft>()),
        ("VersionCopy", closed_body::<plan_versions::http::VersionCopy>()),
        ("PlanCopy", closed_body::<plan_versions::http::PlanCopy>()),
        ("ErasureDraft", closed_body::<contacts::http::ErasureDraft>()),
        ("Erasure", closed_body::<contacts::store::erasure::Erasure>()),
        ("SecretDraft", closed_body::<api_keys::http::SecretDraft>()),
        ("NoteDraft", closed_body::<runs::http::NoteDraft>()),
    ];
    api.schemas(bodies.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
    api.schemas(plan_versions::http::patch_schemas());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn no_two_types_have_the_same_name_in_the_document() {
        let mut seen: HashMap<String, serde_json::Value> = HashMap::new();
        for kind in KINDS.all() {
            for (name, schema) in kind.schemas().nested {
                let schema = serde_json::to_value(schema).unwrap();
                assert_eq!(*seen.entry(name.clone()).or_insert_with(|| schema.clone()), schema, "{name}");
            }
        }
    }

    #[test]
    fn every_kind_stands_at_its_place_in_the_list() {
        for kind in <Kind as crate::model::StringEnum>::ALL {
            assert_eq!(KINDS.of(*kind).info().kind, *kind);
        }
    }

    #[test]
    fn every_kind_has_its_own_rights_in_the_list_of_rights() {
        let own = KINDS.all().map(|kind| (kind.info().collection(), kind.info().rights));
        assert!(own.eq(RIGHTS.iter().map(|one| (one.collection, one.rights))));
    }
}
