//! Answers without what their caller may not read.
//!
//! Objects of other kinds stand in JSON as references, so that one pass over an answer finds them all, whichever
//! operation has put it together. Texts and pictures are made of what [`Visibility`] shows.
use super::headers;
use crate::model::{Id, Kind, KindSet, StringEnum, Visibility};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpResponse};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Names the collections of which something was left out.
const WITHHELD: HeaderName = HeaderName::from_static("withheld");

/// The members by which an element of a list says what it is about: without that it says nothing.
const SUBJECTS: &[&str] = &[
    "item",
    "object",
    "service",
    "contact",
    "plan",
    "risk",
    "measure",
    "exercise",
    "disruption",
    "finding",
    "measurement",
    "subject",
    "run",
    "before",
];

/// The members that the service words itself, with the keys of what stands beside them.
const WORDED: &[&str] = &["detail", "explanation", "evidence", "status_reason"];

/// The kinds of what a fingerprint tells by id, without saying which is which.
const BY_ID: &[Kind] = &[Kind::Site, Kind::Supplier, Kind::Contact, Kind::BusinessProcess, Kind::Service, Kind::Component];

fn is_by_id(members: &Map<String, Value>) -> bool {
    !members.is_empty() && members.keys().all(|key| Id::parse(key).is_some())
}

/// Takes the references to hidden objects out of a value: those in lists with their place, and the elements that are
/// about them; elsewhere `null` stands instead. What is not among others is left as it is.
pub fn withhold(value: &mut Value, visibility: &Visibility) {
    if visibility.is_whole() {
        return;
    }
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                reword(members, visibility);
                if is_by_id(members) && BY_ID.iter().filter(|kind| visibility.hides(**kind)).count() > 0 {
                    members.clear();
                }
                for member in members.values_mut() {
                    if is_hidden(member, visibility) {
                        *member = Value::Null;
                    } else {
                        open.push(member);
                    }
                }
            }
            Value::Array(elements) => {
                elements.retain(|element| !is_hidden(element, visibility) && !is_about_hidden(element, visibility));
                open.extend(elements);
            }
            _ => {}
        }
    }
}

/// Takes the keys of hidden objects out of what is said of them.
fn reword(members: &mut Map<String, Value>, visibility: &Visibility) {
    if !WORDED.iter().any(|name| members.get(*name).is_some_and(Value::is_string)) {
        return;
    }
    let listed = members.values().filter_map(Value::as_array).flatten();
    let hidden = members.values().chain(listed).filter(|one| is_hidden(one, visibility));
    let keys: HashSet<String> = hidden.filter_map(|one| one["key"].as_str().map(str::to_owned)).collect();
    if keys.is_empty() {
        return;
    }
    for name in WORDED {
        let Some(Value::String(text)) = members.get_mut(*name) else { continue };
        let word = |word: &str| {
            let key = word.trim_end_matches([',', '.', ';', ':', ')']);
            if keys.contains(key) { format!("{}{}", crate::model::WITHHELD, &word[key.len()..]) } else { word.to_owned() }
        };
        *text = text.split(' ').map(word).collect::<Vec<_>>().join(" ");
    }
}

fn kind_of(members: &Map<String, Value>) -> Option<Kind> {
    let there = members.contains_key("id") && members.contains_key("key");
    members.get("kind").filter(|_| there).and_then(Value::as_str).and_then(Kind::from_word)
}

fn is_hidden(value: &Value, visibility: &Visibility) -> bool {
    value.as_object().and_then(kind_of).is_some_and(|kind| visibility.hides(kind))
}

/// Whether all that an element says is about a hidden object. What has a key of its own is something by itself.
fn is_about_hidden(value: &Value, visibility: &Visibility) -> bool {
    let Some(members) = value.as_object().filter(|members| !members.contains_key("key")) else { return false };
    SUBJECTS.iter().filter_map(|name| members.get(*name)).any(|subject| {
        // What is compared stands there twice, each about the same.
        is_hidden(subject, visibility) || subject.get("item").is_some_and(|item| is_hidden(item, visibility))
    })
}

/// The collections of which something was left out.
fn collections(left_out: KindSet) -> Vec<&'static str> {
    left_out.iter().map(Kind::collection).collect()
}

/// Whether the text of an answer may hold a reference to a hidden object. Our JSON has no white space.
fn may_hold(text: &[u8], hidden: KindSet) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    text.contains("\"fingerprint\":{") || hidden.iter().any(|kind| text.contains(&format!("\"kind\":\"{}\"", kind.as_str())))
}

fn is_json(response: &HttpResponse<BoxBody>) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    [&b"application/json"[..], b"application/problem+json"].contains(&media_type)
}

/// The body without what is hidden, and with what was left out.
fn narrowed(body: &Bytes, visibility: &Visibility) -> Option<String> {
    if !may_hold(body, visibility.hidden()) && visibility.left_out().is_empty() {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    withhold(&mut value, visibility);
    let left_out = visibility.left_out();
    if left_out.is_empty() {
        return None;
    }
    if let Value::Object(members) = &mut value {
        members.insert("withheld".into(), json!(collections(left_out)));
    }
    Some(value.to_string())
}

/// Takes out of an answer what its caller may not read, and says so.
pub fn narrow(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let visibility = response.request().extensions().get::<Visibility>().cloned();
    let Some(visibility) = visibility else { return response };
    let (request, mut response) = response.into_parts();
    if is_json(&response) {
        let (head, body) = response.into_parts();
        response = match body.try_into_bytes() {
            Ok(body) => {
                let body = narrowed(&body, &visibility).map_or(body, Bytes::from);
                head.set_body(BoxBody::new(body))
            }
            // What is no whole text yet is narrowed by whoever writes it.
            Err(body) => head.set_body(body),
        };
    }
    let left_out = collections(visibility.left_out());
    if !left_out.is_empty()
        && let Ok(value) = HeaderValue::from_str(&left_out.join(", "))
    {
        response.headers_mut().insert(WITHHELD, value);
    }
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let own = tag.map(|tag| headers::tag_of(tag, &visibility)).and_then(|tag| HeaderValue::from_str(&tag).ok());
    if let Some(own) = own {
        response.headers_mut().insert(header::ETAG, own);
    }
    ServiceResponse::new(request, response)
}

/// Wraps the handlers: what they answer is narrowed before it is compressed.
///
/// # Errors
/// None of its own.
pub async fn layer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    // A refusal is worded at the edge.
    Ok(if response.response().error().is_some() { response } else { narrow(response) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(mut value: Value) -> Value {
        let visibility = Visibility::without(KindSet::of(|kind| kind == Kind::Contact));
        withhold(&mut value, &visibility);
        value
    }

    #[test]
    fn references_go_with_what_is_about_them_and_all_else_stays() {
        let ana = || json!({"id": "1", "kind": "contact", "key": "ANA", "name": "Ana"});
        let site = || json!({"id": "2", "kind": "site", "key": "NORTH", "name": null});
        let value = json!({
            "owner": ana(), "site": site(), "lost": [site(), ana()], "text": "contact",
            "call": [{"contact": ana(), "reasons": []}, {"contact": site()}],
            "team": [{"key": "lead", "contact": ana()}], "deep": [[ana()], {"by": {"contact": ana()}}],
        });
        let expected = json!({
            "owner": null, "site": site(), "lost": [site()], "text": "contact", "call": [{"contact": site()}],
            "team": [{"key": "lead", "contact": null}], "deep": [[], {"by": {"contact": null}}],
        });
        assert_eq!(seen(value), expected);
    }

    #[test]
    fn what_is_said_of_hidden_objects_does_not_name_them() {
        let ana = json!({"id": "1", "kind": "contact", "key": "ANA", "name": "Ana"});
        let value = json!([{"detail": "it waits: ANA, ANABEL → ANA.", "text": "ANA", "items": [ana]}]);
        let expected = json!([{"detail": "it waits: withheld, ANABEL → withheld.", "text": "ANA", "items": []}]);
        assert_eq!(seen(value), expected);
    }

    #[test]
    fn an_object_that_has_a_kind_of_its_own_is_no_reference() {
        let all = json!({"items": [{"id": "1", "key": "A", "kind": "person"}, {"kind": "contact"}]});
        assert_eq!(seen(all.clone()), all);
    }
}
