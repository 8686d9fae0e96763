use super::{Organization, OrganizationStatus};
use crate::store::ledger;
use crate::store::prelude::*;
use crate::store::schema::objects;

diesel::table! {
    use crate::store::types::sql::{Identity};
    use diesel::sql_types::{Text};
    organizations (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        status -> Text,
    }
}

row! {
    pub struct OrganizationRow in organizations {
        organization_id: DbId,
        id: DbId,
        status: DbWord<OrganizationStatus>,
    }
}

fn row(org: Id, head: &Head, resource: &Organization) -> OrganizationRow {
    let Organization { status } = resource;
    OrganizationRow { organization_id: DbId(org), id: DbId(head.id), status: DbWord(*status) }
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Organization {
        Organization { status: row.status.0 }
    }
}

stored!(Organization, OrganizationRow, []);
impl Stored for Organization {
    /// A new organisation gets its ledger.
    async fn written(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        for object in written.iter().filter(|object| object.head.version == 1) {
            ledger::create_tenant(&mut tx.conn()?, object.head.id).await?;
        }
        Ok(())
    }

    /// Only an organisation that holds nothing may go; its ledger stays.
    async fn deleting(tx: &mut Tx, ids: &[Id]) -> Result<()> {
        for id in ids {
            ledger::close_tenant(&mut tx.conn()?, *id).await?;
            let held: Option<DbId> = on!(&mut tx.conn()?, |c| objects::table
                .filter(objects::organization_id.eq(DbId(*id)))
                .select(objects::id)
                .first(c))
            .optional()
            .settle()?;
            if held.is_some() {
                return Err(crate::model::Error::conflict("still_referenced", "the organisation still holds objects"));
            }
        }
        Ok(())
    }
}
