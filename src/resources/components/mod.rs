//! Configuration items: what services run on.
pub mod store;

use crate::model::roles::{ADM, APP, EVERYBODY, ICT, INT, SCM};
use crate::model::{Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// What it is.
    pub enum ComponentKind {
        Application = "application",
        Database = "database",
        Server = "server",
        VirtualMachine = "virtual_machine",
        Platform = "platform",
        Storage = "storage",
        Network = "network",
        VoiceTelephony = "voice_telephony",
        DataCommunication = "data_communication",
        Power = "power",
        Facility = "facility",
        CloudService = "cloud_service",
        DataSet = "data_set",
        EndUserDevice = "end_user_device",
        Other = "other",
    }
}

impl ComponentKind {
    /// Whether data is kept in components of the kind.
    pub const fn keeps_data(self) -> bool {
        matches!(self, ComponentKind::Database | ComponentKind::Storage | ComponentKind::DataSet)
    }
}

string_enum! {
    /// Where the component stands in its life.
    pub enum ComponentLifecycle {
        InService = "in_service",
        Planned = "planned",
        Retired = "retired",
    }
}

string_enum! {
    /// How it is recovered; the ITIL names, for "hot standby" means different options in different editions.
    pub enum RecoveryOption {
        DoNothing = "do_nothing",
        ManualWorkaround = "manual_workaround",
        ReciprocalArrangement = "reciprocal_arrangement",
        Gradual = "gradual",
        Intermediate = "intermediate",
        Fast = "fast",
        Immediate = "immediate",
    }
}

/// A configuration item with what it can do when it is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Component {
    pub kind: ComponentKind,
    /// Where it stands; it depends on that site.
    #[serde(default)]
    pub site: Option<Link>,
    /// Who supplies it; information only, a dependency is a mapping.
    #[serde(default)]
    pub supplier: Option<Link>,
    /// Who answers for it.
    #[serde(default)]
    pub owner: Option<Link>,
    #[serde(default)]
    pub lifecycle: ComponentLifecycle,
    #[serde(default)]
    pub recovery_option: Option<RecoveryOption>,
    /// To rebuild it once its prerequisites are up (capability).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub recovery_time_seconds: Option<i64>,
    /// To return when only its prerequisites failed (capability).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub restart_seconds: Option<i64>,
    /// How much data is lost when it is lost: backup interval or replication lag (capability).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub data_loss_seconds: Option<i64>,
}

impl Resource for Component {
    const KIND: Kind = Kind::Component;
    const TABLE: &'static str = "components";
    const SCHEMA: &'static str = "Component";
    const RIGHTS: Rights = Rights::new(EVERYBODY, &[SCM, APP, ICT, INT, ADM]);
    const BEARS_OBJECTIVES: bool = true;
    const DEPENDENT: bool = true;
    const PROVIDER: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "components.kind", "", FieldType::Word(enum_values::<ComponentKind>)),
        field("site", "components.site_id", "", FieldType::Link(&[Kind::Site])),
        field("supplier", "components.supplier_id", "", FieldType::Link(&[Kind::Supplier])),
        field("owner", "components.owner_id", "", FieldType::Link(&[Kind::Contact])),
        field("lifecycle", "components.lifecycle", "", FieldType::Word(enum_values::<ComponentLifecycle>)),
        field("recovery_option", "components.recovery_option", "", FieldType::Word(enum_values::<RecoveryOption>)),
        field("recovery_time_seconds", "components.recovery_time_seconds", "", FieldType::Integer),
        field("restart_seconds", "components.restart_seconds", "", FieldType::Integer),
        field("data_loss_seconds", "components.data_loss_seconds", "", FieldType::Integer),
    ];

    fn is_live(&self) -> bool {
        self.lifecycle == ComponentLifecycle::InService
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        let site = Slot::of("site", &[Kind::Site], &mut self.site);
        let supplier = Slot::of("supplier", &[Kind::Supplier], &mut self.supplier);
        let owner = Slot::of("owner", &[Kind::Contact], &mut self.owner);
        site.into_iter().chain(supplier).chain(owner).collect()
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "DB-PAYROLL-1", "name": "Payroll database, node 1", "kind": "database", "lifecycle": "in_service",
            "recovery_option": "fast", "recovery_time_seconds": 3600, "restart_seconds": 240, "data_loss_seconds": 300,
            "external_refs": [{"system": "netbox", "id": "dcim.device/1"}], "tags": ["pci"]
        })
    }
}
