//! Routes of the collection.
use super::ImpactAssessment;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<ImpactAssessment>(api);
    doc::moves::<ImpactAssessment>(api);
}
