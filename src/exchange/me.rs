//! `GET /me`: who is asking and what they may do.
use crate::collection::params::reject_unknown;
use crate::http::context::RequestContext;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Error, Id, Result, Role, Timestamp};
use crate::store::resolve;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::HashSet;

/// The handler.
pub async fn me(caller: RequestContext, request: HttpRequest) -> Result<HttpResponse> {
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let identity = caller.identity();
    let id = caller.organization();
    let names = caller.app().store.read(async |conn| resolve::references(conn, Id::SYSTEM, &HashSet::from([id])).await).await?;
    let organization = names.get(&id).ok_or_else(|| Error::Forbidden("the organisation is gone".into()))?;
    Ok(HttpResponse::Ok().json(json!({
        "subject": identity.subject,
        "organization": organization,
        "roles": identity.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
        "scopes": identity.scopes,
        "permissions": identity.permissions().collect::<Vec<_>>(),
        "api_key": identity.api_key,
        "expires_at": Timestamp::from_seconds(identity.expires_at),
    })))
}

pub fn routes(api: &mut Api) {
    let example = json!({
        "subject": "ana",
        "organization": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "organization", "key": "demo", "name": "Demo"},
        "roles": [Role::ALL[0].as_str()], "scopes": null, "permissions": ["services:read"], "api_key": null, "expires_at": "2026-11-22T10:30:00.000000Z"
    });
    let words = "The subject, organisation, roles and permissions of the token.";
    let operation = Operation::new(Method::GET, "/api/v1/me", "access", "get_me", "Who am I", words).any_caller().json(
        200,
        "The caller.",
        json!({"$ref": "#/components/schemas/Me"}),
        &example,
        Value::Null,
    );
    api.add(operation, me);
}
