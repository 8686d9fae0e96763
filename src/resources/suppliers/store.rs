use super::{Substitutability, Supplier, SupplierKind};
use crate::model::Link;
use crate::store::prelude::*;

diesel::table! {
    use crate::store::types::sql::{Identity, Json};
    use diesel::sql_types::{Nullable, Text};
    suppliers (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        kind -> Text,
        contacts -> Json,
        substitutability -> Nullable<Text>,
        exit_plan -> Nullable<Text>,
    }
}

row! {
    struct SupplierRow in suppliers {
        organization_id: DbId,
        id: DbId,
        kind: DbWord<SupplierKind>,
        contacts: Json<Vec<Id>>,
        substitutability: Option<DbWord<Substitutability>>,
        exit_plan: Option<String>,
    }
}

fn row(org: Id, id: Id, resource: &Supplier) -> SupplierRow {
    let Supplier { kind, contacts, substitutability, exit_plan } = resource;
    SupplierRow {
        organization_id: DbId(org),
        id: DbId(id),
        kind: DbWord(*kind),
        contacts: Json(contacts.iter().filter_map(Link::id).collect()),
        substitutability: substitutability.map(DbWord),
        exit_plan: exit_plan.clone(),
    }
}

impl From<SupplierRow> for Supplier {
    fn from(row: SupplierRow) -> Supplier {
        Supplier {
            kind: row.kind.0,
            contacts: row.contacts.0.into_iter().map(Link::To).collect(),
            substitutability: row.substitutability.map(|word| word.0),
            exit_plan: row.exit_plan,
        }
    }
}

stored!(Supplier, SupplierRow, suppliers, [("supplier_contacts", "contact_id", "supplier_id")]);
diesel::table! {
    use crate::store::types::sql::Identity;
    supplier_contacts (organization_id, supplier_id, contact_id) {
        organization_id -> Identity,
        supplier_id -> Identity,
        contact_id -> Identity,
    }
}

/// A contact among the contacts of a supplier.
struct ContactRow {
    organization_id: DbId,
    supplier_id: DbId,
    contact_id: DbId,
}
row!(in supplier_contacts: ContactRow { organization_id, supplier_id, contact_id, });

impl Stored for Supplier {
    /// The list of contacts stands in the row; this table lets the database itself hold the references.
    async fn written(tx: &mut Tx, written: &[&Object<Self>]) -> Result<()> {
        let org = DbId(tx.organization());
        let mut conn = tx.conn()?;
        for written in written.chunks(CHUNK) {
            let ids: Vec<DbId> = written.iter().map(|object| DbId(object.head.id)).collect();
            let old = supplier_contacts::table
                .filter(supplier_contacts::organization_id.eq(org))
                .filter(supplier_contacts::supplier_id.eq_any(ids));
            on!(&mut conn, |c| diesel::delete(old).execute(c)).settle()?;
        }
        let rows = written.iter().flat_map(|object| {
            let supplier_id = DbId(object.head.id);
            let contacts = object.body.contacts.iter();
            contacts.map(move |link| ContactRow { organization_id: org, supplier_id, contact_id: DbId::of(link) })
        });
        crate::store::insert(&mut conn, rows).await
    }
}
