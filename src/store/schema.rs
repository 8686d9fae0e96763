//! The tables that every resource shares. A resource's own table stands in its `store.rs`.
use super::types::sql;

diesel::table! {
    use super::sql::{Identity, Instant};
    use diesel::sql_types::{BigInt, Binary, Bool};
    tenants (organization_id) {
        organization_id -> Identity,
        seq -> BigInt,
        at -> Instant,
        hash -> Binary,
        open -> Bool,
        graph_seq -> BigInt,
    }
}

diesel::table! {
    use super::sql::{Identity, Instant};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    ledger (organization_id, seq) {
        organization_id -> Identity,
        seq -> BigInt,
        at -> Instant,
        kind -> Text,
        object_id -> Identity,
        object_key -> Text,
        version -> BigInt,
        operation -> Text,
        actor -> Text,
        request_id -> Text,
        reason -> Nullable<Text>,
        body -> Nullable<Text>,
        digest -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    use super::sql::{Identity, Instant, Json};
    use diesel::sql_types::{BigInt, Nullable, Text};
    objects (organization_id, id) {
        organization_id -> Identity,
        id -> Identity,
        kind -> Text,
        key -> Text,
        name -> Text,
        description -> Nullable<Text>,
        external_refs -> Json,
        tags -> Json,
        attributes -> Json,
        search -> Text,
        effective_rto_seconds -> Nullable<BigInt>,
        effective_rpo_seconds -> Nullable<BigInt>,
        effective_mtpd_seconds -> Nullable<BigInt>,
        own_rto_seconds -> Nullable<BigInt>,
        own_rpo_seconds -> Nullable<BigInt>,
        own_mtpd_seconds -> Nullable<BigInt>,
        recovery_tier_id -> Nullable<Identity>,
        live -> diesel::sql_types::Bool,
        version -> BigInt,
        created_at -> Instant,
        updated_at -> Instant,
        created_by -> Text,
        updated_by -> Text,
    }
}

diesel::table! {
    use super::sql::Identity;
    use diesel::sql_types::Text;
    external_refs (organization_id, kind, system, external_id) {
        organization_id -> Identity,
        kind -> Text,
        system -> Text,
        external_id -> Text,
        object_id -> Identity,
    }
}

diesel::table! {
    use super::sql::Identity;
    use diesel::sql_types::Text;
    tags (organization_id, tag, object_id) {
        organization_id -> Identity,
        tag -> Text,
        object_id -> Identity,
    }
}

diesel::table! {
    use super::sql::Identity;
    use diesel::sql_types::Text;
    links (organization_id, owner_id, field, target_id) {
        organization_id -> Identity,
        owner_id -> Identity,
        field -> Text,
        target_id -> Identity,
    }
}

diesel::table! {
    use super::sql::Identity;
    use diesel::sql_types::{BigInt, Text};
    counters (organization_id, kind) {
        organization_id -> Identity,
        kind -> Text,
        last -> BigInt,
    }
}

diesel::table! {
    use super::sql::{Identity, Instant};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    idempotency_keys (organization_id, subject, key) {
        organization_id -> Identity,
        subject -> Text,
        key -> Text,
        request -> Binary,
        status -> BigInt,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Text,
        created_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(objects, external_refs, tags);
