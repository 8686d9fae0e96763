//! Organisations as callers meet them: found by the name in a token, and made where the service may.
use super::{Organization, OrganizationStatus};
use crate::collection::change_set::put_one;
use crate::collection::draft;
use crate::http::state::{Tenant, Tenants};
use crate::model::{Error, Id, Kind, Result, Spelling};
use crate::store::{Conn, Rows, Tx, kind_of, resolve};
use futures_util::future::LocalBoxFuture;
use serde_json::json;
use std::collections::HashSet;

/// The table of organisations.
pub struct Organizations;

pub static ORGANIZATIONS: Organizations = Organizations;

async fn located(conn: &mut Conn<'_>, spelling: &Spelling) -> Result<Option<Id>> {
    let found = resolve::locate(conn, Id::SYSTEM, &[Kind::Organization], &HashSet::from([spelling.clone()])).await?;
    Ok(found.get(spelling).and_then(|all| all.first()).map(|(_, id)| *id))
}

impl Tenants for Organizations {
    fn find<'a>(&'a self, conn: &'a mut Conn<'_>, spelling: &'a Spelling) -> LocalBoxFuture<'a, Result<Option<Tenant>>> {
        Box::pin(async move {
            let Some(id) = located(conn, spelling).await? else { return Ok(None) };
            let found = Organization::find(conn, Id::SYSTEM, id).await?;
            let suspended = |status| status == OrganizationStatus::Suspended;
            Ok(found.map(|found| Tenant { id: found.head.id, suspended: suspended(found.body.status) }))
        })
    }

    fn create<'a>(&'a self, tx: &'a mut Tx, key: String, name: String) -> LocalBoxFuture<'a, Result<(Id, bool)>> {
        Box::pin(async move {
            let kind = kind_of::<Organization>();
            let draft = draft::parse(kind, json!({"key": key, "name": name}))?;
            if !draft.faults.is_empty() {
                return Err(Error::Forbidden("the token's organisation is not a key".into()));
            }
            tx.take_turn().await?;
            if let Some(id) = located(&mut tx.conn()?, &Spelling::Key(key)).await? {
                return Ok((id, false));
            }
            let (_, made) = put_one(tx, kind, None, draft).await?;
            Ok((made.head().id, true))
        })
    }
}
