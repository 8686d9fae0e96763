//! Routes of the collection.
use super::BusinessProcess;
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<BusinessProcess>(api);
}
