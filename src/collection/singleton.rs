//! `GET` and `PUT` of what an organisation has exactly one of. Until somebody writes it, it has its defaults and version 0.
use super::change_set::put_one;
use super::doc::{etag, schema_ref};
use super::draft::{self, Draft};
use super::http::into_response;
use super::params::{as_of, conditional_write_options, reject_unknown};

use crate::http::context::{Reader, Writer};
use crate::http::headers;
use crate::http::preconditions::Preconditions;
use crate::http::routes::{Api, Operation};
use crate::http::{body, headers::WriteOptions};
use crate::model::{Action, Error, ObjectRef, Resource, Result};
use crate::store::idempotency::StoredResponse;
use crate::store::{Object, ResourceHooks, Tx, kind_of, singleton};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// The object as clients see it.
fn shown<R: Resource + Default>(object: Option<&Object<R>>) -> Result<Value> {
    let default = R::default();
    let meta = object.map(|object| &object.meta);
    let mut value = json!({
        "version": meta.map_or(0, |meta| meta.version),
        "updated_at": meta.map(|meta| meta.updated_at),
        "updated_by": meta.map(|meta| &meta.updated_by),
    });
    let own = serde_json::to_value(object.map_or(&default, |object| &object.body)).map_err(Error::internal)?;
    if let (Value::Object(all), Value::Object(own)) = (&mut value, own) {
        all.extend(own);
    }
    Ok(value)
}

fn tag<R: Resource>(object: Option<&Object<R>>) -> String {
    format!("\"{}\"", object.map_or(0, |object| object.meta.version))
}

async fn get<R: ResourceHooks + Default>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["as_of"])?;
    let moment = as_of(&parameters)?;
    let caller = reader.caller().clone();
    let object: Option<Object<R>> = match moment {
        None => reader.read(async |conn, _| singleton::of(conn, &caller.snapshot()).await).await?,
        Some(moment) => {
            let past = async move |conn: &mut crate::store::Conn<'_>, _| {
                let (snapshot, _) = moment.snapshot(conn, &caller.snapshot()).await?;
                singleton::of(conn, &snapshot).await
            };
            reader.scan(past).await?
        }
    };
    let tag = tag(object.as_ref());
    if headers::none_match(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header(("etag", tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header(("etag", tag)).json(shown(object.as_ref())?))
}

async fn put<R: ResourceHooks + Default>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_content_type(&request, &["application/json"])?;
    let write_options: WriteOptions = conditional_write_options(writer.caller(), &request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let value = body::json(&bytes)?;
    let draft = draft::parse(kind_of::<R>(), value)?;
    let wanted = write_options.preconditions.clone();
    let work = async move |tx: &mut Tx| {
        tx.lock_tenant().await?;
        // Version 0 is what nobody has written yet: it is there to be read, and so for the conditions of a write.
        let org = tx.organization();
        let there = singleton::now::<R>(&mut tx.conn()?, org).await?;
        let version = there.map_or(0, |object| object.meta.version);
        Preconditions { if_none_match_any: wanted.if_none_match_any && version > 0, ..wanted }.check(version)?;
        let object = replace::<R>(tx, draft).await?;
        let body = shown(Some(&object))?.to_string();
        Ok(StoredResponse { status: 200, location: None, etag: Some(tag(Some(&object))), body })
    };
    let answer = writer.write(&write_options, usize::MAX, work).await?;
    Ok(into_response(answer, &write_options, false))
}

/// Writes it, whatever was there.
///
/// # Errors
/// When the draft has a fault.
pub async fn replace<R: ResourceHooks>(tx: &mut Tx, draft: Draft) -> Result<Object<R>> {
    let target = Some(ObjectRef::Key(singleton::KEY.into()));
    put_one(tx, kind_of::<R>(), target, draft).await?.1.into_typed()
}

/// The two routes, with words for the document.
pub fn routes<R: ResourceHooks + Default>(api: &mut Api, what: &str, about: &str) {
    let (path, collection) = (format!("/api/v1/{}", R::KIND.collection()), R::KIND.collection());
    let id = collection.replace('-', "_");
    let (schema, draft) = (schema_ref(R::SCHEMA), schema_ref(&format!("{}Draft", R::SCHEMA)));
    let example = shown::<R>(None).unwrap_or_default();
    let get_op = Operation::new(Method::GET, &path, collection, &format!("get_{id}"), &format!("Get the {what}"), about)
        .permission(collection, Action::Read)
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .json(200, "As it is; with version 0 while nobody has written it.", schema.clone(), &example, etag())
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(get_op, get::<R>);
    let words = "Replaces the whole. Equal content changes nothing.";
    let put_op = Operation::new(Method::PUT, &path, collection, &format!("replace_{id}"), &format!("Replace the {what}"), words)
        .permission(collection, Action::Write)
        .header("If-Match", "The ETag the change is meant for; 412 when it has changed since.")
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the ledger. At most 500 characters.")
        .body(&["application/json"], draft, &R::example())
        .json(200, "As it is now.", schema, &example, etag())
        .problems(&[409, 412, 428, 507]);
    api.add(put_op, put::<R>);
}
