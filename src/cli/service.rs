//! The sub-commands that need the database.
use super::tokens::{hand_over, organization};
use super::{CatalogueFlags, CheckConfigFlags, ServiceFlags};
use crate::auth::Grant;
use crate::config::{Config, Log, LogFormat, Overrides};
use crate::http::state::State;
use crate::model::{Error, Role};
use crate::server::policy::POLICY;
use crate::server::{self, demo};
use crate::store::{self, Store, clock, ledger};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

pub type Environment = BTreeMap<String, String>;

const DEMO_KEY: &str = "demo";
const DEMO_NAME: &str = "Tarnfell Pharmacy Direct";

/// How long the first token lives.
const FIRST_TOKEN_SECONDS: i64 = 24 * 3600;

pub fn load(overrides: &Overrides, environment: &Environment) -> Result<Config, String> {
    Config::load(overrides, environment).map_err(|faults| faults.to_string())
}

/// For errors that end the program.
pub fn words(error: Error) -> String {
    error.to_string()
}

/// Structured logs to standard error, written by a thread of their own.
pub fn start_logs(log: &Log) -> Result<WorkerGuard, String> {
    // Buffered: the thread flushes whenever nothing more is waiting, so under load many lines share one system call.
    let (writer, guard) = tracing_appender::non_blocking(std::io::BufWriter::with_capacity(1 << 16, std::io::stderr()));
    let filter = EnvFilter::try_new(&log.level).map_err(|error| format!("log.level: {error}"))?;
    // It takes what a client cannot say for an error of the service.
    let silenced = "actix_http::h1=off".parse().ok().filter(|_| !log.level.contains("actix_http"));
    let filter = match silenced {
        Some(directive) => filter.add_directive(directive),
        None => filter,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    match log.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init(),
        LogFormat::Text => builder.with_ansi(false).init(),
    }
    Ok(guard)
}

/// For commands at a terminal: only what went wrong.
pub fn quiet() -> Log {
    Log { level: "warn".into(), format: LogFormat::Text }
}

/// `holdfast serve` and `holdfast demo`.
pub fn run(flags: &ServiceFlags, environment: &Environment, demo: bool) -> Result<(), String> {
    let config = load(&Overrides::from(flags), environment)?;
    let _logs = start_logs(&config.log)?;
    // First: no other process may be at work on the file when its schema changes.
    let claim = store::claim(&config).map_err(words)?;
    store::migrate_up(&config, &*server::landscapes()).map_err(words)?;
    if let Some(warning) = store::shortage(&config).map_err(words)? {
        tracing::warn!("{warning}");
    }
    let listener = TcpListener::bind(config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    actix_web::rt::System::new().block_on(async move {
        let app = Arc::new(server::open(config).map_err(words)?);
        let done = serve(&app, listener, demo).await;
        app.store.close();
        // Held until here: no other process may serve an embedded database.
        drop(claim);
        done
    })
}

async fn serve(app: &Arc<State>, listener: TcpListener, demo: bool) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let first = first_organization(app, demo).await.map_err(words)?;
    let first = first.map(|(organization, token)| hand_over(&app.config, &organization, &token));
    println!("listening on http://{address}");
    println!("docs: http://{address}/docs/");
    first.iter().flatten().for_each(|line| println!("{line}"));
    server::serve(Arc::clone(app), listener).await.map_err(|error| error.to_string())
}

/// Makes the first organisation of an empty database, and the example when it is asked for; gives a first token for
/// whichever is new. An example of which nothing is there but the organisation's name was stopped while it was loaded.
async fn first_organization(app: &Arc<State>, demo: bool) -> crate::model::Result<Option<(String, String)>> {
    let empty = app.store.read(async |conn| ledger::tenants(conn).await).await?.len() <= 1;
    let (key, name) = if demo { (DEMO_KEY, DEMO_NAME) } else { ("default", "Default organisation") };
    if !demo && !empty {
        return Ok(None);
    }
    let (id, made) = app.create_organization(key, name, "first start").await?;
    let untouched = app.store.read(async |conn| ledger::head(conn, id).await).await?.is_none_or(|head| head.seq == 0);
    let is_new = made || (demo && untouched);
    if !is_new {
        return Ok(None);
    }
    if demo {
        demo::load_demo(&app.store, id, app.now()).await?;
    }
    let Some(local) = app.verifier.local_key() else { return Ok(None) };
    let roles = [Role::ItServiceContinuityManager, Role::Administrator];
    let ttl_seconds = FIRST_TOKEN_SECONDS.min(app.config.auth.max_token_lifetime_seconds);
    let grant = Grant { subject: "first-user", organization: key, roles: &roles, scopes: &[], ttl_seconds };
    let token = local.mint(&grant, POLICY, app.now().seconds()).map_err(Error::Internal)?;
    Ok(Some((key.to_owned(), token)))
}

/// `holdfast load-catalogue`.
pub fn load_catalogue(flags: &CatalogueFlags, environment: &Environment) -> Result<(), String> {
    let Some(key) = flags.organization.clone().filter(|_| !flags.print) else {
        return print(format!("{{\"rows\": {}}}\n", demo::CATALOGUE.trim_end()).as_bytes());
    };
    let config = load(&Overrides::from(&flags.store), environment)?;
    let _logs = start_logs(&quiet())?;
    let _claim = store::claim(&config).map_err(|error| match error {
        Error::Unavailable { detail, .. } => format!(
            "{detail}: stop it for the moment, or have it load what `holdfast load-catalogue --print` gives, by POST /api/v1/batch"
        ),
        error => words(error),
    })?;
    store::migrate_up(&config, &*server::landscapes()).map_err(words)?;
    actix_web::rt::System::new().block_on(async move {
        let store = Store::open(&config, &server::landscapes()).map_err(words)?;
        let done = load_threats(&store, &key).await;
        store.close();
        let (added, all) = done?;
        println!("{added} threats added, {} were there already", all - added);
        Ok(())
    })
}

async fn load_threats(store: &Store, key: &str) -> Result<(usize, usize), String> {
    let found = organization(store, key).await.map_err(words)?;
    let found = found.ok_or_else(|| format!("there is no organisation {key:?}"))?;
    demo::load_catalogue(store, found, clock::now()).await.map_err(words)
}

fn print(bytes: &[u8]) -> Result<(), String> {
    // Whoever closed the pipe has read enough.
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// `holdfast check-config`.
pub fn check_config(flags: &CheckConfigFlags, environment: &Environment) -> Result<(), String> {
    let text = super::check_config(&flags.service, environment)?;
    print(text.as_bytes())?;
    if !flags.connect {
        return Ok(());
    }
    let _logs = start_logs(&quiet())?;
    let found = store::examine(&load(&Overrides::from(&flags.service), environment)?).map_err(words)?;
    eprintln!("the database can be worked with: {}", found.database);
    found.warning.map_or(Ok(()), Err)
}

/// `holdfast openapi`.
pub fn openapi(output: &Path) -> Result<(), String> {
    let text = server::document_text();
    if output == Path::new("-") {
        return print(text.as_bytes());
    }
    if let Some(folder) = output.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(output, text).map_err(|error| format!("{}: {error}", output.display()))
}
