//! Routes of the collection.
use super::Site;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Site>(api);
}
