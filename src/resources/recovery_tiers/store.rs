use super::RecoveryTier;
use crate::store::prelude::*;

row! {
    pub struct RecoveryTierRow in recovery_tiers {
        organization_id: DbId,
        id: DbId,
        rank: i64,
        rto_seconds: Option<i64>,
        rpo_seconds: Option<i64>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &RecoveryTier) -> RecoveryTierRow {
    let RecoveryTier { rank, rto_seconds, rpo_seconds } = *resource;
    RecoveryTierRow { organization_id: DbId(org), id: DbId(meta.id), rank, rto_seconds, rpo_seconds }
}

impl From<RecoveryTierRow> for RecoveryTier {
    fn from(row: RecoveryTierRow) -> RecoveryTier {
        let RecoveryTierRow { rank, rto_seconds, rpo_seconds, .. } = row;
        RecoveryTier { rank, rto_seconds, rpo_seconds }
    }
}

stored!(RecoveryTier, RecoveryTierRow, []);

impl ResourceHooks for RecoveryTier {}
