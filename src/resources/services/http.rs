//! Routes of the collection.
use super::Service;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Service>(api);
}
