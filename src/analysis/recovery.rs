//! `GET /services/{id}/recovery` and `POST /analysis/recovery`: how soon services can be back after a loss, what decides it,
//! and whether that is in time.
mod loss;
pub mod of_service;
pub mod sequence;

use super::edits::Edit;
use super::impact::with_analysis_params;
use super::question::{AnalysisParams, GraphView, run_question};
use crate::graph::net::State;
use crate::http::context::{Analyses, Reader};
use crate::http::routes::{Api, Operation};
use crate::model::{Link, Reference, Result};
use crate::store::Conn;
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use loss::{BUSINESS, resolve_loss};
pub use loss::{Loss, MAX_CIRCLES, MAX_OF_CIRCLE, RecoveryVerdict, Verdict};
pub use of_service::ServiceRecovery;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What is asked of a recovery analysis.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryQuestion {
    /// What is lost; every component and every service when nothing is named.
    #[serde(default)]
    #[schema(max_items = 1000)]
    lost: Vec<Link>,
    /// The services and business processes that are told of; all that are down, the most critical first, when none is named.
    #[serde(default)]
    #[schema(max_items = 1000)]
    of: Vec<Link>,
    /// Changes that are thought to have been made before.
    #[serde(default)]
    #[schema(max_items = 1000)]
    hypothetical: Vec<Edit>,
}

/// How many there are of each verdict on recovery time.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Verdicts {
    #[schema(minimum = 0)]
    pub met: usize,
    #[schema(minimum = 0)]
    pub missed: usize,
    #[schema(minimum = 0)]
    pub never: usize,
    #[schema(minimum = 0)]
    pub unknown: usize,
    #[schema(minimum = 0)]
    pub no_objective: usize,
    #[schema(minimum = 0)]
    pub not_affected: usize,
}

impl Verdicts {
    fn count(&mut self, verdict: Verdict) {
        let place = match verdict {
            Verdict::Met => &mut self.met,
            Verdict::Missed => &mut self.missed,
            Verdict::Never => &mut self.never,
            Verdict::Unknown => &mut self.unknown,
            Verdict::NoObjective => &mut self.no_objective,
            Verdict::NotAffected => &mut self.not_affected,
        };
        *place += 1;
    }
}

/// How soon services and business processes can be back after a loss.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecoveryAnswer {
    /// What is lost; empty when every component and service is.
    #[schema(max_items = 1000)]
    pub lost: Vec<Reference>,
    pub everything: bool,
    #[schema(minimum = 0)]
    pub detection_seconds: i64,
    #[schema(minimum = 0)]
    pub declaration_seconds: i64,
    #[schema(max_items = 10_000)]
    pub items: Vec<RecoveryVerdict>,
    pub totals: Verdicts,
    /// Circles of items that wait for each other and never start, each in the order of waiting. Of a
    /// longer one the first hundred items.
    #[schema(max_items = 100)]
    pub deadlocks: Vec<Vec<Reference>>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn recovery(reader: Reader<Analyses>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    run_question(reader, request, payload, answer).await
}

async fn answer(
    conn: &mut Conn<'_>,
    view: &GraphView,
    question: RecoveryQuestion,
    bounds: AnalysisParams,
) -> Result<RecoveryAnswer> {
    let (loss, of) = resolve_loss(conn, view, &question.lost, &question.hypothetical, &question.of).await?;
    let (landscape, states) = (&loss.landscape, &loss.restoration.states);
    let struck = |node: &usize| states[*node] == State::Down && BUSINESS.contains(&landscape.items()[*node].kind);
    let nodes: Vec<usize> = if of.is_empty() { (0..states.len()).filter(struck).collect() } else { of };
    let mut totals = Verdicts::default();
    let told: Vec<(usize, RecoveryVerdict)> = nodes.iter().map(|node| (*node, loss.recovery_verdict(*node))).collect();
    told.iter().for_each(|(_, one)| totals.count(one.verdict));
    let mut told: HashMap<usize, RecoveryVerdict> = told.into_iter().collect();
    let items = landscape.most_critical(nodes, bounds.limit).into_iter().filter_map(|node| told.remove(&node)).collect();
    Ok(RecoveryAnswer {
        lost: loss.references(&loss.lost),
        everything: loss.everything,
        detection_seconds: loss.detection,
        declaration_seconds: loss.declaration,
        items,
        totals,
        deadlocks: loss.circles(|_| true),
        seq: view.seq,
    })
}

pub fn routes(api: &mut Api) {
    of_service::routes(api);
    sequence::routes(api);
    let words = "How soon services and business processes can be back after a loss: for each the time it takes at the \
                 earliest against its objectives. An item waits for every provider it needs to start, and of a redundancy \
                 group for as many members as it requires; then it takes its `recovery_time_seconds` if it was lost itself, \
                 else its `restart_seconds`. What is lost with a site is built up elsewhere. The time to detect and to \
                 declare comes from the settings. Items that wait for each other in a circle never start, and are told as \
                 deadlocks.";
    let example = json!({
        "lost": [], "everything": true, "detection_seconds": 600, "declaration_seconds": 1200, "items": [],
        "totals": {"met": 0, "missed": 0, "never": 0, "unknown": 0, "no_objective": 0, "not_affected": 0}, "deadlocks": [], "seq": 208
    });
    let op =
        Operation::new(Method::POST, "/api/v1/analysis/recovery", "analyses", "analyze_recovery", "Recovery from a loss", words);
    let question = json!({"$ref": "#/components/schemas/RecoveryQuestion"});
    let op = with_analysis_params(op).body(&["application/json"], question, &json!({"lost": ["key:DISK-1"]}));
    let schema = json!({"$ref": "#/components/schemas/RecoveryAnswer"});
    api.add(op.json(200, "How soon they are back.", schema, &example, Value::Null), recovery);
}
