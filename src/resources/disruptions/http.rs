//! Routes of the collection.
use super::Disruption;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Disruption>(api);
    doc::moves::<Disruption>(api);
}
