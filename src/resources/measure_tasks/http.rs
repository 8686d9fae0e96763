//! Routes of the collection, and of the tasks of one measure.
use super::MeasureTask;
use crate::collection::{doc, nested};
use crate::http::routes::Api;
use crate::resources::measures::Measure;

pub fn routes(api: &mut Api) {
    doc::routes::<MeasureTask>(api);
    doc::moves::<MeasureTask>(api);
    nested::routes::<Measure, MeasureTask>(api, "tasks");
}
