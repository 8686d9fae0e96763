//! `GET /disruptions/{id}/situation`: what is down or degraded now, and the time left until each objective is broken.
use super::form::{list, object, reference};
use crate::analysis::schedule::reference_of;
use crate::collection::doc::with_id;
use crate::collection::params::{object_ref, reject_unknown};
use crate::collection::read;
use crate::graph::net::State;
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Id, Objectives, Reference, Result, StringEnum, Timestamp};
use crate::resources::business_processes::BusinessProcess;
use crate::resources::disruptions::Disruption;
use crate::resources::disruptions::store::affected;
use crate::resources::runs::course::{later, progress_of};
use crate::resources::runs::{Run, store as runs};
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceTable, Snapshot};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::HashMap;

async fn situation(reader: Reader<Disruption>, request: HttpRequest) -> Result<HttpResponse> {
    let spelling = object_ref(&request)?;
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let caller = reader.caller().clone();
    let answer = reader
        .scan(async move |conn, org| {
            let disruption = read::load_of::<Disruption>(conn, org, &spelling).await?;
            render_situation(conn, &caller.snapshot(), &disruption).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn render_situation(conn: &mut Conn<'_>, snapshot: &Snapshot, disruption: &Object<Disruption>) -> Result<Value> {
    let org = snapshot.organization;
    let (services, processes) = affected(conn, snapshot, &disruption.body.lost()).await?;
    let ids = |all: &[(Reference, State)]| all.iter().map(|(one, _)| one.id).collect::<Vec<Id>>();
    let mut objectives: HashMap<Id, Objectives> = HashMap::new();
    objectives.extend(Service::find_all(conn, org, &ids(&services)).await?.iter().map(|one| (one.meta.id, one.meta.effective)));
    let found = BusinessProcess::find_all(conn, org, &ids(&processes)).await?;
    objectives.extend(found.iter().map(|one| (one.meta.id, one.meta.effective)));
    let mut back: HashMap<Id, Timestamp> = HashMap::new();
    let mut invoked = Vec::new();
    let own = runs::of(conn, org, "disruption_id", disruption.meta.id).await?;
    for run in Run::find_all(conn, org, &own).await? {
        if let Some(view) = progress_of(conn, snapshot, &run).await? {
            back.extend(view.services.iter().filter_map(|one| Some((one.service.reference().id, one.restored_at?))));
        }
        invoked.push(json!({"run": reference_of(&run), "status": run.body.status.as_str(), "started_at": run.body.started_at}));
    }
    let clock = disruption.body.occurred_at.unwrap_or(disruption.meta.created_at);
    let over = disruption.body.restored_at;
    let one = |(reference, state): &(Reference, State)| {
        let restored_at = back.get(&reference.id).copied().or(over);
        let own = objectives.get(&reference.id).copied().unwrap_or_default();
        let until = restored_at.unwrap_or(snapshot.now);
        json!({
            "object": reference, "state": if restored_at.is_some() { "up" } else { state.as_str() }, "restored_at": restored_at,
            "rto": deadline(clock, until, own.rto), "mtpd": deadline(clock, until, own.mtpd),
        })
    };
    Ok(json!({
        "disruption": reference_of(disruption), "status": disruption.body.status.as_str(), "at": snapshot.now, "clock_started_at": clock,
        "services": services.iter().map(one).collect::<Vec<_>>(),
        "business_processes": processes.iter().map(one).collect::<Vec<_>>(),
        "runs": invoked,
    }))
}

fn deadline(clock: Timestamp, until: Timestamp, seconds: Option<i64>) -> Option<Value> {
    let seconds = seconds?;
    let due = later(clock, seconds);
    let left = due.seconds() - until.seconds();
    Some(json!({"seconds": seconds, "due_at": due, "left_seconds": left, "broken": left < 0}))
}

pub fn routes(api: &mut Api) {
    let words = "What is down or degraded, redundancy respected, with the time left until each effective RTO and MTPD is broken, \
                 counted from when the disruption began. What a run has brought back is up.";
    let path = "/api/v1/disruptions/{id}/situation";
    let example = json!({
        "disruption": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "disruption", "key": "DIS-1", "name": "Water"},
        "status": "declared", "at": "2026-11-22T10:00:00.000000Z", "clock_started_at": "2026-11-22T08:50:00.000000Z",
        "services": [], "business_processes": [], "runs": []
    });
    let op = Operation::new(Method::GET, path, "disruptions", "get_situation_of_disruption", "Situation of a disruption", words)
        .permission("disruptions", Action::Read)
        .json(200, "The situation now.", json!({"$ref": "#/components/schemas/Situation"}), &example, Value::Null);
    api.add(with_id(op), situation);
}

pub fn schemas() -> Value {
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let integer = json!({"type": "integer", "format": "int64"});
    let due = object(&json!({"seconds": integer, "due_at": time, "left_seconds": integer, "broken": {"type": "boolean"}}));
    let deadline = json!({"oneOf": [{"type": "null"}, due]});
    let one = object(&json!({
        "object": reference(), "state": {"type": "string", "enum": ["up", "degraded", "down"]}, "restored_at": time,
        "rto": deadline, "mtpd": deadline
    }));
    let run = object(&json!({"run": reference(), "status": {"type": "string", "maxLength": 64}, "started_at": time}));
    json!({"Situation": object(&json!({
        "disruption": reference(), "status": {"type": "string", "maxLength": 64}, "at": time, "clock_started_at": time,
        "services": list(100_000, &one), "business_processes": list(100_000, &one), "runs": list(1000, &run)
    }))})
}
