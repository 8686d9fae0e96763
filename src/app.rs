//! The service put together.
use crate::auth::Verifier;
use crate::collection::write::put_one;
use crate::collection::{Draft, draft};
use crate::config::Config;
use crate::graph::load::graphs::Graphs;
use crate::http::answers::Answers;
use crate::http::operations::Metrics;
use crate::http::routes::Api;
use crate::http::{docs, edge, operations, problems};
use crate::model::{Error, Id, Kind, Result, Spelling, Timestamp};
use crate::resources::organizations::Organization;
use crate::store::{Change, Store, idempotency, resolve};
use crate::{analysis, exchange, reports, resources};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as Actix, HttpServer, web};
use serde_json::json;
use std::collections::HashSet;
use std::fs::File;
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What every request can reach.
pub struct App {
    pub store: Arc<Store>,
    pub verifier: Arc<Verifier>,
    pub config: Arc<Config>,
    pub metrics: Metrics,
    pub answers: Answers,
    pub graphs: Graphs,
    /// From the name in a token to the organisation; short-lived, so that a suspension is soon seen.
    pub organizations: moka::sync::Cache<String, Id>,
    /// Batches being read and checked at once: each may take many times its size in memory.
    pub batches: Semaphore,
    /// Live boards connected at once.
    pub boards: Arc<Semaphore>,
    /// Whether the service was asked to stop: boards end then, for nobody waits for them.
    pub stopping: AtomicBool,
    /// Idempotency keys being worked on.
    pub in_flight: Mutex<HashSet<(Id, String, String)>>,
    /// The sole right to serve an embedded database.
    _claim: Option<File>,
}

/// Batches at work at once; a further one is told to come back.
const BATCHES: usize = 8;
/// Live boards connected at once; a further one is told to come back.
const BOARDS: usize = 500;
/// How often old answers to idempotent requests are forgotten.
const SWEEP: Duration = Duration::from_secs(3600);

impl App {
    /// `claim` is the sole right to serve an embedded database: see [`store::claim`].
    ///
    /// # Errors
    /// When the database or the key sets cannot be opened.
    pub fn open(config: Config, claim: Option<File>) -> Result<App> {
        let verifier = Verifier::new(&config.auth, &config.data_dir).map_err(Error::Internal)?;
        let organizations = moka::sync::Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5)).build();
        Ok(App {
            store: Store::open(&config)?,
            verifier: Arc::new(verifier),
            config: Arc::new(config),
            metrics: Metrics::default(),
            answers: Answers::default(),
            graphs: Graphs::default(),
            organizations,
            batches: Semaphore::new(BATCHES),
            boards: Arc::new(Semaphore::new(BOARDS)),
            stopping: AtomicBool::new(false),
            in_flight: Mutex::default(),
            _claim: claim,
        })
    }

    /// The one place that reads the clock.
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// Makes an organisation with this key unless it is there; tells its id and whether it is new.
    ///
    /// # Errors
    /// When the key cannot be one.
    pub async fn create_organization(&self, key: &str, name: &str, reason: &str) -> Result<(Id, bool)> {
        let draft: Draft<Organization> = draft::parse(json!({"key": key, "name": name}))?;
        if !draft.faults.is_empty() {
            return Err(Error::Forbidden("the token's organisation is not a key".into()));
        }
        let change = Change::by_the_service(Id::SYSTEM, Some(reason.into()), now());
        let key = key.to_owned();
        let made = self.store.write(change, async move |tx| {
            tx.take_turn().await?;
            let spelling = Spelling::Key(key);
            let found =
                resolve::locate(&mut tx.conn()?, Id::SYSTEM, &[Kind::Organization], &HashSet::from([spelling.clone()])).await?;
            if let Some((_, id)) = found.get(&spelling).and_then(|all| all.first()) {
                return Ok((*id, false));
            }
            let (_, made) = put_one(tx, None, draft).await?;
            Ok((made.head.id, true))
        });
        made.await
    }
}

/// UTC now.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).ok().and_then(Timestamp::from_micros).unwrap_or(Timestamp::EPOCH)
}

/// A new id; ids of one process ascend.
#[allow(clippy::disallowed_methods, reason = "the one place that makes ids")]
pub fn new_id() -> Id {
    Id(uuid::Uuid::now_v7())
}

/// Every route with its document.
pub fn api() -> Api {
    let mut api = Api::default();
    resources::sites::http::routes(&mut api);
    resources::services::http::routes(&mut api);
    resources::components::http::routes(&mut api);
    resources::business_processes::http::routes(&mut api);
    resources::suppliers::http::routes(&mut api);
    resources::contacts::http::routes(&mut api);
    resources::mappings::http::routes(&mut api);
    resources::agreements::http::routes(&mut api);
    resources::threats::http::routes(&mut api);
    resources::vulnerabilities::http::routes(&mut api);
    resources::risks::http::routes(&mut api);
    resources::risk_assessments::http::routes(&mut api);
    resources::risk_matrix::http::routes(&mut api);
    resources::impact_assessments::http::routes(&mut api);
    resources::measures::http::routes(&mut api);
    resources::measure_tasks::http::routes(&mut api);
    resources::change_requests::http::routes(&mut api);
    resources::plans::http::routes(&mut api);
    resources::plan_versions::http::routes(&mut api);
    resources::exercises::http::routes(&mut api);
    resources::disruptions::http::routes(&mut api);
    resources::runs::http::routes(&mut api);
    resources::run_steps::http::routes(&mut api);
    resources::measurements::http::routes(&mut api);
    resources::findings::http::routes(&mut api);
    resources::settings::http::routes(&mut api);
    resources::organizations::http::routes(&mut api);
    analysis::routes(&mut api);
    reports::routes(&mut api);
    exchange::routes(&mut api);
    operations::routes(&mut api);
    problems::routes(&mut api);
    docs::routes(&mut api);
    api
}

/// Forgets old answers now and then.
async fn sweep(app: web::Data<App>) {
    let mut hours = tokio::time::interval(SWEEP);
    loop {
        hours.tick().await;
        let change = Change::by_the_service(Id::SYSTEM, None, app.now());
        if let Err(error) = app.store.write(change, async |tx| idempotency::sweep(tx).await).await {
            tracing::warn!(%error, "old idempotency keys were not swept");
        }
    }
}

/// Takes note when the service is asked to stop; the server sees to the rest.
#[cfg(unix)]
async fn watch(app: web::Data<App>) {
    use tokio::signal::unix::{SignalKind, signal};
    if let Ok(mut asked) = signal(SignalKind::terminate()) {
        asked.recv().await;
        app.stopping.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Serves until a signal ends it; requests being worked on are finished.
///
/// # Errors
/// When the server cannot start.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> std::io::Result<()> {
    let app = web::Data::from(app);
    app.verifier.start_refresh();
    actix_web::rt::spawn(sweep(app.clone()));
    #[cfg(unix)]
    actix_web::rt::spawn(watch(app.clone()));
    let limits = app.config.limits.clone();
    let workers = limits.workers.max(1);
    HttpServer::new(move || {
        Actix::new()
            .app_data(app.clone())
            .configure(|config| api().configure(config))
            .default_service(web::to(edge::unmatched))
            .wrap(Compress::default())
            .wrap(from_fn(edge::edge))
    })
    .workers(workers)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(limits.request_seconds))
    .shutdown_timeout(30)
    .listen(listener)?
    .run()
    .await
}
