use super::{Substitutability, Supplier, SupplierKind};
use crate::model::Link;
use crate::store::prelude::*;

row! {
    pub struct SupplierRow in suppliers {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<SupplierKind>,
        contacts: Json<Vec<Id>>,
        substitutability: Option<DbEnum<Substitutability>>,
        exit_plan: Option<String>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Supplier) -> SupplierRow {
    let Supplier { kind, contacts, substitutability, exit_plan } = resource;
    SupplierRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        contacts: Json(contacts.iter().filter_map(Link::id).collect()),
        substitutability: substitutability.map(DbEnum),
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

stored!(Supplier, SupplierRow, []);

impl ResourceHooks for Supplier {}
