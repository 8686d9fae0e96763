//! Routes of the collection, and of the steps of one run.
use super::{RunStep, store};
use crate::collection::nested_resource::{self, NestedResource};
use crate::http::routes::Api;
use crate::model::{Id, Result};
use crate::resources::runs::Run;
use crate::store::{Conn, kind_of};

impl NestedResource for RunStep {
    type Parent = Run;
    const SEGMENT: &'static str = "steps";
    const PARAM: &'static str = "step";
    const PARAM_DOC: &'static str = "Its key in the plan, or one of the three spellings: the UUID, `key:KEY`, `ref:system:id`.";
    const PARAM_EXAMPLE: &'static str = "restore";

    async fn locate(conn: &mut Conn<'_>, org: Id, parent: Id, word: &str) -> Result<Option<Id>> {
        store::keyed(conn, org, parent, word).await
    }
    fn parent(&self) -> Option<Id> {
        self.run.id()
    }
}

pub fn routes(api: &mut Api) {
    api.add_of(kind_of::<RunStep>(), nested_resource::get_operation::<RunStep>(), nested_resource::get::<RunStep>);
    nested_resource::routes::<RunStep>(api);
}
