//! `GET /services/{id}/recovery`: how soon one service can be back, step by step.
use super::loss::{Loss, RecoveryVerdict, Verdict};
use crate::analysis::form::tagged;
use crate::analysis::impact::with_analysis_params;
use crate::analysis::proof::{Measured, measured};
use crate::analysis::question::{AnalysisParams, GraphView, QuestionRef};
use crate::collection::doc::with_id;
use crate::collection::params::{object_ref, parameter};
use crate::graph::net::State;
use crate::http::context::{Analyses, Reader};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Faults, Kind, Link, Reference, Result};
use crate::store::{Conn, ReadPoint};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// One item on its way back. All times count from the loss, with the time to notice and to declare it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecoveryStep {
    pub item: Reference,
    /// Null when it never starts.
    pub start_seconds: Option<i64>,
    pub end_seconds: Option<i64>,
    /// How long it takes itself; null where that is not declared.
    pub duration_seconds: Option<i64>,
    /// `recovery` when it was lost itself, else `restart`.
    #[schema(max_length = 10)]
    pub how: &'static str,
    /// The one it waits for last.
    pub waits_for: Option<Reference>,
    /// What the duration rests on: `declared`, or `null` where nothing is known of it.
    #[schema(max_length = 64)]
    pub level: Option<&'static str>,
    /// What has been measured of it; null when nothing has, or the past is looked at.
    pub measured: Option<Measured>,
}

/// The cheapest single improvement that closes the gap.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CheapestImprovement {
    pub item: Reference,
    /// The capability to improve.
    #[schema(max_length = 64)]
    pub capability: &'static str,
    #[schema(minimum = 0)]
    pub from_seconds: i64,
    /// The longest it may take.
    #[schema(minimum = 0)]
    pub to_seconds: i64,
    /// When the service is back then.
    #[schema(minimum = 0)]
    pub achievable_seconds: i64,
}

/// How soon a service can be back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ServiceRecovery {
    /// `total`, or the kind and reference of what is lost.
    #[schema(max_length = 1100)]
    pub scenario: String,
    #[schema(max_items = 1)]
    pub lost: Vec<Reference>,
    #[schema(minimum = 0)]
    pub detection_seconds: i64,
    #[schema(minimum = 0)]
    pub declaration_seconds: i64,
    pub service: RecoveryVerdict,
    /// The business processes that depend on it and are down, the most critical first.
    #[schema(max_items = 10_000)]
    pub processes: Vec<RecoveryVerdict>,
    /// What decides when it is back: from the item that is restored first to the service itself.
    #[schema(max_items = 10_000)]
    pub bottleneck: Vec<RecoveryStep>,
    /// Everything that is down and that it may wait for, in the order of restoration.
    #[schema(max_items = 10_000)]
    pub items: Vec<RecoveryStep>,
    #[schema(minimum = 0)]
    pub total_items: usize,
    /// What does not say how long it takes.
    #[schema(max_items = 10_000)]
    pub undeclared: Vec<Reference>,
    /// The one item that, made faster by the least, brings it back in time; null when it is in time or no single one can.
    pub improvement: Option<CheapestImprovement>,
    /// Circles beneath it that never start.
    #[schema(max_items = 100)]
    pub deadlocks: Vec<Vec<Reference>>,
    /// The weakest of what the bottleneck's durations rest on.
    #[schema(max_length = 64)]
    pub level: Option<&'static str>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn of_service(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Service.collection(), Action::Read)?;
    let service = object_ref(&request)?.to_string();
    let parameters = headers::parameters(&request)?;
    let bounds = AnalysisParams::from_params(&parameters, &["scenario"])?;
    let scenario = parameter(&parameters, "scenario").unwrap_or("total").to_owned();
    let lost = scenario_of(&scenario)?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), bounds.moment).await?;
            let answer = recovery(conn, &view, &service, scenario, lost, bounds.limit).await?;
            serde_json::to_string(&answer).map_err(Error::internal)
        })
        .await?;
    Ok(tagged(&request, "application/json", text))
}

/// What a scenario says is lost; `None` is everything.
fn scenario_of(text: &str) -> Result<Option<(Kind, Link)>> {
    if text == "total" {
        return Ok(None);
    }
    let kind = |word: &str| {
        Some(match word {
            "site" => Kind::Site,
            "component" => Kind::Component,
            "service" => Kind::Service,
            "supplier" => Kind::Supplier,
            _ => return None,
        })
    };
    text.split_once(':')
        .and_then(|(word, of)| Some((kind(word)?, Link::Unresolved { text: of.to_owned(), kind: None })))
        .map(Some)
        .ok_or_else(|| {
            Error::malformed(
                "invalid_parameter",
                "scenario is total, or site:, component:, service: or supplier: with a reference",
            )
        })
}

/// The node of the service that is asked about.
pub async fn service_node(conn: &mut Conn<'_>, view: &GraphView, service: &str) -> Result<usize> {
    let link = Link::Unresolved { text: service.to_owned(), kind: None };
    let asked = [QuestionRef { pointer: String::new(), link: &link, kinds: &[Kind::Service] }];
    let found = view.resolve(conn, &asked, &mut Faults::default()).await?;
    found.into_iter().flatten().find_map(|id| view.landscape.node(id)).ok_or(Error::NotFound)
}

/// How soon a service can be back.
///
/// # Errors
/// `NotFound` when there is no such service.
pub async fn recovery(
    conn: &mut Conn<'_>,
    view: &GraphView,
    service: &str,
    scenario: String,
    lost: Option<(Kind, Link)>,
    limit: usize,
) -> Result<ServiceRecovery> {
    let node = service_node(conn, view, service).await?;
    let lost = match lost {
        None => None,
        Some((kind, link)) => {
            let mut faults = Faults::default();
            let asked = [QuestionRef { pointer: "scenario".into(), link: &link, kinds: &[kind] }];
            let found = view.resolve(conn, &asked, &mut faults).await?;
            faults.into_result()?;
            Some(found.into_iter().flatten().filter_map(|id| view.landscape.node(id)).collect())
        }
    };
    let loss = Loss::of(conn, view, view.landscape.clone(), lost).await?;
    let told = RenderedRecovery { loss: &loss, measured: HashMap::new() };
    let chain = loss.restoration.recovery.chain(node);
    let ids: Vec<_> = chain.iter().take(limit).map(|node| loss.landscape.items()[*node].id).collect();
    let past = matches!(view.snapshot.place, ReadPoint::Past(_));
    let measured = if past { HashMap::new() } else { measured(conn, &view.snapshot, &ids).await? };
    Ok(RenderedRecovery { measured, ..told }.of(node, &chain, scenario, view.seq, limit))
}

struct RenderedRecovery<'a> {
    loss: &'a Loss,
    measured: HashMap<crate::model::Id, Measured>,
}

impl RenderedRecovery<'_> {
    fn of(&self, node: usize, chain: &[usize], scenario: String, seq: i64, limit: usize) -> ServiceRecovery {
        let (loss, landscape) = (self.loss, &self.loss.landscape);
        let (states, recovery) = (&loss.restoration.states, &loss.restoration.recovery);
        let mut needed = if states[node] == State::Down { landscape.needed_by(&loss.restoration, node) } else { Vec::new() };
        needed.sort_by_key(|node| recovery.time(*node).map_or((i64::MAX, i64::MAX, *node), |time| (time.start, time.end, *node)));
        let service = loss.recovery_verdict(node);
        let undeclared: Vec<usize> = needed.iter().copied().filter(|node| self.duration(*node).is_none()).collect();
        let bottleneck: Vec<RecoveryStep> = chain.iter().take(limit).map(|node| self.step(*node)).collect();
        let rank =
            |level: &Option<&str>| ["declared", "estimated", "exercised", "proven"].iter().position(|word| Some(*word) == *level);
        let level = chain.iter().map(|node| self.level(*node)).min_by_key(rank).flatten();
        let beneath: HashSet<usize> = needed.iter().copied().collect();
        let improvement = (service.verdict == Verdict::Missed).then(|| self.improvement(node, service.rto_seconds)).flatten();
        let items = needed.iter().take(limit).map(|node| self.step(*node)).collect();
        ServiceRecovery {
            scenario,
            lost: loss.references(&loss.lost),
            detection_seconds: loss.detection,
            declaration_seconds: loss.declaration,
            processes: self.processes(node, limit),
            service,
            bottleneck,
            items,
            total_items: needed.len(),
            undeclared: loss.references(&undeclared[..undeclared.len().min(limit)]),
            improvement,
            deadlocks: loss.circles(|circle| circle.iter().all(|node| beneath.contains(node))),
            level,
            seq,
        }
    }

    fn was_lost(&self, node: usize) -> bool {
        let loss = self.loss;
        match loss.restoration.recovery.time(node) {
            Some(time) => time.lost,
            None => loss.everything || loss.landscape.with_places(&loss.lost).contains(&node),
        }
    }

    fn duration(&self, node: usize) -> Option<i64> {
        let able = self.loss.landscape.capabilities()[node];
        if self.was_lost(node) { able.recovery } else { able.restart }
    }

    fn step(&self, node: usize) -> RecoveryStep {
        let loss = self.loss;
        let (item, time) = (&loss.landscape.items()[node], loss.restoration.recovery.time(node));
        let (lost, duration) = (self.was_lost(node), self.duration(node));
        RecoveryStep {
            item: item.reference(),
            start_seconds: time.map(|time| time.start + loss.lead_time()),
            end_seconds: time.map(|time| time.end + loss.lead_time()),
            duration_seconds: duration,
            how: if lost { "recovery" } else { "restart" },
            waits_for: time.and_then(|time| time.waits_for).map(|node| loss.reference(node)),
            level: duration.map(|_| "declared"),
            measured: self.measured.get(&item.id).cloned(),
        }
    }

    /// What the duration of a node rests on.
    fn level(&self, node: usize) -> Option<&'static str> {
        let measured = self.measured.get(&self.loss.landscape.items()[node].id);
        measured.map(|one| one.level).or(self.duration(node).map(|_| "declared"))
    }

    fn processes(&self, node: usize, limit: usize) -> Vec<RecoveryVerdict> {
        let landscape = &self.loss.landscape;
        let down = |node: &usize| self.loss.restoration.states[*node] == State::Down;
        let above = landscape.above(node).into_iter().filter(down);
        let processes = above.filter(|node| landscape.items()[*node].kind == Kind::BusinessProcess).collect();
        landscape.most_critical(processes, limit).into_iter().map(|node| self.loss.recovery_verdict(node)).collect()
    }

    fn improvement(&self, node: usize, rto: Option<i64>) -> Option<CheapestImprovement> {
        let loss = self.loss;
        let better = loss.landscape.improvement(&loss.restoration, node, rto? - loss.lead_time())?;
        let item = &loss.landscape.items()[better.node];
        let rebuilt = self.was_lost(better.node) && (item.kind != Kind::Service || item.capability.recovery.is_some());
        Some(CheapestImprovement {
            item: item.reference(),
            capability: if rebuilt { "recovery_time_seconds" } else { "restart_seconds" },
            from_seconds: better.from,
            to_seconds: better.to,
            achievable_seconds: better.end + loss.lead_time(),
        })
    }
}

pub fn routes(api: &mut Api) {
    let words = "How soon the service can be back after a loss: `total` (every component and every service), or the loss of a \
                 site (with all that stands there), a component, a service or a supplier: `scenario=site:key:NORTH`. With the \
                 chain of items that decides it, the slack, the single cheapest improvement that closes the gap, circles that \
                 never start, and what each number rests on.";
    let item = json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "service", "key": "SHOP", "name": "Web shop"});
    let example = json!({
        "scenario": "total", "lost": [], "detection_seconds": 600, "declaration_seconds": 1200,
        "service": {
            "item": item, "state": "down", "verdict": "met", "rto_seconds": 14400, "achievable_seconds": 9000, "known": true,
            "slack_seconds": 5400, "mtpd_seconds": 28800, "wrt_seconds": null, "mtpd_verdict": "met", "rpo_seconds": 900,
            "data_loss_seconds": 900, "data_verdict": "met", "waits_for": null
        },
        "processes": [], "bottleneck": [], "items": [], "total_items": 1, "undeclared": [], "improvement": null, "deadlocks": [],
        "level": "declared", "seq": 208
    });
    let path = "/api/v1/services/{id}/recovery";
    let op = Operation::new(Method::GET, path, "services", "get_service_recovery", "Achievable recovery of a service", words);
    let scenario = json!({"type": "string", "maxLength": 1100, "default": "total"});
    let op = with_analysis_params(op)
        .query("scenario", scenario, "What is lost.")
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .response(304, "Unchanged.", Value::Null, crate::collection::doc::etag())
        .problems(&[422]);
    let schema = json!({"$ref": "#/components/schemas/ServiceRecovery"});
    let op = op.json(200, "How soon it is back.", schema, &example, crate::collection::doc::etag());
    api.add(with_id(op), of_service);
}
