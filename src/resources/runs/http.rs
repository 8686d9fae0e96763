//! Routes of the collection, and of the notes of a run.
use super::{MAX_NOTES, Note, Run, RunStatus};
use crate::collection::doc::{IF_MATCH, etag, example_of, schema_ref, with_id, with_write_headers};
use crate::collection::{action, draft};
use crate::http::context::Writer;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Result};
use crate::resources::run_steps::RunStep;
use crate::store::{Object, Tx};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

/// Something to be written down.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct NoteDraft {
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// Whoever may move steps may write notes.
async fn note(writer: Writer<RunStep>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let write = async move |tx: &mut Tx, old: Object<Run>, said: NoteDraft| {
        let body = noted(tx, &old.body, said)?;
        action::update_and_render(tx, old, body).await
    };
    action::run_action(writer, request, payload, draft::parse_strict, write).await
}

/// The run with one more note.
///
/// # Errors
/// When it is over, or has too many.
pub fn noted(tx: &Tx, run: &Run, said: NoteDraft) -> Result<Run> {
    if run.status != RunStatus::Running {
        return Err(Error::conflict("content_fixed", "the run is over: its log is closed"));
    }
    if run.notes.len() >= MAX_NOTES {
        return Err(Error::status(422, "too_many_objects", format!("a run has {MAX_NOTES} notes at most")));
    }
    let (mut body, change) = (run.clone(), tx.context());
    body.notes.push(Note { at: change.now, by: change.actor.clone(), text: said.text });
    Ok(body)
}

pub fn routes(api: &mut Api) {
    let words = "Writes something down in the log of the run. Notes are never changed; a run has 500 at most.";
    let op = Operation::new(Method::POST, "/api/v1/runs/{id}/notes", "runs", "add_note_to_run", "Write a note", words)
        .permission("run-steps", Action::Write)
        .header("If-Match", IF_MATCH)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], schema_ref("NoteDraft"), &json!({"text": "The courier with the tapes is late"}))
        .json(200, "The run.", schema_ref("Run"), &example_of::<Run>(), etag());
    api.add(with_write_headers(with_id(op)).problems(&[428]), note);
}
