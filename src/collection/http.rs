//! The handlers of every collection: list, get, create, put, patch, delete, history.
use super::asked::{bad_parameters, columns, guarded, moment, only, parameter, selection, spelled};
use super::once::Once;
use super::read;
use super::write::{Common, Done, Guard, Order, Set, Verb};
use super::{draft, view};
use crate::app::{App, new_id};
use crate::auth::Action;
use crate::http::answers::Question;
use crate::http::body;
use crate::http::context::{Reader, Writer};
use crate::http::headers::{self, Wishes};
use crate::model::{Error, Kind, Query, Result, Spelling};
use crate::resources::{Resource, fields};
use crate::store::idempotency::Answer;
use crate::store::{Conn, Object, Place, Scene, Stored, Tx};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::Value;

/// Bodies of single writes.
const JSON: &[&str] = &["application/json"];
pub(super) const PATCH: &[&str] = &["application/json", "application/merge-patch+json"];

/// `GET /{collection}`.
pub async fn list<R: Stored>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    listed(reader, request, None).await
}

/// The list, or that part of it which a path stands for: a filter that the client does not write.
pub async fn listed<R: Stored>(reader: Reader<R>, request: HttpRequest, implied: Option<(&str, String)>) -> Result<HttpResponse> {
    let mut parameters = headers::parameters(&request)?;
    parameters.extend(implied.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let most = reader.caller().app().config.limits.page_size;
    let tables = fields::<R>();
    let query = match Query::parse(&parameters, &tables, R::FILTERS, &["fields", "as_of"], most) {
        Ok(query) => query,
        Err(faults) => return bad_parameters(faults).map(|()| HttpResponse::BadRequest().finish()),
    };
    let selected = selection::<R>(&parameters)?;
    // What nobody asked for is not derived.
    let sorted = query.sort.iter().any(|sort| R::is_derived(sort.field.name));
    let derived = sorted || selected.as_ref().is_none_or(|fields| fields.iter().any(|field| R::is_derived(field)));
    let heavy = (R::HEAVY && derived) || query.count || query.conditions.iter().any(|c| c.is_heavy());
    let page = match moment(&parameters)? {
        Some(moment) => {
            let caller = reader.caller().clone();
            reader.scan(async move |conn, _| read::past_page::<R>(conn, &caller.scene(), query, moment).await).await?
        }
        None if heavy => {
            let caller = reader.caller().clone();
            reader.scan(async move |conn, _| read::page::<R>(conn, &caller.scene(), query, derived).await).await?
        }
        None => {
            let scene = reader.caller().scene();
            reader.read(async |conn, _| read::page::<R>(conn, &scene, query, derived).await).await?
        }
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
    if headers::wants(&request, "text/csv") {
        let values = page.items.iter().map(view::value).collect::<Result<Vec<_>>>()?;
        let columns = selected.unwrap_or_else(columns::<R>);
        return Ok(response.content_type("text/csv; charset=utf-8; header=present").body(view::csv(&columns, &values)?));
    }
    Ok(response.content_type("application/json").body(page_json(&page, selected.as_deref())?))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn page_json<R: Resource>(page: &read::Page<R>, selected: Option<&[String]>) -> Result<String> {
    let mut items = Vec::with_capacity(page.items.len());
    for object in &page.items {
        items.push(match selected {
            Some(fields) => view::select(view::value(object)?, fields).to_string(),
            None => view::json(object)?,
        });
    }
    let mut text = format!("{{\"items\":[{}],\"seq\":{}", items.join(","), page.seq);
    if let Some(next) = &page.next {
        text.push_str(&format!(",\"next_cursor\":\"{next}\""));
    }
    if let Some(total) = page.total {
        text.push_str(&format!(",\"total\":{total}"));
    }
    text.push('}');
    Ok(text)
}

/// `GET /{collection}/{id}`.
pub async fn get<R: Stored>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    let spelling = spelled(&request)?;
    if R::LIVE || !request.query_string().is_empty() {
        return get_with_parameters(&reader, &request, spelling).await;
    }
    let app = reader.caller().app();
    let question = Question::new(reader.caller(), R::KIND, &spelling);
    let vacant = match app.answers.get(&app.store, question) {
        Ok(kept) => return one(&request, &kept.etag, || Ok(kept.body.clone())),
        Err(vacant) => vacant,
    };
    let mut object = found::<R>(&reader, spelling).await?;
    let etag = view::etag(&mut object, "");
    let body = Bytes::from(view::json(&object)?);
    vacant.fill(&etag, &body);
    one(&request, &etag, || Ok(body))
}

/// One object as it is now.
async fn found<R: Stored>(reader: &Reader<R>, spelling: Spelling) -> Result<Object<R>> {
    let caller = reader.caller().clone();
    let one = async move |conn: &mut Conn<'_>, _| read::one::<R>(conn, &caller.scene(), &spelling).await;
    if R::HEAVY { reader.scan(one).await } else { reader.read(one).await }
}

async fn get_with_parameters<R: Stored>(reader: &Reader<R>, request: &HttpRequest, spelling: Spelling) -> Result<HttpResponse> {
    let parameters = headers::parameters(request)?;
    let includes = read::has_mappings(R::KIND);
    only(&parameters, if includes { &["as_of", "fields", "include"] } else { &["as_of", "fields"] })?;
    let included = match parameter(&parameters, "include") {
        None => false,
        Some("mappings") => true,
        Some(_) => return Err(Error::malformed("invalid_parameter", "include: only mappings can be included")),
    };
    if included {
        reader.caller().require(Kind::Mapping.collection(), Action::Read)?;
    }
    let selected = selection::<R>(&parameters)?;
    let mut object = match moment(&parameters)? {
        Some(_) if included => return Err(Error::malformed("invalid_parameter", "include cannot be combined with as_of")),
        Some(moment) => {
            let caller = reader.caller().clone();
            reader.scan(async move |conn, _| read::past_one::<R>(conn, &caller.scene(), &spelling, moment).await).await?
        }
        None => found::<R>(reader, spelling).await?,
    };
    let mut extra = String::new();
    if included {
        let id = object.head.id;
        let mappings = reader.read(async |conn, org| read::mappings_of(conn, org, id).await).await?;
        let items = mappings.iter().map(view::json).collect::<Result<Vec<_>>>()?;
        extra = format!("[{}]", items.join(","));
    }
    let etag = view::etag(&mut object, &extra);
    one(request, &etag, || {
        let text = match selected {
            Some(fields) => view::select(view::value(&object)?, &fields).to_string(),
            None => view::json(&object)?,
        };
        let with = |text: &str| format!("{},\"mappings\":{extra}}}", text.strip_suffix('}').unwrap_or(text));
        Ok(Bytes::from(if included { with(&text) } else { text }))
    })
}

/// An object, or that the client has it already.
fn one(request: &HttpRequest, etag: &str, body: impl FnOnce() -> Result<Bytes>) -> Result<HttpResponse> {
    if headers::unchanged(request, etag) {
        return Ok(HttpResponse::NotModified().insert_header(("etag", etag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header(("etag", etag)).content_type("application/json").body(body()?))
}

/// `GET /{collection}/{id}/history`.
pub async fn history<R: Stored>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require("history", Action::Read)?;
    let spelling = spelled(&request)?;
    let parameters = headers::parameters(&request)?;
    only(&parameters, &["limit", "before"])?;
    let number = |name: &str, most: i64, default: i64| match parameter(&parameters, name).map(str::parse::<i64>) {
        None => Ok(default),
        Some(Ok(number)) if (1..=most).contains(&number) => Ok(number),
        Some(_) => Err(Error::malformed("invalid_parameter", format!("{name} is an integer from 1 to {most}"))),
    };
    let (limit, before) = (number("limit", 500, 50)?, number("before", i64::MAX, i64::MAX)?);
    let answer = reader
        .read(async |conn, org| {
            // What was deleted has its history still, by id.
            let id = read::locate(conn, org, R::KIND, &spelling).await?;
            read::history(conn, org, R::KIND, id, before, usize::try_from(limit).unwrap_or(50)).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /{collection}`.
pub async fn create<R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    created(writer, request, payload, None).await
}

/// Creates an object, with a field that the path says.
pub async fn created<R: Stored>(
    writer: Writer<R>,
    request: HttpRequest,
    payload: Payload,
    implied: Option<(&str, Value)>,
) -> Result<HttpResponse> {
    body::require_type(&request, JSON)?;
    only(&headers::parameters(&request)?, &[])?;
    let wishes = Wishes::of(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let mut value = body::json(&bytes)?;
    if let (Some((name, implied)), Some(members)) = (implied, value.as_object_mut()) {
        if members.contains_key(name) {
            return Err(Error::invalid(format!("/{name}"), "not_allowed", format!("{name} follows from the path")));
        }
        members.insert(name.to_owned(), implied);
    }
    let draft = draft::parse::<R>(value)?;
    let order = Order { place: 0, target: None, verb: Verb::Put(Box::new(draft)), guard: Guard::default() };
    let once = Once::of(writer.caller(), &wishes, &request, &bytes)?;
    let app = writer.caller().app().clone();
    let work = async move |tx: &mut Tx| once.run(tx, async move |tx| single(tx, &app, order).await).await;
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(answered(answer, &wishes, replayed))
}

/// `PUT /{collection}/{id}`.
pub async fn put<R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, JSON)?;
    let wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let draft = draft::parse::<R>(body::json(&bytes)?)?;
    let order = Order { place: 0, target: Some(target), verb: Verb::Put(Box::new(draft)), guard: wishes.guard.clone() };
    let app = writer.caller().app().clone();
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, &app, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

/// `PATCH /{collection}/{id}`.
pub async fn patch<R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, PATCH)?;
    let wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let patch = body::json(&bytes)?;
    if !patch.is_object() {
        return Err(Error::invalid("", "wrong_type", "a merge patch is an object"));
    }
    let order: Order<R> =
        Order { place: 0, target: Some(target), verb: Verb::Patch { patch, creates: false }, guard: wishes.guard.clone() };
    let app = writer.caller().app().clone();
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, &app, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

/// `DELETE /{collection}/{id}`.
pub async fn delete<R: Stored>(writer: Writer<R>, request: HttpRequest) -> Result<HttpResponse> {
    let wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let order: Order<R> = Order { place: 0, target: Some(target), verb: Verb::Delete, guard: wishes.guard.clone() };
    let app = writer.caller().app().clone();
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, &app, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

/// Carries one order out and puts the answer together.
pub async fn single<R: Stored>(tx: &mut Tx, app: &App, order: Order<R>) -> Result<Answer> {
    tx.take_turn().await?;
    let deletes = matches!(order.verb, Verb::Delete);
    let mut common = Common::default();
    let mut set = Set::new(vec![order], new_id);
    set.locate(tx, &mut common).await?;
    if deletes {
        set.remove(tx, &mut common).await?;
    } else {
        set.write(tx, &mut common).await?;
    }
    let moved = common.settle(tx).await?;
    let one = set.orders.pop().ok_or(Error::NotFound)?;
    let (done, mut object) = one.outcome?.ok_or(Error::NotFound)?;
    if let Some(effective) = moved.get(&object.head.id) {
        object.head.effective = *effective;
    }
    answer(tx, app, done, object).await
}

/// The answer that shows an object just written.
pub async fn answer<R: Stored>(tx: &mut Tx, app: &App, done: Done, object: Object<R>) -> Result<Answer> {
    if done == Done::Deleted {
        return Ok(Answer { status: 204, location: None, etag: None, body: String::new() });
    }
    let place = Place::Within(tx.graph_seq());
    let scene = Scene { organization: tx.organization(), now: tx.change().now, place, graphs: &app.graphs };
    let mut objects = [object];
    read::shown(&mut tx.conn()?, &scene, &mut objects).await?;
    let [mut object] = objects;
    let etag = Some(view::etag(&mut object, ""));
    let location = (done == Done::Created).then(|| format!("/api/v1/{}/{}", R::KIND.collection(), object.head.id));
    let status = if done == Done::Created { 201 } else { 200 };
    Ok(Answer { status, location, etag, body: view::json(&object)? })
}

/// The answer over HTTP.
pub fn answered(answer: Answer, wishes: &Wishes, replayed: bool) -> HttpResponse {
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
    if wishes.dry_run {
        response.insert_header(("preference-applied", "tx=rollback"));
    }
    if answer.body.is_empty() { response.finish() } else { response.content_type("application/json").body(answer.body) }
}
