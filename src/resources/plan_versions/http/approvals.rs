//! `POST /plans/{id}/versions/{version}/approvals`: approving or rejecting a version in review.
use crate::collection::doc::{IF_MATCH, etag, example_of, schema_ref, with_write_headers};
use crate::collection::{action, draft, nested_resource};
use crate::http::context::{Transitions, Writer};
use crate::http::routes::Api;
use crate::model::{Action, Error, Result, Role, StringEnum};
use crate::resources::plan_versions::{Approval, ApproverRole, Decision, PlanVersion, VersionStatus};
use crate::store::{Object, Tx, kind_of};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// What somebody says of a version.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ApprovalDraft {
    /// The role in which it is said; the caller must have it.
    role: ApproverRole,
    decision: Decision,
    #[serde(default)]
    #[schema(max_length = 500)]
    comment: Option<String>,
}

async fn approve(writer: Writer<Transitions>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    writer.caller().require("plan-versions", Action::Approve)?;
    nested_resource::resolve_path::<PlanVersion>(writer.caller(), &request).await?;
    let decide = async move |tx: &mut Tx, old: Object<PlanVersion>, said: ApprovalDraft| {
        let body = decided(tx, &old.body, said)?;
        action::update_and_render(tx, old, body).await
    };
    action::run_action(writer, request, payload, draft::parse_strict, decide).await
}

/// The version with what somebody has said of it.
///
/// # Errors
/// When it is not in review, or not theirs to say.
pub fn decided(tx: &Tx, version: &PlanVersion, said: ApprovalDraft) -> Result<PlanVersion> {
    if version.status != VersionStatus::InReview {
        let detail = format!("the version is {}: only one in review is approved or rejected", version.status.as_str());
        return Err(Error::conflict("transition_closed", detail));
    }
    let change = tx.context();
    let held = |role: &Role| role.as_str() == said.role.as_str();
    if change.identity.as_ref().is_some_and(|identity| !identity.roles.iter().any(held)) {
        return Err(Error::Forbidden(format!("your token does not have the role {}", said.role.as_str())));
    }
    if version.approvals.iter().any(|one| change.is_by(&one.approver)) {
        return Err(Error::conflict("already_decided", "you have decided on this version already"));
    }
    let mut next = version.clone();
    next.approvals.push(Approval {
        role: said.role,
        decision: said.decision,
        approver: change.actor.clone(),
        comment: said.comment,
        decided_at: change.now,
    });
    Ok(next)
}

pub fn routes(api: &mut Api) {
    let words = "Approves or rejects a version in review, each person once, in a role the token has. When all roles the \
                 settings want have approved, and somebody who is no author, the version can be moved to `approved`.";
    let body = json!({"role": "process_owner", "decision": "approved", "comment": "Walked through with the team"});
    let op = nested_resource::operation::<PlanVersion>(
        Method::POST,
        "/approvals",
        "decide_on_version_of_plan",
        "Approve or reject a version of a plan",
        words,
        Action::Approve,
    )
    .header("If-Match", IF_MATCH)
    .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
    .body(&["application/json"], schema_ref("ApprovalDraft"), &body)
    .json(200, "The version.", schema_ref("PlanVersion"), &example_of::<PlanVersion>(), etag());
    api.add_of(kind_of::<PlanVersion>(), with_write_headers(op).problems(&[428]), approve);
}
