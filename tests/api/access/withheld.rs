//! What a caller may not read stands in no answer, whichever operation gives it: tried in the example organisation, for
//! every kind with a token that lacks the right to read just that one.

use crate::conformance::Spec;
use crate::prepared;
use crate::support::document::{Document, Operation};
use crate::support::server::Home;
use crate::support::{Answer, Api, Backend, Server, token};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Members that the service words itself.
const WORDED: [&str; 4] = ["detail", "explanation", "evidence", "status_reason"];
/// What is asked for besides JSON, of whatever has it.
const FORMS: [&str; 7] =
    ["application/json", "text/csv", "image/svg+xml", "text/vnd.graphviz", "text/vnd.mermaid", "text/html", "text/markdown"];

fn demo(backend: Backend) -> (Arc<Server>, Api) {
    let server = Server::start_at(&Arc::new(Home::new(backend)), "demo", &[]);
    let token = std::fs::read_to_string(server.home.data().join("first-token")).expect("a first token");
    let api = server.with_token("demo", token.trim());
    (server, api)
}

/// A call to be made.
#[derive(Clone)]
struct Call {
    method: String,
    path: String,
    accept: &'static str,
    body: Option<Value>,
}

impl Call {
    fn send(&self, api: &Api) -> Answer {
        let mut request = api.absolute(&self.method, &self.path).header("Accept", self.accept);
        if self.method != "GET" && !self.path.contains("/analysis/") {
            request = request.header("Prefer", "tx=rollback");
        }
        match &self.body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        }
    }
}

/// Every object of the organisation by collection.
type Objects = HashMap<&'static str, Vec<Value>>;

fn objects(api: &Api) -> Objects {
    let all = |spec: &Spec| (spec.path, api.get(&format!("/{}?limit=500", spec.path)).expect(200).items());
    Spec::all().filter(|spec| !spec.shared).map(all).collect()
}

/// The paths of an operation: those of the first objects of its collection, and of the last.
fn paths(operation: &Operation, objects: &Objects) -> Vec<String> {
    let template = &operation.template;
    let mut query = "";
    if template.ends_with("/changes") {
        query = "?after=0&limit=1000&include=body";
    } else if template.ends_with("/risk-situation") {
        query = "?from=2026-01-01";
    } else if template.ends_with("/calendar") || template.ends_with("/calendar.ics") {
        query = "?from=2026-01-01&to=2030-01-01";
    }
    if !template.contains('{') {
        let list = Spec::all().any(|spec| template.ends_with(&format!("/{}", spec.path)));
        return vec![format!("{template}{}", if list { "?limit=500" } else { query })];
    }
    let collection = template.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default();
    let all = objects.get(collection).map(Vec::as_slice).unwrap_or_default();
    let chosen = all.iter().enumerate().filter(|(index, _)| *index < 2 || index + 3 > all.len()).map(|(_, one)| one);
    let step = objects["run-steps"].first().map(|step| step["step"].as_str().unwrap_or_default()).unwrap_or_default();
    let path = |one: &Value| {
        let path = template.replacen("{id}", prepared::id(one), 1).replace("{version}", "latest").replace("{step}", step);
        path.replace("{key}", "none")
    };
    chosen.map(path).collect()
}

fn questions(objects: &Objects) -> Vec<Call> {
    let ids = |collection: &str, count: usize| -> Vec<Value> {
        objects[collection].iter().take(count).map(|one| one["id"].clone()).collect()
    };
    let lost: Vec<Value> = ["sites", "suppliers", "components"].into_iter().flat_map(|collection| ids(collection, 6)).collect();
    let all = [
        ("impact", json!({"lost": lost})),
        ("change", json!({"items": ids("components", 30)})),
        ("recovery", json!({})),
        ("recovery-sequence", json!({})),
        ("recovery-sequence", json!({"lost": lost})),
    ];
    let forms = ["application/json", "image/svg+xml"];
    let call = |(path, body): (&str, Value)| {
        let path = format!("/api/v1/analysis/{path}");
        forms.map(|accept| Call { method: "POST".into(), path: path.clone(), accept, body: Some(body.clone()) })
    };
    all.into_iter().flat_map(call).collect()
}

/// Every call that shows something: reads in all forms, questions, and dry runs.
fn calls(objects: &Objects) -> Vec<Call> {
    let mut all = questions(objects);
    for operation in &Document::committed().operations {
        if !operation.template.starts_with("/api/v1/") || operation.template.contains("/problems") {
            continue;
        }
        let own = operation.template.split('/').count() == 5 && operation.template.ends_with("/{id}");
        let body = match operation.method.as_str() {
            "GET" => None,
            "DELETE" if own => None,
            "PATCH" if own => Some(json!({"tags": ["seen"]})),
            _ => continue,
        };
        let media = operation.value["responses"]["200"]["content"].as_object();
        for path in paths(operation, objects) {
            for accept in
                FORMS.into_iter().filter(|form| *form == FORMS[0] || media.is_some_and(|media| media.contains_key(*form)))
            {
                all.push(Call { method: operation.method.clone(), path: path.clone(), accept, body: body.clone() });
            }
        }
    }
    all
}

/// What people have written, without what only names other objects.
fn written(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(members) if members.contains_key("kind") && members.len() == 4 && members.contains_key("key") => {}
        Value::Object(members) => {
            members.iter().filter(|(name, _)| !WORDED.contains(&name.as_str())).for_each(|(_, member)| written(member, texts));
        }
        Value::Array(elements) => elements.iter().for_each(|element| written(element, texts)),
        Value::String(text) => texts.push(text.clone()),
        _ => {}
    }
}

/// Whether a word stands in a text, and not only as a part of a longer one.
fn names(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(joins) && !text[at + word.len()..].chars().next().is_some_and(joins)
    })
}

/// By what the objects of a kind would be known in an answer, as far as nobody else has written the same.
fn marks(collection: &str, objects: &Objects) -> Vec<String> {
    let mut texts = Vec::new();
    let others = objects.iter().filter(|(path, _)| **path != collection);
    others.for_each(|(_, all)| all.iter().for_each(|one| written(one, &mut texts)));
    let text = texts.join("\n");
    let of = |one: &Value| ["id", "key", "name", "title"].map(|name| one[name].as_str().unwrap_or_default().to_owned());
    let all: HashSet<String> = objects[collection].iter().flat_map(of).collect();
    all.into_iter().filter(|mark| mark.len() > 2 && !names(&text, mark)).collect()
}

/// A token that reads and writes all but one collection.
fn without(server: &Arc<Server>, collection: &str) -> Api {
    let policy = Spec::all().map(|spec| spec.path).chain(["settings", "risk-matrix"]);
    let mut scopes: Vec<String> =
        policy.filter(|path| *path != collection).flat_map(|path| [format!("{path}:read"), format!("{path}:write")]).collect();
    scopes.retain(|scope| !["run-steps:write", "organizations:write", "organizations:read"].contains(&scope.as_str()));
    scopes.extend(["analyses:read", "reports:read", "changes:read", "history:read"].map(str::to_owned));
    let mut claims = token::claims("demo", "eve", &token::ALL_POWERFUL);
    claims["scope"] = json!(scopes.join(" "));
    server.with_token("demo", &server.token(&claims))
}

fn nothing_of_a_kind_that_may_not_be_read_stands_in_any_answer(backend: Backend) {
    let (server, admin) = demo(backend);
    let objects = objects(&admin);
    let calls = calls(&objects);
    let whole: Vec<(u16, String)> =
        calls.iter().map(|call| call.send(&admin)).map(|answer| (answer.status(), answer.text())).collect();
    let (mut surprises, mut narrowed) = (Vec::new(), HashSet::new());
    for spec in Spec::all().filter(|spec| !spec.shared) {
        let (api, marks) = (without(&server, spec.path), marks(spec.path, &objects));
        for (call, (status, whole)) in calls.iter().zip(&whole) {
            let told: Vec<&String> = marks.iter().filter(|mark| names(whole, mark)).collect();
            // Where nothing of the kind stands for those who may read it, nothing can be left out.
            if told.is_empty() {
                continue;
            }
            let answer = call.send(&api);
            let text = answer.text();
            let what = format!("without {}: {} {} as {}", spec.path, call.method, call.path, call.accept);
            if let Some(mark) = marks.iter().find(|mark| names(&text, mark) && !call.path.contains(*mark)) {
                surprises.push(format!("{what} tells {mark}"));
            }
            if answer.status() == *status {
                narrowed.insert(spec.path);
                let said = answer.header("withheld").unwrap_or_default();
                if !said.split(", ").any(|own| own == spec.path) && !text.is_empty() {
                    surprises.push(format!("{what} does not say what was left out, but {said:?}"));
                }
                let json = answer.header("content-type").is_some_and(|own| own.contains("json"));
                if json && answer.json().is_object() && answer.json()["withheld"] != json!(said.split(", ").collect::<Vec<_>>()) {
                    surprises.push(format!("{what} has no member that says {said:?}"));
                }
            } else if answer.status() != 403 {
                surprises.push(format!("{what} → {} {}", answer.status(), answer.code()));
            }
        }
    }
    surprises.dedup();
    assert!(surprises.is_empty(), "{} surprises: {:#?}", surprises.len(), &surprises[..surprises.len().min(60)]);
    assert!(narrowed.len() > 15, "hardly anything was left out: {narrowed:?}");
}

#[test]
fn nothing_of_a_kind_that_may_not_be_read_stands_in_any_answer_on_sqlite() {
    nothing_of_a_kind_that_may_not_be_read_stands_in_any_answer(Backend::Sqlite);
}

#[test]
fn nothing_of_a_kind_that_may_not_be_read_stands_in_any_answer_on_postgres() {
    nothing_of_a_kind_that_may_not_be_read_stands_in_any_answer(Backend::Postgres);
}
