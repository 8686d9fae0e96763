//! The parts of a draft, each to be read and written by itself: a whole part, or one element of it by its key.
use crate::collection::command::{self, Command};
use crate::collection::doc::{IF_MATCH, etag, schema_ref, with_write_headers};
use crate::collection::http::write_one;
use crate::collection::params::{object_ref, path_segment, reject_unknown};
use crate::collection::{action, draft, nested_resource, read, schema, view};
use crate::http::context::{Reader, Writer};
use crate::http::headers;
use crate::http::preconditions::Preconditions;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Fault, ObjectRef, Resource, Result, merge};
use crate::resources::plan_versions::PlanVersion;
use crate::store::idempotency::StoredResponse;
use crate::store::{Object, Tx, kind_of};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// The parts, with the schema of their elements.
const PARTS: [(&str, &str, &str); 4] = [
    ("sections", "Section", "section"),
    ("team", "Seat", "seat"),
    ("communications", "Message", "message"),
    ("steps", "PlanStep", "step"),
];

/// What is to happen to a part.
enum Wish {
    All,
    Put(String),
    Patch(String),
    Delete(String),
}

/// The part the path is about, and the key of the element if it names one.
fn part(request: &HttpRequest) -> Result<(&'static str, Option<String>)> {
    let pattern = request.match_pattern().unwrap_or_default();
    let named = PARTS.iter().find(|(name, ..)| pattern.split('/').any(|segment| segment == *name));
    let (name, ..) = named.ok_or(Error::NotFound)?;
    let key = if pattern.ends_with("/{key}") { Some(path_segment(request, "key")?) } else { None };
    Ok((name, key))
}

fn with_key<'a>(list: &'a [Value], key: &str) -> Option<(usize, &'a Value)> {
    list.iter().enumerate().find(|(_, one)| one["key"] == key)
}

async fn get(reader: Reader<PlanVersion>, request: HttpRequest) -> Result<HttpResponse> {
    nested_resource::resolve_path::<PlanVersion>(reader.caller(), &request).await?;
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let ((part, key), object_ref) = (part(&request)?, object_ref(&request)?);
    let caller = reader.caller().clone();
    let version =
        reader.read(async |conn, _| read::load_view_of::<PlanVersion>(conn, &caller.snapshot(), &object_ref).await).await?;
    let tag = view::etag_of(&version);
    if headers::none_match(&request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header(("etag", tag)).finish());
    }
    let value = view::value_of(&version)?;
    let list = value[part].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = match key {
        None => json!({"items": list}),
        Some(key) => with_key(list, &key).ok_or(Error::NotFound)?.1.clone(),
    };
    Ok(HttpResponse::Ok().insert_header(("etag", tag)).json(shown))
}

async fn write(
    writer: Writer<PlanVersion>,
    request: HttpRequest,
    payload: Payload,
    wish: fn(String) -> Wish,
) -> Result<HttpResponse> {
    nested_resource::resolve_path::<PlanVersion>(writer.caller(), &request).await?;
    let (part, key) = part(&request)?;
    let wish = key.map_or(Wish::All, wish);
    let carry_out = async move |tx: &mut Tx, old: Object<PlanVersion>, said: Value| rewrite(tx, old, part, wish, said).await;
    action::run_action(writer, request, payload, Ok, carry_out).await
}

async fn put(writer: Writer<PlanVersion>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    write(writer, request, payload, Wish::Put).await
}
async fn patch(writer: Writer<PlanVersion>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    write(writer, request, payload, Wish::Patch).await
}
async fn delete(writer: Writer<PlanVersion>, request: HttpRequest) -> Result<HttpResponse> {
    nested_resource::resolve_path::<PlanVersion>(writer.caller(), &request).await?;
    let (part, key) = part(&request)?;
    let write_options = crate::collection::params::conditional_write_options(writer.caller(), &request)?;
    let (target, preconditions) = (object_ref(&request)?, write_options.preconditions.clone());
    let work = async move |tx: &mut Tx| {
        tx.lock_tenant().await?;
        let org = tx.organization();
        let old = read::load_of::<PlanVersion>(&mut tx.conn()?, org, &target).await?;
        preconditions.check(old.meta.version)?;
        rewrite(tx, old, part, Wish::Delete(key.unwrap_or_default()), Value::Null).await
    };
    let answer = writer.write(&write_options, 1, work).await?;
    Ok(crate::collection::http::into_response(answer, &write_options, false))
}

/// Lays the part as it is to be over the version, by the same way as a patch of the whole.
async fn rewrite(tx: &mut Tx, old: Object<PlanVersion>, part: &str, wish: Wish, said: Value) -> Result<StoredResponse> {
    let (kind, target) = (kind_of::<PlanVersion>(), Some(ObjectRef::Id(old.meta.id)));
    let now = draft::of(kind.info(), &old.into())?;
    let mut list = now[part].as_array().cloned().unwrap_or_default();
    let (mut place, mut created) = (None, false);
    match &wish {
        Wish::All => {
            let Value::Array(all) = said else { return Err(Error::invalid("", "wrong_type", "a list is wanted")) };
            list = all;
        }
        Wish::Put(key) | Wish::Patch(key) => {
            let there = with_key(&list, key).map(|(place, _)| place);
            created = there.is_none();
            if created && matches!(wish, Wish::Patch(_)) {
                return Err(Error::NotFound);
            }
            let element = element(part, there.map(|place| &list[place]), &wish, key, said)?;
            let at = there.unwrap_or(list.len());
            if created {
                list.push(element)
            } else {
                list[at] = element
            }
            place = Some(at);
        }
        Wish::Delete(key) => {
            let (at, _) = with_key(&list, key).ok_or(Error::NotFound)?;
            list.remove(at);
        }
    }
    let operation = command::AuditAction::Patch { patch: json!({part: list}), creates: false };
    let command = Command { place: 0, target, operation, preconditions: Preconditions::default() };
    let root = match (&wish, place) {
        (Wish::All, _) => format!("/{part}"),
        (_, Some(place)) => format!("/{part}/{place}"),
        (_, None) => "/".into(),
    };
    let mut answer = write_one(tx, kind, command).await.map_err(|error| rerooted(error, &root))?;
    shorten(&mut answer, part, &wish, created)?;
    Ok(answer)
}

/// The element as it is to be.
fn element(part: &str, old: Option<&Value>, wish: &Wish, key: &str, said: Value) -> Result<Value> {
    if !said.is_object() {
        return Err(Error::invalid("", "wrong_type", "an object is wanted"));
    }
    let mut element = match (wish, old) {
        (Wish::Patch(_), Some(old)) => {
            let mut element = old.clone();
            merge(&mut element, &said);
            // What there is not cannot be taken away: it stays to be refused.
            let schema = PARTS.iter().find(|(name, ..)| *name == part).map_or("", |(_, schema, _)| *schema);
            for (name, _) in said.as_object().into_iter().flatten().filter(|(_, value)| value.is_null()) {
                if !schema::has_member(kind_of::<PlanVersion>(), schema, name) {
                    element[name] = Value::Null;
                }
            }
            element
        }
        _ => said,
    };
    if element.get("key").is_some_and(|own| own != key) {
        return Err(Error::invalid("/key", "inconsistent", "another key than the one in the path"));
    }
    element["key"] = key.into();
    Ok(element)
}

/// Faults as the client sees its own body: of one element, or of one part.
fn rerooted(error: Error, root: &str) -> Error {
    let Error::Invalid(faults) = error else { return error };
    let own = |fault: Fault| match fault.pointer.strip_prefix(root) {
        // There was no circle before: whichever of its steps is named, it is closed by the one that is written.
        _ if fault.code == "circle" && root.starts_with("/steps/") => Fault { pointer: "/depends_on".into(), ..fault },
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Fault { pointer: rest.to_owned(), ..fault },
        _ => fault,
    };
    Error::Invalid(faults.into_iter().map(own).collect())
}

/// The answer shows what was written.
fn shorten(answer: &mut StoredResponse, part: &str, wish: &Wish, created: bool) -> Result<()> {
    let whole: Value = serde_json::from_str(&answer.body).map_err(Error::internal)?;
    let list = whole[part].as_array().map(Vec::as_slice).unwrap_or_default();
    answer.body = match wish {
        Wish::All => json!({"items": list}).to_string(),
        Wish::Put(key) | Wish::Patch(key) => with_key(list, key).ok_or(Error::NotFound)?.1.to_string(),
        Wish::Delete(_) => String::new(),
    };
    answer.status = match wish {
        Wish::Delete(_) => 204,
        Wish::Put(_) if created => 201,
        _ => 200,
    };
    Ok(())
}

/// What a patch of one element looks like, for the document; it has a name of its own because two media types refer to it.
pub fn patch_schemas() -> impl Iterator<Item = (String, Value)> {
    PARTS.into_iter().map(|(_, schema, _)| {
        let words = format!("A JSON merge patch (RFC 7396) of a `{schema}`; its key stands in the path.");
        (format!("{schema}Patch"), json!({"type": "object", "description": words}))
    })
}

pub fn routes(api: &mut Api) {
    for (part, schema, one) in PARTS {
        let example = PlanVersion::example()[part][0].clone();
        whole_routes(api, part, schema, &example);
        one_routes(api, part, schema, one, &example);
    }
}

fn operation(method: Method, below: &str, id: &str, summary: &str, action: Action) -> Operation {
    let words = match action {
        Action::Read => "With the ETag of the version.",
        _ => "Only a draft is changed. The ETag is the version's.",
    };
    nested_resource::operation::<PlanVersion>(method, below, id, summary, words, action)
}

fn whole_routes(api: &mut Api, part: &str, schema: &str, example: &Value) {
    let element = json!({"$ref": format!("#/components/schemas/{schema}")});
    let list = json!({"type": "array", "maxItems": 1000, "items": element});
    let shown = json!({"type": "object", "required": ["items"], "properties": {"items": list}});
    let below = format!("/{part}");
    let op =
        operation(Method::GET, &below, &format!("get_{part}_of_version"), &format!("Get the {part} of a version"), Action::Read)
            .header("If-None-Match", "An ETag; 304 when it still holds.")
            .json(200, "The part.", shown.clone(), &json!({"items": [example]}), etag())
            .response(304, "Unchanged.", Value::Null, etag());
    api.add(op, get);
    let id = format!("replace_{part}_of_version");
    let op = operation(Method::PUT, &below, &id, &format!("Replace the {part} of a version"), Action::Write)
        .header("If-Match", IF_MATCH)
        .body(&["application/json"], list, &json!([example]))
        .json(200, "The part as it is now.", shown, &json!({"items": [example]}), etag());
    api.add(with_write_headers(op).problems(&[428]), put);
}

fn one_routes(api: &mut Api, part: &str, schema: &str, one: &str, example: &Value) {
    let element = json!({"$ref": format!("#/components/schemas/{schema}")});
    let below = format!("/{part}/{{key}}");
    let op = |method: Method, verb: &str, action: Action| {
        let (id, summary) = (format!("{verb}_{one}_of_version"), format!("{verb} a {one} of a version"));
        let summary = format!("{}{}", summary[..1].to_uppercase(), &summary[1..]);
        operation(method, &below, &id, &summary, action).path_parameter("key", "The key of the element.", "restore")
    };
    let mut keyless = example.clone();
    if let Some(members) = keyless.as_object_mut() {
        members.remove("key");
    }
    api.add(op(Method::GET, "get", Action::Read).json(200, "The element.", element.clone(), example, etag()), get);
    let any = json!({"type": "object", "description": format!("A `{schema}`; its key stands in the path.")});
    let put_op = op(Method::PUT, "put", Action::Write)
        .header("If-Match", IF_MATCH)
        .body(&["application/json"], any, &keyless)
        .json(200, "Replaced.", element.clone(), example, etag())
        .json(201, "Added at the end.", element.clone(), example, etag());
    api.add(with_write_headers(put_op).problems(&[428]), put);
    let patch_op = op(Method::PATCH, "patch", Action::Write)
        .header("If-Match", IF_MATCH)
        .body(&["application/json", "application/merge-patch+json"], schema_ref(&format!("{schema}Patch")), &json!({}))
        .json(200, "Changed.", element, example, etag());
    api.add(with_write_headers(patch_op).problems(&[428]), patch);
    let delete_op = op(Method::DELETE, "delete", Action::Write).header("If-Match", IF_MATCH).response(
        204,
        "Taken away.",
        Value::Null,
        etag(),
    );
    api.add(with_write_headers(delete_op).problems(&[422, 428]), delete);
}
