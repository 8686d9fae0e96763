//! `GET /plans/{id}/versions/{version}/diff`: what changed from one version to another, step by step.
use super::form::{list, object, reference, tagged, text};
use crate::analysis::schedule::{reference_of, scheduled};
use crate::collection::params::{parameter, reject_unknown};
use crate::collection::{nested_resource, view};
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::Api;
use crate::model::{Action, Error, Kind, Result};
use crate::resources::plan_versions::{PlanVersion, store};
use crate::resources::runs::RunMode;
use crate::store::ResourceTable;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

/// Fields that are compared as a whole, and parts that are compared element by element.
const FIELDS: [&str; 7] =
    ["objectives", "scope", "assumptions", "activation_criteria", "deactivation_criteria", "invocation", "success_criteria"];
const PARTS: [&str; 4] = ["sections", "team", "communications", "steps"];

async fn diff(reader: Reader<PlanVersion>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Plan.collection(), Action::Read)?;
    nested_resource::resolve_path::<PlanVersion>(reader.caller(), &request).await?;
    let (parameters, id) = (headers::parameters(&request)?, nested_resource::resolved_id(&request)?);
    reject_unknown(&parameters, &["against"])?;
    let bad = || Error::malformed("invalid_parameter", "against is the number of a version of the plan");
    let against = parameter(&parameters, "against").map(|text| text.parse::<i64>().map_err(|_| bad())).transpose()?;
    let caller = reader.caller().clone();
    let answer = reader
        .scan(async move |conn, org| {
            let own = PlanVersion::find(conn, org, id).await?.ok_or(Error::NotFound)?;
            let plan = own.body.plan.id().ok_or(Error::NotFound)?;
            let number = against.unwrap_or((own.body.number - 1).max(1));
            let other = match store::numbered(conn, org, plan, Some(number)).await {
                Err(Error::NotFound) => return Err(bad()),
                found => found?,
            };
            let snapshot = caller.snapshot();
            let to = scheduled(conn, &snapshot, id, RunMode::Actual).await?;
            let from = scheduled(conn, &snapshot, other, RunMode::Actual).await?;
            let (old, new) = (view::value_of(&from.version)?, view::value_of(&to.version)?);
            let length = |one: &super::schedule::Scheduled| one.table.length();
            let mut answer = compare(&old, &new);
            answer["plan"] = json!(reference_of(&to.plan));
            answer["from"] = json!(number);
            answer["to"] = json!(to.version.body.number);
            answer["planned_seconds"] = json!({"from": length(&from), "to": length(&to)});
            Ok(answer.to_string())
        })
        .await?;
    Ok(tagged(&request, "application/json", answer))
}

/// What is different between the JSON of two versions.
fn compare(old: &Value, new: &Value) -> Value {
    let mut answer = json!({"fields": changes(old, new, &FIELDS)});
    for part in PARTS {
        answer[part] = elements(&old[part], &new[part]);
    }
    answer
}

fn changes<'a>(old: &Value, new: &Value, fields: impl IntoIterator<Item = &'a &'a str>) -> Map<String, Value> {
    let differs = |name: &&&str| old[**name] != new[**name];
    fields.into_iter().filter(differs).map(|name| ((*name).to_owned(), json!({"from": old[*name], "to": new[*name]}))).collect()
}

/// Elements by their keys: added, removed, changed, and moved among those that stayed.
fn elements(old: &Value, new: &Value) -> Value {
    let (old, new) = (old.as_array().map_or(&[][..], Vec::as_slice), new.as_array().map_or(&[][..], Vec::as_slice));
    let key = |one: &Value| one["key"].as_str().unwrap_or_default().to_owned();
    let find = |all: &[Value], wanted: &str| all.iter().position(|one| one["key"] == wanted);
    let only = |one: &[Value], other: &[Value]| -> Vec<Value> {
        one.iter().filter(|own| find(other, &key(own)).is_none()).cloned().collect()
    };
    let mut changed = Vec::new();
    for own in new {
        let Some(before) = find(old, &key(own)).map(|at| &old[at]) else { continue };
        let names: Vec<&str> = own.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let changes = changes(before, own, &names);
        if !changes.is_empty() {
            changed.push(json!({"key": key(own), "changes": changes}));
        }
    }
    let order = |one: &[Value], other: &[Value]| -> Vec<String> {
        one.iter().map(key).filter(|key| find(other, key).is_some()).collect()
    };
    json!({
        "added": only(new, old), "removed": only(old, new), "changed": changed, "reordered": order(old, new) != order(new, old)
    })
}

pub fn routes(api: &mut Api) {
    let none = json!({"added": [], "removed": [], "changed": [], "reordered": false});
    let example = json!({
        "plan": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "plan", "key": "PLN-SAN-NORTH", "name": "Loss of the array"},
        "from": 1, "to": 2, "planned_seconds": {"from": 8100, "to": 7200}, "fields": {"scope": {"from": null, "to": "Payroll only"}},
        "sections": none, "team": none, "communications": none,
        "steps": {"added": [], "removed": [], "changed": [{"key": "restore", "changes": {"expected_seconds": {"from": 7200, "to": 6300}}}], "reordered": false}
    });
    let words = "What is different in this version against another: fields with both values, elements by their keys, and the \
                 planned time from the beginning to the end. Against the version before when `against` is left out; \
                 the first one then against itself.";
    let op = nested_resource::operation::<PlanVersion>(
        Method::GET,
        "/diff",
        "diff_version_of_plan",
        "Compare two versions of a plan",
        words,
        Action::Read,
    )
    .query("against", json!({"type": "integer", "format": "int64", "minimum": 1}), "The number of the other version.")
    .header("If-None-Match", "An ETag; 304 when it still holds.")
    .json(200, "The differences.", json!({"$ref": "#/components/schemas/VersionDiff"}), &example, crate::collection::doc::etag())
    .response(304, "Unchanged.", Value::Null, crate::collection::doc::etag());
    api.add(op, diff);
}

pub fn schemas() -> Value {
    let change = json!({"type": "object", "description": "By field: `from` and `to`."});
    let part = object(&json!({
        "added": list(1000, &json!({"type": "object"})), "removed": list(1000, &json!({"type": "object"})),
        "changed": list(1000, &object(&json!({"key": text(64), "changes": change}))), "reordered": {"type": "boolean"}
    }));
    let number = json!({"type": "integer", "format": "int64", "minimum": 1});
    let lengths = json!({"type": "integer", "format": "int64", "minimum": 0});
    json!({"VersionDiff": object(&json!({
        "plan": reference(), "from": number, "to": number, "planned_seconds": object(&json!({"from": lengths, "to": lengths})),
        "fields": change, "sections": part, "team": part, "communications": part, "steps": part
    }))})
}
