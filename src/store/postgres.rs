//! PostgreSQL: reads of many requests share a connection and travel in one pipeline.
use super::conn::Conn;
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a request waits for a connection before it is told to come back.
const CONNECT_WAIT: Duration = Duration::from_millis(500);

/// For all sessions: a page is read before a parallel worker or a compiler has started.
pub const SESSION: &str = "SET jit = off; SET max_parallel_workers_per_gather = 0";

/// How connections are made: address, credentials and TLS.
#[derive(Clone)]
pub struct Address {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

impl Address {
    /// # Errors
    /// When the configured URL or certificate file cannot be read.
    pub fn new(config: &Config) -> Result<Address> {
        let Database::Postgres(url) = config.database().map_err(Error::Internal)? else {
            return Err(Error::Internal("not a PostgreSQL database".into()));
        };
        // Certificates are always verified here: libpq's words for that mean no more than `require`.
        let url = url.expose().replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let mut address: tokio_postgres::Config =
            url.parse().map_err(|_| Error::Internal("the database URL cannot be read".into()))?;
        address.connect_timeout(CONNECT_WAIT).application_name("holdfast").keepalives_idle(Duration::from_secs(30));
        Ok(Address { config: address, tls: tls(config)? })
    }

    /// Opens a connection and tells the server the limits of its session.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer in time.
    pub async fn connect(&self, session: &str) -> Result<AsyncPgConnection> {
        let open = async {
            let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(gone)?;
            let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await.map_err(gone)?;
            (&mut &conn).batch_execute(session).await.map_err(gone)?;
            Ok(conn)
        };
        tokio::time::timeout(CONNECT_WAIT * 2, open).await.map_err(gone)?
    }
}

fn gone(cause: impl std::error::Error) -> Error {
    let mut words = cause.to_string();
    let mut source = cause.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    tracing::warn!(cause = words, "no connection to the database");
    Error::unavailable("the database does not answer at the moment")
}

fn tls(config: &Config) -> Result<MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = &config.database_ca_file {
        let unreadable = |e: &dyn std::fmt::Display| Error::Internal(format!("database_ca_file {}: {e}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
            roots.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}

/// Shared connections, opened when first needed and again after a failure.
pub struct Readers {
    address: Address,
    session: String,
    next: AtomicUsize,
    shared: Vec<Mutex<Option<Arc<AsyncPgConnection>>>>,
}

impl Readers {
    pub fn new(config: &Config) -> Result<Readers> {
        let timeout = config.limits.statement_timeout_milliseconds;
        let session = format!("SET statement_timeout = {timeout}; SET default_transaction_read_only = on; {SESSION}");
        let shared = (0..config.limits.workers.max(1)).map(|_| Mutex::default()).collect();
        Ok(Readers { address: Address::new(config)?, session, next: AtomicUsize::new(0), shared })
    }

    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.shared.len();
        let conn = self.connection(place).await?;
        let answer = queries(&mut Conn::Postgres(&conn)).await;
        if matches!(answer, Err(Error::Unavailable { .. })) {
            let mut shared = self.shared[place].lock().await;
            if shared.as_ref().is_some_and(|now| Arc::ptr_eq(now, &conn)) {
                *shared = None;
            }
        }
        answer
    }

    async fn connection(&self, place: usize) -> Result<Arc<AsyncPgConnection>> {
        let mut shared = self.shared[place].lock().await;
        if let Some(conn) = shared.as_ref() {
            return Ok(Arc::clone(conn));
        }
        let conn = Arc::new(self.address.connect(&self.session).await?);
        *shared = Some(Arc::clone(&conn));
        Ok(conn)
    }
}
