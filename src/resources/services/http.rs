//! Routes of the collection.
use super::Service;
use crate::analysis::proof::Recoverable;
use crate::analysis::{dependencies, proof};
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Service>(api);
    dependencies::route::<Service>(api);
    proof::route::<Service>(api);
}

impl Recoverable for Service {
    fn declared(&self) -> (Option<i64>, Option<i64>) {
        (self.recovery_time_seconds, self.data_loss_seconds)
    }
}
