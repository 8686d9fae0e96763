//! Routes of the collection.
use super::Measure;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Measure>(api);
    doc::moves::<Measure>(api);
}
