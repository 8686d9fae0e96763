//! Routes of the collection, and raising the corrective measure of a finding.
use super::Finding;
use crate::collection::change_set::put_one;
use crate::collection::command::WriteOutcome;
use crate::collection::doc::{IF_MATCH, etag, example_of, schema_ref, with_id, with_write_headers};
use crate::collection::http::render;
use crate::collection::{Draft, action, draft};
use crate::http::context::Writer;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Link, Resource, Result};
use crate::resources::measures::Measure;
use crate::store::idempotency::StoredResponse;
use crate::store::{Object, Tx, kind_of, write_consequence};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

async fn correct(writer: Writer<Finding>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    action::run_action(writer, request, payload, |value| draft::parse(kind_of::<Measure>(), value), raised).await
}

/// Proposes a measure and links it.
async fn raised(tx: &mut Tx, old: Object<Finding>, said: Draft) -> Result<StoredResponse> {
    if old.body.measure.is_some() {
        return Err(Error::conflict("already_linked", "the finding has a corrective measure already"));
    }
    let (_, measure) = put_one(tx, kind_of::<Measure>(), None, said).await?;
    let mut body = old.body.clone();
    body.measure = Some(Link::To(measure.meta().id));
    let new = write_consequence(tx, old, body).await?;
    let mut answer = render(tx, kind_of::<Finding>(), WriteOutcome::Updated, new.into()).await?;
    answer.status = 201;
    answer.location = Some(format!("/api/v1/measures/{}", measure.meta().id));
    Ok(answer)
}

pub fn routes(api: &mut Api) {
    let words = "Proposes a measure that corrects the finding and links it, in one call. An existing measure is linked by a \
                 patch of `measure`. Needs no right to write measures: it is a proposal.";
    let mut created = etag();
    created["Location"] =
        serde_json::json!({"description": "Where the measure is found.", "schema": {"type": "string", "maxLength": 200}});
    let path = "/api/v1/findings/{id}/measure";
    let op = Operation::new(Method::POST, path, "findings", "correct_finding", "Propose a corrective measure", words)
        .permission("findings", Action::Write)
        .header("If-Match", IF_MATCH)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], schema_ref("MeasureDraft"), &Measure::example())
        .json(201, "The finding, with its measure.", schema_ref("Finding"), &example_of::<Finding>(), created);
    api.add(with_write_headers(with_id(op)).problems(&[428]), correct);
}
