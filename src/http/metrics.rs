//! Figures of the running service (OpenMetrics).
use crate::model::{Error, Result};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

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
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("holdfast");
        let requests = Family::<Labels, Counter>::default();
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
        let seconds = Histogram::new(bounds);
        let running = Gauge::default();
        registry.register("requests", "Requests answered", requests.clone());
        registry.register_with_unit("request_duration", "Time to answer", Unit::Seconds, seconds.clone());
        registry.register("requests_running", "Requests being worked on", running.clone());
        Metrics { registry, requests, seconds, running }
    }
}

impl Metrics {
    /// The figures as OpenMetrics.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn text(&self) -> Result<String> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry).map_err(Error::internal)?;
        Ok(out)
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
