//! What operators ask: alive, ready, figures.
use super::routes::{Api, Operation};
use crate::app::App;
use crate::model::{Error, Result};
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use serde_json::{Value, json};
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

/// `GET /livez`: the process answers. No input or output behind it.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `GET /readyz`: the database answers too.
pub async fn readyz(app: Data<App>) -> Result<HttpResponse> {
    app.store.ready().await.map_err(|error| match error {
        Error::Unavailable { .. } => error,
        _ => Error::unavailable("the database is not ready"),
    })?;
    Ok(HttpResponse::Ok().json(json!({"status": "ok"})))
}

/// `GET /metrics` as OpenMetrics; behind its own token when one is configured.
pub async fn metrics(request: HttpRequest, app: Data<App>) -> Result<HttpResponse> {
    if let Some(secret) = &app.config.metrics_token {
        let wanted = format!("Bearer {}", secret.expose());
        let given = request.headers().get("authorization").map(|value| value.as_bytes()).unwrap_or_default();
        if !bool::from(subtle::ConstantTimeEq::ct_eq(given, wanted.as_bytes())) {
            return Err(Error::Unauthenticated("the metrics need their own token".into()));
        }
    }
    let mut out = String::new();
    text::encode(&mut out, &app.metrics.registry).map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(out))
}

/// The pages for operators and machines, open to everybody.
pub fn routes(api: &mut Api) {
    let well = json!({"type": "object", "required": ["status"], "properties": {"status": {"type": "string", "enum": ["ok"]}}, "additionalProperties": false});
    let get = |path: &str, id: &str, summary: &str, words: &str| {
        Operation::new(Method::GET, path, "operations", id, summary, words).public()
    };
    let ok = json!({"status": "ok"});
    let live = get("/livez", "get_liveness", "Is it alive", "The process answers; nothing behind it is asked.");
    api.add(live.json(200, "It is alive.", well.clone(), &ok, Value::Null), livez);
    let ready = get("/readyz", "get_readiness", "Is it ready", "The database answers too.");
    api.add(ready.json(200, "It is ready.", well, &ok, Value::Null).problems(&[503]), readyz);
    let words = "Figures of the running service as OpenMetrics; behind a token of their own when one is configured.";
    let figures = get("/metrics", "get_metrics", "Figures", words);
    let content = json!({"application/openmetrics-text": {
        "schema": {"type": "string", "maxLength": 1_000_000},
        "example": "# TYPE holdfast_requests_running gauge\nholdfast_requests_running 1\n# EOF\n"
    }});
    api.add(figures.response(200, "The figures.", content, Value::Null).problems(&[401]), metrics);
}
