//! Deleting an organisation closes its `tenants` row for good, under the lock of its ledger: no instance writes to it any
//! more, whatever it remembers.
use super::{Organization, OrganizationStatus};
use crate::model::Error;
use crate::store::ledger;
use crate::store::prelude::*;
use crate::store::schema::objects;

row! {
    pub struct OrganizationRow in organizations {
        organization_id: DbId,
        id: DbId,
        status: DbEnum<OrganizationStatus>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Organization) -> OrganizationRow {
    let Organization { status } = resource;
    OrganizationRow { organization_id: DbId(org), id: DbId(meta.id), status: DbEnum(*status) }
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Organization {
        Organization { status: row.status.0 }
    }
}

stored!(Organization, OrganizationRow, []);
impl ResourceHooks for Organization {
    /// A key that looks like an id names two organisations as soon as there is one with this id.
    async fn validate_set(_tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let key = &one.new.meta.key;
            if Id::parse(key).is_some() && one.old.as_ref().is_none_or(|old| old.meta.key != *key) {
                one.fault = Some(Error::invalid("/key", "not_allowed", "the key of an organisation does not look like an id"));
            }
        }
        Ok(())
    }

    /// A new organisation gets its ledger.
    async fn after_write(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        for object in written.iter().filter(|object| object.meta.version == 1) {
            ledger::create_tenant(&mut tx.conn()?, object.meta.id).await?;
        }
        Ok(())
    }

    /// Only an organisation that holds nothing may go; its ledger stays.
    async fn before_delete(tx: &mut Tx, ids: &[Id]) -> Result<()> {
        for id in ids {
            ledger::close_tenant(&mut tx.conn()?, *id).await?;
            let held: Option<DbId> = on!(&mut tx.conn()?, |c| objects::table
                .filter(objects::organization_id.eq(DbId(*id)))
                .select(objects::id)
                .first(c))
            .optional()
            .map_db_error()?;
            if held.is_some() {
                return Err(Error::conflict("still_referenced", "the organisation still holds objects"));
            }
        }
        Ok(())
    }
}
