use super::{Agreement, AgreementKind};
use crate::model::Link;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use crate::store::{ResourceTable, links};
use std::collections::HashSet;

row! {
    pub struct AgreementRow in agreements {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<AgreementKind>,
        supplier_id: Option<DbId>,
        provider_id: Option<DbId>,
        customer_id: Option<DbId>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        rto_seconds: Option<i64>,
        rpo_seconds: Option<i64>,
        availability_percent: Option<f64>,
        support_hours: Option<String>,
        valid_from: Option<DbDate>,
        valid_to: Option<DbDate>,
        notice_period_days: Option<i64>,
        review_due: Option<DbDate>,
        contract_contact_id: Option<DbId>,
        complaint_contact_id: Option<DbId>,
        escalation_contact_id: Option<DbId>,
        service_review_contact_id: Option<DbId>,
        emergency_contact_id: Option<DbId>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Agreement) -> AgreementRow {
    let Agreement {
        kind,
        supplier,
        provider,
        customer,
        services,
        components,
        rto_seconds,
        rpo_seconds,
        availability_percent,
        support_hours,
        valid_from,
        valid_to,
        notice_period_days,
        review_due,
        contract_contact,
        complaint_contact,
        escalation_contact,
        service_review_contact,
        emergency_contact,
    } = resource;
    let to = |link: &Option<Link>| link.as_ref().map(DbId::of);
    AgreementRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        supplier_id: to(supplier),
        provider_id: to(provider),
        customer_id: to(customer),
        services: Json::ids(services),
        components: Json::ids(components),
        rto_seconds: *rto_seconds,
        rpo_seconds: *rpo_seconds,
        availability_percent: *availability_percent,
        support_hours: support_hours.clone(),
        valid_from: valid_from.map(DbDate),
        valid_to: valid_to.map(DbDate),
        notice_period_days: *notice_period_days,
        review_due: review_due.map(DbDate),
        contract_contact_id: to(contract_contact),
        complaint_contact_id: to(complaint_contact),
        escalation_contact_id: to(escalation_contact),
        service_review_contact_id: to(service_review_contact),
        emergency_contact_id: to(emergency_contact),
    }
}

impl From<AgreementRow> for Agreement {
    fn from(row: AgreementRow) -> Agreement {
        Agreement {
            kind: row.kind.0,
            supplier: row.supplier_id.map(DbId::link),
            provider: row.provider_id.map(DbId::link),
            customer: row.customer_id.map(DbId::link),
            services: row.services.links(),
            components: row.components.links(),
            rto_seconds: row.rto_seconds,
            rpo_seconds: row.rpo_seconds,
            availability_percent: row.availability_percent,
            support_hours: row.support_hours,
            valid_from: row.valid_from.map(|date| date.0),
            valid_to: row.valid_to.map(|date| date.0),
            notice_period_days: row.notice_period_days,
            review_due: row.review_due.map(|date| date.0),
            contract_contact: row.contract_contact_id.map(DbId::link),
            complaint_contact: row.complaint_contact_id.map(DbId::link),
            escalation_contact: row.escalation_contact_id.map(DbId::link),
            service_review_contact: row.service_review_contact_id.map(DbId::link),
            emergency_contact: row.emergency_contact_id.map(DbId::link),
        }
    }
}

stored!(
    Agreement,
    AgreementRow,
    [
        ("agreements", "supplier_id", "id"),
        ("agreements", "provider_id", "id"),
        ("agreements", "customer_id", "id"),
        ("agreements", "contract_contact_id", "id"),
        ("agreements", "complaint_contact_id", "id"),
        ("agreements", "escalation_contact_id", "id"),
        ("agreements", "service_review_contact_id", "id"),
        ("agreements", "emergency_contact_id", "id")
    ]
);

impl ResourceHooks for Agreement {
    async fn compute_derived(_conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let today = snapshot.now.day();
        for object in objects {
            object.derived = object.body.derived(&today);
        }
        Ok(())
    }
}

/// The agreements that cover any of these items, or are with any of these suppliers.
///
/// # Errors
/// When the database does not answer.
pub async fn concerning(conn: &mut Conn<'_>, org: Id, items: &[Id]) -> Result<Vec<Object<Agreement>>> {
    let statement = Fragment::default()
        .sql("SELECT id FROM agreements WHERE organization_id = ")
        .id(org)
        .sql(" AND supplier_id")
        .among(items);
    let with: Vec<DbId> = on!(conn, |c| statement.rows::<sql::Identity>().load(c)).map_db_error()?;
    let mut found: HashSet<Id> = with.into_iter().map(Id::from).collect();
    for field in ["services", "components"] {
        found.extend(links::owners(conn, org, field, items).await?.into_iter().map(|(owner, _)| owner));
    }
    Agreement::find_all(conn, org, &found.into_iter().collect::<Vec<_>>()).await
}
