//! The handlers of every collection: list, get, create, put, patch, delete, history.
use super::once::Once;
use super::read::{self, Moment};
use super::write::{Common, Done, Guard, Order, Set, Verb};
use super::{draft, view};
use crate::app::new_id;
use crate::auth::Action;
use crate::http::answers::Question;
use crate::http::body;
use crate::http::context::{Reader, Writer};
use crate::http::headers::{self, Wishes};
use crate::model::{Error, Kind, Query, Result, Spelling, nfc};
use crate::resources::{Resource, fields};
use crate::store::idempotency::Answer;
use crate::store::{Object, Stored, Tx};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// Bodies of single writes.
const JSON: &[&str] = &["application/json"];
const PATCH: &[&str] = &["application/json", "application/merge-patch+json"];

/// The spelling in the path.
pub fn spelled(request: &HttpRequest) -> Result<Spelling> {
    let raw = request.match_info().get("id").unwrap_or_default();
    let text = percent_encoding::percent_decode_str(raw).decode_utf8().map_err(|_| Error::NotFound)?;
    if text.chars().any(char::is_control) {
        return Err(Error::NotFound);
    }
    Spelling::parse(&nfc(&text)).ok_or(Error::NotFound)
}

fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// Refuses parameters that are not documented, or stand there twice.
pub fn only(parameters: &[(String, String)], known: &[&str]) -> Result<()> {
    let mut faults = crate::model::Faults::default();
    for (index, (name, _)) in parameters.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            faults.add(name, "unknown_parameter", "this path has no such parameter");
        } else if parameters[..index].iter().any(|(own, _)| own == name) {
            faults.add(name, "duplicate", "the parameter stands there twice");
        }
    }
    bad_parameters(faults)
}

/// Faults of parameters are a malformed request.
pub fn bad_parameters(faults: crate::model::Faults) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.into_vec();
    let code = if faults.iter().any(|f| f.code == "unknown_parameter") { "unknown_parameter" } else { "invalid_parameter" };
    let names: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    Err(Error::Malformed { code, detail: format!("parameters that cannot be used: {}", names.join(", ")), faults })
}

fn moment(parameters: &[(String, String)]) -> Result<Option<Moment>> {
    let Some(text) = parameter(parameters, "as_of") else { return Ok(None) };
    let bad = || Error::malformed("invalid_parameter", "as_of is an RFC 3339 time or a seq of the ledger");
    Moment::parse(text).map(Some).ok_or_else(bad)
}

/// The fields a client selects; unknown ones are refused.
fn selection<R: Resource>(parameters: &[(String, String)]) -> Result<Option<Vec<String>>> {
    let Some(text) = parameter(parameters, "fields") else { return Ok(None) };
    let known = columns::<R>();
    let wanted: Vec<String> = text.split(',').map(str::to_owned).collect();
    let mut faults = crate::model::Faults::default();
    for name in wanted.iter().filter(|name| !known.contains(name)) {
        faults.add("fields", "not_allowed", format!("there is no field {name:?}"));
    }
    bad_parameters(faults)?;
    Ok(Some(wanted))
}

/// Every field of the representation, in the order of the document.
pub fn columns<R: Resource>() -> Vec<String> {
    let schema = super::schema::SCHEMAS.get(R::SCHEMA);
    schema
        .and_then(|schema| schema["properties"].as_object())
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .filter(|n| n != "mappings")
        .collect()
}

/// `GET /{collection}`.
pub async fn list<R: Stored>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    let most = reader.caller().app().config.limits.page_size;
    let tables = fields::<R>();
    let query = match Query::parse(&parameters, &tables, &["fields", "as_of"], most) {
        Ok(query) => query,
        Err(faults) => return bad_parameters(faults).map(|()| HttpResponse::BadRequest().finish()),
    };
    let selected = selection::<R>(&parameters)?;
    let heavy = query.count || query.conditions.iter().any(|c| matches!(c, crate::model::Condition::Words(_)));
    let page = match moment(&parameters)? {
        Some(moment) => reader.scan(async move |conn, org| read::past_page::<R>(conn, org, query, moment).await).await?,
        None if heavy => reader.scan(async move |conn, org| read::page::<R>(conn, org, query).await).await?,
        None => reader.read(async |conn, org| read::page::<R>(conn, org, query).await).await?,
    };
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &page.next {
        let mut next: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| name != "cursor")
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
    if !request.query_string().is_empty() {
        return get_with_parameters(&reader, &request, spelling).await;
    }
    let app = reader.caller().app();
    let question = Question { organization: reader.caller().organization(), kind: R::KIND, spelling: spelling.clone() };
    let vacant = match app.answers.get(&app.store, question) {
        Ok(kept) => return one(&request, &kept.etag, || Ok(kept.body.clone())),
        Err(vacant) => vacant,
    };
    let mut object = reader.read(async |conn, org| read::one::<R>(conn, org, &spelling).await).await?;
    let etag = view::etag(&mut object, "");
    let body = Bytes::from(view::json(&object)?);
    vacant.fill(&etag, &body);
    one(&request, &etag, || Ok(body))
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
        Some(moment) => reader.scan(async move |conn, org| read::past_one::<R>(conn, org, &spelling, moment).await).await?,
        None => reader.read(async |conn, org| read::one::<R>(conn, org, &spelling).await).await?,
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
    body::require_type(&request, JSON)?;
    only(&headers::parameters(&request)?, &[])?;
    let wishes = Wishes::of(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let draft = draft::parse::<R>(body::json(&bytes)?)?;
    let order = Order { place: 0, target: None, verb: Verb::Put(Box::new(draft)), guard: Guard::default() };
    let once = Once::of(writer.caller(), &wishes, &request, &bytes)?;
    let work = async move |tx: &mut Tx| once.run(tx, async move |tx| single(tx, order).await).await;
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(answered(answer, &wishes, replayed))
}

/// `PUT /{collection}/{id}`.
pub async fn put<R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, JSON)?;
    let wishes = guarded(&writer, &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let draft = draft::parse::<R>(body::json(&bytes)?)?;
    let order = Order { place: 0, target: Some(target), verb: Verb::Put(Box::new(draft)), guard: wishes.guard.clone() };
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

/// `PATCH /{collection}/{id}`.
pub async fn patch<R: Stored>(writer: Writer<R>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, PATCH)?;
    let wishes = guarded(&writer, &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let patch = body::json(&bytes)?;
    if !patch.is_object() {
        return Err(Error::invalid("", "wrong_type", "a merge patch is an object"));
    }
    let order: Order<R> =
        Order { place: 0, target: Some(target), verb: Verb::Patch { patch, creates: false }, guard: wishes.guard.clone() };
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

/// `DELETE /{collection}/{id}`.
pub async fn delete<R: Stored>(writer: Writer<R>, request: HttpRequest) -> Result<HttpResponse> {
    let wishes = guarded(&writer, &request)?;
    let target = spelled(&request)?;
    let order: Order<R> = Order { place: 0, target: Some(target), verb: Verb::Delete, guard: wishes.guard.clone() };
    let answer = writer.write(&wishes, 1, async move |tx| single(tx, order).await).await?;
    Ok(answered(answer, &wishes, false))
}

fn guarded<R: Stored>(writer: &Writer<R>, request: &HttpRequest) -> Result<Wishes> {
    only(&headers::parameters(request)?, &[])?;
    let wishes = Wishes::of(request)?;
    let guard = &wishes.guard;
    let bare = guard.versions.is_none() && !guard.present && !guard.absent;
    if writer.caller().app().config.require_if_match && bare {
        return Err(Error::refused(428, "precondition_required", "this deployment demands If-Match (or If-None-Match: *)"));
    }
    Ok(wishes)
}

/// Carries one order out and puts the answer together.
async fn single<R: Stored>(tx: &mut Tx, order: Order<R>) -> Result<Answer> {
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
    answer(tx, done, object).await
}

async fn answer<R: Stored>(tx: &mut Tx, done: Done, object: Object<R>) -> Result<Answer> {
    if done == Done::Deleted {
        return Ok(Answer { status: 204, location: None, etag: None, body: String::new() });
    }
    let org = tx.organization();
    let mut objects = [object];
    read::named(&mut tx.conn()?, org, &mut objects).await?;
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
