use super::{Severity, Vulnerability, VulnerabilityStatus};
use crate::store::prelude::*;

row! {
    pub struct VulnerabilityRow in vulnerabilities {
        organization_id: DbId,
        id: DbId,
        severity: DbEnum<Severity>,
        status: DbEnum<VulnerabilityStatus>,
        threats: Json<Vec<Id>>,
        services: Json<Vec<Id>>,
        components: Json<Vec<Id>>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Vulnerability) -> VulnerabilityRow {
    let Vulnerability { severity, status, threats, services, components } = resource;
    VulnerabilityRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        severity: DbEnum(*severity),
        status: DbEnum(*status),
        threats: Json::ids(threats),
        services: Json::ids(services),
        components: Json::ids(components),
    }
}

impl From<VulnerabilityRow> for Vulnerability {
    fn from(row: VulnerabilityRow) -> Vulnerability {
        Vulnerability {
            severity: row.severity.0,
            status: row.status.0,
            threats: row.threats.links(),
            services: row.services.links(),
            components: row.components.links(),
        }
    }
}

stored!(Vulnerability, VulnerabilityRow, []);

impl ResourceHooks for Vulnerability {}
