//! Routes of the collection.
use super::Organization;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Organization>(api);
}
