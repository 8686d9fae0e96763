//! What ITIL asks to be told: how the risk situation changed, how the counter-measures stand, where the risks lie.
mod cell_drawing;
mod counted;
mod form;
pub mod measures;
pub mod rfc_draft;
pub mod risk_matrix;
pub mod risk_situation;

use crate::auth::CollectionRights;
use crate::http::routes::Api;
use crate::model::Rights;
use crate::model::roles::{NOBODY, STAFF};
use serde_json::{Map, Value};

/// Who reads reports on the whole organisation.
pub const RIGHTS: CollectionRights = CollectionRights::new("reports", Rights::new(STAFF, NOBODY));

pub fn routes(api: &mut Api) {
    risk_situation::routes(api);
    measures::routes(api);
    risk_matrix::routes(api);
    rfc_draft::routes(api);
    api.schemas(schemas());
}

/// Schemas of this room, for the document.
fn schemas() -> Map<String, Value> {
    let all = [risk_situation::schemas(), measures::schemas(), risk_matrix::schemas(), rfc_draft::schemas()];
    all.into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
}
