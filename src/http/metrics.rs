//! Figures of the running service (OpenMetrics).
use super::process;
use crate::auth::files;
use crate::model::{Error, Result};
use crate::store::{Figures, clock};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

/// Figures of the running service.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    running: Gauge,
    streams: Gauge,
    batches: Gauge,
    started: Instant,
}

/// Something at work, counted until this is dropped.
pub struct AtWork(Gauge);

impl AtWork {
    fn of(gauge: &Gauge) -> AtWork {
        gauge.inc();
        AtWork(gauge.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What is looked up when somebody asks.
pub struct Present<'a> {
    pub store: Figures,
    pub database_up: bool,
    pub scans: usize,
    /// Landscapes that are kept, and the memory they take.
    pub landscapes: (u64, u64),
    pub data_dir: &'a Path,
}

fn gauge(registry: &mut Registry, name: &str, words: &str, value: f64) {
    let figure = Gauge::<f64, AtomicU64>::default();
    figure.set(value);
    registry.register(name, words, figure);
}

fn of_present(present: &Present<'_>) -> Registry {
    let mut registry = Registry::with_prefix("holdfast");
    let Present { store, database_up, scans, landscapes: (landscapes, bytes), data_dir } = present;
    let database_up = *database_up;
    gauge(&mut registry, "long_reads_running", "Lists with a search, reports and questions at work", *scans as f64);
    gauge(&mut registry, "landscapes", "Organisations whose dependency graph is kept in memory", *landscapes as f64);
    gauge(&mut registry, "landscapes_bytes", "Memory these take, about", *bytes as f64);
    gauge(&mut registry, "reconnects_done", "Connections to the database made anew since the start", store.reconnects as f64);
    for (name, words, file) in [
        (
            "last_backup_timestamp_seconds",
            "When `holdfast backup` last came to its end, in seconds since 1970",
            files::LAST_BACKUP,
        ),
        (
            "last_verify_timestamp_seconds",
            "When `holdfast verify` last found everything right, in seconds since 1970",
            files::LAST_VERIFY,
        ),
    ] {
        if let Some(at) = files::changed_at(&data_dir.join(file)) {
            gauge(&mut registry, name, words, at);
        }
    }
    gauge(&mut registry, "database_up", "Whether the database answers and takes writes", f64::from(u8::from(database_up)));
    gauge(&mut registry, "writes_waiting", "Changes that wait for their turn", store.waiting as f64);
    let oldest = store.oldest_commit.as_secs_f64();
    gauge(&mut registry, "oldest_commit_seconds", "How long the oldest commit at work waits for its answer", oldest);
    gauge(&mut registry, "commits_done", "Groups of changes that were committed since the start", store.commits as f64);
    let time = store.commit_time.as_secs_f64();
    gauge(&mut registry, "commits_done_seconds", "How long these commits took altogether", time);
    for (name, words, bytes) in [
        ("database_file_bytes", "Size of the embedded database", store.file_bytes),
        ("database_wal_bytes", "Size of its -wal file", store.wal_bytes),
    ] {
        if let Some(bytes) = bytes {
            gauge(&mut registry, name, words, bytes as f64);
        }
    }
    registry
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("holdfast");
        let requests = Family::<Labels, Counter>::default();
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
        let seconds = Histogram::new(bounds);
        let (running, streams, batches) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("requests", "Requests answered", requests.clone());
        registry.register_with_unit("request_duration", "Time to answer", Unit::Seconds, seconds.clone());
        registry.register("requests_running", "Requests being worked on", running.clone());
        registry.register("streams_running", "Live boards that are open", streams.clone());
        registry.register("batches_running", "Batches being worked on", batches.clone());
        registry.register("build", "Version of the program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        Metrics { registry, requests, seconds, running, streams, batches, started: Instant::now() }
    }
}

impl Metrics {
    /// The figures as OpenMetrics, with those of the store and of the process.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn text(&self, present: &Present<'_>) -> Result<String> {
        let mut out = String::new();
        text::encode_registry(&mut out, &self.registry).map_err(Error::internal)?;
        text::encode_registry(&mut out, &of_present(present)).map_err(Error::internal)?;
        let mut process = Registry::default();
        for (name, words, value) in process::figures(self.started.elapsed(), clock::now()) {
            gauge(&mut process, name, words, value);
        }
        text::encode_registry(&mut out, &process).map_err(Error::internal)?;
        text::encode_eof(&mut out).map_err(Error::internal)?;
        Ok(out)
    }
    /// Counts a live board.
    pub fn stream(&self) -> AtWork {
        AtWork::of(&self.streams)
    }
    /// Counts a batch.
    pub fn batch(&self) -> AtWork {
        AtWork::of(&self.batches)
    }
    pub fn begin(&self) {
        self.running.inc();
    }
    pub fn end(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.running.dec();
        // Methods are the client's words: only known ones become labels.
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method);
        let method = if known { method } else { "other" };
        self.requests.get_or_create(&Labels { method: method.into(), route: route.into(), status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }
}
