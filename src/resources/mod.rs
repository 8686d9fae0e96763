//! What Holdfast keeps. One folder a kind: `mod.rs` says what it is (pure), `store.rs` holds its table, `http.rs` its
//! routes. The common part of every object is `model::Head`.
pub mod agreements;
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
use crate::model::Kind;
use crate::store::{Kinds, kind_of};

/// Every kind, in the order of [`Kind`].
pub const KINDS: Kinds = Kinds::new(&[
    kind_of::<organizations::Organization>(),
    kind_of::<settings::Settings>(),
    kind_of::<risk_matrix::RiskMatrix>(),
    kind_of::<contacts::Contact>(),
    kind_of::<suppliers::Supplier>(),
    kind_of::<sites::Site>(),
    kind_of::<business_processes::BusinessProcess>(),
    kind_of::<services::Service>(),
    kind_of::<components::Component>(),
    kind_of::<mappings::Mapping>(),
    kind_of::<agreements::Agreement>(),
    kind_of::<impact_assessments::ImpactAssessment>(),
    kind_of::<threats::Threat>(),
    kind_of::<vulnerabilities::Vulnerability>(),
    kind_of::<risks::Risk>(),
    kind_of::<risk_assessments::RiskAssessment>(),
    kind_of::<measures::Measure>(),
    kind_of::<measure_tasks::MeasureTask>(),
    kind_of::<change_requests::ChangeRequest>(),
    kind_of::<plans::Plan>(),
    kind_of::<plan_versions::PlanVersion>(),
    kind_of::<exercises::Exercise>(),
    kind_of::<disruptions::Disruption>(),
    kind_of::<runs::Run>(),
    kind_of::<run_steps::RunStep>(),
    kind_of::<measurements::Measurement>(),
    kind_of::<findings::Finding>(),
]);

/// Who may do what with the objects of every kind, in the same order.
pub const RIGHTS: &[CollectionRights] = &[
    CollectionRights::of_kind::<organizations::Organization>(),
    CollectionRights::of_kind::<settings::Settings>(),
    CollectionRights::of_kind::<risk_matrix::RiskMatrix>(),
    CollectionRights::of_kind::<contacts::Contact>(),
    CollectionRights::of_kind::<suppliers::Supplier>(),
    CollectionRights::of_kind::<sites::Site>(),
    CollectionRights::of_kind::<business_processes::BusinessProcess>(),
    CollectionRights::of_kind::<services::Service>(),
    CollectionRights::of_kind::<components::Component>(),
    CollectionRights::of_kind::<mappings::Mapping>(),
    CollectionRights::of_kind::<agreements::Agreement>(),
    CollectionRights::of_kind::<impact_assessments::ImpactAssessment>(),
    CollectionRights::of_kind::<threats::Threat>(),
    CollectionRights::of_kind::<vulnerabilities::Vulnerability>(),
    CollectionRights::of_kind::<risks::Risk>(),
    CollectionRights::of_kind::<risk_assessments::RiskAssessment>(),
    CollectionRights::of_kind::<measures::Measure>(),
    CollectionRights::of_kind::<measure_tasks::MeasureTask>(),
    CollectionRights::of_kind::<change_requests::ChangeRequest>(),
    CollectionRights::of_kind::<plans::Plan>(),
    CollectionRights::of_kind::<plan_versions::PlanVersion>(),
    CollectionRights::of_kind::<exercises::Exercise>(),
    CollectionRights::of_kind::<disruptions::Disruption>(),
    CollectionRights::of_kind::<runs::Run>(),
    CollectionRights::of_kind::<run_steps::RunStep>(),
    CollectionRights::of_kind::<measurements::Measurement>(),
    CollectionRights::of_kind::<findings::Finding>(),
];

/// The routes of every kind: those all have, and those of its own.
pub fn routes(api: &mut Api) {
    for kind in KINDS.all().filter(|kind| !kind.info().single) {
        doc::routes(kind, api);
    }
    risk_matrix::http::routes(api);
    settings::http::routes(api);
    findings::http::routes(api);
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
