//! The handlers of every collection: list, get, create, put, patch, delete, history. Compiled once: the kind comes with
//! the route.
use super::change_set::ChangeSet;
use super::command::{AuditAction, BatchContext, Command, WriteOutcome};
use super::filters::require_targets;
use super::idempotency::IdempotencyKey;
use super::params::{
    as_of, bad_parameters, columns, conditional_write_options, object_ref, parameter, reject_unknown, selected_fields,
};
use super::{as_of, draft, history, read, view};
use crate::http::body;
use crate::http::context::{OfKind, Reader, Writer};
use crate::http::headers::{self, WriteOptions};
use crate::http::preconditions::Preconditions;
use crate::http::response_cache::CacheKey;
use crate::http::withhold::withhold;
use crate::model::{Action, Error, Kind, ListQuery, ObjectRef, Result};
use crate::store::idempotency::StoredResponse;
use crate::store::{AnyKind, AnyObject, Conn, KindInfo, Kinds, Tx};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::Value;

/// Bodies of single writes.
pub const JSON: &[&str] = &["application/json"];
pub const PATCH: &[&str] = &["application/json", "application/merge-patch+json"];

/// `GET /{collection}`.
pub async fn list(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    list_filtered(reader, request, None).await
}

/// The list, or that part of it which a path stands for: a filter that the client does not write.
pub async fn list_filtered(
    reader: Reader<OfKind>,
    request: HttpRequest,
    implied: Option<(&str, String)>,
) -> Result<HttpResponse> {
    let kind = reader.kind()?;
    let info = kind.info();
    let mut parameters = headers::parameters(&request)?;
    parameters.extend(implied.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let most = reader.caller().app().config.limits.page_size;
    let tables = (info.fields)();
    let query = match ListQuery::parse(&parameters, &tables, info.filters, &["fields", "as_of"], most) {
        Ok(query) => query,
        Err(faults) => return bad_parameters(faults).map(|()| HttpResponse::BadRequest().finish()),
    };
    require_targets(reader.caller().visibility(), &query, implied.as_ref().map(|(name, _)| *name))?;
    let selected = selected_fields(kind, &parameters)?;
    // What nobody asked for is not derived.
    let sorted = query.sort.iter().any(|sort| (info.is_derived)(sort.field.name));
    let derived = sorted || selected.as_ref().is_none_or(|fields| fields.iter().any(|field| (info.is_derived)(field)));
    let heavy = (info.heavy && derived) || query.count || query.conditions.iter().any(|c| c.is_slow());
    let snapshot = reader.caller().snapshot();
    let page = match as_of(&parameters)? {
        Some(moment) => reader.scan(async move |conn, _| as_of::page_as_of(conn, &snapshot, kind, query, moment).await).await?,
        None if heavy => reader.scan(async move |conn, _| read::page(conn, &snapshot, kind, query, derived).await).await?,
        None => reader.read(async |conn, _| read::page(conn, &snapshot, kind, query, derived).await).await?,
    };
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next {
        let mut next: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| name != "cursor" && implied.as_ref().is_none_or(|(own, _)| own != name))
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        next.push(format!("cursor={cursor}"));
        response.insert_header(("link", format!("<{}?{}>; rel=\"next\"", request.path(), next.join("&"))));
    }
    if headers::accepts(&request, "text/csv") {
        let mut values = page.items.iter().map(|object| view::value(info, object)).collect::<Result<Vec<_>>>()?;
        values.iter_mut().for_each(|value| withhold(value, reader.caller().visibility()));
        let columns = selected.unwrap_or_else(|| columns(kind));
        return Ok(response.content_type("text/csv; charset=utf-8; header=present").body(view::csv(&columns, &values)?));
    }
    Ok(response.content_type("application/json").body(page_json(info, &page, selected.as_deref())?))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn page_json(info: &KindInfo, page: &read::Page, selected: Option<&[String]>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(64 + page.items.len() * 1024);
    out.extend_from_slice(b"{\"items\":[");
    for (index, object) in page.items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match selected {
            Some(fields) => {
                let chosen = view::select(view::value(info, object)?, fields);
                serde_json::to_writer(&mut out, &chosen).map_err(Error::internal)?;
            }
            None => view::write(info, object, &mut out)?,
        }
    }
    let mut tail = format!("],\"seq\":{}", page.seq);
    if let Some(next) = &page.next {
        tail.push_str(&format!(",\"next_cursor\":\"{next}\""));
    }
    if let Some(total) = page.total {
        tail.push_str(&format!(",\"total\":{total}"));
    }
    tail.push('}');
    out.extend_from_slice(tail.as_bytes());
    Ok(out)
}

/// `GET /{collection}/{id}`.
pub async fn get(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    let (kind, object_ref) = (reader.kind()?, object_ref(&request)?);
    let info = kind.info();
    if info.live || !request.query_string().is_empty() {
        return get_with_parameters(&reader, &request, object_ref).await;
    }
    let (caller, app) = (reader.caller(), reader.caller().app());
    let question = CacheKey::new(caller.organization(), caller.now(), info.kind, &object_ref);
    let slot = match app.response_cache.get(&app.store, question) {
        Ok(kept) => return object_response(&request, &kept.etag, || Ok(kept.body.clone())),
        Err(slot) => slot,
    };
    let mut object = load_current(&reader, kind, object_ref).await?;
    let etag = view::etag(info, &mut object, "");
    let body = Bytes::from(view::json(info, &object)?);
    slot.insert(&etag, &body);
    object_response(&request, &etag, || Ok(body))
}

/// One object as it is now.
async fn load_current(reader: &Reader<OfKind>, kind: &'static dyn AnyKind, object_ref: ObjectRef) -> Result<AnyObject> {
    let snapshot = reader.caller().snapshot();
    let one = async move |conn: &mut Conn<'_>, _| read::load_view(conn, &snapshot, kind, &object_ref).await;
    if kind.info().heavy { reader.scan(one).await } else { reader.read(one).await }
}

async fn get_with_parameters(reader: &Reader<OfKind>, request: &HttpRequest, object_ref: ObjectRef) -> Result<HttpResponse> {
    let kind = reader.kind()?;
    let info = kind.info();
    let parameters = headers::parameters(request)?;
    let includes = info.is_node();
    reject_unknown(&parameters, if includes { &["as_of", "fields", "include"] } else { &["as_of", "fields"] })?;
    let included = match parameter(&parameters, "include") {
        None => false,
        Some("mappings") => true,
        Some(_) => return Err(Error::malformed("invalid_parameter", "include: only mappings can be included")),
    };
    if included {
        reader.caller().require(Kind::Mapping.collection(), Action::Read)?;
    }
    let selected = selected_fields(kind, &parameters)?;
    let kinds = reader.caller().app().kinds;
    let mut object = match as_of(&parameters)? {
        Some(_) if included => return Err(Error::malformed("invalid_parameter", "include cannot be combined with as_of")),
        Some(moment) => {
            let snapshot = reader.caller().snapshot();
            let then = async move |conn: &mut Conn<'_>, _| as_of::load_as_of(conn, &snapshot, kind, &object_ref, moment).await;
            reader.scan(then).await?
        }
        None => load_current(reader, kind, object_ref).await?,
    };
    let mut extra = String::new();
    if included {
        let (id, mapping) = (object.meta().id, kinds.of(Kind::Mapping));
        let mappings = reader.read(async |conn, org| read::mappings_of(conn, org, mapping, id).await).await?;
        let mut out = Vec::from(b"[");
        for (index, one) in mappings.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            view::write(mapping.info(), one, &mut out)?;
        }
        out.push(b']');
        extra = String::from_utf8(out).map_err(Error::internal)?;
    }
    let etag = view::etag(info, &mut object, &extra);
    object_response(request, &etag, || {
        let mut text = match selected {
            Some(fields) => view::select(view::value(info, &object)?, &fields).to_string().into_bytes(),
            None => view::json(info, &object)?,
        };
        if included {
            text.pop();
            text.extend_from_slice(format!(",\"mappings\":{extra}}}").as_bytes());
        }
        Ok(Bytes::from(text))
    })
}

/// An object, or that the client has it already.
fn object_response(request: &HttpRequest, etag: &str, body: impl FnOnce() -> Result<Bytes>) -> Result<HttpResponse> {
    if headers::none_match(request, etag) {
        return Ok(HttpResponse::NotModified().insert_header(("etag", etag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header(("etag", etag)).content_type("application/json").body(body()?))
}

/// `GET /{collection}/{id}/history`.
pub async fn history(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require("history", Action::Read)?;
    let kind = reader.kind()?.info().kind;
    let object_ref = object_ref(&request)?;
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["limit", "before"])?;
    let number = |name: &str, most: i64, default: i64| match parameter(&parameters, name).map(str::parse::<i64>) {
        None => Ok(default),
        Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err(Error::malformed("invalid_parameter", format!("{name} is an integer from 1 to {most}"))),
    };
    let (limit, before) = (number("limit", 500, 50)?, number("before", i64::MAX, i64::MAX)?);
    let snapshot = reader.caller().snapshot();
    let answer = reader
        .read(async |conn, org| {
            // What was deleted has its history still, by id.
            let id = read::locate(conn, org, kind, &object_ref).await?;
            history::of_object(conn, &snapshot, kind, id, before, usize::try_from(limit).unwrap_or(50)).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /{collection}`.
pub async fn create(writer: Writer<OfKind>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    create_with(writer, request, payload, None).await
}

/// Creates an object, with a field that the path says.
pub async fn create_with(
    writer: Writer<OfKind>,
    request: HttpRequest,
    payload: Payload,
    implied: Option<(&str, Value)>,
) -> Result<HttpResponse> {
    body::require_content_type(&request, JSON)?;
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let write_options = WriteOptions::from_request(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let mut value = body::json(&bytes)?;
    if let (Some((name, implied)), Some(members)) = (implied, value.as_object_mut()) {
        if members.contains_key(name) {
            return Err(Error::invalid(format!("/{name}"), "not_allowed", format!("{name} follows from the path")));
        }
        members.insert(name.to_owned(), implied);
    }
    let operation = AuditAction::Put(Box::new(draft::parse(writer.kind()?, value)?));
    let command = Command { place: 0, target: None, operation, preconditions: Preconditions::default() };
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    execute(&writer, command, &write_options, Some(key)).await
}

/// `PUT /{collection}/{id}`.
pub async fn put(writer: Writer<OfKind>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_content_type(&request, JSON)?;
    let write_options = conditional_write_options(writer.caller(), &request)?;
    let target = object_ref(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let operation = AuditAction::Put(Box::new(draft::parse(writer.kind()?, body::json(&bytes)?)?));
    let command = Command { place: 0, target: Some(target), operation, preconditions: write_options.preconditions.clone() };
    execute(&writer, command, &write_options, None).await
}

/// `PATCH /{collection}/{id}`.
pub async fn patch(writer: Writer<OfKind>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_content_type(&request, PATCH)?;
    let write_options = conditional_write_options(writer.caller(), &request)?;
    let target = object_ref(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let patch = body::json(&bytes)?;
    if !patch.is_object() {
        return Err(Error::invalid("", "wrong_type", "a merge patch is an object"));
    }
    let operation = AuditAction::Patch { patch, creates: false };
    let command = Command { place: 0, target: Some(target), operation, preconditions: write_options.preconditions.clone() };
    execute(&writer, command, &write_options, None).await
}

/// `DELETE /{collection}/{id}`.
pub async fn delete(writer: Writer<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    let write_options = conditional_write_options(writer.caller(), &request)?;
    let target = Some(object_ref(&request)?);
    let command =
        Command { place: 0, target, operation: AuditAction::Delete, preconditions: write_options.preconditions.clone() };
    execute(&writer, command, &write_options, None).await
}

/// Carries a command out in a transaction of its own, at most once where it has a key, and answers.
async fn execute(
    writer: &Writer<OfKind>,
    command: Command,
    write_options: &WriteOptions,
    key: Option<IdempotencyKey>,
) -> Result<HttpResponse> {
    let (kind, kinds) = (writer.kind()?, writer.caller().app().kinds);
    let work = async move |tx: &mut Tx| match key {
        Some(key) => key.run(tx, async move |tx| write_one(tx, kind, command).await).await,
        None if matches!(command.operation, AuditAction::Delete) => Ok((delete_one(tx, kinds, kind, command).await?, false)),
        None => Ok((write_one(tx, kind, command).await?, false)),
    };
    let (answer, replayed) = writer.write(write_options, 1, work).await?;
    Ok(into_response(answer, write_options, replayed))
}

/// Carries out one command that puts or patches, and puts the answer together.
///
/// # Errors
/// What is wrong with the command.
pub async fn write_one(tx: &mut Tx, kind: &'static dyn AnyKind, command: Command) -> Result<StoredResponse> {
    tx.lock_tenant().await?;
    let mut context = BatchContext::default();
    let mut set = ChangeSet::new(kind, vec![command]);
    set.locate(tx, &mut context).await?;
    set.write(tx, &mut context).await?;
    finish(tx, set, context).await
}

/// Carries out one command that deletes.
async fn delete_one(tx: &mut Tx, kinds: Kinds, kind: &'static dyn AnyKind, command: Command) -> Result<StoredResponse> {
    tx.lock_tenant().await?;
    let mut context = BatchContext::default();
    let mut set = ChangeSet::new(kind, vec![command]);
    set.locate(tx, &mut context).await?;
    set.delete(tx, kinds, &mut context).await?;
    finish(tx, set, context).await
}

/// The outcome of a set of one.
async fn finish(tx: &mut Tx, mut set: ChangeSet, mut context: BatchContext) -> Result<StoredResponse> {
    let refreshed = context.refresh_objectives(tx).await?;
    let one = set.commands.pop().ok_or(Error::NotFound)?;
    let (outcome, mut object) = one.outcome?.ok_or(Error::NotFound)?;
    if let Some(effective) = refreshed.get(&object.meta().id) {
        object.meta_mut().effective = *effective;
    }
    render(tx, set.kind, outcome, object).await
}

/// The answer that shows an object just written.
///
/// # Errors
/// When the database does not answer.
pub async fn render(tx: &mut Tx, kind: &'static dyn AnyKind, outcome: WriteOutcome, object: AnyObject) -> Result<StoredResponse> {
    if outcome == WriteOutcome::Deleted {
        return Ok(StoredResponse { status: 204, location: None, etag: None, body: String::new() });
    }
    let (snapshot, info) = (tx.snapshot(), kind.info());
    let mut objects = vec![object];
    read::enrich(&mut tx.conn()?, &snapshot, kind, &mut objects).await?;
    let mut object = objects.pop().ok_or(Error::NotFound)?;
    let etag = Some(view::etag(info, &mut object, ""));
    let created = outcome == WriteOutcome::Created;
    let location = created.then(|| format!("/api/v1/{}/{}", info.collection(), object.meta().id));
    let body = String::from_utf8(view::json(info, &object)?).map_err(Error::internal)?;
    Ok(StoredResponse { status: if created { 201 } else { 200 }, location, etag, body })
}

/// The answer over HTTP.
pub fn into_response(answer: StoredResponse, write_options: &WriteOptions, replayed: bool) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    answer.location.into_iter().for_each(|location| {
        response.insert_header(("location", location));
    });
    answer.etag.into_iter().for_each(|etag| {
        response.insert_header(("etag", etag));
    });
    if replayed {
        response.insert_header(("idempotent-replayed", "true"));
    }
    if write_options.dry_run {
        response.insert_header(("preference-applied", "tx=rollback"));
    }
    if answer.body.is_empty() { response.finish() } else { response.content_type("application/json").body(answer.body) }
}
