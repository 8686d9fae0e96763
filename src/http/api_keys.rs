//! Callers that show an API key instead of a token: found by digest, remembered for a moment, and noted when they call.
use crate::auth::{ApiKeyHolder, Identity, SecretDigest};
use crate::model::{Id, Result, Timestamp};
use crate::store::{Conn, Store, Tx, WriteContext};
use futures_util::future::LocalBoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a key is remembered: its end counts on all instances within five seconds, so a little less.
const REMEMBERED: Duration = Duration::from_secs(4);
/// A use is not noted again before so many seconds.
const BETWEEN_NOTES: i64 = 60;
/// Keys whose last use is remembered; of further ones it is not noted for the moment.
const MOST: usize = 10_000;

/// Where API keys are kept.
pub trait ApiKeys: Send + Sync {
    /// The key that has the secret of this digest, of whichever organisation.
    fn find<'a>(&'a self, conn: &'a mut Conn<'_>, digest: &'a SecretDigest) -> LocalBoxFuture<'a, Result<Option<FoundKey>>>;
    /// Notes when a secret of the organisation was used.
    fn note_use<'a>(&'a self, tx: &'a mut Tx, digest: SecretDigest, at: Timestamp) -> LocalBoxFuture<'a, Result<()>>;
}

/// A key as the database has it.
#[derive(Debug, Clone)]
pub struct FoundKey {
    pub organization: Id,
    pub holder: ApiKeyHolder,
    pub revoked: bool,
}

/// A key that was looked up.
#[derive(Clone)]
pub struct KnownKey {
    pub organization: Id,
    pub identity: Arc<Identity>,
    pub revoked: bool,
}

/// A use of a secret, and when one was noted last.
struct Use {
    organization: Id,
    used: Timestamp,
    noted: Option<Timestamp>,
}

/// The keys that call.
pub struct ApiKeyDoor {
    kept: &'static dyn ApiKeys,
    known: moka::sync::Cache<SecretDigest, KnownKey>,
    uses: Mutex<HashMap<SecretDigest, Use>>,
}

impl ApiKeyDoor {
    pub fn new(kept: &'static dyn ApiKeys) -> ApiKeyDoor {
        let known = moka::sync::Cache::builder().max_capacity(MOST as u64).time_to_live(REMEMBERED).build();
        ApiKeyDoor { kept, known, uses: Mutex::default() }
    }

    /// The key of a secret, if it is remembered.
    pub fn recall(&self, digest: &SecretDigest) -> Option<KnownKey> {
        self.known.get(digest)
    }

    /// The key of a secret, as the database has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_up(
        &self,
        store: &Store,
        digest: &SecretDigest,
        identity: impl FnOnce(&ApiKeyHolder) -> Identity,
    ) -> Result<Option<KnownKey>> {
        let found = store.read(async |conn| self.kept.find(conn, digest).await).await?;
        let known = found.map(|found| KnownKey {
            organization: found.organization,
            identity: Arc::new(identity(&found.holder)),
            revoked: found.revoked,
        });
        known.iter().for_each(|known| self.known.insert(*digest, known.clone()));
        Ok(known)
    }

    /// After a write that may have changed a key: it counts at once here, and elsewhere when memory runs out.
    pub fn forget(&self) {
        self.known.invalidate_all();
    }

    /// Remembers that a key was used, to be noted later: no request waits for that.
    pub fn used(&self, digest: SecretDigest, organization: Id, now: Timestamp) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = uses.get_mut(&digest) {
            known.used = now;
        } else if uses.len() < MOST {
            uses.insert(digest, Use { organization, used: now, noted: None });
        }
    }

    /// Notes the uses that are due.
    ///
    /// # Errors
    /// When the database does not answer; they are noted the next time.
    pub async fn note_uses(&self, store: &Store, now: Timestamp) -> Result<()> {
        let due: Vec<(SecretDigest, Id, Timestamp)> = {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = |one: &Use| one.noted.is_none_or(|noted| noted < one.used);
            // What was noted long ago and not used since may as well begin anew.
            uses.retain(|_, one| is_new(one) || one.used.seconds() + BETWEEN_NOTES > now.seconds());
            let is_due = |one: &Use| one.noted.is_none_or(|noted| noted.seconds() + BETWEEN_NOTES <= now.seconds());
            let due = uses.iter().filter(|(_, one)| is_new(one) && is_due(one));
            due.map(|(digest, one)| (*digest, one.organization, one.used)).collect()
        };
        for (digest, organization, used) in due {
            let (change, kept) = (WriteContext::by_the_service(organization, None, now), self.kept);
            store.write(change, async move |tx| kept.note_use(tx, digest, used).await).await?;
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            uses.entry(digest).and_modify(|one| one.noted = Some(now));
        }
        Ok(())
    }
}
