//! `POST /contacts/{id}/erase`: taking the personal data out of a contact, now and in all of its history.
use super::Contact;
use super::store::erasure::{Erasure, erase};
use crate::collection::doc::{IF_MATCH, schema_ref, with_id, with_write_headers};
use crate::collection::http::{JSON, into_response};
use crate::collection::idempotency::IdempotencyKey;
use crate::collection::params::{conditional_write_options, object_ref};
use crate::collection::{draft, read};
use crate::http::body;
use crate::http::context::{Erasures, Writer};
use crate::http::preconditions::Preconditions;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Kind, ObjectRef, Resource, Result};
use crate::store::idempotency::StoredResponse;
use crate::store::{ResourceTable, Tx, erasure};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

/// Why a contact is erased.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ErasureDraft {
    /// Stands in the history for good: it names nobody.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    reason: String,
}

async fn erase_contact(writer: Writer<Erasures<Contact>>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    writer.caller().require(Contact::KIND.collection(), Action::Erase)?;
    body::require_content_type(&request, JSON)?;
    let mut write_options = conditional_write_options(writer.caller(), &request)?;
    let target = object_ref(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let said: ErasureDraft = draft::parse_strict(body::json(&bytes)?)?;
    write_options.reason = Some(said.reason.trim().to_owned());
    let preconditions = write_options.preconditions.clone();
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    let work = async move |tx: &mut Tx| key.run(tx, async move |tx| erased(tx, &target, &preconditions).await).await;
    // Every version is touched, and none of them may wait in a group for its place in the ledger.
    let (answer, replayed) = writer.write(&write_options, usize::MAX, work).await?;
    Ok(into_response(answer, &write_options, replayed))
}

async fn erased(tx: &mut Tx, target: &ObjectRef, preconditions: &Preconditions) -> Result<StoredResponse> {
    tx.lock_tenant().await?;
    let org = tx.organization();
    let mut conn = tx.conn()?;
    let id = read::locate(&mut conn, org, Kind::Contact, target).await?;
    let old = Contact::find(&mut conn, org, id).await?;
    match &old {
        Some(old) => preconditions.check(old.meta.version)?,
        None if preconditions.versions.is_some() || preconditions.if_match_any => return Err(Error::PreconditionFailed),
        None => {}
    }
    let mut done: Erasure = erase(tx, id, old).await?;
    done.deleted_answers = erasure::forget_answers(tx, id).await?;
    let body = serde_json::to_string(&done).map_err(Error::internal)?;
    Ok(StoredResponse { status: 200, location: None, etag: None, body })
}

pub fn routes(api: &mut Api) {
    let words = "Takes everything personal out of a contact: out of the object, out of every earlier version in the history, and \
                 out of kept answers. What points to the contact points to what is left of it, an `Erased contact`. One that \
                 was deleted is erased by its id. This cannot be undone, and erasing again changes nothing. Nobody erases a \
                 contact that names them, or ever did.";
    let (path, example) = ("/api/v1/contacts/{id}/erase", json!({"reason": "Left the company; request 2026-114"}));
    let answer = json!({
        "id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "key": "ERASED-018F6C2E5A4B7C3D8E9F000000000001", "deleted": false,
        "erased_versions": 4, "deleted_answers": 0
    });
    let op = Operation::new(Method::POST, path, "contacts", "erase_contact", "Erase a contact", words)
        .permission("contacts", Action::Erase)
        .header("If-Match", IF_MATCH)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], schema_ref("ErasureDraft"), &example)
        .json(200, "What was erased.", schema_ref("Erasure"), &answer, Value::Null);
    api.add(with_write_headers(with_id(op)).problems(&[428]), erase_contact);
}
