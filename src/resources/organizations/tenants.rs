//! Organisations as callers meet them: found by the name in a token, and made where the service may.
use super::{Organization, OrganizationStatus};
use crate::collection::change_set::put_one;
use crate::collection::draft;
use crate::http::state::{Tenant, Tenants};
use crate::model::{Error, Id, Kind, ObjectRef, Result};
use crate::store::{Conn, ResourceTable, Tx, kind_of, resolve};
use futures_util::future::LocalBoxFuture;
use serde_json::json;
use std::collections::HashSet;

/// The table of organisations.
pub struct Organizations;

pub static ORGANIZATIONS: Organizations = Organizations;

async fn located(conn: &mut Conn<'_>, object_ref: &ObjectRef) -> Result<Option<Id>> {
    let found = resolve::locate(conn, Id::SYSTEM, &[Kind::Organization], &HashSet::from([object_ref.clone()])).await?;
    Ok(found.get(object_ref).and_then(|all| all.first()).map(|(_, id)| *id))
}

impl Tenants for Organizations {
    fn find<'a>(&'a self, conn: &'a mut Conn<'_>, object_ref: &'a ObjectRef) -> LocalBoxFuture<'a, Result<Option<Tenant>>> {
        Box::pin(async move {
            let Some(id) = located(conn, object_ref).await? else { return Ok(None) };
            let found = Organization::find(conn, Id::SYSTEM, id).await?;
            let suspended = |status| status == OrganizationStatus::Suspended;
            Ok(found.map(|found| Tenant { id: found.meta.id, suspended: suspended(found.body.status) }))
        })
    }

    fn create<'a>(&'a self, tx: &'a mut Tx, key: String, name: String) -> LocalBoxFuture<'a, Result<(Id, bool)>> {
        Box::pin(async move {
            let kind = kind_of::<Organization>();
            let draft = draft::parse(kind, json!({"key": key, "name": name}))?;
            if !draft.faults.is_empty() {
                return Err(Error::Forbidden("the token's organisation is not a key".into()));
            }
            tx.lock_tenant().await?;
            if let Some(id) = located(&mut tx.conn()?, &ObjectRef::Key(key)).await? {
                return Ok((id, false));
            }
            let (_, made) = put_one(tx, kind, None, draft).await?;
            Ok((made.meta().id, true))
        })
    }
}
