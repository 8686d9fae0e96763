//! A collection below an object of another: `/measures/{id}/tasks` lists and creates the tasks of that measure.
use super::asked::spelled;
use super::doc::{etag, example, named};
use super::http::{created, listed};
use super::read;
use crate::auth::Action;
use crate::http::context::{Reader, Writer};
use crate::http::routes::{Api, Operation};
use crate::model::{Id, Result, Word};
use crate::store::{Conn, Stored};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// The object in the path.
async fn parent<P: Stored>(conn: &mut Conn<'_>, org: Id, request: &HttpRequest) -> Result<Id> {
    let spelling = spelled(request)?;
    Ok(read::existing::<P>(conn, org, &spelling).await?.head.id)
}

async fn list<P: Stored, R: Stored>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    let parent = reader.read(async |conn, org| parent::<P>(conn, org, &request).await).await?;
    listed(reader, request, Some((P::KIND.as_str(), parent.to_string()))).await
}

async fn create<P: Stored, R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    let (caller, org) = (writer.caller(), writer.caller().organization());
    let parent = caller.app().store.read(async |conn| parent::<P>(conn, org, &request).await).await?;
    created(writer, request, payload, Some((P::KIND.as_str(), json!(parent)))).await
}

/// The two routes. The field of `R` that points to its parent is called as the parent's kind.
pub fn routes<P: Stored, R: Stored>(api: &mut Api, tail: &str) {
    let (parents, of) = (P::KIND.collection(), P::KIND.as_str());
    let path = format!("/api/v1/{parents}/{{id}}/{tail}");
    let operation = |method: Method, verb: &str, words: &str, action: Action| {
        let (id, summary) = (format!("{verb}_{tail}_of_{of}"), format!("{tail} of a {of}"));
        let verb = if verb == "list" { "List the" } else { "Create one of the" };
        Operation::new(method, &path, parents, &id, &format!("{verb} {summary}"), words)
            .permission(R::KIND.collection(), action)
            .path_parameter("id", &format!("The {of}: the UUID, `key:KEY` or `ref:system:id` (percent-encoded)."), "key:EXAMPLE")
            .problems(&[404])
    };
    let many = R::KIND.collection();
    let words = format!("Takes every parameter of `GET /{many}` but `{of}`.");
    let page = json!({"items": [example::<R>()], "seq": 8123});
    let list_op = operation(Method::GET, "list", &words, Action::Read)
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}), "Objects a page.")
        .query("cursor", json!({"type": "string", "maxLength": 4096}), "`next_cursor` of the page before.")
        .json(200, "A page.", named(&format!("{}List", R::SCHEMA)), &page, Value::Null)
        .also(200, "text/csv", "id,key\n");
    api.add(list_op, list::<P, R>);
    if !R::CREATED {
        return;
    }
    let mut draft = R::example();
    if let Some(draft) = draft.as_object_mut() {
        draft.remove(of);
    }
    let words = format!("The draft of `POST /{many}` without `{of}`, which follows from the path.");
    let create_op = operation(Method::POST, "create", &words, Action::Write)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the history. At most 500 characters.")
        .body(&["application/json"], named(&format!("{}Patch", R::SCHEMA)), &draft)
        .json(201, "Created.", named(R::SCHEMA), &example::<R>(), etag())
        .problems(&[409, 507]);
    api.add(create_op, create::<P, R>);
}
