//! `POST /analysis/change`: what a change touches and breaks, before anybody makes it, and whether it may go ahead.
mod answer;
mod concerned;
mod continuity_effects;
mod effects;
mod record;

use super::edits::{self, Edit};
use super::impact::with_analysis_params;
use super::question::{AnalysisParams, GraphView, LOSABLE, QuestionRef, list_refs, read_question};
use crate::http::context::{Analyses, Reader, Writer};
use crate::http::headers::{self, WriteOptions};
use crate::http::routes::{Api, Operation};
use crate::model::{Error, Faults, Id, Kind, Link, ObjectRef, Result};
use crate::resources::change_requests::ChangeRequest;
use crate::store::{Conn, Object, ResourceTable, resolve};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
pub use answer::{ChangeAnswer, ChangeWindow};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;

/// A change as its own system knows it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeNamed {
    #[schema(min_length = 1, max_length = 64)]
    system: String,
    #[schema(min_length = 1, max_length = 255)]
    id: String,
}

/// What is asked of a change assessment.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeQuestion {
    /// The change request in the ITSM tool, where it is known here: what it touches and its window count too.
    #[serde(default)]
    change: Option<ChangeNamed>,
    /// What the change touches.
    #[serde(default)]
    #[schema(max_items = 1000)]
    items: Vec<Link>,
    /// What it changes in the dependency graph.
    #[serde(default)]
    #[schema(max_items = 1000)]
    proposed: Vec<Edit>,
    /// When; the planned window of the change request unless it is said.
    #[serde(default)]
    window: Option<ChangeWindow>,
}

async fn change(
    reader: Reader<Analyses>,
    writer: Option<Writer<ChangeRequest>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    let bounds = AnalysisParams::from_params(&parameters, &["record"])?;
    let recorded = match parameters.iter().find(|(name, _)| name == "record").map(|(_, value)| value.as_str()) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::malformed("invalid_parameter", "record is true or false")),
    };
    if recorded && writer.is_none() {
        reader.caller().require(Kind::ChangeRequest.collection(), crate::model::Action::Write)?;
    }
    if recorded && bounds.moment.is_some() {
        return Err(Error::malformed("invalid_parameter", "what would have been answered in the past is not recorded"));
    }
    let write_options = WriteOptions::from_request(&request)?;
    let question: ChangeQuestion = read_question(reader.caller(), &request, payload).await?;
    let caller = reader.caller().clone();
    let (answer, target) = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), bounds.moment).await?;
            assessed(conn, &view, question, bounds).await
        })
        .await?;
    if let Some(writer) = writer.filter(|_| recorded) {
        let Some(target) = target else {
            return Err(Error::invalid("/change", "unknown_reference", "there is no such change request to record it on"));
        };
        record::record_assessment(&writer, &write_options, target, &answer).await?;
    }
    Ok(HttpResponse::Ok().json(answer))
}

async fn assessed(
    conn: &mut Conn<'_>,
    view: &GraphView,
    question: ChangeQuestion,
    bounds: AnalysisParams,
) -> Result<(ChangeAnswer, Option<Id>)> {
    let request = match &question.change {
        Some(named) => known(conn, view, named).await?,
        None => None,
    };
    let window = question.window.or_else(|| {
        let body = &request.as_ref()?.body;
        Some(ChangeWindow { start: body.planned_start?, end: body.planned_end? })
    });
    if window.is_some_and(|window| window.end < window.start) {
        return Err(Error::invalid("/window/end", "inconsistent", "it cannot end before it starts"));
    }
    let mut faults = Faults::default();
    let mut asked: Vec<QuestionRef<'_>> = list_refs("items", &question.items, LOSABLE).collect();
    let body = request.as_ref().map(|request| &request.body);
    let own = body.into_iter().flat_map(|body| body.services.iter().chain(&body.components));
    let own: Vec<Id> = own.filter_map(Link::id).collect();
    let found = view.resolve(conn, &asked, &mut faults).await?;
    asked.clear();
    faults.into_result()?;
    let edited = edits::touched(conn, view, &question.proposed).await?;
    let after = edits::edited(conn, view, "proposed", &question.proposed).await?;
    let mut items: Vec<Id> = found.into_iter().flatten().chain(own).chain(edited).collect();
    items.sort_unstable();
    items.dedup();
    if items.is_empty() {
        let detail = "name items, proposed changes, or a change request that names what it touches";
        return Err(Error::invalid("/items", "required", detail));
    }
    let effects = effects::Effects::of(view.landscape.clone(), after, &items, !question.proposed.is_empty());
    let course = concerned::by(conn, view, &effects, window, bounds.limit).await?;
    let answer = effects.render(conn, view, course, bounds.limit).await?;
    let change = request.as_ref().map(super::schedule::reference_of);
    Ok((ChangeAnswer { change, ..answer }, request.map(|request| request.meta.id)))
}

/// The change request with an id of the ITSM tool.
async fn known(conn: &mut Conn<'_>, view: &GraphView, named: &ChangeNamed) -> Result<Option<Object<ChangeRequest>>> {
    let org = view.snapshot.organization;
    let object_ref = ObjectRef::External { system: named.system.clone(), id: named.id.clone() };
    if let Some(all) = view.all_as_of::<ChangeRequest>(conn).await? {
        let has =
            |one: &Object<ChangeRequest>| one.meta.external_refs.iter().any(|r| r.system == named.system && r.id == named.id);
        return Ok(all.into_iter().find(has));
    }
    let found = resolve::locate(conn, org, &[Kind::ChangeRequest], &HashSet::from([object_ref.clone()])).await?;
    match found.get(&object_ref).and_then(|all| all.first()) {
        Some((_, id)) => ChangeRequest::find(conn, org, *id).await,
        None => Ok(None),
    }
}

pub fn routes(api: &mut Api) {
    let words = "What a change touches and breaks, before anybody makes it: the services and vital business functions that depend \
                 on its items, objectives that are no longer met once the proposed mappings and capabilities are in place, new \
                 single points of failure and start-up deadlocks, plans to review, proofs that become stale and tests to repeat, \
                 exercises within its window. `block` when it breaks an objective of a vital business function or of something \
                 highly critical, makes a single point of failure of one, or makes something never start; `warn` when there is anything to look at; else `pass`. Nothing is \
                 written, but with `record=true` the verdict and its reasons stand on the change request afterwards (needs \
                 `change-requests:write`).";
    let example = json!({
        "change": null, "verdict": "pass", "reasons": [], "items": [], "services": [], "processes": [],
        "vital_business_functions": [],
        "totals": {"services": 0, "processes": 0, "vital_business_functions": 0, "compared": 0}, "objectives": [],
        "new_single_points_of_failure": [], "new_deadlocks": [], "plans": [], "proofs": [], "tests_to_repeat": [],
        "collisions": [], "seq": 208
    });
    let question = json!({
        "change": {"system": "servicenow", "id": "CHG0030042"}, "items": ["key:DISK-1"],
        "proposed": [{"op": "set_capability", "item": "key:DISK-1", "recovery_time_seconds": 7200}],
        "window": {"start": "2027-02-06T20:00:00Z", "end": "2027-02-07T04:00:00Z"}
    });
    let named = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let op =
        Operation::new(Method::POST, "/api/v1/analysis/change", "analyses", "analyze_change", "Assessment of a change", words);
    let op = with_analysis_params(op)
        .query("record", json!({"type": "boolean", "default": false}), "Keep the verdict on the change request.")
        .body(&["application/json"], named("ChangeQuestion"), &question);
    api.add(op.json(200, "What it touches and breaks.", named("ChangeAnswer"), &example, Value::Null), change);
}
