//! Routes of the collection.
use super::Component;
use crate::analysis::proof::Recoverable;
use crate::analysis::{dependencies, proof};
use crate::collection::doc;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    doc::routes::<Component>(api);
    dependencies::route::<Component>(api);
    proof::route::<Component>(api);
}

impl Recoverable for Component {
    fn declared(&self) -> (Option<i64>, Option<i64>) {
        (self.recovery_time_seconds, self.data_loss_seconds)
    }
}
