//! SQLite, PostgreSQL and a plain model do the same things and must give the same answers.
//!
//! `HOLDFAST_DIFFERENTIAL_CASES=2000` tries that many lists of operations, other ones each time; without it a fixed
//! set is tried, so that a change that is not at fault does not fail.

mod kinds;
mod listing;
mod model;
mod operation;
mod orders;
mod rules;
mod side;
mod writing;

use crate::support::Backend;
use kinds::SHAPES;
use listing::Question;
use model::{Expected, Model};
use operation::{Operation, Row};
use orders::{Order, Verb};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use side::Side;
use std::sync::Arc;

const CASES: u32 = 60;

fn fields(value: &Value) -> model::Fields {
    value.as_object().cloned().unwrap_or_default()
}

fn order((place, row): (usize, &Row)) -> Order {
    let verb = match row.op {
        "upsert" => Verb::Put(fields(&row.data)),
        "merge" => Verb::Merge { patch: fields(&row.data), creates: true },
        _ => Verb::Delete,
    };
    Order::new(place, kinds::shape(row.kind), Some(row.id.clone()), verb, row.if_version)
}

fn answer(model: &mut Model, operation: &Operation, seqs: &[usize]) -> Expected {
    let moment = |as_of: &Option<usize>| as_of.map(|index| seqs[index % seqs.len()]);
    match operation {
        Operation::Create { kind, draft, rehearsal } => model.single(kind, None, Verb::Put(fields(draft)), None, *rehearsal),
        Operation::Put { kind, target, draft, if_match, rehearsal } => {
            model.single(kind, Some(target), Verb::Put(fields(draft)), *if_match, *rehearsal)
        }
        Operation::Patch { kind, target, patch, if_match, rehearsal } => {
            let verb = Verb::Merge { patch: fields(patch), creates: false };
            model.single(kind, Some(target), verb, *if_match, *rehearsal)
        }
        Operation::Delete { kind, target, if_match, rehearsal } => {
            model.single(kind, Some(target), Verb::Delete, *if_match, *rehearsal)
        }
        Operation::Batch { partial, rehearsal, rows } => {
            model.batch(*partial, *rehearsal, rows.iter().enumerate().map(order).collect())
        }
        Operation::Get { kind, target, as_of } => model.get(kind, target, moment(as_of)),
        Operation::List { kind, filters, sort, limit, as_of } => {
            model.list(&Question { kind, filters, sort: sort.as_deref(), limit: *limit, as_of: moment(as_of) })
        }
    }
}

/// What the model does not foresee: words for people, and what follows from the rest.
fn foreseen(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(foreseen).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "detail");
            kept.map(|(name, one)| (name.clone(), foreseen(one))).collect()
        }
        other => other.clone(),
    }
}

fn same(what: &str, left: (&str, &Value), right: (&str, &Value)) -> Result<(), TestCaseError> {
    if left.1 == right.1 {
        return Ok(());
    }
    let mut words = format!("{what}: {} and {} differ:", left.0, right.0);
    differences("", left.1, right.1, &mut words);
    Err(TestCaseError::fail(words))
}

fn differences(at: &str, left: &Value, right: &Value, words: &mut String) {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names.into_iter().filter(|name| a.get(*name) != b.get(*name)) {
                let member = |all: &serde_json::Map<String, Value>| all.get(name).cloned().unwrap_or(json!("— absent —"));
                differences(&format!("{at}/{name}"), &member(a), &member(b), words);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (one, other)) in a.iter().zip(b).enumerate().filter(|(_, (one, other))| one != other) {
                differences(&format!("{at}/{index}"), one, other, words);
            }
        }
        _ => *words += &format!("\n  {at}: {left}\n    but {right}"),
    }
}

fn live(operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut sides = [Side::new(Backend::Sqlite), Side::new(Backend::Postgres)];
    let mut seqs = vec![0];
    for (step, operation) in operations.iter().enumerate() {
        let what = format!("step {step}");
        let expected = answer(&mut model, operation, &seqs);
        let mut answers = Vec::new();
        for side in &mut sides {
            let observed = side.carry_out(operation, &seqs);
            side.learn(&expected, &observed);
            answers.push(side.normal(&observed));
        }
        let wanted = json!({"status": expected.status, "body": expected.body});
        let given = json!({"status": answers[0]["status"], "body": foreseen(&answers[0]["body"])});
        same(&what, ("the model", &wanted), ("SQLite", &given))?;
        same(&what, ("SQLite", &answers[0]), ("PostgreSQL", &answers[1]))?;
        seqs.push(model.ledger.len());
    }
    compare_wholes(&model, &sides)
}

fn compare_wholes(model: &Model, sides: &[Side; 2]) -> Result<(), TestCaseError> {
    let wholes = [sides[0].whole(model.created), sides[1].whole(model.created)];
    same("at the end", ("SQLite", &wholes[0]), ("PostgreSQL", &wholes[1]))?;
    let whole = &wholes[0];
    for shape in &SHAPES {
        let question = Question { kind: shape.kind, filters: &[], sort: None, limit: 500, as_of: None };
        let wanted = model.list(&question).body;
        same("at the end", ("the model", &wanted), ("the service", &whole[shape.collection]))?;
    }
    for number in 1..=model.created {
        let histories = whole["history"][number.to_string()].as_array().cloned().unwrap_or_default();
        let mut items = histories.first().map(|history| history["items"].clone()).unwrap_or_default();
        for item in items.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            let updated = item["operation"] == json!("updated");
            item.retain(|name, _| matches!(name.as_str(), "seq" | "version" | "operation") || (updated && name == "changes"));
        }
        let what = format!("the history of object {number}");
        same(&what, ("the model", &json!([model.history(number), 1])), ("the service", &json!([items, histories.len()])))?;
    }
    let mut feed = whole["feed"].clone();
    for item in feed.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        item.remove("body");
    }
    same("the change feed", ("the model", &json!(model.feed())), ("the service", &feed))
}

fn lives() -> impl Strategy<Value = Vec<Operation>> {
    let begun = proptest::bool::weighted(0.75);
    (begun, proptest::collection::vec(operation::operation(), 1..30))
        .prop_map(|(begun, operations)| begun.then(operation::beginning).into_iter().chain(operations).collect())
}

#[test]
fn both_databases_and_a_plain_model_answer_alike() {
    let asked = std::env::var("HOLDFAST_DIFFERENTIAL_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let config =
        Config { cases: asked.unwrap_or(CASES), max_shrink_time: 60_000, failure_persistence: None, ..Config::default() };
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    match runner.run(&lives(), |operations| live(&operations)) {
        Ok(()) => {}
        Err(TestError::Fail(why, operations)) => {
            let steps: String = operations.iter().enumerate().map(|(step, one)| format!("\n{step:3} {one:?}")).collect();
            panic!("{why}\nafter these operations:{steps}");
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let server = Arc::clone(&crate::support::Server::shared(backend));
        let verified = server.home.run("verify", &[]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}
