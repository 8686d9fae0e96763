//! The pages behind the `type` of a problem: what it means, why it happens, what to do. Readable without a network.
use super::codes::{CODES, Code, title};
use super::routes::{Api, Operation};
use crate::model::{Error, Result};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

fn explained(code: &Code) -> Value {
    json!({
        "code": code.code, "status": code.status, "title": code.title, "cause": code.cause, "fix": code.fix,
        "example": {
            "type": format!("/problems/{}", code.code), "title": code.title, "status": code.status, "code": code.code,
            "detail": code.cause, "request_id": "018f6c2e-5a4b-7c3d-8e9f-0a1b2c3d4e5f"
        }
    })
}

/// `GET /problems/{code}`: the page as HTML, or as JSON for programs.
pub async fn page(request: HttpRequest) -> Result<HttpResponse> {
    let wanted = request.match_info().get("code").unwrap_or_default();
    let code = CODES.iter().find(|row| row.code == wanted).ok_or(Error::NotFound)?;
    let accept = request.headers().get("accept").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let explained = explained(code);
    if accept.contains("application/json") {
        return Ok(HttpResponse::Ok().json(explained));
    }
    let example = serde_json::to_string_pretty(&explained["example"]).unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><body><h1>{title}</h1>\
         <p><code>{code}</code>, status {status}</p><h2>Cause</h2><p>{cause}</p><h2>What to do</h2><p>{fix}</p>\
         <h2>Example</h2><pre>{example}</pre></body></html>",
        title = code.title,
        code = code.code,
        status = code.status,
        cause = code.cause,
        fix = code.fix,
    );
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

/// `GET /problems`: all codes.
pub async fn index() -> Result<HttpResponse> {
    let rows: Vec<_> = CODES
        .iter()
        .map(|c| json!({"code": c.code, "status": c.status, "title": c.title, "type": format!("/problems/{}", c.code)}))
        .collect();
    Ok(HttpResponse::Ok().json(json!({"items": rows})))
}

fn example() -> Value {
    let code = "key_taken";
    json!({"type": format!("/problems/{code}"), "title": title(code), "status": 409, "code": code})
}

/// The pages, open to everybody; under the base path too, for clients that know nothing else.
pub fn routes(api: &mut Api) {
    let text = |most: u32| json!({"type": "string", "maxLength": most});
    let status = json!({"type": "integer", "minimum": 400, "maximum": 599});
    let row = json!({
        "type": "object", "required": ["type", "title", "status", "code"], "additionalProperties": false,
        "properties": {"type": text(200), "title": text(200), "status": status, "code": text(100)}
    });
    let list = json!({
        "type": "object", "required": ["items"], "additionalProperties": false,
        "properties": {"items": {"type": "array", "maxItems": 200, "items": row}}
    });
    let words = "Every code that can stand at the top of a problem.";
    let all = Operation::new(Method::GET, "/problems", "operations", "list_problems", "List the problems", words).public();
    let below = Operation::new(
        Method::GET,
        "/api/v1/problems",
        "operations",
        "list_problems_below_the_base_path",
        "List the problems",
        words,
    );
    for one in [all, below.public()] {
        api.add(one.json(200, "The codes.", list.clone(), &json!({"items": [example()]}), Value::Null), index);
    }
    let page_schema = json!({
        "type": "object", "required": ["code", "status", "title", "cause", "fix", "example"], "additionalProperties": false,
        "properties": {
            "code": text(100), "status": status, "title": text(200), "cause": text(1000), "fix": text(1000),
            "example": {"$ref": "#/components/schemas/Problem"}
        }
    });
    let words = "What the problem means, why it happens and what to do; a page for people, JSON when `Accept` names it.";
    for (path, id) in [("/problems/{code}", "get_problem"), ("/api/v1/problems/{code}", "get_problem_below_the_base_path")] {
        let shown = CODES.iter().find(|row| row.code == "key_taken").map(explained).unwrap_or_default();
        let one = Operation::new(Method::GET, path, "operations", id, "Explain a problem", words)
            .public()
            .path_parameter("code", "The `code` of the problem.", "key_taken")
            .json(200, "The page.", page_schema.clone(), &shown, Value::Null)
            .also(200, "text/html", "<!doctype html><html lang=\"en\"><title>Key taken</title></html>")
            .problems(&[404]);
        api.add(one, page);
    }
}
