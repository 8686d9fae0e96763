//! Routes of the collection.
use super::Vulnerability;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Vulnerability>(api);
}
