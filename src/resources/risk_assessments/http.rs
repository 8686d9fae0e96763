//! Routes of the collection.
use super::RiskAssessment;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<RiskAssessment>(api);
}
