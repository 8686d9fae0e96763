//! Routes of the collection.
use super::Risk;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Risk>(api);
    doc::moves::<Risk>(api);
}
