//! Long-lived keys by which pipelines and other machines call.
pub mod holders;
pub mod http;
pub mod store;

use crate::model::roles::ADM;
use crate::model::{Faults, Field, FieldType, Kind, Resource, Rights, Role, Timestamp, VersionInput, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Whether the key opens anything.
    pub enum ApiKeyStatus {
        Active = "active",
        Revoked = "revoked",
    }
}

string_enum! {
    /// A role that a key may have.
    pub enum ApiKeyRole {
        Integration = "integration",
        Auditor = "auditor",
        User = "user",
        ItServiceContinuityManager = "it_service_continuity_manager",
        ProcessOwner = "process_owner",
        ApplicationManager = "application_manager",
        IctInfrastructureManager = "ict_infrastructure_manager",
        TestManager = "test_manager",
        Administrator = "administrator",
    }
}

impl ApiKeyRole {
    /// The role as callers have it.
    pub const fn role(self) -> Role {
        match self {
            ApiKeyRole::Integration => Role::Integration,
            ApiKeyRole::Auditor => Role::Auditor,
            ApiKeyRole::User => Role::User,
            ApiKeyRole::ItServiceContinuityManager => Role::ItServiceContinuityManager,
            ApiKeyRole::ProcessOwner => Role::ProcessOwner,
            ApiKeyRole::ApplicationManager => Role::ApplicationManager,
            ApiKeyRole::IctInfrastructureManager => Role::IctInfrastructureManager,
            ApiKeyRole::TestManager => Role::TestManager,
            ApiKeyRole::Administrator => Role::Administrator,
        }
    }
}

/// The name of a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(max_length = 64, value_type = String)]
pub struct Scope(pub String);

/// A key by which a machine calls. Its secret is told once, when it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApiKey {
    /// What its bearer is. Nobody gives a key rights that they do not have, and no key accepts or approves anything.
    #[schema(max_items = 9)]
    pub roles: Vec<ApiKeyRole>,
    /// Permissions that narrow the roles; none leaves them as they are.
    #[serde(default)]
    #[schema(max_items = 200, inline)]
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[serde(default)]
    pub status: ApiKeyStatus,
    /// When its newest secret was made; null as long as it has none.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub secret_issued_at: Option<Timestamp>,
}

/// What is kept beside the versions of a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ApiKeyDerived {
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

impl Resource for ApiKey {
    const KIND: Kind = Kind::ApiKey;
    const TABLE: &'static str = "api_keys";
    const SCHEMA: &'static str = "ApiKey";
    const RIGHTS: Rights = Rights::new(&[ADM], &[ADM]);
    const READ_ONLY: &'static [&'static str] = &["secret_issued_at"];
    type Derived = ApiKeyDerived;
    const FIELDS: &'static [Field] = &[
        field("status", "api_keys.status", "", FieldType::Word(enum_values::<ApiKeyStatus>)),
        field("expires_at", "api_keys.expires_at", "api_keys.expires_at", FieldType::Time),
    ];

    fn is_derived(field: &str) -> bool {
        field == "last_used_at"
    }
    fn check(&self, faults: &mut Faults) {
        for (index, role) in self.roles.iter().enumerate() {
            if self.roles[..index].contains(role) {
                faults.add(format!("/roles/{index}"), "duplicate", "the role stands there twice");
            }
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            if self.scopes[..index].contains(scope) {
                faults.add(format!("/scopes/{index}"), "duplicate", "the scope stands there twice");
            }
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, ApiKey>) -> ApiKey {
        self.secret_issued_at = input.old.and_then(|old| old.secret_issued_at);
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "cmdb-sync", "name": "Nightly import of the CMDB", "roles": ["integration"],
            "scopes": ["batch:write", "components:read", "components:write"], "expires_at": "2027-11-30T00:00:00Z"
        })
    }
}
