//! Routes of the collection.
use super::ChangeRequest;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<ChangeRequest>(api);
    doc::moves::<ChangeRequest>(api);
}
