//! `GET /services/{id}/continuity`: all that a portal shows of the continuity of a service, in one call; and its badge.
mod render;
mod service_facts;
mod shape;

use super::form::{SVG, tagged};
use super::gaps::answer::find;
use super::gaps::facts::Facts;
use super::question::GraphView;
use super::readiness::assess_readiness;
use super::recovery::of_service::service_node;
use crate::collection::doc::{etag, schema_ref, with_id};
use crate::collection::params::{as_of, object_ref, reject_unknown};
use crate::http::context::{Analyses, Reader};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Kind, Result, StringEnum};
use crate::planning::badge::{self, Tone};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use service_facts::ServiceFacts;
pub use shape::Continuity;

async fn continuity(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Service.collection(), Action::Read)?;
    let service = object_ref(&request)?.to_string();
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["as_of"])?;
    let moment = as_of(&parameters)?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), moment).await?;
            let node = service_node(conn, &view, &service).await?;
            let facts = Facts::of(conn, &view).await?;
            let answer = render::of(conn, &view, &facts, node).await?;
            serde_json::to_string(&answer).map_err(Error::internal)
        })
        .await?;
    Ok(tagged(&request, "application/json", text))
}

async fn badge_of(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    let service = object_ref(&request)?.to_string();
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let caller = reader.caller().clone();
    let drawing = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), None).await?;
            let node = service_node(conn, &view, &service).await?;
            let facts = Facts::of(conn, &view).await?;
            let gaps = find(&facts);
            Ok(drawn(&ServiceFacts::of(&facts, node, &gaps)))
        })
        .await?;
    Ok(tagged(&request, SVG, drawing))
}

/// A score counts for as much as its proof: without one, or with a stale one, the badge is grey.
fn drawn(about: &ServiceFacts<'_>) -> String {
    let (value, tone) = match about.known.proof {
        None => ("no proof".to_owned(), Tone::Unknown),
        Some(figure) if figure.stale => ("stale".to_owned(), Tone::Unknown),
        Some(figure) => {
            let score = assess_readiness(&about.known).score;
            let tone = match score {
                80.. => Tone::Good,
                50..=79 => Tone::Fair,
                _ => Tone::Poor,
            };
            (format!("{score} · {}", figure.level.as_str()), tone)
        }
    };
    badge::draw("continuity", &value, tone)
}

pub fn routes(api: &mut Api) {
    let words = "All that a portal shows of the continuity of a service, in one call: objectives in force, what is achievable \
                 after the loss of everything, what has been measured, dependencies, single points of failure, risks, measures, \
                 plans, exercises, open disruptions, findings, readiness with every point explained, and gaps. Lists hold the \
                 first 20; the counts beside them hold for all. With `as_of` all of it is what it was then.";
    let path = "/api/v1/services/{id}/continuity";
    let op = Operation::new(Method::GET, path, "services", "get_service_continuity", "Continuity of a service", words)
        .permission("analyses", Action::Read)
        .query(
            "as_of",
            json!({"type": "string", "maxLength": 40}),
            "A time, or a place in the ledger: the answer as it would have been then.",
        )
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .json(200, "Its continuity.", schema_ref("Continuity"), &example(), etag())
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(with_id(op), continuity);

    let words = "The readiness of a service as a small picture, such as `82 · proven`. It is green from 80 points, amber from 50, \
                 red below; and grey where its restoration was never measured, or what was measured is stale.";
    let path = "/api/v1/services/{id}/badge.svg";
    let picture = json!({SVG: {"schema": {"type": "string"}, "example": "<svg/>"}});
    let op = Operation::new(Method::GET, path, "services", "get_service_badge", "Badge of a service", words)
        .permission("analyses", Action::Read)
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .response(200, "The badge.", picture, etag())
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(with_id(op), badge_of);
}

fn example() -> Value {
    let item =
        |kind: &str, key: &str| json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": kind, "key": key, "name": null});
    json!({
        "service": item("service", "SHOP"), "criticality": "critical", "lifecycle": "live", "owner": item("contact", "ana"),
        "objectives": {"rto_seconds": 14400, "rpo_seconds": 900, "mtpd_seconds": 28800},
        "achievable": {
            "seconds": 9000, "known": true, "verdict": "met", "data_loss_seconds": 300, "data_verdict": "met",
            "bottleneck": item("component", "DB-1")
        },
        "proven": {
            "restoration": {
                "level": "exercised", "counts_as": "exercised", "seconds": 7260, "stale": false, "at": "2026-11-22T10:00:00.000000Z",
                "source": item("measurement", "MEA-1"), "met": true
            },
            "data_loss": null
        },
        "dependencies": {"providers": 3, "dependents": 1},
        "single_points_of_failure": {"items": [item("component", "DB-1")], "total": 1},
        "risks": {"items": [], "total": 0, "by_class": []},
        "measures": {"items": [], "open": 0, "overdue": 0},
        "plans": {"items": [], "total": 0}, "exercises": {"last": null, "next": null}, "disruptions": {"items": [], "total": 0},
        "findings": {"items": [], "open": 0, "overdue": 0},
        "readiness": {"score": 10, "points": [
            {"rule": "objectives_set", "points": 10, "of": 10, "met": true, "explanation": "An RTO and an RPO are in force."}
        ]},
        "gaps": {"items": [], "total": 0}, "seq": 208
    })
}
