//! What every request can reach.
use super::api_keys::{ApiKeyDoor, ApiKeys};
use super::metrics::Metrics;
use super::rates::RateLimits;
use super::response_cache::ResponseCache;
use super::shares::Shares;
use crate::auth::Verifier;
use crate::config::{Config, Database};
use crate::model::{Id, ObjectRef, Result, Timestamp};
use crate::store::{Conn, Kinds, Landscapes, Store, Tx, WriteContext, clock};
use futures_util::future::LocalBoxFuture;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a long read waits for its place.
const SCAN_WAIT: Duration = Duration::from_millis(500);
/// How long an organisation is remembered: a suspension counts on all instances within five seconds, so a little less.
const REMEMBERED: Duration = Duration::from_secs(4);

/// What every request can reach. Put together by the server.
pub struct State {
    pub store: Arc<Store>,
    pub kinds: Kinds,
    pub landscapes: Arc<dyn Landscapes>,
    pub verifier: Arc<Verifier>,
    pub config: Arc<Config>,
    pub metrics: Metrics,
    pub response_cache: ResponseCache,
    /// Long reads at work.
    pub scans: Shares,
    pub rate_limits: RateLimits,
    /// How long a statement of a read may take, where the database is another process and may fall silent.
    pub statement_limit: Option<Duration>,
    pub tenants: &'static dyn Tenants,
    pub api_keys: ApiKeyDoor,
    /// From the name in a token to the organisation; short-lived, so that a suspension is soon seen.
    pub organizations: moka::sync::Cache<String, Id>,
    /// Set once the service was asked to stop.
    pub stopping: AtomicBool,
    /// Idempotency keys being worked on.
    pub in_flight: Mutex<HashSet<(Id, String, String)>>,
}

/// An organisation, as far as callers need to know it.
pub struct Tenant {
    pub id: Id,
    pub suspended: bool,
}

/// Where the organisations are kept.
pub trait Tenants: Send + Sync {
    /// The organisation of a name.
    fn find<'a>(&'a self, conn: &'a mut Conn<'_>, object_ref: &'a ObjectRef) -> LocalBoxFuture<'a, Result<Option<Tenant>>>;
    /// Makes an organisation with this key unless it is there; tells its id and whether it is new.
    fn create<'a>(&'a self, tx: &'a mut Tx, key: String, name: String) -> LocalBoxFuture<'a, Result<(Id, bool)>>;
}

impl State {
    /// The parts that need no others, around those that do.
    pub fn new(
        config: Config,
        kinds: Kinds,
        landscapes: Arc<dyn Landscapes>,
        tenants: &'static dyn Tenants,
        api_keys: &'static dyn ApiKeys,
        verifier: Verifier,
    ) -> Result<State> {
        let scans = Shares::new("long reads", 2 * config.limits.workers, SCAN_WAIT);
        let rate_limits = RateLimits::new(config.limits.subject_requests_per_second, config.limits.subject_request_burst);
        let organizations = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(REMEMBERED).build();
        let limit = Duration::from_millis(config.limits.statement_timeout_milliseconds);
        let statement_limit = matches!(config.database(), Ok(Database::Postgres(_))).then_some(limit);
        Ok(State {
            statement_limit,
            store: Store::open(&config, &landscapes)?,
            kinds,
            landscapes,
            verifier: Arc::new(verifier),
            config: Arc::new(config),
            metrics: Metrics::default(),
            response_cache: ResponseCache::default(),
            scans,
            rate_limits,
            tenants,
            api_keys: ApiKeyDoor::new(api_keys),
            organizations,
            stopping: AtomicBool::new(false),
            in_flight: Mutex::default(),
        })
    }

    pub fn now(&self) -> Timestamp {
        clock::now()
    }

    /// Makes an organisation with this key unless it is there; tells its id and whether it is new.
    ///
    /// # Errors
    /// When the key cannot be one.
    pub async fn create_organization(&self, key: &str, name: &str, reason: &str) -> Result<(Id, bool)> {
        let change = WriteContext::by_the_service(Id::SYSTEM, Some(reason.into()), self.now());
        let (tenants, key, name) = (self.tenants, key.to_owned(), name.to_owned());
        self.store.write(change, async move |tx| tenants.create(tx, key, name).await).await
    }
}
