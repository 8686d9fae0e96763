//! `GET /runs/{id}/timeline`: every step of a run, planned against actual and forecast.
use super::form::{SVG, form, list, object, reference, tagged, text};
use crate::analysis::schedule::reference_of;
use crate::collection::as_of::AsOf;
use crate::collection::doc::{etag, with_id};
use crate::collection::params::{object_ref, reject_unknown};
use crate::collection::{as_of, read};
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Kind, Link, Result, StringEnum, Visibility, WITHHELD};
use crate::planning::gantt::{self, Bar, Chart, Mark};
use crate::resources::run_steps::{RunStep, StepStatus};
use crate::resources::runs::Run;
use crate::resources::runs::course::{RunView, later, progress_of};
use crate::store::Object;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

async fn timeline(reader: Reader<Run>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::RunStep.collection(), Action::Read)?;
    let (spelling, parameters) = (object_ref(&request)?, headers::parameters(&request)?);
    reject_unknown(&parameters, &["format", "as_of"])?;
    let form = form(&request, &parameters, &[("json", ""), ("svg", SVG)])?;
    let moment = crate::collection::params::as_of(&parameters)?;
    let caller = reader.caller().clone();
    let (media_type, text) = reader
        .scan(async move |conn, _| {
            let run = match moment {
                None => read::load_view_of::<Run>(conn, &caller.snapshot(), &spelling).await?,
                Some(moment) => as_of::load_as_of_typed::<Run>(conn, &caller.snapshot(), &spelling, moment).await?,
            };
            let snapshot = match moment {
                None => caller.snapshot(),
                Some(moment) => AsOf::snapshot(moment, conn, &caller.snapshot()).await?.0,
            };
            let mut view = progress_of(conn, &snapshot, &run).await?.ok_or(Error::NotFound)?;
            view.steps = read::name_links_of(conn, snapshot.organization, view.steps).await?;
            Ok(match form {
                "svg" => (SVG, gantt::draw(&chart(&run, &view, &snapshot.visibility))),
                _ => ("application/json", value(&run, view).to_string()),
            })
        })
        .await?;
    Ok(tagged(&request, media_type, text))
}

fn value(run: &Object<Run>, view: RunView) -> Value {
    let critical = view.critical.clone();
    let step = |(place, step): (usize, &Object<RunStep>)| {
        let (body, span) = (&step.body, &view.spans[place]);
        let open = !body.status.is_over() && !view.over;
        let late = body.ended_at.map_or(span.end, |at| at.seconds() - view.started_at.seconds()) - body.planned_end_seconds;
        json!({
            "step": body.step, "title": step.meta.name, "phase": body.phase.as_str(), "status": body.status.as_str(),
            "responsible": body.responsible, "role": body.role, "depends_on": body.depends_on,
            "planned_start_at": later(view.started_at, body.planned_start_seconds),
            "planned_end_at": later(view.started_at, body.planned_end_seconds),
            "started_at": body.started_at, "ended_at": body.ended_at,
            "forecast_start_at": open.then(|| later(view.started_at, span.start)),
            "forecast_end_at": open.then(|| later(view.started_at, span.end)),
            "late_seconds": late, "critical": critical.contains(&place),
        })
    };
    let steps: Vec<Value> = view.steps.iter().enumerate().map(step).collect();
    json!({"run": reference_of(run), "status": run.body.status.as_str(), "steps": steps, "progress": view.progress()})
}

fn chart<'a>(run: &'a Object<Run>, view: &'a RunView, visibility: &Visibility) -> Chart<'a> {
    let since = |at: crate::model::Timestamp| at.seconds() - view.started_at.seconds();
    let now = since(view.now);
    let mut places: Vec<usize> = (0..view.steps.len()).collect();
    places.sort_by_key(|place| (view.steps[*place].body.phase as u8, view.steps[*place].body.planned_start_seconds, *place));
    places.truncate(gantt::MAX_BARS);
    let bar = |place: usize| {
        let (step, span) = (&view.steps[place], &view.spans[place]);
        let body = &step.body;
        let open = !body.status.is_over() && !view.over;
        let begun = body.started_at.map(|at| (since(at), body.ended_at.map_or(now, since)));
        let who = match &body.responsible {
            Some(Link::Named(_)) if visibility.hides(Kind::Contact) => Some(WITHHELD.to_owned()),
            Some(Link::Named(contact)) => Some(contact.name.clone().unwrap_or_else(|| contact.key.clone())),
            _ => body.role.clone(),
        };
        Bar {
            unknown: false,
            key: &body.step,
            title: step.meta.name.as_deref().unwrap_or_default(),
            phase: body.phase.words(),
            who,
            planned: (body.planned_start_seconds, body.planned_end_seconds),
            actual: begun,
            forecast: open.then(|| (span.start.max(if body.status == StepStatus::InProgress { now } else { 0 }), span.end)),
            critical: view.critical.contains(&place),
            float: 0,
            state: Some(body.status.as_str()),
        }
    };
    let due = |one: &crate::resources::runs::progress::ServiceCourse| {
        let at = since(one.rto?.due_at);
        Some(Mark { at, label: format!("RTO {}", visibility.key(Kind::Service, &one.service.reference().key)) })
    };
    let done = view.steps.iter().filter(|step| step.body.status.is_over()).count();
    Chart {
        title: run.meta.name.as_deref().unwrap_or(&run.meta.key),
        summary: format!("{}: {done} of {} steps are over.", run.body.status.as_str(), view.steps.len()),
        bars: places.into_iter().map(bar).collect(),
        marks: view.services.iter().filter_map(due).filter(|mark| mark.at >= 0).collect(),
        now: (!view.over).then_some(now),
    }
}

pub fn routes(api: &mut Api) {
    let words = "Every step planned, actual and forecast, with the progress of the run. As SVG too.";
    let op = Operation::new(Method::GET, "/api/v1/runs/{id}/timeline", "runs", "get_timeline_of_run", "Timeline of a run", words)
        .permission("runs", Action::Read)
        .query("format", json!({"type": "string", "enum": ["json", "svg"]}), "Instead of `Accept`.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .json(
            200,
            "The timeline.",
            json!({"$ref": "#/components/schemas/Timeline"}),
            &json!({
                "run": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "run", "key": "RUN-1", "name": null},
                "status": "running", "steps": [], "progress": null
            }),
            etag(),
        )
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(with_id(op).also(200, SVG, "<svg/>"), timeline);
}

pub fn schemas() -> Value {
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let seconds = json!({"type": "integer", "format": "int64"});
    let words = |all: &[StepStatus]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>();
    let step = object(&json!({
        "step": text(64), "title": text(200), "phase": text(64), "status": {"type": "string", "enum": words(StepStatus::ALL)},
        "responsible": {"oneOf": [{"type": "null"}, reference()]}, "role": {"type": ["string", "null"], "maxLength": 100},
        "depends_on": list(1000, &text(64)), "planned_start_at": time, "planned_end_at": time, "started_at": time, "ended_at": time,
        "forecast_start_at": time, "forecast_end_at": time, "late_seconds": seconds, "critical": {"type": "boolean"}
    }));
    let progress = json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/RunProgress"}]});
    json!({"Timeline": object(&json!({
        "run": reference(), "status": text(64), "steps": list(1000, &step), "progress": progress
    }))})
}
