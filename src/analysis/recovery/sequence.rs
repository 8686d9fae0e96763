//! `POST /analysis/recovery-sequence`: in which order to restore after a loss, wave by wave, also as a picture.
use super::loss::{Loss, resolve_loss};
use crate::analysis::edits::Edit;
use crate::analysis::form::{SVG, form};
use crate::analysis::impact::with_analysis_params;
use crate::analysis::question::{AnalysisParams, GraphView, later, read_question};
use crate::collection::params::parameter;
use crate::graph::net::State;
use crate::graph::recovery::Time;
use crate::http::context::{Analyses, Reader};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Error, Kind, Link, Reference, Result, Timestamp};
use crate::planning::gantt::{self, Bar, Chart, MAX_BARS, Mark};
use crate::store::Conn;
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;

/// What is asked of a recovery sequence.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceQuestion {
    /// What is lost; every component and every service when nothing is named.
    #[serde(default)]
    #[schema(max_items = 1000)]
    lost: Vec<Link>,
    /// When; now unless it is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Changes that are thought to have been made before.
    #[serde(default)]
    #[schema(max_items = 1000)]
    hypothetical: Vec<Edit>,
}

/// An item of a wave. All times count from the loss, with the time to notice and to declare it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SequencedItem {
    pub item: Reference,
    #[schema(minimum = 0)]
    pub start_seconds: i64,
    #[schema(minimum = 0)]
    pub end_seconds: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    /// `recovery` when it was lost itself, else `restart`.
    #[schema(max_length = 10)]
    pub how: &'static str,
    /// The one it waits for last.
    pub waits_for: Option<Reference>,
    /// Whether all durations that lead there are declared.
    pub known: bool,
    /// Whether it is of the chain that decides when the last item is back.
    pub critical: bool,
    pub rto_seconds: Option<i64>,
    /// Whether it is back within its recovery time objective; null where it has none, or that cannot be known.
    pub in_time: Option<bool>,
}

/// What can be restored once everything of the waves before is back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Wave {
    #[schema(minimum = 1)]
    pub wave: u32,
    #[schema(minimum = 0)]
    pub start_seconds: i64,
    #[schema(minimum = 0)]
    pub end_seconds: i64,
    #[schema(max_items = 10_000)]
    pub items: Vec<SequencedItem>,
    /// How many the wave has, those left out included.
    #[schema(minimum = 1)]
    pub total: usize,
}

/// In which order to restore.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SequenceAnswer {
    #[schema(max_items = 1000)]
    pub lost: Vec<Reference>,
    pub everything: bool,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    #[schema(minimum = 0)]
    pub detection_seconds: i64,
    #[schema(minimum = 0)]
    pub declaration_seconds: i64,
    #[schema(max_items = 10_000)]
    pub waves: Vec<Wave>,
    /// How many waves there are, those left out included.
    #[schema(minimum = 0)]
    pub total_waves: usize,
    /// Items to restore, in all waves.
    #[schema(minimum = 0)]
    pub total: usize,
    /// Circles of items that wait for each other and never start.
    #[schema(max_items = 100)]
    pub deadlocks: Vec<Vec<Reference>>,
    /// How many items never start: those of the circles and those that wait for them.
    #[schema(minimum = 0)]
    pub never: usize,
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn sequence(reader: Reader<Analyses>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    let bounds = AnalysisParams::from_params(&parameters, &["format"])?;
    let wanted = form(&request, &parameters, &[("json", "application/json"), ("svg", SVG)])?;
    let drawn = wanted == "svg";
    if drawn && parameter(&parameters, "limit").is_some() {
        return Err(Error::malformed("invalid_parameter", format!("a picture shows {MAX_BARS} items at most")));
    }
    let question: SequenceQuestion = read_question(reader.caller(), &request, payload).await?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), bounds.moment).await?;
            let limit = if drawn { MAX_BARS } else { bounds.limit };
            let mut answer = answer(conn, &view, question, limit).await?;
            if drawn {
                let shown = answer.waves.iter_mut().flat_map(|wave| &mut wave.items).map(|one| &mut one.item);
                shown.chain(&mut answer.lost).for_each(|reference| view.snapshot.visibility.mask(reference));
            }
            if drawn { Ok(draw(&answer)) } else { serde_json::to_string(&answer).map_err(Error::internal) }
        })
        .await?;
    let media_type = if drawn { SVG } else { "application/json" };
    Ok(HttpResponse::Ok().insert_header(("vary", "accept")).content_type(media_type).body(text))
}

async fn answer(conn: &mut Conn<'_>, view: &GraphView, question: SequenceQuestion, limit: usize) -> Result<SequenceAnswer> {
    let (loss, _) = resolve_loss(conn, view, &question.lost, &question.hypothetical, &[]).await?;
    let at = question.at.unwrap_or(view.snapshot.now);
    let recovery = &loss.restoration.recovery;
    // Sites and suppliers are not restored by anybody here.
    let restored = |node: usize| !matches!(loss.landscape.items()[node].kind, Kind::Site | Kind::Supplier);
    let ends = |node: &usize| recovery.time(*node).map(|time| time.end);
    let last = (0..loss.restoration.states.len()).filter(|node| restored(*node)).max_by_key(ends);
    let critical: HashSet<usize> = last.map(|node| recovery.chain(node)).unwrap_or_default().into_iter().collect();
    let (mut waves, mut total, mut told): (Vec<Wave>, _, _) = (Vec::new(), 0, 0);
    let mut newest = None;
    let mut total_waves = 0;
    for (node, wave) in recovery.waves().into_iter().filter(|(node, _)| restored(*node)) {
        total += 1;
        if newest.replace(wave) != Some(wave) {
            total_waves += 1;
            if waves.len() < limit {
                waves.push(Wave { wave, start_seconds: i64::MAX, end_seconds: 0, items: Vec::new(), total: 0 });
            }
        }
        let Some(time) = recovery.time(node) else { continue };
        let Some(last) = waves.last_mut().filter(|last| last.wave == wave) else { continue };
        last.total += 1;
        last.start_seconds = last.start_seconds.min(time.start + loss.lead_time());
        last.end_seconds = last.end_seconds.max(time.end + loss.lead_time());
        if told < limit {
            told += 1;
            last.items.push(sequenced(&loss, node, &time, at, critical.contains(&node)));
        }
    }
    Ok(SequenceAnswer {
        lost: loss.references(&loss.lost),
        everything: loss.everything,
        at,
        detection_seconds: loss.detection,
        declaration_seconds: loss.declaration,
        waves,
        total_waves,
        total,
        deadlocks: loss.circles(|_| true),
        never: recovery.stuck().filter(|node| loss.restoration.states[*node] == State::Down).count(),
        seq: view.seq,
    })
}

fn sequenced(loss: &Loss, node: usize, time: &Time, at: Timestamp, critical: bool) -> SequencedItem {
    let (start, end) = (time.start + loss.lead_time(), time.end + loss.lead_time());
    let rto = loss.landscape.objectives()[node].rto;
    SequencedItem {
        item: loss.reference(node),
        start_seconds: start,
        end_seconds: end,
        starts_at: later(at, start),
        ends_at: later(at, end),
        how: if time.lost { "recovery" } else { "restart" },
        waits_for: time.waits_for.map(|node| loss.reference(node)),
        known: time.known,
        critical,
        rto_seconds: rto,
        // Not before its RTO is not in time, whatever is unknown; before it is in time only when all is known.
        in_time: rto.filter(|rto| time.known || end > *rto).map(|rto| end <= rto),
    }
}

/// The waves as a Gantt chart.
fn draw(answer: &SequenceAnswer) -> String {
    let waves: Vec<String> = answer.waves.iter().map(|wave| format!("Wave {}", wave.wave)).collect();
    let mut bars = Vec::new();
    for (wave, phase) in answer.waves.iter().zip(&waves) {
        for one in &wave.items {
            bars.push(Bar {
                key: &one.item.key,
                title: one.item.name.as_deref().unwrap_or(&one.item.key),
                phase,
                planned: (one.start_seconds, one.end_seconds),
                critical: one.critical,
                who: Some(one.how.to_owned()),
                unknown: !one.known,
                state: (!one.known).then_some("time unknown"),
                ..Bar::default()
            });
        }
    }
    let lost: Vec<&str> = answer.lost.iter().map(|item| item.name.as_deref().unwrap_or(&item.key)).collect();
    let lost = if answer.everything { "everything".to_owned() } else { lost.join(", ") };
    let lead = answer.detection_seconds + answer.declaration_seconds;
    let mut summary = format!("The loss of {lost}: {} items come back in {} waves.", answer.total, answer.total_waves);
    if answer.never > 0 {
        summary.push_str(&format!(" {} never start, for they wait for each other.", answer.never));
    }
    if answer.total > bars.len() {
        summary.push_str(&format!(" The first {} are shown.", bars.len()));
    }
    let marks = (lead > 0).then(|| Mark { at: lead, label: "declared".to_owned() }).into_iter().collect();
    gantt::draw(&Chart { title: "Recovery sequence", summary, bars, marks, now: None })
}

pub fn routes(api: &mut Api) {
    let words = "In which order to restore after the loss of some items, or of everything: what is of a wave waits only for \
                 items of waves before. `limit` bounds the waves, and the items of all waves together; `total` counts all. As a picture \
                 (`image/svg+xml`) with at most 300 items. Nothing is written.";
    let example = json!({
        "lost": [], "everything": true, "at": "2026-11-22T10:00:00.000000Z", "detection_seconds": 600, "declaration_seconds": 1200,
        "waves": [], "total_waves": 0, "total": 0, "deadlocks": [], "never": 0, "seq": 208
    });
    let path = "/api/v1/analysis/recovery-sequence";
    let op = Operation::new(Method::POST, path, "analyses", "analyze_recovery_sequence", "Recovery sequence", words);
    let question = json!({"$ref": "#/components/schemas/SequenceQuestion"});
    let op = with_analysis_params(op)
        .query("format", json!({"type": "string", "enum": ["json", "svg"]}), "Instead of `Accept`.")
        .body(&["application/json"], question, &json!({"lost": ["key:NORTH"]}));
    let schema = json!({"$ref": "#/components/schemas/SequenceAnswer"});
    api.add(op.json(200, "The waves.", schema, &example, Value::Null).also(200, SVG, "<svg/>"), sequence);
}
