//! Routes of the collection.
use super::Exercise;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Exercise>(api);
    doc::moves::<Exercise>(api);
}
