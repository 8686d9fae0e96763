//! What an organisation has decided for itself once and for all.
pub mod http;
pub mod store;

use crate::model::roles::{ADM, SCM, STAFF};
use crate::model::{Faults, Field, Kind, NoDerived, Resource, Rights};
use crate::resources::plan_versions::ApproverRole;
use crate::resources::plans::PlanKind;
use serde::{Deserialize, Serialize};

/// The settings of an organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Settings {
    /// The level of impact from which an interruption is intolerable: a business process reaches its maximum tolerable
    /// period of disruption when any category of its impact assessment gets there.
    #[serde(default = "three")]
    #[schema(minimum = 1, maximum = 4, default = 3)]
    pub intolerable_level: i64,
    /// The roles of which each must approve a plan of a kind before it counts; the continuity manager's where the kind is
    /// not named.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub plan_approvals: Vec<PlanApproval>,
    /// How long it usually takes until a loss is noticed.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2592000, default = 0)]
    pub detection_seconds: i64,
    /// How long it usually takes from there until the disruption is declared and recovery begins.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2592000, default = 0)]
    pub declaration_seconds: i64,
    /// How long personal data is kept.
    #[serde(default)]
    #[schema(inline)]
    pub retention: Retention,
}

/// How long personal data is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Retention {
    /// So many days after its deletion a contact is erased: what the history holds of it is taken out within the hour. Kept
    /// when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 36500)]
    pub deleted_contacts_days: Option<i64>,
}

/// Whose approval plans of a kind need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanApproval {
    pub kind: PlanKind,
    #[schema(min_items = 1, max_items = 3)]
    pub roles: Vec<ApproverRole>,
}

fn three() -> i64 {
    3
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            intolerable_level: three(),
            plan_approvals: Vec::new(),
            detection_seconds: 0,
            declaration_seconds: 0,
            retention: Retention::default(),
        }
    }
}

impl Resource for Settings {
    const KIND: Kind = Kind::Settings;
    const TABLE: &'static str = "settings";
    const SCHEMA: &'static str = "Settings";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, ADM]);
    const NAME_REQUIRED: bool = false;
    const SINGLETON: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[];

    fn check(&self, faults: &mut Faults) {
        for (index, one) in self.plan_approvals.iter().enumerate() {
            if self.plan_approvals[..index].iter().any(|other| other.kind == one.kind) {
                faults.add(format!("/plan_approvals/{index}/kind"), "duplicate", "the kind stands there twice");
            }
            for (place, role) in one.roles.iter().enumerate() {
                if one.roles[..place].contains(role) {
                    faults.add(format!("/plan_approvals/{index}/roles/{place}"), "duplicate", "the role stands there twice");
                }
            }
        }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "intolerable_level": 3,
            "plan_approvals": [{"kind": "disaster_recovery", "roles": ["it_service_continuity_manager", "process_owner"]}],
            "detection_seconds": 600,
            "declaration_seconds": 1200,
            "retention": {"deleted_contacts_days": 365}
        })
    }
}
