//! PostgreSQL: how it is reached, and connections on which no statement is waited for without end.
use super::database_url::{DatabaseUrl, chain};
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use diesel::result::{DatabaseErrorKind, Error as DbError, QueryResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one host may take to answer before the next one is asked.
const CONNECT_WAIT: Duration = Duration::from_secs(1);
/// After a failure nobody tries again for so long: a crowd of requests does not stand in line for a silent server.
const PAUSE: Duration = Duration::from_millis(200);
/// A peer that vanished is noticed within about five seconds.
const KEEPALIVE: Duration = Duration::from_secs(2);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long an ordinary statement is waited for. The server's own limits are shorter and tell more; this one counts when
/// nothing comes from the server at all.
pub const STATEMENT_WAIT: Duration = Duration::from_millis(4_500);
/// The same for a statement of a large change.
pub const LARGE_STATEMENT_WAIT: Duration = Duration::from_secs(30);
/// The same where somebody waits for the end of a command: a change of the schema, a backup.
pub const PATIENT: Duration = Duration::from_secs(6 * 3600);

/// For all sessions: a page is read before a parallel worker or a compiler has started.
pub const SESSION: &str = "SET jit = off; SET max_parallel_workers_per_gather = 0";

/// A connection. What runs on it has a limit at this end too, for a server may fall silent without closing it.
pub struct PgConn {
    conn: AsyncPgConnection,
    limit_milliseconds: AtomicU64,
    /// Until the server or the network has closed it.
    open: Arc<AtomicBool>,
}

impl Deref for PgConn {
    type Target = AsyncPgConnection;
    fn deref(&self) -> &AsyncPgConnection {
        &self.conn
    }
}

impl DerefMut for PgConn {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.conn
    }
}

impl PgConn {
    /// Takes over a connection that is at work already.
    async fn over(
        client: tokio_postgres::Client,
        driver: impl Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send + 'static,
        broken: Arc<AtomicBool>,
    ) -> Result<PgConn> {
        let open = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&open);
        tokio::spawn(async move {
            let ended = driver.await;
            told.store(false, Ordering::Release);
            if let Err(cause) = ended {
                broken.store(true, Ordering::Relaxed);
                tracing::warn!(cause = chain(&cause), "a connection to the database ended");
            }
        });
        let conn = AsyncPgConnection::try_from(client).await.map_err(|e| gone(&e))?;
        Ok(PgConn { conn, limit_milliseconds: AtomicU64::new(STATEMENT_WAIT.as_millis() as u64), open })
    }

    /// Hands the bare connection to whom wants it by value, and takes it back.
    pub fn lend<T>(self, work: impl FnOnce(AsyncPgConnection) -> (AsyncPgConnection, T)) -> (PgConn, T) {
        let PgConn { conn, limit_milliseconds, open } = self;
        let (conn, done) = work(conn);
        (PgConn { conn, limit_milliseconds, open }, done)
    }

    /// Nothing more is asked on it. What runs on it is not cancelled.
    pub fn give_up(&self) {
        self.open.store(false, Ordering::Release);
    }

    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// How long each further statement is waited for.
    pub fn limit(&self, limit: Duration) {
        self.limit_milliseconds.store(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Waits for the answer to a statement, which may not be a commit: that it was given up does not mean that it was not
    /// done. The connection is of no use afterwards.
    ///
    /// # Errors
    /// As the statement; a closed connection when no answer came in time.
    pub async fn in_time<T>(&self, statement: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
        if !self.is_open() {
            return Err(closed("the connection was given up".into()));
        }
        let limit = Duration::from_millis(self.limit_milliseconds.load(Ordering::Relaxed));
        tokio::time::timeout(limit, statement).await.unwrap_or_else(|_| {
            self.give_up();
            Err(closed(format!("no answer within {} ms", limit.as_millis())))
        })
    }
}

fn closed(cause: String) -> DbError {
    DbError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(cause))
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A server that takes writes, and no other.
    Write,
    /// The server that takes writes; where there is none, whichever answers.
    Read,
}

/// How connections are made: hosts, credentials and TLS.
pub struct Address {
    /// One a host, in the order of the URL.
    hosts: Vec<tokio_postgres::Config>,
    tls: MakeRustlsConnect,
    /// The host that answered last is asked first.
    first: AtomicUsize,
    failed: Mutex<Option<Instant>>,
    /// Connections that were made after one had broken or could not be made.
    reconnects: AtomicU64,
    /// Set when a connection ends by itself.
    broken: Arc<AtomicBool>,
}

impl Address {
    /// # Errors
    /// When the configured URL or certificate file cannot be read.
    pub fn new(config: &Config) -> Result<Address> {
        let Database::Postgres(url) = config.database().map_err(Error::Internal)? else {
            return Err(Error::Internal("not a PostgreSQL database".into()));
        };
        let url = DatabaseUrl::parse(url.expose())?;
        let tls = tls(url.roots(config.database_ca_file.as_deref())?)?;
        Ok(Address {
            hosts: one_a_host(&url.config),
            tls,
            first: AtomicUsize::new(0),
            failed: Mutex::default(),
            reconnects: AtomicU64::new(0),
            broken: Arc::default(),
        })
    }

    /// Opens a connection and tells the server the limits of its session.
    ///
    /// # Errors
    /// `Unavailable` when no host answers in time, or shortly before none did.
    pub async fn connect(&self, session: &str, purpose: Purpose) -> Result<PgConn> {
        let failed = *self.failed.lock().unwrap_or_else(|e| e.into_inner());
        if failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Error::silent_database());
        }
        // With one host the URL's own wish counts; with several the writing one is looked for.
        let several = self.hosts.len() > 1;
        let mut found = self.connect_any(session, several.then_some(TargetSessionAttrs::ReadWrite)).await;
        if found.is_err() && several && purpose == Purpose::Read {
            found = self.connect_any(session, Some(TargetSessionAttrs::Any)).await;
        }
        *self.failed.lock().unwrap_or_else(|e| e.into_inner()) = found.is_err().then(Instant::now);
        if found.is_err() {
            self.broken.store(true, Ordering::Relaxed);
        } else if self.broken.swap(false, Ordering::Relaxed) {
            self.reconnects.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// How often a connection was made after one had broken or could not be made.
    pub fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// Makes sure that a connection has its session to itself. A pooler that hands one session to many clients, as PgBouncer does in its
    /// modes `transaction` and `statement`, would give our locks and limits to strangers, and theirs to us.
    ///
    /// # Errors
    /// `Unavailable` when no host answers; when sessions are shared, naming the cause. Nothing is left behind then.
    pub async fn refuse_shared_sessions(&self) -> Result<()> {
        let (one, other) = (self.bare().await?, self.bare().await?);
        one.batch_execute("SET holdfast.session = 'one'").await.map_err(|e| gone(&e))?;
        other.batch_execute("SET holdfast.session = 'other'").await.map_err(|e| gone(&e))?;
        let seen = one.simple_query("SELECT current_setting('holdfast.session', true)").await.map_err(|e| gone(&e))?;
        for client in [&one, &other] {
            client.batch_execute("RESET holdfast.session").await.map_err(|e| gone(&e))?;
        }
        let own = seen.iter().any(|row| matches!(row, SimpleQueryMessage::Row(row) if row.get(0) == Some("one")));
        if own {
            return Ok(());
        }
        Err(Error::Internal(
            "the database URL leads to a pooler that shares sessions between clients, such as PgBouncer with pool_mode transaction \
             or statement: use pool_mode = session for this service, or the address of PostgreSQL itself"
                .into(),
        ))
    }

    /// A connection of which nothing is wanted yet, of the first host that answers.
    async fn bare(&self) -> Result<tokio_postgres::Client> {
        let mut last = Error::unavailable("the database URL names no host");
        for host in &self.hosts {
            match tokio::time::timeout(CONNECT_WAIT, host.connect(self.tls.clone())).await {
                Ok(Ok((client, driver))) => {
                    tokio::spawn(async move { driver.await.map_err(|cause| tracing::debug!(cause = chain(&cause), "it ended")) });
                    return Ok(client);
                }
                Ok(Err(cause)) => last = gone(&cause),
                Err(_) => last = silent("no answer in time"),
            }
        }
        Err(last)
    }

    async fn connect_any(&self, session: &str, attributes: Option<TargetSessionAttrs>) -> Result<PgConn> {
        let first = self.first.load(Ordering::Relaxed);
        let mut last = Error::unavailable("the database URL names no host");
        for place in (0..self.hosts.len()).map(|step| (first + step) % self.hosts.len()) {
            let mut host = self.hosts[place].clone();
            if let Some(attributes) = attributes
                && host.get_target_session_attrs() == TargetSessionAttrs::Any
            {
                host.target_session_attrs(attributes);
            }
            match tokio::time::timeout(CONNECT_WAIT, self.open(&host, session)).await {
                Ok(Ok(conn)) => {
                    self.first.store(place, Ordering::Relaxed);
                    return Ok(conn);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = silent(&format!("no answer within {} ms", CONNECT_WAIT.as_millis())),
            }
        }
        Err(last)
    }

    async fn open(&self, host: &tokio_postgres::Config, session: &str) -> Result<PgConn> {
        let (client, connection) = host.connect(self.tls.clone()).await.map_err(|e| gone(&e))?;
        let conn = PgConn::over(client, connection, Arc::clone(&self.broken)).await?;
        (&mut &conn.conn).batch_execute(session).await.map_err(|e| gone(&e))?;
        Ok(conn)
    }
}

/// The same address once for each of its hosts: the driver gives all of them one limit together, so a silent one would hide
/// a good one behind it.
fn one_a_host(all: &tokio_postgres::Config) -> Vec<tokio_postgres::Config> {
    let addresses = all.get_hostaddrs();
    let places = all.get_hosts().len().max(addresses.len());
    (0..places).map(|place| of_host(all, all.get_hosts().get(place), addresses.get(place), place)).collect()
}

fn of_host(all: &tokio_postgres::Config, host: Option<&Host>, address: Option<&IpAddr>, place: usize) -> tokio_postgres::Config {
    let mut one = tokio_postgres::Config::new();
    match host {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => drop(one.host_path(folder)),
        None => {}
    }
    address.map(|address| one.hostaddr(*address));
    let ports = all.get_ports();
    ports.get(place).or(ports.first()).map(|port| one.port(*port));
    all.get_user().map(|user| one.user(user));
    all.get_password().map(|password| one.password(password));
    all.get_dbname().map(|name| one.dbname(name));
    all.get_options().map(|options| one.options(options));
    one.application_name(all.get_application_name().unwrap_or("holdfast"));
    one.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation()).channel_binding(all.get_channel_binding());
    one.target_session_attrs(all.get_target_session_attrs());
    one.connect_timeout(CONNECT_WAIT / 2).tcp_user_timeout(*all.get_tcp_user_timeout().unwrap_or(&STATEMENT_WAIT));
    one.keepalives(true).keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE / 2).keepalives_retries(KEEPALIVE_RETRIES);
    one
}

/// Why there is no connection goes to the log.
fn gone(cause: &dyn std::error::Error) -> Error {
    silent(&chain(cause))
}

fn silent(cause: &str) -> Error {
    tracing::warn!(cause, "no connection to the database");
    Error::silent_database()
}

fn tls(roots: rustls::RootCertStore) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}
