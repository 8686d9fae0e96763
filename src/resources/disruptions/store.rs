use super::{Disruption, DisruptionDerived, DisruptionFacts, DisruptionSeverity, DisruptionStatus};
use crate::graph::net::State;
use crate::model::{Error, Faults, Kind, Reference, RenderedReference, Timestamp};
use crate::resources::runs;
use crate::store::prelude::*;

row! {
    pub struct DisruptionRow in disruptions {
        organization_id: DbId,
        id: DbId,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
        sites: Json<Vec<Id>>,
        suppliers: Json<Vec<Id>>,
        severity: DbEnum<DisruptionSeverity>,
        occurred_at: Option<DbTime>,
        detected_at: Option<DbTime>,
        declared_at: Option<DbTime>,
        restored_at: Option<DbTime>,
        status: DbEnum<DisruptionStatus>,
        status_reason: Option<String>,
        status_changed_at: DbTime,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Disruption) -> DisruptionRow {
    let Disruption {
        services,
        components,
        sites,
        suppliers,
        severity,
        occurred_at,
        detected_at,
        declared_at,
        restored_at,
        status,
        status_reason,
        status_changed_at,
    } = resource;
    DisruptionRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        services: Json::ids(services),
        components: Json::ids(components),
        sites: Json::ids(sites),
        suppliers: Json::ids(suppliers),
        severity: DbEnum(*severity),
        occurred_at: occurred_at.map(DbTime),
        detected_at: detected_at.map(DbTime),
        declared_at: declared_at.map(DbTime),
        restored_at: restored_at.map(DbTime),
        status: DbEnum(*status),
        status_reason: status_reason.clone(),
        status_changed_at: DbTime(*status_changed_at),
    }
}

impl From<DisruptionRow> for Disruption {
    fn from(row: DisruptionRow) -> Disruption {
        Disruption {
            services: row.services.links(),
            components: row.components.links(),
            sites: row.sites.links(),
            suppliers: row.suppliers.links(),
            severity: row.severity.0,
            occurred_at: row.occurred_at.map(|time| time.0),
            detected_at: row.detected_at.map(|time| time.0),
            declared_at: row.declared_at.map(|time| time.0),
            restored_at: row.restored_at.map(|time| time.0),
            status: row.status.0,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at.0,
        }
    }
}

stored!(Disruption, DisruptionRow, []);

impl ResourceHooks for Disruption {
    fn lifecycle() -> Option<&'static dyn AnyLifecycle> {
        Some(&LifeDoor::<Self>::NEW)
    }

    /// Nothing happens in the future, and what is closed stays as it is.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let now = tx.context().now;
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let mut faults = Faults::default();
            for (pointer, time) in [("/occurred_at", one.new.body.occurred_at), ("/detected_at", one.new.body.detected_at)] {
                if time.is_some_and(|time| time > now) {
                    faults.add(pointer, "out_of_range", "it lies in the future");
                } else if time.zip(one.new.body.declared_at).is_some_and(|(time, declared)| time > declared) {
                    faults.add(pointer, "out_of_range", "it lies after the disruption was declared");
                }
            }
            one.fault = faults.into_result().err();
            let Some(old) = &one.old else { continue };
            let fixed = matches!(old.body.status, DisruptionStatus::Closed | DisruptionStatus::Dismissed);
            if fixed && one.new.body != old.body {
                one.fault = Some(Error::conflict("content_fixed", "the disruption is over: it stays as it is"));
            }
        }
        Ok(())
    }

    /// Whoever reports a disruption may amend the report until somebody takes it up.
    async fn is_assigned(_conn: &mut Conn<'_>, _org: Id, identity: &Identity, objects: &[&Object<Self>]) -> Result<Vec<bool>> {
        let own = |one: &&Object<Self>| identity.is(&one.meta.created_by) && one.body.status == DisruptionStatus::Reported;
        Ok(objects.iter().map(own).collect())
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let ids: Vec<Id> = objects.iter().map(|object| object.meta.id).collect();
        let invoked = runs::store::first_started(conn, snapshot.organization, &ids).await?;
        for object in objects {
            let (services, processes) = affected(conn, snapshot, &object.body.lost()).await?;
            let shared = |all: Vec<(Reference, State)>| -> Result<Vec<RenderedReference>> {
                all.into_iter().map(|(one, _)| RenderedReference::new(one).map_err(Error::internal)).collect()
            };
            let body = &object.body;
            let between = |from: Option<Timestamp>, to: Option<Timestamp>| Some(to?.seconds() - from?.seconds());
            let invoked = invoked.get(&object.meta.id).copied().filter(|at| *at <= snapshot.now);
            object.derived = DisruptionDerived {
                affected_services: shared(services)?,
                affected_processes: shared(processes)?,
                detection_seconds: between(body.occurred_at, body.detected_at),
                declaration_seconds: between(body.detected_at, body.declared_at),
                activation_seconds: between(body.declared_at, invoked),
                restoration_seconds: between(body.occurred_at, body.restored_at),
            };
        }
        Ok(())
    }
}

/// The services and the business processes that are not up when all of this is lost, by their keys, with their state.
///
/// # Errors
/// When the database does not answer.
pub async fn affected(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    lost: &[Id],
) -> Result<(Vec<(Reference, State)>, Vec<(Reference, State)>)> {
    let landscape = snapshot.landscapes.covering(conn, snapshot, &lost.iter().copied().collect()).await?;
    let states = landscape.affected(lost);
    let names = snapshot.references(conn, &states.keys().copied().collect()).await?;
    let mut all: Vec<(Reference, State)> = names.into_iter().map(|(id, one)| (one, states[&id])).collect();
    all.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
    let of = |kind: Kind| all.iter().filter(|(one, _)| one.kind == kind).cloned().collect::<Vec<_>>();
    Ok((of(Kind::Service), of(Kind::BusinessProcess)))
}

impl TransitionHooks for Disruption {
    async fn facts(conn: &mut Conn<'_>, org: Id, object: &Object<Self>, _caller: Caller<'_>) -> Result<DisruptionFacts> {
        Ok(DisruptionFacts { running: runs::store::running(conn, org, "disruption_id", object.meta.id).await? })
    }
}
