//! `GET` and `PUT /risk-matrix`.
use super::RiskMatrix;
use crate::collection::singleton;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    let about = "Names of levels, the class of every cell, and the gravest class the organisation bears. A change classes all \
                 risks anew in the same transaction.";
    singleton::routes::<RiskMatrix>(api, "risk matrix", about);
}
