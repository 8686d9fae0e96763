//! `GET` and `PUT /settings`.
use super::Settings;
use crate::collection::single;
use crate::http::routes::Api;

pub fn routes(api: &mut Api) {
    single::routes::<Settings>(api, "settings", "What the organisation has decided for itself once and for all.");
}
