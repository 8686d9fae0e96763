//! Routes of the collection, and of one version below its plan.
mod approvals;
mod copies;
mod parts;

pub use approvals::{ApprovalDraft, decided};
pub use copies::{PlanCopy, VersionCopy};
pub use parts::patch_schemas;

use super::{PlanVersion, store};
use crate::collection::nested_resource::{self, NestedResource};
use crate::http::routes::Api;
use crate::model::{Error, Id, Result};
use crate::resources::plans::Plan;
use crate::store::Conn;

impl NestedResource for PlanVersion {
    type Parent = Plan;
    const SEGMENT: &'static str = "versions";
    const PARAM: &'static str = "version";
    const PARAM_DOC: &'static str =
        "Its number, `active`, `latest`, or one of the three spellings: the UUID, `key:KEY`, `ref:system:id`.";
    const PARAM_EXAMPLE: &'static str = "2";

    async fn locate(conn: &mut Conn<'_>, org: Id, parent: Id, word: &str) -> Result<Option<Id>> {
        match word {
            "latest" => store::numbered(conn, org, parent, None).await.map(Some),
            "active" => {
                let active = store::active_now(conn, org, &[parent]).await?;
                active.get(&parent).map(|(id, _)| Some(*id)).ok_or(Error::NotFound)
            }
            _ => match word.parse::<i64>() {
                Ok(number) => store::numbered(conn, org, parent, Some(number)).await.map(Some),
                Err(_) => Ok(None),
            },
        }
    }
    fn parent(&self) -> Option<Id> {
        self.plan.id()
    }
}

pub fn routes(api: &mut Api) {
    nested_resource::routes::<PlanVersion>(api);
    approvals::routes(api);
    copies::routes(api);
    parts::routes(api);
}
