//! Copies: a version becomes a new draft of its plan, or the first draft of another plan.
use crate::collection::command::WriteOutcome;
use crate::collection::doc::{etag, example_of, schema_ref, with_id, with_write_headers};
use crate::collection::http::render;
use crate::collection::{action, draft, nested_resource};
use crate::http::context::Writer;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Lifecycle, Link, Result, Timestamp};
use crate::resources::plan_versions::{PlanVersion, VersionStatus, store};
use crate::resources::plans::Plan;
use crate::store::idempotency::StoredResponse;
use crate::store::{Object, ResourceTable, Tx, create, kind_of};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// What the copy of a version is called.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct VersionCopy {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
}

/// What the copy of a plan is called.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct PlanCopy {
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// The number of the version to begin with; the active one, or the latest where none is, when left out.
    #[serde(default)]
    #[schema(minimum = 1)]
    version: Option<i64>,
}

/// The same content as a draft. Whoever has written it stays an author of it, and whoever copies it becomes one.
fn drafted(version: &PlanVersion, plan: Link, actor: &str, now: Timestamp) -> PlanVersion {
    let mut draft = PlanVersion { plan, approvals: Vec::new(), ..version.clone() };
    if !draft.authors.iter().any(|author| author == actor) {
        draft.authors.push(actor.to_owned());
    }
    draft.set_status(VersionStatus::Draft, None, now);
    draft
}

async fn copy_version(writer: Writer<PlanVersion>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    nested_resource::resolve_path::<PlanVersion>(writer.caller(), &request).await?;
    let copy = async move |tx: &mut Tx, old: Object<PlanVersion>, said: VersionCopy| {
        let change = tx.context();
        let body = drafted(&old.body, old.body.plan.clone(), &change.actor, change.now);
        let title = said.title.or(old.meta.name);
        let made = create(tx, vec![(title, body)]).await?.pop().ok_or(Error::NotFound)?;
        render(tx, kind_of::<PlanVersion>(), WriteOutcome::Created, made.into()).await
    };
    action::run_action(writer, request, payload, draft::parse_strict, copy).await
}

async fn copy_plan(writer: Writer<Plan>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    writer.caller().require("plan-versions", Action::Write)?;
    action::run_action(writer, request, payload, draft::parse_strict, plan_copied).await
}

async fn plan_copied(tx: &mut Tx, old: Object<Plan>, said: PlanCopy) -> Result<StoredResponse> {
    let org = tx.organization();
    let mut conn = tx.conn()?;
    let active = store::active_now(&mut conn, org, &[old.meta.id]).await?;
    let version = match (said.version, active.get(&old.meta.id)) {
        (None, Some((id, _))) => *id,
        (number, _) => match store::numbered(&mut conn, org, old.meta.id, number).await {
            Err(Error::NotFound) => return Err(Error::invalid("/version", "unknown_version", "the plan has no such version")),
            found => found?,
        },
    };
    let version = PlanVersion::find(&mut conn, org, version).await?.ok_or(Error::NotFound)?;
    let plan = create(tx, vec![(Some(said.title), old.body)]).await?.pop().ok_or(Error::NotFound)?;
    let change = tx.context();
    let body = drafted(&version.body, Link::To(plan.meta.id), &change.actor, change.now);
    create(tx, vec![(version.meta.name, body)]).await?;
    render(tx, kind_of::<Plan>(), WriteOutcome::Created, plan.into()).await
}

pub fn routes(api: &mut Api) {
    let mut created = etag();
    created["Location"] = json!({"description": "Where it is found.", "schema": {"type": "string", "maxLength": 200}});
    let key = "1 to 255 visible ASCII characters, fresh for every different request.";
    let words = "The content of the version becomes a new draft of the same plan. Its authors stay authors, and whoever asks becomes one.";
    let op = nested_resource::operation::<PlanVersion>(
        Method::POST,
        "/copy",
        "copy_version_of_plan",
        "Copy a version of a plan",
        words,
        Action::Write,
    )
    .header("Idempotency-Key", key)
    .body(&["application/json"], schema_ref("VersionCopy"), &json!({"title": "After the move"}))
    .json(201, "The draft.", schema_ref("PlanVersion"), &example_of::<PlanVersion>(), created.clone());
    api.add(with_write_headers(op).problems(&[428]), copy_version);

    let words = "Makes another plan like this one, with its active version, or the one named, as a first draft.";
    let op = Operation::new(Method::POST, "/api/v1/plans/{id}/copy", "plans", "copy_plan", "Copy a plan", words)
        .permission("plans", Action::Write)
        .header("Idempotency-Key", key)
        .body(&["application/json"], schema_ref("PlanCopy"), &json!({"title": "Loss of the southern array"}))
        .json(201, "The new plan.", schema_ref("Plan"), &example_of::<Plan>(), created);
    api.add(with_write_headers(with_id(op)).problems(&[428]), copy_plan);
}
