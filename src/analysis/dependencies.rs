//! `GET /{collection}/{id}/dependencies`: what an object depends on, or what depends on it, respecting redundancy.
use super::drawing::Drawing;
use super::form::{MERMAID, SVG, form};
use crate::collection::params::{object_ref, reject_unknown};
use crate::collection::read;
use crate::graph::net::State;
use crate::graph::region::{Dependency, Direction, Extent, MAX_EDGES, MAX_NODES, region_nodes};
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::landscape::region;
use crate::model::{Action, Error, Kind, Reference, Result, StringEnum};
use crate::planning::map;
use crate::resources::business_processes::BusinessProcess;
use crate::resources::components::Component;
use crate::resources::services::Service;
use crate::resources::sites::Site;
use crate::resources::suppliers::Supplier;
use crate::store::{ResourceHooks, resolve};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

const MAX_DEPTH: usize = 32;
const DEFAULT_DEPTH: usize = 10;
const DOT: &str = "text/vnd.graphviz";

/// The handler.
async fn dependencies<R: ResourceHooks>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Mapping.collection(), Action::Read)?;
    let spelling = object_ref(&request)?;
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["direction", "depth", "format"])?;
    let value = |name: &str| parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let bad = |detail: &str| Error::malformed("invalid_parameter", detail);
    let direction = match value("direction") {
        None | Some("down") => Direction::Down,
        Some("up") => Direction::Up,
        Some(_) => return Err(bad("direction is up or down")),
    };
    let depth = match value("depth").map(str::parse::<usize>) {
        None => DEFAULT_DEPTH,
        Some(Ok(depth)) if (1..=MAX_DEPTH).contains(&depth) => depth,
        Some(_) => return Err(bad("depth is an integer from 1 to 32")),
    };
    let forms = [("json", "application/json"), ("svg", SVG), ("dot", DOT), ("mermaid", MERMAID)];
    let format = form(&request, &parameters, &forms)?;
    let most = if format == "svg" { map::MAX_NODES } else { MAX_NODES };
    let visibility = reader.caller().visibility().clone();
    let (media_type, text) = reader
        .scan(async move |conn, org| {
            let root = read::locate(conn, org, R::KIND, &spelling).await?;
            R::find(conn, org, root).await?.ok_or(Error::NotFound)?;
            let found = region::region(conn, org, root, direction, Extent { depth, nodes: most, edges: MAX_EDGES }).await?;
            if found.distances.len() > most {
                let detail = format!("more than {most} objects lie within this depth: ask for a smaller one");
                return Err(Error::status(422, "too_many_objects", detail));
            }
            if found.dependencies.len() > MAX_EDGES {
                let detail = format!("more than {MAX_EDGES} dependencies lie within this depth: ask for a smaller one");
                return Err(Error::status(422, "too_many_objects", detail));
            }
            let mut places = region_nodes(root, direction, &found.distances, &found.dependencies);
            let mut ids: HashSet<_> = places.iter().map(|place| place.id).collect();
            let names = resolve::references(conn, org, &ids).await?;
            ids.retain(|id| names.get(id).is_none_or(|known| !visibility.hides(known.kind)));
            places.retain(|place| ids.contains(&place.id));
            let drawn = |edge: &Dependency| ids.contains(&edge.dependent) && ids.contains(&edge.provider);
            let edges: Vec<Dependency> = found.dependencies.into_iter().filter(drawn).collect();
            let named = |id| names.get(id).cloned().ok_or(Error::NotFound);
            if format != "json" {
                let nodes = places.iter().map(|place| Ok((named(&place.id)?, place.state))).collect::<Result<Vec<_>>>()?;
                let drawing = Drawing { root, direction, nodes: &nodes, edges: &edges, more: found.more };
                return Ok(match format {
                    "svg" => (SVG, drawing.svg()),
                    "dot" => (DOT, drawing.dot()),
                    _ => (MERMAID, drawing.mermaid()),
                });
            }
            let nodes = places
                .iter()
                .map(|place| Ok(node(named(&place.id)?, place.distance, place.state, direction)))
                .collect::<Result<Vec<_>>>()?;
            let answer = json!({
                "root": named(&root)?,
                "direction": if direction == Direction::Down { "down" } else { "up" },
                "depth": depth,
                "nodes": nodes,
                "edges": edges.iter().map(edge).collect::<Vec<_>>(),
                "truncated": found.more,
            });
            Ok(("application/json", answer.to_string()))
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header(("vary", "accept")).content_type(media_type).body(text))
}

fn node(reference: Reference, distance: usize, state: State, direction: Direction) -> Value {
    let mut node = json!(reference);
    node["distance"] = distance.into();
    match direction {
        Direction::Down => node["effect_on_root"] = state.as_str().into(),
        Direction::Up => node["state"] = state.as_str().into(),
    }
    node
}

fn edge(edge: &Dependency) -> Value {
    let effect = match edge.effect {
        State::Down => "cascade",
        State::Degraded => "partial",
        State::Up => "none",
    };
    json!({
        "mapping": edge.mapping, "dependent": edge.dependent, "provider": edge.provider, "relation": edge.relation, "effect": effect,
        "redundancy_group": edge.group, "required": edge.required, "needed_to_start": edge.needed_to_start,
    })
}

/// One operation for each kind that depends on something or has something that depends on it.
pub fn routes(api: &mut Api) {
    route::<BusinessProcess>(api);
    route::<Service>(api);
    route::<Component>(api);
    route::<Site>(api);
    route::<Supplier>(api);
}

fn route<R: ResourceHooks>(api: &mut Api) {
    let kind = R::KIND.as_str();
    let path = format!("/api/v1/{}/{{id}}/dependencies", R::KIND.collection());
    let id = "018f6c2e-5a4b-7c3d-8e9f-000000000001";
    let other = "018f6c2e-5a4b-7c3d-8e9f-000000000002";
    let example = json!({
        "root": {"id": id, "kind": kind, "key": "EXAMPLE", "name": "Example"}, "direction": "down", "depth": 10,
        "nodes": [
            {"id": id, "kind": kind, "key": "EXAMPLE", "name": "Example", "distance": 0, "effect_on_root": "down"},
            {"id": other, "kind": "component", "key": "DB-1", "name": "Database, node 1", "distance": 1, "effect_on_root": "up"}
        ],
        "edges": [{
            "mapping": "018f6c2e-5a4b-7c3d-8e9f-000000000003", "dependent": id, "provider": other, "relation": "reads_from",
            "effect": "cascade", "redundancy_group": "database", "required": 1, "needed_to_start": true
        }],
        "truncated": false
    });
    let words = "What it depends on (`down`) or what depends on it (`up`), through mappings and places, with the distance. \
                 Down, `effect_on_root` tells what losing that one alone does to the root; up, `state` tells what losing the root \
                 does to that one: redundancy groups are respected. Needs `mappings:read` too. At most 2,000 objects, \
                 300 as a picture.";
    let operation = Operation::new(
        Method::GET,
        &path,
        R::KIND.collection(),
        &format!("get_{kind}_dependencies"),
        &format!("Dependencies of a {}", kind.replace('_', " ")),
        words,
    )
    .permission(R::KIND.collection(), Action::Read)
    .path_parameter("id", "The UUID, `key:KEY` or `ref:system:id` (percent-encoded).", "key:EXAMPLE")
    .query("direction", json!({"type": "string", "enum": ["down", "up"], "default": "down"}), "Which way to look.")
    .query("depth", json!({"type": "integer", "minimum": 1, "maximum": MAX_DEPTH, "default": DEFAULT_DEPTH}), "How far.")
    .query("format", json!({"type": "string", "enum": ["json", "svg", "dot", "mermaid"]}), "Instead of `Accept`.")
    .json(200, "The region.", json!({"$ref": "#/components/schemas/Dependencies"}), &example, Value::Null)
    .also(200, SVG, "<svg/>")
    .also(200, DOT, "digraph dependencies {}\n")
    .also(200, MERMAID, "flowchart LR\n")
    .problems(&[404, 422]);
    api.add(operation, dependencies::<R>);
}

/// Schemas of this room, for the document.
pub fn schemas() -> Map<String, Value> {
    let uuid = json!({"type": "string", "format": "uuid"});
    let optional = json!({"type": ["string", "null"], "maxLength": 200});
    let state = json!({"type": "string", "enum": ["up", "degraded", "down"]});
    let node = json!({
        "type": "object", "required": ["id", "kind", "key", "name", "distance"],
        "properties": {
            "id": uuid, "kind": {"$ref": "#/components/schemas/Kind"}, "key": {"type": "string", "maxLength": 64}, "name": optional,
            "distance": {"type": "integer", "minimum": 0, "maximum": MAX_DEPTH}, "effect_on_root": state, "state": state
        }
    });
    let edge = json!({
        "type": "object",
        "required": ["mapping", "dependent", "provider", "relation", "effect", "redundancy_group", "required", "needed_to_start"],
        "properties": {
            "mapping": {"type": ["string", "null"], "format": "uuid", "description": "Null where a place implies the dependency (`located_at`)."},
            "dependent": uuid, "provider": uuid, "relation": {"type": "string", "maxLength": 64},
            "effect": {"type": "string", "enum": ["cascade", "partial", "none"]},
            "redundancy_group": optional, "required": {"type": ["integer", "null"], "minimum": 1, "maximum": 1000},
            "needed_to_start": {"type": "boolean"}
        }
    });
    let all = json!({
        "Dependencies": {
            "type": "object", "required": ["root", "direction", "depth", "nodes", "edges", "truncated"],
            "properties": {
                "root": {"$ref": "#/components/schemas/Reference"},
                "direction": {"type": "string", "enum": ["down", "up"]},
                "depth": {"type": "integer", "minimum": 1, "maximum": MAX_DEPTH},
                "nodes": {"type": "array", "maxItems": MAX_NODES, "items": {"$ref": "#/components/schemas/DependencyNode"}},
                "edges": {"type": "array", "maxItems": MAX_EDGES, "items": {"$ref": "#/components/schemas/DependencyEdge"}},
                "truncated": {"type": "boolean", "description": "Whether more lies beyond the depth."}
            }
        },
        "DependencyNode": node,
        "DependencyEdge": edge
    });
    let Value::Object(all) = all else { return Map::new() };
    all
}
