//! `GET /measures/{id}/rfc-draft`: the request for change a measure needs, ready to be put into an ITSM tool.
use super::form::wanted;
use crate::collection::params::{object_ref, parameter, reject_unknown};
use crate::collection::read;
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Date, Error, ExternalRef, Id, Kind, Link, Money, Reference, RenderedReference, Result, Visibility};
use crate::planning::text::markdown;
use crate::resources::components::Component;
use crate::resources::measures::{Implementer, Measure};
use crate::resources::risk_matrix::{Rating, RiskClass};
use crate::resources::risks::Risk;
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceHooks, ResourceTable, Snapshot};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;

const MARKDOWN: &str = "text/markdown";

/// The draft.
#[derive(Serialize)]
struct Draft {
    measure: Reference,
    title: String,
    reason: String,
    risks: Vec<TreatedRisk>,
    affected_items: Vec<Item>,
    implementation: Option<String>,
    back_out: Option<String>,
    test: Option<String>,
    risk_if_not_done: String,
    implementer: Implementer,
    due_on: Option<Date>,
    cost: Option<Money>,
    /// How the tool tells the request's status.
    report_status: Value,
}

#[derive(Serialize)]
struct TreatedRisk {
    risk: Reference,
    class: Option<RiskClass>,
    current: Option<Rating>,
    above_appetite: bool,
    exposed_processes: Vec<RenderedReference>,
}

/// Something the change touches, with its id in the asking system.
#[derive(Serialize)]
struct Item {
    id: Id,
    kind: Kind,
    key: String,
    name: Option<String>,
    external_id: Option<String>,
    url: Option<String>,
}

/// The handler.
pub async fn rfc_draft(reader: Reader<Measure>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Risk.collection(), Action::Read)?;
    let spelling = object_ref(&request)?;
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["system", "format"])?;
    let system = parameter(&parameters, "system").map(str::to_owned);
    let media_type = match parameter(&parameters, "format") {
        None => wanted(&request, &["application/json", MARKDOWN]),
        Some("json") => "application/json",
        Some("markdown") => MARKDOWN,
        Some(_) => return Err(Error::malformed("invalid_parameter", "format is json or markdown")),
    };
    let caller = reader.caller().clone();
    let draft = reader.scan(async move |conn, _| {
        let snapshot = caller.snapshot();
        let measure = read::load_view_of::<Measure>(conn, &snapshot, &spelling).await?;
        draft(conn, &snapshot, measure, system.as_deref()).await
    });
    let draft = draft.await?;
    if media_type == MARKDOWN {
        return Ok(HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(draft.markdown()));
    }
    Ok(HttpResponse::Ok().json(draft))
}

fn ids(links: &[Link]) -> Vec<Id> {
    links.iter().filter_map(Link::id).collect()
}

async fn all<R: ResourceHooks>(conn: &mut Conn<'_>, snapshot: &Snapshot, links: &[Link]) -> Result<Vec<Object<R>>> {
    let found = <R as ResourceTable>::find_all(conn, snapshot.organization, &ids(links)).await?;
    let mut found = read::enrich_of(conn, snapshot, found).await?;
    found.sort_by(|a, b| a.meta.key.cmp(&b.meta.key));
    Ok(found)
}

fn reference<R: ResourceHooks>(object: &Object<R>) -> Reference {
    let meta = &object.meta;
    Reference { id: meta.id, kind: R::KIND, key: meta.key.clone(), name: meta.name.clone() }
}

fn item<R: ResourceHooks>(object: &Object<R>, system: Option<&str>) -> Item {
    let fits = |one: &&ExternalRef| system.is_some_and(|system| one.system == system);
    let external = object.meta.external_refs.iter().find(fits);
    let Reference { id, kind, key, name } = reference(object);
    Item { id, kind, key, name, external_id: external.map(|one| one.id.clone()), url: external.and_then(|one| one.url.clone()) }
}

async fn draft(conn: &mut Conn<'_>, snapshot: &Snapshot, measure: Object<Measure>, system: Option<&str>) -> Result<Draft> {
    let body = &measure.body;
    let risks = all::<Risk>(conn, snapshot, &body.risks).await?;
    let mut items: Vec<Item> =
        all::<Service>(conn, snapshot, &body.services).await?.iter().map(|one| item(one, system)).collect();
    items.extend(all::<Component>(conn, snapshot, &body.components).await?.iter().map(|one| item(one, system)));
    items.retain(|item| !snapshot.visibility.hides(item.kind));
    let treated: Vec<TreatedRisk> = risks
        .iter()
        .map(|risk| TreatedRisk {
            risk: reference(risk),
            class: risk.derived.class,
            current: risk.body.current,
            above_appetite: risk.derived.above_appetite,
            exposed_processes: seen(risk.derived.exposed_processes.clone(), &snapshot.visibility),
        })
        .collect();
    let title = measure.meta.name.clone().unwrap_or_else(|| measure.meta.key.clone());
    let status = json!({
        "method": "PUT",
        "path": format!("/api/v1/change-requests/ref:{}:{{id}}", system.unwrap_or("{system}")),
        "body": {"title": title, "status": "submitted", "measures": [measure.meta.id]}
    });
    Ok(Draft {
        reason: reason(&measure, &treated),
        risk_if_not_done: if_not_done(&treated),
        measure: reference(&measure),
        title,
        risks: treated,
        affected_items: items,
        implementation: body.implementation_plan.clone(),
        back_out: body.backout_plan.clone(),
        test: body.test_plan.clone(),
        implementer: body.implementer,
        due_on: body.due_on,
        cost: body.cost.clone(),
        report_status: status,
    })
}

/// Those of them that may be shown: they stand in texts too.
fn seen(mut all: Vec<RenderedReference>, visibility: &Visibility) -> Vec<RenderedReference> {
    all.retain(|one| !visibility.hides(one.reference().kind));
    all
}

fn name(reference: &Reference) -> &str {
    reference.name.as_deref().unwrap_or(&reference.key)
}

fn class(risk: &TreatedRisk) -> &'static str {
    risk.class.map_or("not assessed", |class| crate::model::StringEnum::as_str(class))
}

/// Why the change is wanted, in sentences.
fn reason(measure: &Object<Measure>, risks: &[TreatedRisk]) -> String {
    let mut out = measure.meta.description.clone().unwrap_or_default();
    if risks.is_empty() {
        return out;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str("It treats ");
    let told = risks.iter().map(|risk| format!("{} {:?} ({})", risk.risk.key, name(&risk.risk), class(risk)));
    out.push_str(&told.collect::<Vec<_>>().join("; "));
    out.push('.');
    out
}

/// What stays as it is without the change, in sentences.
fn if_not_done(risks: &[TreatedRisk]) -> String {
    let mut out = String::new();
    for risk in risks {
        let above = if risk.above_appetite { ", above what the organisation bears" } else { "" };
        let _ = write!(out, "{} stays {}{above}", risk.risk.key, class(risk));
        let exposed: Vec<&str> = risk.exposed_processes.iter().map(|one| name(one.reference())).collect();
        if !exposed.is_empty() {
            let _ = write!(out, "; exposed: {}", exposed.join(", "));
        }
        out.push_str(". ");
    }
    if out.is_empty() { "The measure names no risk.".into() } else { out.trim_end().to_owned() }
}

impl Draft {
    fn markdown(&self) -> String {
        let mut out = format!("# {}\n", markdown(&self.title));
        let mut section = |title: &str, body: String| {
            let _ = write!(out, "\n## {title}\n\n{body}\n");
        };
        section("Reason", markdown(&self.reason));
        let risks = self.risks.iter().map(|risk| {
            let exposed: Vec<String> = risk.exposed_processes.iter().map(|one| markdown(name(one.reference()))).collect();
            let exposed = if exposed.is_empty() { "no business process".to_owned() } else { exposed.join(", ") };
            format!("- {} {} ({}), exposes {exposed}", markdown(&risk.risk.key), markdown(name(&risk.risk)), class(risk))
        });
        section("Risks", risks.collect::<Vec<_>>().join("\n"));
        let items = self.affected_items.iter().map(|item| {
            let label = item.name.as_deref().unwrap_or(&item.key);
            let external = item.external_id.as_deref().map(|id| format!(", {}", markdown(id))).unwrap_or_default();
            format!("- {} ({}{external})", markdown(label), markdown(&item.key))
        });
        section("Affected items", items.collect::<Vec<_>>().join("\n"));
        let missing = || "Not described yet.".to_owned();
        let told = |text: &Option<String>| text.as_deref().map_or_else(missing, markdown);
        section("Implementation", told(&self.implementation));
        section("Back-out", told(&self.back_out));
        section("Test", told(&self.test));
        section("Risk if not done", markdown(&self.risk_if_not_done));
        out
    }
}

pub fn schemas() -> Value {
    let text = |most: u32| json!({"type": "string", "maxLength": most});
    let optional = |most: u32| json!({"type": ["string", "null"], "maxLength": most});
    let reference = json!({"$ref": "#/components/schemas/Reference"});
    let or_null = |name: &str| json!({"oneOf": [{"type": "null"}, {"$ref": format!("#/components/schemas/{name}")}]});
    let risk = json!({
        "type": "object", "required": ["risk", "class", "current", "above_appetite", "exposed_processes"],
        "properties": {
            "risk": reference, "class": or_null("RiskClass"), "current": or_null("Rating"), "above_appetite": {"type": "boolean"},
            "exposed_processes": {"type": "array", "maxItems": 10_000, "items": reference}
        }
    });
    let item = json!({
        "type": "object", "required": ["id", "kind", "key", "name", "external_id", "url"],
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "kind": {"$ref": "#/components/schemas/Kind"}, "key": text(64),
            "name": optional(200), "external_id": optional(255), "url": optional(2000)
        }
    });
    let names = [
        "measure",
        "title",
        "reason",
        "risks",
        "affected_items",
        "implementation",
        "back_out",
        "test",
        "risk_if_not_done",
        "implementer",
        "due_on",
        "cost",
        "report_status",
    ];
    json!({"RfcDraft": {
        "type": "object", "required": names,
        "properties": {
            "measure": reference, "title": text(200), "reason": text(100_000),
            "risks": {"type": "array", "maxItems": 200, "items": risk},
            "affected_items": {"type": "array", "maxItems": 400, "items": item, "description": "With their ids in the system asked for."},
            "implementation": optional(4000), "back_out": optional(4000), "test": optional(4000),
            "risk_if_not_done": text(1_000_000), "implementer": {"$ref": "#/components/schemas/Implementer"},
            "due_on": {"type": ["string", "null"], "format": "date"}, "cost": or_null("Money"),
            "report_status": {"type": "object", "description": "How the tool tells the status of its request, by its own id.",
                "required": ["method", "path", "body"],
                "properties": {"method": text(8), "path": text(400), "body": {"type": "object"}}}
        }
    }})
}

pub fn routes(api: &mut Api) {
    let words = "Title, reason with the risks and their classes, affected items with their ids in the asking system, \
                 implementation, back-out, test, and the risk if it is not done. Needs `risks:read` too.";
    let example = json!({
        "measure": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "measure", "key": "MSR-RAISE-SAN", "name": "Raise the storage array"},
        "title": "Raise the storage array", "reason": "It treats RSK-FLOOD-NORTH \"Harbour flood\" (high).", "risks": [], "affected_items": [],
        "implementation": "Fail over, move, fail back.", "back_out": null, "test": null,
        "risk_if_not_done": "RSK-FLOOD-NORTH stays high.", "implementer": "infrastructure_management", "due_on": "2027-03-31", "cost": null,
        "report_status": {"method": "PUT", "path": "/api/v1/change-requests/ref:servicenow:{id}", "body": {"status": "submitted"}}
    });
    let path = "/api/v1/measures/{id}/rfc-draft";
    let operation =
        Operation::new(Method::GET, path, "measures", "get_measure_rfc_draft", "Draft of the request for change", words)
            .permission("measures", Action::Read)
            .path_parameter("id", "The UUID, `key:KEY` or `ref:system:id` (percent-encoded).", "key:EXAMPLE")
            .query(
                "system",
                json!({"type": "string", "maxLength": 64}),
                "The asking ITSM tool: items are told with their ids there.",
            )
            .query("format", json!({"type": "string", "enum": ["json", "markdown"]}), "Instead of `Accept`.")
            .json(200, "The draft.", json!({"$ref": "#/components/schemas/RfcDraft"}), &example, Value::Null)
            .also(200, MARKDOWN, "# Raise the storage array\n")
            .problems(&[404]);
    api.add(operation, rfc_draft);
}
