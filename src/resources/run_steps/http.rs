//! Routes of the collection, and of the steps of one run.
use super::{RunStep, store};
use crate::collection::item::{self, Within};
use crate::http::routes::Api;
use crate::model::{Id, Result};
use crate::resources::runs::Run;
use crate::store::{Conn, kind_of};

impl Within for RunStep {
    type Parent = Run;
    const TAIL: &'static str = "steps";
    const ITEM: &'static str = "step";
    const WORDS: &'static str = "Its key in the plan, or one of the three spellings: the UUID, `key:KEY`, `ref:system:id`.";
    const SAMPLE: &'static str = "restore";

    async fn locate(conn: &mut Conn<'_>, org: Id, parent: Id, word: &str) -> Result<Option<Id>> {
        store::keyed(conn, org, parent, word).await
    }
    fn parent(&self) -> Option<Id> {
        self.run.id()
    }
}

pub fn routes(api: &mut Api) {
    api.add_of(kind_of::<RunStep>(), item::get_operation::<RunStep>(), item::get::<RunStep>);
    item::routes::<RunStep>(api);
}
