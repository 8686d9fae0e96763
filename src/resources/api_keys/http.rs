//! `POST /api-keys/{id}/secret`: making the secret of a key, and another in its place.
use super::{ApiKey, store};
use crate::auth::new_secret;
use crate::collection::doc::{IF_MATCH, with_id, with_write_headers};
use crate::collection::{action, draft};
use crate::http::context::Writer;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Result, Timestamp};
use crate::store::idempotency::StoredResponse;
use crate::store::{Object, Tx, write_consequence};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

/// How a new secret takes the place of the one before.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct SecretDraft {
    /// How long the secret before it still serves.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604800, default = 0)]
    overlap_seconds: i64,
}

async fn issue(writer: Writer<ApiKey>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    if request.headers().contains_key("idempotency-key") {
        // The answer would have to be kept, and the secret in it.
        let detail = "Idempotency-Key: a secret is told once and not kept, so it cannot be told again; ask for another";
        return Err(Error::malformed("invalid_parameter", detail));
    }
    action::run_action(writer, request, payload, draft::parse_strict, issued).await
}

/// Makes a secret, and tells it.
async fn issued(tx: &mut Tx, old: Object<ApiKey>, said: SecretDraft) -> Result<StoredResponse> {
    let identity = tx.context().identity.clone();
    if identity.is_some_and(|identity| !old.body.excess(&identity).is_empty()) {
        return Err(Error::Forbidden("the key may do more than you may, or outlives you: you could act by its secret".into()));
    }
    let (secret, digest) = new_secret().map_err(Error::Internal)?;
    let (id, now) = (old.meta.id, tx.context().now);
    store::replace_secret(tx, id, &digest, said.overlap_seconds).await?;
    let mut body = old.body.clone();
    body.secret_issued_at = Some(now);
    let earlier = old.body.secret_issued_at.and_then(|_| Timestamp::from_seconds(now.seconds() + said.overlap_seconds));
    let new = write_consequence(tx, old, body).await?;
    let answer = json!({
        "secret": secret,
        "issued_at": now,
        "expires_at": new.body.expires_at,
        "earlier_serves_until": earlier,
    });
    Ok(StoredResponse { status: 201, location: None, etag: None, body: answer.to_string() })
}

pub fn routes(api: &mut Api) {
    let words = "Makes the secret of the key, which is told in this answer and never again: the service keeps its SHA-256 only. \
                 Asked again it makes another, and the one before serves for `overlap_seconds` still. A call carries it as \
                 `Authorization: Bearer hf_…`. There is no `Idempotency-Key`, for the answer is not kept.";
    let path = "/api/v1/api-keys/{id}/secret";
    let example = json!({
        "secret": "hf_Zm9yIHRoZSBkb2N1bWVudCBvbmx5LCBub3QgYSBrZXk",
        "issued_at": "2026-11-28T09:30:00.000000Z", "expires_at": "2027-11-30T00:00:00.000000Z", "earlier_serves_until": null
    });
    let time = |words: &str| json!({"type": ["string", "null"], "format": "date-time", "description": words});
    let answer = json!({
        "type": "object",
        "required": ["secret", "issued_at", "expires_at", "earlier_serves_until"],
        "properties": {
            "secret": {"type": "string", "maxLength": 64, "description": "To be shown as a bearer token. It is told only here."},
            "issued_at": {"type": "string", "format": "date-time"},
            "expires_at": {"type": "string", "format": "date-time", "description": "When the key ends."},
            "earlier_serves_until": time("Until when the secret before it serves."),
        }
    });
    let op = Operation::new(Method::POST, path, "api-keys", "issue_api_key_secret", "Make the secret of a key", words)
        .permission("api-keys", Action::Write)
        .header("If-Match", IF_MATCH)
        .body(&["application/json"], json!({"$ref": "#/components/schemas/SecretDraft"}), &json!({"overlap_seconds": 3600}))
        .json(201, "The secret.", answer, &example, Value::Null);
    api.add(with_write_headers(with_id(op)).problems(&[428]), issue);
}
