//! One object below another: `/plans/{id}/versions/{version}`, `/runs/{id}/steps/{step}`.
use super::doc::{IF_MATCH, etag, example_of, schema_ref, with_write_headers};
use super::params::{ResolvedPath, object_ref, object_ref_at, path_segment};
use super::{http, read, transitions};
use crate::http::context::{OfKind, Reader, RequestContext, Transitions, Writer};
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Id, ObjectRef, Resource, Result, StringEnum};
use crate::store::{Conn, ResourceHooks, TransitionHooks, kind_of};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// A kind whose objects have a name of their own within their parent.
#[allow(async_fn_in_trait, reason = "the futures stay on the thread of their connection")]
pub trait NestedResource: TransitionHooks {
    type Parent: ResourceHooks;
    /// The collection below the parent, and what a path calls one of it.
    const SEGMENT: &'static str;
    const PARAM: &'static str;
    /// What may stand there, for the document.
    const PARAM_DOC: &'static str;
    const PARAM_EXAMPLE: &'static str;

    /// The object a word names, besides the three spellings.
    async fn locate(conn: &mut Conn<'_>, org: Id, parent: Id, word: &str) -> Result<Option<Id>>;
    /// The parent it has.
    fn parent(&self) -> Option<Id>;
}

/// Finds the object the path names, for the handlers of its collection.
///
/// # Errors
/// `NotFound` when parent or object are not there, or do not belong together.
pub async fn resolve_path<C: NestedResource>(caller: &RequestContext, request: &HttpRequest) -> Result<()> {
    let (parent, word) = (object_ref_at(request, "id")?, path_segment(request, C::PARAM)?);
    let org = caller.organization();
    let found = async |conn: &mut Conn<'_>| {
        let parent = read::locate(conn, org, C::Parent::KIND, &parent).await?;
        if let Some(id) = C::locate(conn, org, parent, &word).await? {
            return Ok(id);
        }
        let object_ref = ObjectRef::parse(&word).ok_or(Error::NotFound)?;
        let object = read::load_of::<C>(conn, org, &object_ref).await?;
        if object.body.parent() == Some(parent) { Ok(object.meta.id) } else { Err(Error::NotFound) }
    };
    let id = caller.app().store.read(found).await?;
    request.extensions_mut().insert(ResolvedPath(ObjectRef::Id(id)));
    Ok(())
}

/// `GET`.
pub async fn get<C: NestedResource>(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    resolve_path::<C>(reader.caller(), &request).await?;
    http::get(reader, request).await
}

async fn patch<C: NestedResource>(writer: Writer<OfKind>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    resolve_path::<C>(writer.caller(), &request).await?;
    http::patch(writer, request, payload).await
}

async fn list_transitions<C: NestedResource>(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    resolve_path::<C>(reader.caller(), &request).await?;
    transitions::list(reader, request).await
}

async fn make<C: NestedResource>(writer: Writer<Transitions>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    resolve_path::<C>(writer.caller(), &request).await?;
    transitions::transition(writer, request, payload).await
}

/// The id behind the path, once it has been addressed.
///
/// # Errors
/// When it was not.
pub fn resolved_id(request: &HttpRequest) -> Result<Id> {
    match object_ref(request)? {
        ObjectRef::Id(id) => Ok(id),
        _ => Err(Error::Internal("a path was not addressed".into())),
    }
}

/// An operation on one object below its parent, or on something `below` that.
pub fn operation<C: NestedResource>(
    method: Method,
    below: &str,
    id: &str,
    summary: &str,
    words: &str,
    action: Action,
) -> Operation {
    let (parents, parent) = (C::Parent::KIND.collection(), C::Parent::KIND.as_str());
    let path = format!("/api/v1/{parents}/{{id}}/{}/{{{}}}{below}", C::SEGMENT, C::PARAM);
    Operation::new(method, &path, C::KIND.collection(), id, summary, words)
        .permission(C::KIND.collection(), action)
        .path_parameter("id", &format!("The {parent}: the UUID, `key:KEY` or `ref:system:id` (percent-encoded)."), "key:EXAMPLE")
        .path_parameter(C::PARAM, C::PARAM_DOC, C::PARAM_EXAMPLE)
        .problems(&[404])
}

/// The operation of [`get`], which a kind may serve in further forms.
pub fn get_operation<C: NestedResource>() -> Operation {
    let (item, of) = (C::PARAM, C::Parent::KIND.as_str());
    let words = format!("As `GET /{}/{{id}}`.", C::KIND.collection());
    let schema = schema_ref(C::SCHEMA);
    operation::<C>(Method::GET, "", &format!("get_{item}_of_{of}"), &format!("Get a {item} of a {of}"), &words, Action::Read)
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .query("fields", json!({"type": "string", "maxLength": 1000}), "Only these fields, separated by commas.")
        .json(200, "The object.", schema, &example_of::<C>(), etag())
        .response(304, "Unchanged.", Value::Null, etag())
}

/// Adds the change and the moves.
pub fn routes<C: NestedResource>(api: &mut Api) {
    let (item, of) = (C::PARAM, C::Parent::KIND.as_str());
    let collection = C::KIND.collection();
    let (shown, view) = (example_of::<C>(), schema_ref(C::SCHEMA));
    let words = format!("As `PATCH /{collection}/{{id}}`.");
    let id = format!("patch_{item}_of_{of}");
    let op = operation::<C>(Method::PATCH, "", &id, &format!("Change a {item} of a {of}"), &words, Action::Write)
        .header("If-Match", IF_MATCH)
        .body(
            &["application/json", "application/merge-patch+json"],
            schema_ref(&format!("{}Patch", C::SCHEMA)),
            &json!({"tags": []}),
        )
        .json(200, "Changed, or unchanged.", view.clone(), &shown, etag());
    api.add_of(kind_of::<C>(), with_write_headers(op).problems(&[428]), patch::<C>);

    let below = "/transitions";
    let words = format!("As `GET /{collection}/{{id}}/transitions`.");
    let list = json!({"status": shown["status"], "version": 1, "transitions": []});
    let id = format!("list_transitions_of_{item}_of_{of}");
    let op = operation::<C>(Method::GET, below, &id, &format!("Moves of a {item} of a {of}"), &words, Action::Read).json(
        200,
        "The moves.",
        schema_ref("TransitionList"),
        &list,
        Value::Null,
    );
    api.add_of(kind_of::<C>(), op, list_transitions::<C>);

    let words = format!("As `POST /{collection}/{{id}}/transitions`.");
    let body = json!({"to": C::TRANSITIONS.first().map_or("", |one| one.to.as_str())});
    let id = format!("move_{item}_of_{of}");
    let op = operation::<C>(Method::POST, below, &id, &format!("Move a {item} of a {of}"), &words, Action::Write)
        .header("If-Match", IF_MATCH)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .body(&["application/json"], schema_ref(&format!("{}Transition", C::SCHEMA)), &body)
        .json(200, "The object after the move.", view, &shown, etag());
    api.add_of(kind_of::<C>(), with_write_headers(op).problems(&[428]), make::<C>);
}
