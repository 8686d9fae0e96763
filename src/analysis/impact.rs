//! `POST /analysis/impact`: what is lost with some items, why, when that breaks objectives, what it costs, and what to do.
mod consequences;

use super::edits::{self, Edit};
use super::question::{AnalysisParams, GraphView, LOSABLE, later, list_refs, run_question};
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::http::context::{Analyses, Reader};
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Faults, Kind, Link, Objectives, Reference, RenderedReference, Result, Timestamp};
use crate::store::Conn;
use crate::string_enum;
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
pub use consequences::plans;
use consequences::{Cost, Invocation, WhomToCall};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

string_enum! {
    /// What an impact analysis tells besides what is down.
    pub enum Include {
        CostOverTime = "cost_over_time",
        PlansToInvoke = "plans_to_invoke",
        Contacts = "contacts",
    }
}

/// What is asked of an impact analysis.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpactQuestion {
    /// What is lost, all of it together: components, sites, suppliers, services, business processes.
    #[schema(min_items = 1, max_items = 1000)]
    lost: Vec<Link>,
    /// When; now unless it is said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Changes that are thought to have been made before.
    #[serde(default)]
    #[schema(max_items = 1000)]
    hypothetical: Vec<Edit>,
    /// What is told besides; all of it unless it is said.
    #[serde(default)]
    #[schema(max_items = 3)]
    include: Option<Vec<Include>>,
}

/// Objectives in force.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct EffectiveObjectives {
    /// Recovery time objective.
    pub rto_seconds: Option<i64>,
    /// Recovery point objective.
    pub rpo_seconds: Option<i64>,
    /// Maximum tolerable period of disruption.
    pub mtpd_seconds: Option<i64>,
}

impl From<Objectives> for EffectiveObjectives {
    fn from(own: Objectives) -> EffectiveObjectives {
        EffectiveObjectives { rto_seconds: own.rto, rpo_seconds: own.rpo, mtpd_seconds: own.mtpd }
    }
}

/// So many items of a cause are told.
pub const MAX_OF_CAUSE: usize = 50;

/// An item that is not up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AffectedItem {
    #[schema(value_type = Reference)]
    pub item: RenderedReference,
    /// A shortest way from a lost item to this one: each takes down or degrades the next. Of more than 50 items the first and
    /// the last 49 are told.
    #[schema(value_type = Vec<Reference>, max_items = 50)]
    pub cause: Vec<RenderedReference>,
    /// How many items of the cause are left out after the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub cause_omitted: Option<usize>,
    pub objective: EffectiveObjectives,
    /// When its recovery time objective is broken.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub breach_at: Option<Timestamp>,
    /// When its maximum tolerable period of disruption is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub mtpd_breach_at: Option<Timestamp>,
}

/// A business process that is not up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AffectedProcess {
    #[schema(max_length = 10)]
    pub state: &'static str,
    /// Whether it is a vital business function.
    pub vital: bool,
    #[serde(flatten)]
    pub affected: AffectedItem,
}

/// How many there are of everything; the lost items themselves are not counted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ImpactTotals {
    #[schema(minimum = 0)]
    pub down: usize,
    #[schema(minimum = 0)]
    pub degraded: usize,
    #[schema(minimum = 0)]
    pub untouched_by_redundancy: usize,
    /// Of those down.
    #[schema(minimum = 0)]
    pub services: usize,
    /// Of those down.
    #[schema(minimum = 0)]
    pub processes: usize,
    /// Of those down.
    #[schema(minimum = 0)]
    pub vital_business_functions: usize,
}

/// What is lost with some items.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ImpactAnswer {
    #[schema(max_items = 1000)]
    pub lost: Vec<Reference>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The most critical first: vital business functions, then by criticality and by the strictest RTO.
    #[schema(max_items = 10_000)]
    pub down: Vec<AffectedItem>,
    #[schema(max_items = 10_000)]
    pub degraded: Vec<AffectedItem>,
    /// What depends on something lost, and stays up because others of a redundancy group stand in.
    #[schema(max_items = 10_000)]
    pub untouched_by_redundancy: Vec<Reference>,
    /// The business processes among those that are down or degraded.
    #[schema(max_items = 10_000)]
    pub processes: Vec<AffectedProcess>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 400)]
    pub cost_over_time: Option<Vec<Cost>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10_000)]
    pub plans_to_invoke: Option<Vec<Invocation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10_000)]
    pub contacts: Option<Vec<WhomToCall>>,
    pub totals: ImpactTotals,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn impact(reader: Reader<Analyses>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    run_question(reader, request, payload, answer).await
}

async fn answer(conn: &mut Conn<'_>, view: &GraphView, question: ImpactQuestion, bounds: AnalysisParams) -> Result<ImpactAnswer> {
    let mut faults = Faults::default();
    let asked: Vec<_> = list_refs("lost", &question.lost, LOSABLE).collect();
    let lost = view.resolve(conn, &asked, &mut faults).await?;
    faults.into_result()?;
    let landscape = edits::edited(conn, view, "hypothetical", &question.hypothetical).await?;
    let at = question.at.unwrap_or(view.snapshot.now);
    let lost: Vec<usize> = lost.into_iter().flatten().filter_map(|id| landscape.node(id)).collect();
    let (mut answer, down) = impact_of(&landscape, lost.clone(), at, bounds.limit)?;
    answer.seq = view.seq;
    let wants = |what| question.include.as_ref().is_none_or(|all| all.contains(&what));
    if wants(Include::CostOverTime) {
        answer.cost_over_time = Some(consequences::costs(conn, view, &landscape, &down, at).await?);
    }
    if wants(Include::PlansToInvoke) || wants(Include::Contacts) {
        let plans = consequences::plans(conn, view, &landscape, &down).await?;
        if wants(Include::Contacts) {
            answer.contacts = Some(consequences::contacts(conn, view, &landscape, (&lost, &down), &plans, bounds.limit).await?);
        }
        let plans = plans.into_iter().take(bounds.limit).map(|plan| plan.invocation);
        answer.plans_to_invoke = wants(Include::PlansToInvoke).then(|| plans.collect());
    }
    Ok(answer)
}

/// What the loss does, and the services and processes it takes down, lost ones included.
fn impact_of(landscape: &Landscape, mut lost: Vec<usize>, at: Timestamp, limit: usize) -> Result<(ImpactAnswer, Vec<usize>)> {
    lost.sort_unstable();
    lost.dedup();
    let (items, rank_keys) = (landscape.items(), landscape.rank_keys());
    let mut scratch = landscape.scratch();
    let found = landscape.graph().impact(&mut scratch, &lost);
    let (mut down, mut degraded, mut business) = (Vec::new(), Vec::new(), Vec::new());
    for (node, state) in found.nodes() {
        if state == State::Down && matches!(rank_keys[node].kind, Kind::Service | Kind::BusinessProcess) {
            business.push(node);
        }
        if lost.binary_search(&node).is_err() {
            if state == State::Down { down.push(node) } else { degraded.push(node) }
        }
    }
    let count = |kind: Kind| down.iter().filter(|node| rank_keys[**node].kind == kind).count();
    let saved = found.protected();
    let totals = ImpactTotals {
        down: down.len(),
        degraded: degraded.len(),
        untouched_by_redundancy: saved.len(),
        services: count(Kind::Service),
        processes: count(Kind::BusinessProcess),
        vital_business_functions: down.iter().filter(|node| rank_keys[**node].vital).count(),
    };
    let affected = |node: usize| {
        let own = landscape.objectives()[node];
        let cause = found.cause(node, MAX_OF_CAUSE);
        Ok(AffectedItem {
            item: items[node].shared()?,
            cause: cause.way.into_iter().map(|node| items[node].shared()).collect::<Result<_>>()?,
            cause_omitted: Some(cause.omitted).filter(|omitted| *omitted > 0),
            objective: own.into(),
            breach_at: own.rto.and_then(|seconds| later(at, seconds)),
            mtpd_breach_at: own.mtpd.and_then(|seconds| later(at, seconds)),
        })
    };
    let processes = down.iter().chain(&degraded).copied().filter(|node| rank_keys[*node].kind == Kind::BusinessProcess).collect();
    let process = |node: usize| {
        Ok(AffectedProcess { state: found.state(node).as_str(), vital: items[node].is_vital(), affected: affected(node)? })
    };
    let processes = landscape.most_critical(processes, limit).into_iter().map(process);
    let answer = ImpactAnswer {
        lost: lost.iter().map(|node| items[*node].reference()).collect(),
        at,
        processes: processes.collect::<Result<_>>()?,
        untouched_by_redundancy: landscape.most_critical(saved, limit).into_iter().map(|node| items[node].reference()).collect(),
        down: landscape.most_critical(down, limit).into_iter().map(affected).collect::<Result<_>>()?,
        degraded: landscape.most_critical(degraded, limit).into_iter().map(affected).collect::<Result<_>>()?,
        cost_over_time: None,
        plans_to_invoke: None,
        contacts: None,
        totals,
        seq: 0,
    };
    Ok((answer, business))
}

pub fn routes(api: &mut Api) {
    let words = "What is lost with some items: what is down and what is degraded, with one shortest chain of causes each, what \
                 redundancy has saved, when each RTO and MTPD is broken, what it costs, which plans to invoke and whom to call. \
                 With a site everything there is lost, with a supplier what depends on it. The items of a list are the most \
                 critical ones; `totals` count all. Nothing is written.";
    let item =
        |kind: &str, key: &str| json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": kind, "key": key, "name": null});
    let (disk, shop) = (item("component", "DISK-1"), item("service", "SHOP"));
    let example = json!({
        "lost": [disk], "at": "2026-11-22T10:00:00.000000Z",
        "down": [{
            "item": shop, "cause": [disk, shop], "objective": {"rto_seconds": 14400, "rpo_seconds": 900, "mtpd_seconds": null},
            "breach_at": "2026-11-22T14:00:00.000000Z", "mtpd_breach_at": null
        }],
        "degraded": [], "untouched_by_redundancy": [], "processes": [],
        "totals": {"down": 1, "degraded": 0, "untouched_by_redundancy": 0, "services": 1, "processes": 0, "vital_business_functions": 0},
        "seq": 208
    });
    let op = Operation::new(Method::POST, "/api/v1/analysis/impact", "analyses", "analyze_impact", "Impact of a loss", words);
    let op = with_analysis_params(op).body(&["application/json"], named("ImpactQuestion"), &json!({"lost": ["key:DISK-1"]}));
    api.add(op.json(200, "What is lost with them.", named("ImpactAnswer"), &example, Value::Null), impact);
}

/// An operation of this room with the parameters all of them have.
pub fn with_analysis_params(op: Operation) -> Operation {
    op.permission("analyses", Action::Read)
        .query(
            "limit",
            json!({"type": "integer", "minimum": 1, "maximum": 10_000, "default": 500}),
            "Items a list holds at most.",
        )
        .query(
            "as_of",
            json!({"type": "string", "maxLength": 40}),
            "A time, or a place in the ledger: the answer as it would have been then.",
        )
}

fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}
