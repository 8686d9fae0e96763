//! API keys as callers show them: found by the digest of a secret.
use super::{ApiKey, ApiKeyStatus, store};
use crate::auth::{ApiKeyHolder, SecretDigest};
use crate::http::api_keys::{ApiKeys, FoundKey};
use crate::model::{Result, Timestamp};
use crate::store::{Conn, ResourceTable, Tx};
use futures_util::future::LocalBoxFuture;

/// The table of API keys.
pub struct Holders;

pub static API_KEYS: Holders = Holders;

impl ApiKeys for Holders {
    fn find<'a>(&'a self, conn: &'a mut Conn<'_>, digest: &'a SecretDigest) -> LocalBoxFuture<'a, Result<Option<FoundKey>>> {
        Box::pin(async move {
            let Some(secret) = store::secret(conn, digest).await? else { return Ok(None) };
            let found = ApiKey::find(conn, secret.organization, secret.api_key).await?;
            Ok(found.map(|key| {
                let end = secret.serves_until.map_or(key.body.expires_at, |until| until.min(key.body.expires_at));
                let holder = ApiKeyHolder {
                    id: key.meta.id,
                    key: key.meta.key.clone(),
                    organization: secret.organization_key,
                    grant: key.body.grant(),
                    serves_until: end.seconds(),
                };
                FoundKey { organization: secret.organization, holder, revoked: key.body.status == ApiKeyStatus::Revoked }
            }))
        })
    }

    fn note_use<'a>(&'a self, tx: &'a mut Tx, digest: SecretDigest, at: Timestamp) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move { store::note_use(tx, &digest, at).await })
    }
}
