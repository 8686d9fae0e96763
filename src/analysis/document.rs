//! `GET /plans/{id}/versions/{version}` as the printed plan, and its content as it is hashed.
use super::form::tagged;
use super::schedule::{Covered, Scheduled, mode, scheduled};
use crate::collection::params::{parameter, reject_unknown};
use crate::collection::{nested_resource, view};
use crate::http::context::{OfKind, Reader, RequestContext};
use crate::http::headers;
use crate::http::routes::Api;
use crate::model::{Action, Error, Id, Kind, Link, ObjectRef, Result, StringEnum, Timestamp, Visibility, WITHHELD};
use crate::planning::document::{self, Approval, Document, Member, Message, Person, STYLE, Section, Step};
use crate::resources::contacts::Contact;
use crate::resources::organizations::Organization;
use crate::resources::plan_versions::{Decision, Execution, PlanVersion};
use crate::resources::runs::RunMode;
use crate::store::{AnyObject, Conn, Object, ResourceTable, kind_of, resolve};
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::LazyLock;

const HTML: &str = "text/html";
const MARKDOWN: &str = "text/markdown";

/// Nothing but the page's own style: whatever stands in a plan, browsers neither run nor load anything.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
});

/// The version as JSON, or as a document for people.
async fn get(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    let form = match parameter(&parameters, "format") {
        None => [HTML, MARKDOWN].into_iter().find(|media| headers::accepts(&request, media)),
        Some("json") => None,
        Some("html") => Some(HTML),
        Some("markdown") => Some(MARKDOWN),
        Some(_) => return Err(Error::malformed("invalid_parameter", "format is json, html or markdown")),
    };
    let Some(form) = form else { return nested_resource::get::<PlanVersion>(reader, request).await };
    reject_unknown(&parameters, &["mode", "format"])?;
    let mode = mode(&parameters)?;
    reader.caller().require(Kind::Plan.collection(), Action::Read)?;
    reader.caller().require(Kind::Contact.collection(), Action::Read)?;
    nested_resource::resolve_path::<PlanVersion>(reader.caller(), &request).await?;
    let (id, caller) = (nested_resource::resolved_id(&request)?, reader.caller().clone());
    let document = reader.scan(async move |conn, _| compiled(conn, &caller, id, mode).await).await?;
    let text = if form == HTML { document::html(&document) } else { document::markdown(&document) };
    let mut response = tagged(&request, &format!("{form}; charset=utf-8"), text);
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        response.headers_mut().insert(actix_web::http::header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

async fn compiled(conn: &mut Conn<'_>, caller: &RequestContext, id: Id, mode: RunMode) -> Result<Document> {
    let scheduled = scheduled(conn, &caller.snapshot(), id, mode).await?;
    let (plan, version) = (&scheduled.plan, &scheduled.version.body);
    let mut links: Vec<&Link> = version.team.iter().flat_map(|seat| [&seat.contact, &seat.deputy]).flatten().collect();
    links.extend(plan.body.owner.as_ref());
    let ids: Vec<Id> = links.iter().filter_map(|link| link.id()).collect();
    let contacts = Contact::find_all(conn, caller.organization(), &ids).await?;
    let contacts: HashMap<Id, Object<Contact>> = contacts.into_iter().map(|one| (one.meta.id, one)).collect();
    let person = |link: &Option<Link>| link.as_ref().and_then(Link::id).and_then(|id| contacts.get(&id)).map(person);
    let organization = Organization::find(conn, Id::SYSTEM, caller.organization()).await?;
    let address = caller.app().config.public_url.as_deref();
    let team = version.team.iter().map(|seat| Member {
        role: seat.role.clone(),
        person: person(&seat.contact),
        deputy: person(&seat.deputy),
    });
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Ok(Document {
        organization: organization.and_then(|one| one.meta.name).unwrap_or_default(),
        key: plan.meta.key.clone(),
        title: plan.meta.name.clone().unwrap_or_default(),
        kind: plan.body.kind.as_str().into(),
        version: version.number,
        status: version.status.as_str().into(),
        sha256: version.content_sha256.clone(),
        printed_at: minute(caller.now()),
        address: address.map(|url| format!("{}/api/v1/plans/key:{}/versions/active", url.trim_end_matches('/'), plan.meta.key)),
        owner: person(&plan.body.owner),
        covers: scheduled.services.iter().map(|one| covered(one, &scheduled.visibility)).collect(),
        scenarios: plan.body.scenarios.iter().map(|one| one.as_str().replace('_', " ")).collect(),
        recovery_site: plan.body.recovery_site.as_ref().map(|site| named(site, &scheduled.visibility)),
        review_due: plan.body.review_due.map(|date| date.to_string()),
        approvals: version.approvals.iter().map(approval).collect(),
        objectives: version.objectives.clone(),
        scope: version.scope.clone(),
        assumptions: version.assumptions.clone(),
        activation_criteria: version.activation_criteria.clone(),
        deactivation_criteria: version.deactivation_criteria.clone(),
        who_may_invoke: version.invocation.clone(),
        success_criteria: version.success_criteria.clone(),
        sections: (version.sections.iter())
            .map(|one| Section { key: one.key.clone(), title: one.title.clone(), body: text(&one.body) })
            .collect(),
        team: team.collect(),
        communications: (version.communications.iter())
            .map(|one| Message {
                key: one.key.clone(),
                audience: one.audience.clone(),
                channel: text(&one.channel),
                trigger: text(&one.trigger),
                template: text(&one.template),
            })
            .collect(),
        steps: steps(&scheduled),
        planned_seconds: Some(scheduled.table.length()),
        unlimited_seconds: Some(scheduled.table.paths.length),
        critical_path: scheduled.keys(&scheduled.table.critical_chain()).into_iter().map(str::to_owned).collect(),
    })
}

fn person(contact: &Object<Contact>) -> Person {
    Person {
        name: contact.meta.name.clone().unwrap_or_default(),
        key: contact.meta.key.clone(),
        email: contact.body.email.clone(),
        phones: contact.body.phones.iter().map(|phone| phone.0.clone()).collect(),
        channel: contact.body.channel.clone(),
    }
}

fn named(link: &Link, visibility: &Visibility) -> String {
    match link {
        Link::Named(one) if visibility.hides(one.kind) => WITHHELD.to_owned(),
        Link::Named(one) => one.name.clone().unwrap_or_else(|| one.key.clone()),
        _ => String::new(),
    }
}

fn covered(one: &Covered, visibility: &Visibility) -> document::Covered {
    let service = visibility.shown(one.service.clone());
    document::Covered {
        kind: "service".into(),
        key: service.key,
        name: service.name.unwrap_or_default(),
        rto_seconds: one.rto,
        planned_seconds: one.planned,
        verdict: one.verdict().into(),
    }
}

fn approval(one: &crate::resources::plan_versions::Approval) -> Approval {
    Approval {
        role: one.role.as_str().into(),
        name: one.approver.clone(),
        decision: if one.decision == Decision::Approved { "approved".into() } else { "rejected".into() },
        comment: one.comment.clone(),
        at: minute(one.decided_at),
    }
}

/// A moment as people write it.
fn minute(time: Timestamp) -> String {
    format!("{} UTC", time.to_string().get(..16).unwrap_or_default().replace('T', " "))
}

/// The steps in the order of their phases, and within these of their planned starts.
fn steps(scheduled: &Scheduled) -> Vec<Step> {
    let (table, critical) = (&scheduled.table, scheduled.critical());
    let mut places: Vec<usize> = (0..table.kept.len()).collect();
    places.sort_by_key(|place| (scheduled.step(*place).phase as u8, table.spans[*place].start, *place));
    let step = |place: usize| {
        let step = scheduled.step(place);
        Step {
            key: step.key.clone(),
            phase: step.phase.as_str().into(),
            title: step.title.clone(),
            instruction: step.instruction.clone().unwrap_or_default(),
            responsible: scheduled.who(place).unwrap_or_default(),
            after: scheduled.keys(&table.tasks[place].after).into_iter().map(str::to_owned).collect(),
            expected_seconds: Some(step.expected_seconds),
            earliest_seconds: Some(table.spans[place].start),
            critical: critical.contains(&place),
            automated: step.execution == Execution::Automated,
            used_in: step.used_in.as_str().into(),
            recovers: step.recovers.iter().map(|item| named(item, &scheduled.visibility)).collect(),
            verification: step.verification.clone(),
        }
    };
    places.into_iter().map(step).collect()
}

/// The very bytes whose SHA-256 is `content_sha256`.
async fn content(reader: Reader<PlanVersion>, request: HttpRequest) -> Result<HttpResponse> {
    nested_resource::resolve_path::<PlanVersion>(reader.caller(), &request).await?;
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let id = ObjectRef::Id(nested_resource::resolved_id(&request)?);
    let version = reader.read(async |conn, org| crate::collection::read::load_of::<PlanVersion>(conn, org, &id).await).await?;
    let (mut whole, visibility) = (AnyObject::from(version.clone()), reader.caller().visibility().clone());
    let ids = view::targets(std::slice::from_mut(&mut whole));
    let targets = reader.read(async |conn, org| resolve::references(conn, org, &ids).await).await?;
    // A part of these bytes would have another digest.
    if let Some(hidden) = targets.values().find(|one| visibility.hides(one.kind)) {
        reader.caller().require(hidden.kind.collection(), Action::Read)?;
    }
    Ok(tagged(&request, "application/json", version.body.canonical()))
}

pub fn routes(api: &mut Api) {
    let op = nested_resource::get_operation::<PlanVersion>()
        .query("format", json!({"type": "string", "enum": ["json", "html", "markdown"]}), "Instead of `Accept`.")
        .query("mode", json!({"type": "string", "enum": ["actual", "exercise"], "default": "actual"}), "Whose steps are printed.")
        .also(200, HTML, "<!DOCTYPE html>")
        .also(200, MARKDOWN, "# Loss of the storage array\n");
    api.add_of(kind_of::<PlanVersion>(), op, get);
    let words = "The content as canonical JSON (RFC 8785), references by id: the very bytes whose SHA-256 is `content_sha256`.";
    let op = nested_resource::operation::<PlanVersion>(
        Method::GET,
        "/content",
        "get_content_of_version",
        "Content of a version, as it is hashed",
        words,
        Action::Read,
    )
    .header("If-None-Match", "An ETag; 304 when it still holds.")
    .json(200, "The content.", json!({"type": "object"}), &json!({"number": 1, "steps": []}), crate::collection::doc::etag())
    .response(304, "Unchanged.", Value::Null, crate::collection::doc::etag());
    api.add(op, content);
}
