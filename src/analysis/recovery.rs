//! `GET /services/{id}/recovery` and `POST /analysis/recovery`: how soon services can be back after a loss, what decides it,
//! and whether that is in time.
pub mod of_service;
pub mod sequence;

use super::edits::Edit;
use super::impact::bounded;
use super::question::{Bounds, LOSABLE, View, answered, each};
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::graph::restoration::Restoration;
use crate::http::context::{Analyses, Reader};
use crate::http::routes::{Api, Operation};
use crate::model::{Faults, Kind, Link, Reference, Result};
use crate::resources::settings;
use crate::store::Conn;
use crate::words;
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
pub use of_service::ServiceRecovery;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

words! {
    /// Whether something is back in time.
    pub enum Verdict {
        NotAffected = "not_affected",
        Met = "met",
        Missed = "missed",
        Never = "never",
        Unknown = "unknown",
        NoObjective = "no_objective",
    }
}

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

/// How soon one of them is back. All times count from the loss, with the time to notice and to declare it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Comeback {
    pub item: Reference,
    /// What the loss makes of it.
    #[schema(max_length = 10)]
    pub state: &'static str,
    /// Whether it meets its recovery time objective.
    pub verdict: Verdict,
    pub rto_seconds: Option<i64>,
    /// When it can be back at the earliest; null when it never starts.
    pub achievable_seconds: Option<i64>,
    /// Whether all durations that lead there are declared; otherwise `achievable_seconds` is only the least it takes.
    pub known: bool,
    /// Seconds to spare; negative when it is late.
    pub slack_seconds: Option<i64>,
    pub mtpd_seconds: Option<i64>,
    /// Work recovery time, from "technically up" to "business running".
    pub wrt_seconds: Option<i64>,
    /// Whether it runs again, work recovery included, before its maximum tolerable period of disruption is over.
    pub mtpd_verdict: Verdict,
    pub rpo_seconds: Option<i64>,
    /// Seconds' worth of data that is missing then.
    #[schema(minimum = 0)]
    pub data_loss_seconds: i64,
    pub data_verdict: Verdict,
    /// The one it waits for last.
    pub waits_for: Option<Reference>,
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
    pub items: Vec<Comeback>,
    pub totals: Verdicts,
    /// Circles of items that wait for each other and never start, each in the order of waiting. Of a
    /// longer one the first hundred items.
    #[schema(max_items = 100)]
    pub deadlocks: Vec<Vec<Reference>>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

/// So many circles are told.
pub const MOST_CIRCLES: usize = 100;
/// So many items of a circle are told.
pub const MOST_OF_CIRCLE: usize = 100;

/// A loss with the way back from it.
pub struct Loss {
    pub landscape: Arc<Landscape>,
    pub restoration: Arc<Restoration>,
    /// What was named as lost; empty when everything is.
    pub lost: Vec<usize>,
    pub everything: bool,
    pub detection: i64,
    pub declaration: i64,
}

impl Loss {
    /// The loss of some nodes, or of everything.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(conn: &mut Conn<'_>, view: &View<'_>, landscape: Arc<Landscape>, lost: Option<Vec<usize>>) -> Result<Loss> {
        let decided = settings::store::in_force(conn, &view.scene).await?;
        let restoration = match &lost {
            None => landscape.total(),
            Some(lost) => Arc::new(landscape.restoration(lost)),
        };
        let everything = lost.is_none();
        let (detection, declaration) = (decided.detection_seconds, decided.declaration_seconds);
        Ok(Loss { landscape, restoration, lost: lost.unwrap_or_default(), everything, detection, declaration })
    }

    /// What passes before anybody begins.
    pub fn lead(&self) -> i64 {
        self.detection + self.declaration
    }
    pub fn reference(&self, node: usize) -> Reference {
        self.landscape.items()[node].reference()
    }
    pub fn references(&self, nodes: &[usize]) -> Vec<Reference> {
        nodes.iter().map(|node| self.reference(*node)).collect()
    }

    /// Circles of nodes that wait for each other and never start, those among them that are wanted.
    pub fn circles(&self, wanted: impl Fn(&[usize]) -> bool) -> Vec<Vec<Reference>> {
        let mut circles = self.restoration.recovery.circles(self.landscape.graph(), MOST_CIRCLES);
        circles.retain(|circle| wanted(circle));
        circles.iter().map(|circle| self.references(&circle[..circle.len().min(MOST_OF_CIRCLE)])).collect()
    }

    /// How soon a node is back.
    pub fn comeback(&self, node: usize) -> Comeback {
        let (item, own) = (&self.landscape.items()[node], self.landscape.objectives()[node]);
        let (state, time) = (self.restoration.states[node], self.restoration.recovery.time(node));
        let back = time.map(|time| time.end + self.lead()).or((state != State::Down).then_some(0));
        let known = time.is_none_or(|time| time.known);
        let judge = |took: Option<i64>, most: Option<i64>, known: bool| match (state, took, most) {
            (State::Up | State::Degraded, ..) => Verdict::NotAffected,
            (_, None, _) => Verdict::Never,
            (_, _, None) => Verdict::NoObjective,
            (_, Some(took), Some(most)) if took > most => Verdict::Missed,
            _ if known => Verdict::Met,
            _ => Verdict::Unknown,
        };
        let data_loss = self.restoration.data_loss(node);
        let told = !self.restoration.unaccounted[node];
        Comeback {
            item: item.reference(),
            state: state.as_str(),
            verdict: judge(back, own.rto, known),
            rto_seconds: own.rto,
            achievable_seconds: back,
            known,
            slack_seconds: back.zip(own.rto).map(|(back, rto)| rto - back),
            mtpd_seconds: own.mtpd,
            wrt_seconds: item.wrt,
            mtpd_verdict: judge(back.map(|back| back + item.wrt.unwrap_or(0)), own.mtpd, known),
            rpo_seconds: own.rpo,
            data_loss_seconds: data_loss,
            data_verdict: judge(Some(data_loss), own.rpo, told),
            waits_for: time.and_then(|time| time.waits_for).map(|node| self.reference(node)),
        }
    }
}

async fn recovery(reader: Reader<Analyses>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    answered(reader, request, payload, answer).await
}

/// The loss that a question names.
pub async fn asked(
    conn: &mut Conn<'_>,
    view: &View<'_>,
    lost: &[Link],
    edits: &[Edit],
    others: &[Link],
) -> Result<(Loss, Vec<usize>)> {
    let mut faults = Faults::default();
    let asked: Vec<_> = each("lost", lost, LOSABLE).chain(each("of", others, BUSINESS)).collect();
    let found = view.found(conn, &asked, &mut faults).await?;
    faults.into_result()?;
    let landscape = view.edited(conn, "hypothetical", edits).await?;
    let mut nodes: Vec<usize> = found.into_iter().flatten().filter_map(|id| landscape.node(id)).collect();
    let others = nodes.split_off(lost.len().min(nodes.len()));
    let lost = (!lost.is_empty()).then_some(nodes);
    Ok((Loss::of(conn, view, landscape, lost).await?, others))
}

/// What business asks after.
const BUSINESS: &[Kind] = &[Kind::Service, Kind::BusinessProcess];

async fn answer(conn: &mut Conn<'_>, view: &View<'_>, question: RecoveryQuestion, bounds: Bounds) -> Result<RecoveryAnswer> {
    let (loss, of) = asked(conn, view, &question.lost, &question.hypothetical, &question.of).await?;
    let (landscape, states) = (&loss.landscape, &loss.restoration.states);
    let struck = |node: &usize| states[*node] == State::Down && BUSINESS.contains(&landscape.items()[*node].kind);
    let nodes: Vec<usize> = if of.is_empty() { (0..states.len()).filter(struck).collect() } else { of };
    let mut totals = Verdicts::default();
    let told: Vec<(usize, Comeback)> = nodes.iter().map(|node| (*node, loss.comeback(*node))).collect();
    told.iter().for_each(|(_, one)| totals.count(one.verdict));
    let mut told: HashMap<usize, Comeback> = told.into_iter().collect();
    let items = landscape.foremost(nodes, bounds.limit).into_iter().filter_map(|node| told.remove(&node)).collect();
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
    let op = bounded(op).body(&["application/json"], question, &json!({"lost": ["key:DISK-1"]}));
    let schema = json!({"$ref": "#/components/schemas/RecoveryAnswer"});
    api.add(op.json(200, "How soon they are back.", schema, &example, Value::Null), recovery);
}
