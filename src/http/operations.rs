//! What operators ask: alive, ready, figures.
use super::metrics::Present;
use super::routes::{Api, Operation};
use super::state::State;
use crate::model::{Error, Result};
use actix_web::http::Method;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// `GET /livez`: the process answers. No input or output behind it.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `GET /readyz`: the database answers and takes writes, and nobody has asked the service to stop.
pub async fn readyz(app: Data<State>) -> Result<HttpResponse> {
    if app.stopping.load(Ordering::Relaxed) {
        return Err(Error::unavailable("the service is stopping"));
    }
    app.store.ready().await.map_err(|error| match error {
        Error::Unavailable { .. } => error,
        _ => Error::unavailable("the database is not ready"),
    })?;
    Ok(HttpResponse::Ok().json(json!({"status": "ok"})))
}

/// `GET /metrics` as OpenMetrics; behind its own token when one is configured.
pub async fn metrics(request: HttpRequest, app: Data<State>) -> Result<HttpResponse> {
    if let Some(secret) = &app.config.metrics_token {
        let wanted = format!("Bearer {}", secret.expose());
        let given = request.headers().get("authorization").map(|value| value.as_bytes()).unwrap_or_default();
        if !bool::from(subtle::ConstantTimeEq::ct_eq(given, wanted.as_bytes())) {
            return Err(Error::Unauthenticated("the metrics need their own token".into()));
        }
    }
    let present = Present {
        store: app.store.figures(),
        database_up: app.store.ready().await.is_ok(),
        scans: app.scans.taken(),
        landscapes: app.landscapes.kept(),
        data_dir: &app.config.data_dir,
    };
    let text = app.metrics.text(&present)?;
    Ok(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
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
    let ready = get(
        "/readyz",
        "get_readiness",
        "Is it ready",
        "The database answers and takes writes, and the service was not asked to stop. Answered within a second.",
    );
    api.add(ready.json(200, "It is ready.", well, &ok, Value::Null).problems(&[503]), readyz);
    let words = "Figures of the running service as OpenMetrics; behind a token of their own when one is configured.";
    let figures = get("/metrics", "get_metrics", "Figures", words);
    let content = json!({"application/openmetrics-text": {
        "schema": {"type": "string", "maxLength": 1_000_000},
        "example": "# TYPE holdfast_requests_running gauge\nholdfast_requests_running 1\n# EOF\n"
    }});
    api.add(figures.response(200, "The figures.", content, Value::Null).problems(&[401]), metrics);
}
