use super::{LossScenario, Plan, PlanDerived, PlanKind};
use crate::model::{Error, RenderedReference, is_past};
use crate::resources::plan_versions;
use crate::store::hierarchy;
use crate::store::prelude::*;
use std::collections::HashSet;

row! {
    pub struct PlanRow in plans {
        organization_id: DbId,
        id: DbId,
        kind: DbEnum<PlanKind>,
        services: Json<Vec<Id>>,
        business_processes: Json<Vec<Id>>,
        scenarios: Json<Vec<LossScenario>>,
        owner_id: Option<DbId>,
        parent_id: Option<DbId>,
        related: Json<Vec<Id>>,
        recovery_site_id: Option<DbId>,
        review_cycle_months: Option<i64>,
        review_due: Option<DbDate>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Plan) -> PlanRow {
    let Plan {
        kind,
        services,
        business_processes,
        scenarios,
        owner,
        parent,
        related,
        recovery_site,
        review_cycle_months,
        review_due,
    } = resource;
    PlanRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        kind: DbEnum(*kind),
        services: Json::ids(services),
        business_processes: Json::ids(business_processes),
        scenarios: Json(scenarios.clone()),
        owner_id: owner.as_ref().map(DbId::of),
        parent_id: parent.as_ref().map(DbId::of),
        related: Json::ids(related),
        recovery_site_id: recovery_site.as_ref().map(DbId::of),
        review_cycle_months: *review_cycle_months,
        review_due: review_due.map(DbDate),
    }
}

impl From<PlanRow> for Plan {
    fn from(row: PlanRow) -> Plan {
        Plan {
            kind: row.kind.0,
            services: row.services.links(),
            business_processes: row.business_processes.links(),
            scenarios: row.scenarios.0,
            owner: row.owner_id.map(DbId::link),
            parent: row.parent_id.map(DbId::link),
            related: row.related.links(),
            recovery_site: row.recovery_site_id.map(DbId::link),
            review_cycle_months: row.review_cycle_months,
            review_due: row.review_due.map(|date| date.0),
        }
    }
}

stored!(Plan, PlanRow, [("plans", "owner_id", "id"), ("plans", "parent_id", "id"), ("plans", "recovery_site_id", "id")]);

impl ResourceHooks for Plan {
    /// A plan is no part of itself.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        hierarchy::reject_cycles(tx, planned, "plans", |plan| plan.parent.as_ref()).await
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let ids: Vec<Id> = objects.iter().map(|object| object.meta.id).collect();
        let active = plan_versions::store::active(conn, snapshot, &ids).await?;
        let versions: HashSet<Id> = active.values().map(|(version, _)| *version).collect();
        let names = if versions.is_empty() { Default::default() } else { snapshot.references(conn, &versions).await? };
        let today = snapshot.now.day();
        for object in objects {
            let version = active.get(&object.meta.id);
            let named = version.and_then(|(id, _)| names.get(id)).cloned();
            object.derived = PlanDerived {
                active_version: named.map(RenderedReference::new).transpose().map_err(Error::internal)?,
                active_number: version.map(|(_, number)| *number),
                review_overdue: is_past(object.body.review_due, &today),
            };
        }
        Ok(())
    }
}
