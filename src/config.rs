//! What a deployment may choose, with defaults that start without any choice at all.
//!
//! Defaults, then a TOML file, then the environment, then the flags: see [`layers`]. A setting nobody
//! knows is refused rather than ignored, for a misspelled limit is a limit that does not hold.

mod layers;
mod secret;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

use crate::auth::AuthConfig;
use crate::auth::targets::Target;

pub use layers::{Overrides, environment};
pub use secret::Secret;

const SQLITE_FILE: &str = "holdfast.db";
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// `postgres://…`, `sqlite:PATH`, or nothing: then SQLite in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
    /// Certificates to trust for PostgreSQL, beside the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_ca_file: Option<PathBuf>,
    /// Where clients reach the service, when a proxy stands in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// How long a service that was asked to stop says so before it lets no more clients in.
    pub stop_delay_seconds: u64,
    /// Whether a change must name the version it is meant for.
    pub require_if_match: bool,
    /// Whoever reads the metrics must show this, if it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_token: Option<Secret>,
    pub limits: Limits,
    pub log: Log,
    pub auth: AuthConfig,
    pub anchor: AnchorSettings,
}

/// Where the newest entries of all ledgers go, signed, at an interval; nowhere unless one of these is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnchorSettings {
    /// Appended to; best on a medium that only grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Gets each anchor by POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Permits plain http and loopback in `url`, for trying things out.
    pub allow_insecure_url: bool,
    /// Whether anchors stand in the log.
    pub log: bool,
    pub interval_seconds: u64,
}

impl Default for AnchorSettings {
    fn default() -> Self {
        Self { file: None, url: None, allow_insecure_url: false, log: false, interval_seconds: 3_600 }
    }
}

impl AnchorSettings {
    /// Whether anchors are wanted anywhere.
    pub fn is_used(&self) -> bool {
        self.log || self.file.is_some() || self.url.is_some()
    }

    /// Where to post them, if anywhere.
    ///
    /// # Errors
    /// When that must not be reached.
    pub fn target(&self) -> Result<Option<Target>, String> {
        let parse = |url: &String| Target::parse(url, self.allow_insecure_url);
        self.url.as_ref().map(parse).transpose().map_err(|fault| format!("anchor.url {fault}"))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            data_dir: "data".into(),
            database_url: None,
            database_ca_file: None,
            public_url: None,
            stop_delay_seconds: 5,
            require_if_match: false,
            metrics_token: None,
            limits: Limits::default(),
            log: Log::default(),
            auth: AuthConfig::default(),
            anchor: AnchorSettings::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub body_bytes: usize,
    pub batch_bytes: usize,
    pub batch_rows: usize,
    /// The most objects a page may hold.
    pub page_size: usize,
    /// How long a request body may take to arrive.
    pub request_seconds: u64,
    /// How long a client may leave an answer unread.
    pub response_seconds: u64,
    /// How often each subject may ask, and how many requests it may make at once after a pause. 0: as often as it likes.
    pub subject_requests_per_second: u32,
    pub subject_request_burst: u32,
    /// How many writes may wait for their turn, and how long each.
    pub write_queue: usize,
    pub write_wait_milliseconds: u64,
    pub workers: usize,
    pub postgres_connections: usize,
    pub statement_timeout_milliseconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: MIB,
            batch_bytes: 16 * MIB,
            batch_rows: 10_000,
            page_size: 500,
            request_seconds: 30,
            response_seconds: 30,
            subject_requests_per_second: 2_000,
            subject_request_burst: 20_000,
            write_queue: 1_024,
            write_wait_milliseconds: 4_000,
            workers: available_parallelism().map_or(2, usize::from),
            postgres_connections: 8,
            statement_timeout_milliseconds: 4_000,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,holdfast=debug`.
    pub level: String,
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Json }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Json,
    Text,
}

/// Where the objects are kept.
#[derive(Debug, Clone)]
pub enum Database {
    Sqlite(PathBuf),
    Postgres(Secret),
}

/// Everything that is wrong with a configuration, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}

impl Config {
    /// Everything that is wrong with the values.
    pub fn check(&self) -> Result<(), Faults> {
        let mut faults = self.limits.faults();
        faults.extend(self.database().err());
        faults.extend(self.public_url.as_deref().and_then(public_url_fault));
        if self.stop_delay_seconds > 300 {
            faults.push("stop_delay_seconds must be between 0 and 300".into());
        }
        if self.data_dir.as_os_str().is_empty() {
            faults.push("data_dir must not be empty".into());
        }
        if self.metrics_token.as_ref().is_some_and(|token| token.expose().len() < 16) {
            faults.push("metrics_token must have at least 16 characters".into());
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            faults.push("log.level must be a level such as info, or directives such as info,holdfast=debug".into());
        }
        faults.extend(self.anchor.target().err());
        if !(1..=30 * 86_400).contains(&self.anchor.interval_seconds) {
            faults.push("anchor.interval_seconds must be between 1 and 2592000".into());
        }
        faults.extend(self.auth.faults());
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }

    /// The database the URL names.
    pub fn database(&self) -> Result<Database, String> {
        let Some(url) = &self.database_url else {
            return Ok(Database::Sqlite(self.data_dir.join(SQLITE_FILE)));
        };
        let text = url.expose();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Database::Postgres(url.clone()));
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err("database_url must begin with postgres://, postgresql:// or sqlite:".into());
        };
        match path.strip_prefix("//").unwrap_or(path) {
            "" => Ok(Database::Sqlite(self.data_dir.join(SQLITE_FILE))),
            // What is kept in memory is lost with the process, and options would bypass the
            // durability the service promises.
            memory if memory.starts_with(':') || memory.contains('?') => {
                Err("database_url must name a plain file after sqlite:".into())
            }
            path => Ok(Database::Sqlite(path.into())),
        }
    }

    /// The effective configuration as TOML, fit to be shown.
    pub fn redacted_toml(&self) -> Result<String, String> {
        toml::to_string_pretty(self).map_err(|fault| fault.to_string())
    }
}

impl Limits {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut within = |name: &str, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                faults.push(format!("limits.{name} must be between {least} and {most}"));
            }
        };
        let size = |value: usize| value as u64;
        within("body_bytes", size(self.body_bytes), size(KIB), size(64 * MIB));
        within("batch_bytes", size(self.batch_bytes), size(KIB), size(256 * MIB));
        within("batch_rows", size(self.batch_rows), 1, 100_000);
        within("page_size", size(self.page_size), 1, 500);
        within("request_seconds", self.request_seconds, 1, 600);
        within("response_seconds", self.response_seconds, 1, 600);
        within("subject_requests_per_second", self.subject_requests_per_second.into(), 0, 1_000_000);
        within("subject_request_burst", self.subject_request_burst.into(), 1, 10_000_000);
        within("write_queue", size(self.write_queue), 1, 1_000_000);
        within("write_wait_milliseconds", self.write_wait_milliseconds, 100, 60_000);
        within("workers", size(self.workers), 1, 1_024);
        within("postgres_connections", size(self.postgres_connections), 1, 1_000);
        within("statement_timeout_milliseconds", self.statement_timeout_milliseconds, 100, 600_000);
        faults
    }
}

fn public_url_fault(text: &str) -> Option<String> {
    let sound = url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    (!sound).then(|| "public_url must be an http or https URL without user, query and fragment".into())
}

#[cfg(test)]
mod tests;
