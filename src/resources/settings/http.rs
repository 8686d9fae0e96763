//! `GET` and `PUT /settings`.
use super::Settings;
use crate::collection::singleton;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    singleton::routes::<Settings>(api, "settings", "What the organisation has decided for itself once and for all.");
}
