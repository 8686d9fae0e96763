//! Single points of failure: of one service or business process, and of the whole organisation; pairs; and how much hangs on
//! each site and supplier.
mod of_one;
mod wanted;

use super::form::tagged;
use super::question::GraphView;
use crate::collection::doc::etag;
use crate::graph::landscape::{Landscape, PooledScratch};
use crate::graph::net::State;
use crate::graph::points;
use crate::http::context::{Analyses, Reader};
use crate::http::routes::{Api, Operation};
use crate::model::{Error, Kind, Reference, Result};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
pub use of_one::ServiceSpofs;
use serde::Serialize;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::HashMap;
use wanted::{MAX_WORK, Wanted, too_many, wanting};

/// Of each point so many vital business functions are named.
const MAX_NAMED: usize = 10;

/// Pairs of an organisation are looked for beneath so many vital business functions.
const MAX_FUNCTIONS: usize = 200;

/// An item whose loss alone takes services or vital business functions down.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PointOfFailure {
    pub item: Reference,
    /// Services it takes down.
    #[schema(minimum = 0)]
    pub services: u32,
    /// Vital business functions it takes down.
    #[schema(minimum = 0)]
    pub vital_business_functions: u32,
    /// The first of these, the most critical first.
    #[schema(max_items = 10)]
    pub vital: Vec<Reference>,
}

/// Two items whose loss together takes vital business functions down, where the loss of one does not.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PairOfFailure {
    #[schema(min_items = 2, max_items = 2)]
    pub items: Vec<Reference>,
    #[schema(minimum = 0)]
    pub vital_business_functions: usize,
    /// The first of these.
    #[schema(max_items = 10)]
    pub vital: Vec<Reference>,
}

/// How much hangs on one site or supplier.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ConcentrationRisk {
    pub item: Reference,
    /// What depends on it directly: components and sites there, or what a supplier provides for.
    #[schema(minimum = 0)]
    pub dependents: usize,
    /// Services its loss takes down.
    #[schema(minimum = 0)]
    pub services: u32,
    /// The same as a share of all services, in percent.
    #[schema(minimum = 0, maximum = 100)]
    pub services_percent: f64,
    #[schema(minimum = 0)]
    pub vital_business_functions: u32,
}

/// How much hangs on single sites and suppliers, those with most first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Concentration {
    #[schema(max_items = 10_000)]
    pub sites: Vec<ConcentrationRisk>,
    #[schema(max_items = 10_000)]
    pub suppliers: Vec<ConcentrationRisk>,
}

/// The single points of failure of the organisation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrganizationSpofs {
    /// Ranked by the vital business functions, then by the services they take down.
    #[schema(max_items = 10_000)]
    pub items: Vec<PointOfFailure>,
    /// How many there are.
    #[schema(minimum = 0)]
    pub total: usize,
    /// With `order=2`: pairs for the vital business functions, those that take most down first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10_000)]
    pub pairs: Option<Vec<PairOfFailure>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub total_pairs: Option<usize>,
    pub concentration: Concentration,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn of_all(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    let wanted = Wanted::of(&request)?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), wanted.bounds.moment).await?;
            serde_json::to_string(&answer(&view.landscape, &wanted, view.seq)?).map_err(Error::internal)
        })
        .await?;
    Ok(tagged(&request, "application/json", text))
}

fn answer(landscape: &Landscape, wanted: &Wanted, seq: i64) -> Result<OrganizationSpofs> {
    let (items, limit) = (landscape.items(), wanted.bounds.limit);
    let taken = landscape.loss_counts();
    let mut points: Vec<usize> =
        (0..items.len()).filter(|node| taken[*node] != [0, 0] && wanted.wants(landscape, *node)).collect();
    let total = points.len();
    let rank = |node: &usize| (Reverse(taken[*node][1]), Reverse(taken[*node][0]), items[*node].key.clone(), items[*node].id);
    if points.len() > limit {
        points.select_nth_unstable_by_key(limit, |node| rank(node));
        points.truncate(limit);
    }
    points.sort_by_cached_key(rank);
    let mut named = Named { landscape, scratch: landscape.scratch(), last: Vec::new() };
    let point = |node: usize| PointOfFailure {
        item: items[node].reference(),
        services: taken[node][0],
        vital_business_functions: taken[node][1],
        vital: named.of(node),
    };
    let pairs = if wanted.pairs { Some(pairs_of_all(landscape, wanted)?) } else { None };
    Ok(OrganizationSpofs {
        items: points.into_iter().map(point).collect(),
        total,
        total_pairs: pairs.as_ref().map(Vec::len),
        pairs: pairs.map(|all| all.into_iter().take(limit).collect()),
        concentration: Concentration {
            sites: hanging(landscape, Kind::Site, limit),
            suppliers: hanging(landscape, Kind::Supplier, limit),
        },
        seq,
    })
}

/// Names the vital business functions that nodes take down.
struct Named<'a> {
    landscape: &'a Landscape,
    scratch: PooledScratch<'a>,
    /// Those that are down with the node asked about last, itself among them if it is one.
    last: Vec<usize>,
}

impl Named<'_> {
    /// The most critical vital business functions a node takes down.
    fn of(&mut self, node: usize) -> Vec<Reference> {
        let (landscape, items) = (self.landscape, self.landscape.items());
        let taken = landscape.loss_counts()[node][1];
        if taken == 0 {
            return Vec::new();
        }
        // What the last one took down takes down nothing that the last one did not; as many are the same ones then. Of large
        // circles every item takes down the others.
        let same =
            self.scratch.state(node) == State::Down && taken as usize + usize::from(items[node].is_vital()) == self.last.len();
        if !same {
            let found = landscape.graph().impact(&mut self.scratch, &[node]);
            let down = found.nodes().filter(|(_, state)| *state == State::Down).map(|(node, _)| node);
            self.last = down.filter(|node| items[*node].is_vital()).collect();
        }
        let others = self.last.iter().copied().filter(|other| *other != node).collect();
        landscape.most_critical(others, MAX_NAMED).into_iter().map(|node| items[node].reference()).collect()
    }
}

fn pairs_of_all(landscape: &Landscape, wanted: &Wanted) -> Result<Vec<PairOfFailure>> {
    let items = landscape.items();
    let functions: Vec<usize> = (0..items.len()).filter(|node| items[*node].is_vital()).collect();
    if functions.len() > MAX_FUNCTIONS {
        return Err(too_many());
    }
    let wants = |node: usize| wanted.wants(landscape, node);
    let mut found: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    let most = MAX_WORK / functions.len().max(1) as u64;
    for function in functions {
        for pair in points::point_pairs(landscape.graph(), function, &wants, most).map_err(|_| too_many())? {
            found.entry(pair).or_default().push(function);
        }
    }
    let key = |node: usize| items[node].key.clone();
    let mut found: Vec<((usize, usize), Vec<usize>)> = found.into_iter().collect();
    found.sort_by_cached_key(|((one, other), vital)| (Reverse(vital.len()), key(*one), key(*other)));
    let told = |((one, other), vital): ((usize, usize), Vec<usize>)| PairOfFailure {
        items: vec![items[one].reference(), items[other].reference()],
        vital_business_functions: vital.len(),
        vital: vital.into_iter().take(MAX_NAMED).map(|node| items[node].reference()).collect(),
    };
    Ok(found.into_iter().map(told).collect())
}

fn hanging(landscape: &Landscape, kind: Kind, limit: usize) -> Vec<ConcentrationRisk> {
    let (items, taken) = (landscape.items(), landscape.loss_counts());
    let services = items.iter().filter(|item| item.live && item.kind == Kind::Service).count().max(1);
    let mut all: Vec<usize> = (0..items.len()).filter(|node| items[*node].live && items[*node].kind == kind).collect();
    all.sort_by_cached_key(|node| (Reverse(taken[*node][1]), Reverse(taken[*node][0]), items[*node].key.clone()));
    let one = |node: usize| ConcentrationRisk {
        item: items[node].reference(),
        dependents: landscape.graph().dependents_count(node),
        services: taken[node][0],
        services_percent: (f64::from(taken[node][0]) * 1000.0 / services as f64).round() / 10.0,
        vital_business_functions: taken[node][1],
    };
    all.into_iter().take(limit).map(one).collect()
}

pub fn routes(api: &mut Api) {
    of_one::routes(api);
    let words = "Items whose loss alone takes services or vital business functions down, ranked by how many, and how much hangs \
                 on each site and supplier. Redundancy groups are respected. With `order=2` also the pairs of items whose loss \
                 together takes a vital business function down where that of one does not.";
    let item = json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "component", "key": "DISK-1", "name": null});
    let example = json!({
        "items": [{"item": item, "services": 12, "vital_business_functions": 0, "vital": []}], "total": 1,
        "concentration": {"sites": [], "suppliers": []}, "seq": 208
    });
    let path = "/api/v1/analysis/single-points-of-failure";
    let op = Operation::new(Method::GET, path, "analyses", "list_single_points_of_failure", "Single points of failure", words);
    let schema = json!({"$ref": "#/components/schemas/OrganizationSpofs"});
    api.add(wanting(op).json(200, "The points.", schema, &example, etag()), of_all);
}
