use super::{PlanApproval, Retention, Settings};
use crate::store::prelude::*;
use crate::store::singleton;

row! {
    pub struct SettingsRow in settings {
        organization_id: DbId,
        id: DbId,
        intolerable_level: i64,
        plan_approvals: Json<Vec<PlanApproval>>,
        detection_seconds: i64,
        declaration_seconds: i64,
        deleted_contacts_days: Option<i64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &Settings) -> SettingsRow {
    let Settings { intolerable_level, plan_approvals, detection_seconds, declaration_seconds, retention } = resource;
    let Retention { deleted_contacts_days } = retention;
    SettingsRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        intolerable_level: *intolerable_level,
        plan_approvals: Json(plan_approvals.clone()),
        detection_seconds: *detection_seconds,
        declaration_seconds: *declaration_seconds,
        deleted_contacts_days: *deleted_contacts_days,
    }
}

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Settings {
        Settings {
            intolerable_level: row.intolerable_level,
            plan_approvals: row.plan_approvals.0,
            detection_seconds: row.detection_seconds,
            declaration_seconds: row.declaration_seconds,
            retention: Retention { deleted_contacts_days: row.deleted_contacts_days },
        }
    }
}

stored!(Settings, SettingsRow, []);

/// The settings in force.
///
/// # Errors
/// When the database does not answer.
pub async fn in_force(conn: &mut Conn<'_>, snapshot: &Snapshot) -> Result<Settings> {
    Ok(singleton::of::<Settings>(conn, snapshot).await?.map(|object| object.body).unwrap_or_default())
}

/// The settings in force, as a change sees them.
///
/// # Errors
/// When the database does not answer.
pub async fn now(conn: &mut Conn<'_>, org: Id) -> Result<Settings> {
    Ok(singleton::now::<Settings>(conn, org).await?.map(|object| object.body).unwrap_or_default())
}

impl ResourceHooks for Settings {}
