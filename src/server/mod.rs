//! The service put together: state, routes and document, start and stop.
mod anchors;
pub mod demo;
mod document;
pub mod policy;
mod retention;
mod sockets;
mod stop;

use crate::analysis::events::Boards;
use crate::auth::Verifier;
use crate::auth::anchor::AnchorKey;
use crate::config::Config;
use crate::exchange::batch::BatchPermits;
use crate::http::routes::Api;
use crate::http::state::State;
use crate::http::{docs, edge, operations, problems, withhold};
use crate::landscape::LandscapeCache;
use crate::model::{Error, Id, Result};
use crate::resources::KINDS;
use crate::resources::api_keys::holders::API_KEYS;
use crate::resources::organizations::ORGANIZATIONS;
use crate::store::{Landscapes, WriteContext, idempotency};
use crate::{analysis, exchange, reports, resources};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use policy::POLICY;
use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How often old answers to idempotent requests are forgotten, and contacts erased whose retention is over.
const SWEEP: Duration = Duration::from_secs(3600);

/// How often it is looked which API keys have been used; each is noted once a minute at most.
const BETWEEN_NOTES: Duration = Duration::from_secs(5);

/// Where landscapes are kept.
pub fn landscapes() -> Arc<dyn Landscapes> {
    Arc::new(LandscapeCache::default())
}

/// Puts the state together.
///
/// # Errors
/// When the database or the key sets cannot be opened.
pub fn open(config: Config) -> Result<State> {
    let verifier = Verifier::new(&config.auth, &config.data_dir, POLICY).map_err(Error::Internal)?;
    State::new(config, KINDS, landscapes(), &ORGANIZATIONS, &API_KEYS, verifier)
}

/// Every route with its document.
pub fn api() -> Api {
    let mut api = Api::new(POLICY);
    resources::routes(&mut api);
    analysis::routes(&mut api);
    reports::routes(&mut api);
    exchange::routes(&mut api);
    operations::routes(&mut api);
    problems::routes(&mut api);
    // Every worker has routes of its own; the document is the same for all of them.
    static TEXT: OnceLock<Arc<str>> = OnceLock::new();
    let text = Arc::clone(TEXT.get_or_init(|| document::compact(&api)));
    docs::routes(&mut api, text);
    api
}

/// The OpenAPI document as it is committed.
pub fn document_text() -> String {
    document::pretty(&api())
}

/// Forgets what is kept no longer, now and then.
async fn sweep(app: web::Data<State>) {
    let mut hours = tokio::time::interval(SWEEP);
    loop {
        hours.tick().await;
        let change = WriteContext::by_the_service(Id::SYSTEM, None, app.now());
        if let Err(error) = app.store.write(change, async |tx| idempotency::delete_expired(tx).await).await {
            tracing::warn!(%error, "old idempotency keys were not swept");
        }
        retention::erase_due(&app).await;
    }
}

/// Notes when API keys were used last.
async fn note_uses(app: web::Data<State>) {
    let mut looks = tokio::time::interval(BETWEEN_NOTES);
    loop {
        looks.tick().await;
        if let Err(error) = app.api_keys.note_uses(&app.store, app.now()).await {
            tracing::warn!(%error, "the last uses of API keys could not be noted");
        }
    }
}

/// Serves until a signal ends it; requests being worked on are finished.
///
/// # Errors
/// When the server cannot start.
pub async fn serve(app: Arc<State>, listener: TcpListener) -> std::io::Result<()> {
    let signals = stop::Signals::new()?;
    let app = web::Data::from(app);
    let (boards, permits) = (web::Data::new(Boards::default()), web::Data::new(BatchPermits::default()));
    app.verifier.start_refresh();
    actix_web::rt::spawn(sweep(app.clone()));
    actix_web::rt::spawn(note_uses(app.clone()));
    if app.config.anchor.is_used() {
        let key = AnchorKey::load_or_create(&app.config.data_dir).map_err(std::io::Error::other)?;
        actix_web::rt::spawn(anchors::at_an_interval(app.clone(), key));
    }
    let limits = app.config.limits.clone();
    let workers = limits.workers.max(1);
    let (stopped, told) = (app.clone(), boards.clone());
    let unread = Duration::from_secs(limits.response_seconds);
    let most = sockets::most();
    let peers = sockets::Peers::new(most);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(app.clone())
            .app_data(boards.clone())
            .app_data(permits.clone())
            .configure(|config| api().configure(config))
            .default_service(web::to(edge::unmatched))
            .wrap(from_fn(withhold::layer))
            .wrap(Compress::default())
            .wrap(from_fn(edge::edge))
    })
    .workers(workers)
    .max_connections(most / workers)
    .on_connect(move |socket, connection| {
        sockets::close_unread(socket, unread);
        peers.admit(socket, connection);
    })
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(limits.request_seconds))
    .shutdown_timeout(30)
    .disable_signals()
    .listen(listener)?
    .run();
    actix_web::rt::spawn(stop::when_asked(signals, stopped, told, server.handle()));
    server.await
}
