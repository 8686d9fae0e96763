//! `GET /services/{id}/single-points-of-failure`, and of a business process.
use super::wanted::{MAX_WORK, Wanted, too_many, wanting};
use crate::analysis::form::tagged;
use crate::analysis::impact::MAX_OF_CAUSE;
use crate::analysis::question::{GraphView, QuestionRef};
use crate::collection::doc::{etag, with_id};
use crate::collection::params::object_ref;
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::graph::points;
use crate::http::context::{Analyses, Reader};
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Faults, Kind, Link, Reference, Result, StringEnum};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;

/// An item whose loss alone takes it down.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ServiceSpof {
    pub item: Reference,
    /// A shortest way from the item up: each takes down the next. Of more than 50 items the first 49 and the last are told.
    #[schema(max_items = 50)]
    pub cause: Vec<Reference>,
    /// How many items of the cause are left out before the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub cause_omitted: Option<usize>,
    /// Services it takes down in all.
    #[schema(minimum = 0)]
    pub services: u32,
    /// Vital business functions it takes down in all.
    #[schema(minimum = 0)]
    pub vital_business_functions: u32,
}

/// The single points of failure of one service or business process.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ServiceSpofs {
    pub of: Reference,
    /// Those that take most down first.
    #[schema(max_items = 10_000)]
    pub items: Vec<ServiceSpof>,
    #[schema(minimum = 0)]
    pub total: usize,
    /// With `order=2`: two items each whose loss together takes it down, where the loss of one does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10_000)]
    pub pairs: Option<Vec<Vec<Reference>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub total_pairs: Option<usize>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

async fn of_service(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    of_one(reader, request, Kind::Service).await
}

async fn of_process(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    of_one(reader, request, Kind::BusinessProcess).await
}

async fn of_one(reader: Reader<Analyses>, request: HttpRequest, kind: Kind) -> Result<HttpResponse> {
    reader.caller().require(kind.collection(), Action::Read)?;
    let (wanted, spelling) = (Wanted::of(&request)?, object_ref(&request)?);
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), wanted.bounds.moment).await?;
            let link = Link::Unresolved { text: spelling.to_string(), kind: None };
            let asked = [QuestionRef { pointer: String::new(), link: &link, kinds: &[kind] }];
            let found = view.resolve(conn, &asked, &mut Faults::default()).await?;
            let node = found.into_iter().flatten().find_map(|id| view.landscape.node(id)).ok_or(Error::NotFound)?;
            serde_json::to_string(&answer(&view.landscape, node, &wanted, view.seq)?).map_err(Error::internal)
        })
        .await?;
    Ok(tagged(&request, "application/json", text))
}

fn answer(landscape: &Landscape, root: usize, wanted: &Wanted, seq: i64) -> Result<ServiceSpofs> {
    let (items, limit) = (landscape.items(), wanted.bounds.limit);
    let taken = landscape.loss_counts();
    let mut single = points::single_points(landscape.graph(), root);
    single.retain(|node| wanted.wants(landscape, *node));
    let total = single.len();
    single.sort_by_cached_key(|node| (Reverse(taken[*node][1]), Reverse(taken[*node][0]), items[*node].key.clone()));
    let above = above(landscape, root);
    let mut scratch = landscape.scratch();
    let mut told = Vec::with_capacity(total.min(limit));
    for node in single.into_iter().take(limit) {
        let (way, omitted) = match above.get(&node) {
            Some((_, steps)) => {
                let next = |node: &usize| above.get(node).filter(|(_, steps)| *steps > 0).map(|(next, _)| *next);
                cut(std::iter::successors(Some(node), next), steps + 1, root)
            }
            // Through a redundancy group: only the loss itself tells.
            None => {
                let way = landscape.graph().impact(&mut scratch, &[node]).cause(root, usize::MAX).way;
                let length = way.len();
                cut(way.into_iter(), length, root)
            }
        };
        told.push(ServiceSpof {
            item: items[node].reference(),
            cause: way.into_iter().map(|node| items[node].reference()).collect(),
            cause_omitted: Some(omitted).filter(|omitted| *omitted > 0),
            services: taken[node][0],
            vital_business_functions: taken[node][1],
        });
    }
    let wants = |node: usize| wanted.wants(landscape, node);
    let pairs = match wanted.pairs {
        true => Some(points::point_pairs(landscape.graph(), root, &wants, MAX_WORK).map_err(|_| too_many())?),
        false => None,
    };
    let pair = |(one, other): &(usize, usize)| vec![items[*one].reference(), items[*other].reference()];
    Ok(ServiceSpofs {
        of: items[root].reference(),
        items: told,
        total,
        total_pairs: pairs.as_ref().map(Vec::len),
        pairs: pairs.map(|all| all.iter().take(limit).map(pair).collect()),
        seq,
    })
}

/// As much of a way as is told: its beginning and its last node, and how many are left out.
fn cut(way: impl Iterator<Item = usize>, length: usize, last: usize) -> (Vec<usize>, usize) {
    if length <= MAX_OF_CAUSE {
        return (way.collect(), 0);
    }
    (way.take(MAX_OF_CAUSE - 1).chain([last]).collect(), length - MAX_OF_CAUSE)
}

/// For everything whose loss takes the root down without a redundancy group on the way: what it takes down next on a
/// shortest way to the root, and how many steps that has.
fn above(landscape: &Landscape, root: usize) -> FxHashMap<usize, (usize, usize)> {
    let mut above = FxHashMap::from_iter([(root, (root, 0))]);
    let mut open = vec![(root, 0)];
    let mut next = 0;
    while let Some((node, steps)) = open.get(next).copied() {
        next += 1;
        for step in landscape.graph().providers(node).iter().filter(|s| s.group.is_none() && s.effect == State::Down) {
            let provider = step.node as usize;
            if let Entry::Vacant(place) = above.entry(provider) {
                place.insert((node, steps + 1));
                open.push((provider, steps + 1));
            }
        }
    }
    above
}

pub fn routes(api: &mut Api) {
    let item =
        |kind: &str, key: &str| json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": kind, "key": key, "name": null});
    for kind in [Kind::Service, Kind::BusinessProcess] {
        let word = kind.as_str();
        let path = format!("/api/v1/{}/{{id}}/single-points-of-failure", kind.collection());
        let words = "Items beneath it whose loss alone takes it down, redundancy groups respected, each with one shortest way up. \
                     With `order=2` also the pairs of items whose loss together does, where that of one does not.";
        let example = json!({
            "of": item(word, "EXAMPLE"),
            "items": [{
                "item": item("component", "DISK-1"), "cause": [item("component", "DISK-1"), item(word, "EXAMPLE")],
                "services": 1, "vital_business_functions": 0
            }],
            "total": 1, "seq": 208
        });
        let id = format!("get_{word}_single_points_of_failure");
        let summary = format!("Single points of failure of a {}", word.replace('_', " "));
        let op = Operation::new(Method::GET, &path, kind.collection(), &id, &summary, words);
        let schema = json!({"$ref": "#/components/schemas/ServiceSpofs"});
        let op = with_id(wanting(op).json(200, "The points.", schema, &example, etag()));
        if kind == Kind::Service { api.add(op, of_service) } else { api.add(op, of_process) }
    }
}
