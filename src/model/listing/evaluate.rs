//! Lists looked at in memory.
use super::{Condition, Cursor, Field, FieldType, ListQuery, Operator, Sort, Value};
use crate::model::{Id, Timestamp};
use std::cmp::Ordering;

/// Filters, orders and cuts objects in memory: the same answer as the database's, for lists of the past.
pub fn evaluate<T>(items: Vec<T>, query: &ListQuery, record: impl Fn(&T) -> &serde_json::Value) -> (Vec<T>, usize) {
    let mut kept: Vec<T> = items.into_iter().filter(|item| query.conditions.iter().all(|c| matches(c, record(item)))).collect();
    let total = kept.len();
    kept.sort_by(|a, b| order(&query.sort, record(a), record(b)));
    if let Some(cursor) = &query.after {
        kept.retain(|item| after(&query.sort, record(item), cursor).is_gt());
    }
    (kept, total)
}

/// The value of a field in an object's JSON; what is absent sorts as the largest integer or the empty text.
pub fn sort_value(field: &Field, record: &serde_json::Value) -> Value {
    match value_of(field, record) {
        Value::Null if matches!(field.kind, FieldType::Integer) => Value::Integer(i64::MAX),
        Value::Null if matches!(field.kind, FieldType::Score) => Value::Integer(-1),
        Value::Null => Value::Text(String::new()),
        value => value,
    }
}

fn value_of(field: &Field, record: &serde_json::Value) -> Value {
    // A point leads into a member.
    let value = field.name.split('.').try_fold(record, |record, name| record.get(name)).unwrap_or(&serde_json::Value::Null);
    let text = || match value {
        serde_json::Value::Object(link) => link.get("id").and_then(|id| id.as_str()),
        other => other.as_str(),
    };
    match field.kind {
        FieldType::Integer | FieldType::Score => value.as_i64().map_or(Value::Null, Value::Integer),
        FieldType::Boolean => value.as_bool().map_or(Value::Null, Value::Boolean),
        FieldType::Time => text().and_then(Timestamp::parse).map_or(Value::Null, Value::Time),
        FieldType::Id | FieldType::Link(_) => text().and_then(Id::parse).map_or(Value::Null, Value::Id),
        FieldType::Listed(..) | FieldType::Exposed => Value::Null,
        FieldType::Text | FieldType::Word(_) | FieldType::Date => text().map_or(Value::Null, |t| Value::Text(t.to_owned())),
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Id(a), Value::Id(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn matches(condition: &Condition, record: &serde_json::Value) -> bool {
    let list = |name: &str| record.get(name).and_then(|v| v.as_array()).cloned().unwrap_or_default();
    match condition {
        Condition::All(all) => all.iter().all(|one| matches(one, record)),
        Condition::Any(all) => all.iter().any(|one| matches(one, record)),
        Condition::IdIn(ids) => id_of(record).is_some_and(|id| ids.contains(&id)),
        Condition::Compare { field, values, .. } if let FieldType::Listed(_, name) = field.kind => contains(&list(name), values),
        Condition::Compare { field, values, .. } if matches!(field.kind, FieldType::Exposed) => {
            contains(&list("exposed_processes"), values)
        }
        Condition::Compare { field, operator, values } => {
            let own = value_of(field, record);
            let one = |value: &Value| match (value, &own) {
                (Value::Null, own) => (*own == Value::Null) == (*operator == Operator::Equal),
                // What is absent differs from every value and is neither less nor greater.
                (_, Value::Null) => *operator == Operator::NotEqual,
                (value, own) => compare(own, value).is_some_and(|order| operator.holds(order)),
            };
            if *operator == Operator::NotEqual { values.iter().all(one) } else { values.iter().any(one) }
        }
        Condition::HasTag(tags) => list("tags").iter().any(|own| own.as_str().is_some_and(|own| tags.iter().any(|t| t == own))),
        Condition::HasExternalRef { system, id } => {
            list("external_refs").iter().any(|own| own["system"] == system.as_str() && own["id"] == id.as_str())
        }
        Condition::TextSearch(words) => {
            let text = ["key", "name", "title", "description"]
                .map(|f| record.get(f).and_then(|v| v.as_str()).unwrap_or("").to_lowercase());
            words.iter().all(|word| text.iter().any(|t| t.contains(word)))
        }
    }
}

/// Whether a list of links holds any of these objects; `null` is a list that holds none.
fn contains(list: &[serde_json::Value], values: &[Value]) -> bool {
    let own: Vec<Value> = list.iter().filter_map(id_of).map(Value::Id).collect();
    values.iter().any(|value| own.contains(value) || (*value == Value::Null && own.is_empty()))
}

fn id_of(object: &serde_json::Value) -> Option<Id> {
    object.get("id").and_then(|id| id.as_str()).and_then(Id::parse)
}

fn order(sort: &[Sort], a: &serde_json::Value, b: &serde_json::Value) -> Ordering {
    let values = sort.iter().map(|s| sort_value(s.field, b)).collect();
    let id = id_of(b).unwrap_or(Id::SYSTEM);
    after(sort, a, &Cursor { fingerprint: String::new(), values, id })
}

/// Where an object stands compared with a place in the list.
fn after(sort: &[Sort], record: &serde_json::Value, place: &Cursor) -> Ordering {
    for (one, value) in sort.iter().zip(&place.values) {
        let found = compare(&sort_value(one.field, record), value).unwrap_or(Ordering::Equal);
        let found = if one.descending { found.reverse() } else { found };
        if found.is_ne() {
            return found;
        }
    }
    let id = id_of(record).unwrap_or(Id::SYSTEM);
    let descending = sort.last().is_some_and(|s| s.descending);
    if descending { place.id.cmp(&id) } else { id.cmp(&place.id) }
}
