//! A collection below an object of another: `/measures/{id}/tasks` lists and creates the tasks of that measure.
use super::doc::{etag, schema_ref};
use super::http::{create_with, list_filtered};
use super::params::object_ref;
use super::read;
use crate::collection::doc::example;
use crate::http::context::{OfKind, Reader, Writer};
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Id, Result, StringEnum};
use crate::store::{AnyKind, Conn};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// The object in the path.
async fn parent(conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind, request: &HttpRequest) -> Result<Id> {
    let spelling = object_ref(request)?;
    Ok(read::load(conn, org, kind, &spelling).await?.meta().id)
}

async fn list(parents: &dyn AnyKind, reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    let parent = reader.read(async |conn, org| parent(conn, org, parents, &request).await).await?;
    list_filtered(reader, request, Some((parents.info().kind.as_str(), parent.to_string()))).await
}

async fn create(parents: &dyn AnyKind, writer: Writer<OfKind>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let (caller, org) = (writer.caller(), writer.caller().organization());
    let parent = caller.app().store.read(async |conn| parent(conn, org, parents, &request).await).await?;
    create_with(writer, request, payload, Some((parents.info().kind.as_str(), json!(parent)))).await
}

/// The two routes. The field of a kind that points to its parent is called as the parent's kind.
pub fn routes(parent: &'static dyn AnyKind, kind: &'static dyn AnyKind, api: &mut Api, tail: &str) {
    let info = kind.info();
    let (parents, of) = (parent.info().collection(), parent.info().kind.as_str());
    let path = format!("/api/v1/{parents}/{{id}}/{tail}");
    let operation = |method: Method, verb: &str, words: &str, action: Action| {
        let (id, summary) = (format!("{verb}_{tail}_of_{of}"), format!("{tail} of a {of}"));
        let verb = if verb == "list" { "List the" } else { "Create one of the" };
        Operation::new(method, &path, parents, &id, &format!("{verb} {summary}"), words)
            .permission(info.collection(), action)
            .path_parameter("id", &format!("The {of}: the UUID, `key:KEY` or `ref:system:id` (percent-encoded)."), "key:EXAMPLE")
            .problems(&[404])
    };
    let many = info.collection();
    let words = format!("Takes every parameter of `GET /{many}` but `{of}`.");
    let page = json!({"items": [example(kind)], "seq": 8123});
    let list_op = operation(Method::GET, "list", &words, Action::Read)
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}), "Objects a page.")
        .query("cursor", json!({"type": "string", "maxLength": 4096}), "`next_cursor` of the page before.")
        .json(200, "A page.", schema_ref(&format!("{}List", info.schema)), &page, Value::Null)
        .also(200, "text/csv", "id,key\n");
    api.add_of(kind, list_op, move |reader: Reader<OfKind>, request: HttpRequest| list(parent, reader, request));
    if !info.created {
        return;
    }
    let mut draft = kind.example();
    if let Some(draft) = draft.as_object_mut() {
        draft.remove(of);
    }
    let words = format!("The draft of `POST /{many}` without `{of}`, which follows from the path.");
    let create_op = operation(Method::POST, "create", &words, Action::Write)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the history. At most 500 characters.")
        .body(&["application/json"], schema_ref(&format!("{}Patch", info.schema)), &draft)
        .json(201, "Created.", schema_ref(info.schema), &example(kind), etag())
        .problems(&[409, 507]);
    let create = move |writer: Writer<OfKind>, request: HttpRequest, payload: Payload| create(parent, writer, request, payload);
    api.add_of(kind, create_op, create);
}
