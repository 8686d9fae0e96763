//! Reads on PostgreSQL. Pages of many requests share a connection and travel in one pipeline; a long read has a connection to
//! itself, so that nobody waits behind it.
use super::conn::Conn;
use super::postgres::{Address, PgConn, Purpose, SESSION};
use crate::config::Config;
use crate::model::{Error, Result};
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};

/// How long a request waits for somebody else to open the connection both want.
const OPENING_WAIT: Duration = Duration::from_secs(2);
/// So long after its limit a statement's answer is not expected any more.
const OVERDUE: Duration = Duration::from_millis(500);
/// A pipeline on which nothing has come back for so long is busy with something slow, and is passed by.
const STALLED: Duration = Duration::from_millis(50);
/// Pages that may have a connection to themselves at once, because all pipelines are busy with something slow.
const PASSING: usize = 8;
/// Long reads at once, for each worker; see `http::state`.
const LONG_READS: usize = 2;
/// A connection of its own that nobody has wanted for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// Fails as a write would on a standby and on a database that is set to be read only.
const TAKES_WRITES: &str = "DO $$ BEGIN IF pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN \
                            RAISE read_only_sql_transaction USING MESSAGE = 'the server takes no writes'; END IF; END $$";

/// Connections that only read, opened when first needed and again after a failure.
pub struct Readers {
    address: Arc<Address>,
    session: String,
    /// How long a statement is waited for: a little longer than the server itself lets it run.
    statement_wait: Duration,
    next: AtomicUsize,
    shared: Vec<Pipeline>,
    passing: Semaphore,
    /// Connections for long reads that wait for the next one, with the time since when.
    idle: StdMutex<Vec<(PgConn, Instant)>>,
    /// The connection by which readiness is asked for: free even when all others are busy.
    probe: Mutex<Option<PgConn>>,
}

/// The most connections these settings may lead to: those for pages, one for each long read, those that pass slow ones by, and one
/// for readiness.
pub fn most(config: &Config) -> i64 {
    let workers = config.limits.workers;
    let all = workers.max(2) + LONG_READS * workers + PASSING + 1;
    i64::try_from(all).unwrap_or(i64::MAX)
}

#[derive(Default)]
struct Pipeline {
    conn: Mutex<Option<Arc<PgConn>>>,
    /// Reads at work on it.
    running: AtomicUsize,
    /// When the last of them ended, or the first began.
    last: StdMutex<Option<Instant>>,
}

impl Pipeline {
    fn is_stalled(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(|e| e.into_inner());
        self.running.load(Ordering::Relaxed) > 0 && last.is_some_and(|at| at.elapsed() > STALLED)
    }

    fn note(&self) {
        *self.last.lock().unwrap_or_else(|e| e.into_inner()) = Some(Instant::now());
    }
}

/// A read at work on a pipeline.
struct Running<'a>(&'a Pipeline);

impl<'a> Running<'a> {
    fn on(pipeline: &'a Pipeline) -> Running<'a> {
        if pipeline.running.fetch_add(1, Ordering::Relaxed) == 0 {
            pipeline.note();
        }
        Running(pipeline)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.note();
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Readers {
    /// How often a connection, of readers or writers, was made after one had broken.
    pub fn reconnects(&self) -> u64 {
        self.address.reconnects()
    }

    pub fn new(config: &Config, address: Arc<Address>) -> Readers {
        let timeout = config.limits.statement_timeout_milliseconds;
        let session = format!("SET statement_timeout = {timeout}; SET default_transaction_read_only = on; {SESSION}");
        // Two at least, so that one busy with a locked table can be passed over.
        let shared = (0..config.limits.workers.max(2)).map(|_| Pipeline::default()).collect();
        Readers {
            address,
            session,
            statement_wait: Duration::from_millis(timeout) + OVERDUE,
            next: AtomicUsize::new(0),
            shared,
            passing: Semaphore::new(PASSING),
            idle: StdMutex::default(),
            probe: Mutex::default(),
        }
    }

    /// A read of a page.
    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let pipeline = self.least_busy();
        if pipeline.is_stalled()
            && let Ok(_passing) = self.passing.try_acquire()
        {
            return self.scan(queries).await;
        }
        let _running = Running::on(pipeline);
        let opening = tokio::time::timeout(OPENING_WAIT, self.connection(pipeline)).await;
        let conn = opening.map_err(|_| Error::silent_database())??;
        let answer = queries(&mut Conn::Postgres(&conn)).await;
        if matches!(answer, Err(Error::Unavailable { .. })) {
            let mut shared = pipeline.conn.lock().await;
            if shared.as_ref().is_some_and(|now| Arc::ptr_eq(now, &conn)) {
                *shared = None;
            }
        }
        answer
    }

    /// A read that may take long. How many there are at once is the caller's to bound.
    pub async fn scan<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        let conn = match self.take_idle() {
            Some(conn) => conn,
            None => self.open().await?,
        };
        let answer = queries(&mut Conn::Postgres(&conn)).await;
        if !matches!(answer, Err(Error::Unavailable { .. } | Error::Internal(_))) {
            self.idle.lock().unwrap_or_else(|e| e.into_inner()).push((conn, Instant::now()));
        }
        answer
    }

    /// Whether the server answers, and takes writes.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn probe(&self) -> Result<()> {
        let mut probe = self.probe.lock().await;
        let conn = match probe.take() {
            Some(conn) if conn.is_open() => conn,
            _ => self.address.connect(SESSION, Purpose::Write).await?,
        };
        Conn::Postgres(&conn).batch(TAKES_WRITES).await?;
        *probe = Some(conn);
        Ok(())
    }

    fn least_busy(&self) -> &Pipeline {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let all = (0..self.shared.len()).map(|step| &self.shared[(first + step) % self.shared.len()]);
        let load = |pipeline: &&Pipeline| (pipeline.is_stalled(), pipeline.running.load(Ordering::Relaxed));
        all.min_by_key(load).unwrap_or(&self.shared[0])
    }

    async fn connection(&self, pipeline: &Pipeline) -> Result<Arc<PgConn>> {
        let mut shared = pipeline.conn.lock().await;
        if let Some(conn) = shared.as_ref().filter(|conn| conn.is_open()) {
            return Ok(Arc::clone(conn));
        }
        let conn = Arc::new(self.open().await?);
        *shared = Some(Arc::clone(&conn));
        Ok(conn)
    }

    async fn open(&self) -> Result<PgConn> {
        let conn = self.address.connect(&self.session, Purpose::Read).await?;
        conn.limit(self.statement_wait);
        Ok(conn)
    }

    fn take_idle(&self) -> Option<PgConn> {
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        idle.retain(|(conn, since)| conn.is_open() && since.elapsed() < IDLE);
        idle.pop().map(|(conn, _)| conn)
    }
}
