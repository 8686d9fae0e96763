//! Routes of the collection.
use super::Component;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Component>(api);
}
