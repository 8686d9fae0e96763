//! Routes of the collection, and of the versions of one plan.
use super::Plan;
use crate::collection::{doc, nested};
use crate::http::routes::Api;
use crate::resources::plan_versions::PlanVersion;

pub fn routes(api: &mut Api) {
    doc::routes::<Plan>(api);
    nested::routes::<Plan, PlanVersion>(api, "versions");
}
