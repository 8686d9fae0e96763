//! What a list may be asked: filters, order and place, from one table of fields a resource.
use super::{Date, Faults, Id, Kind, Spelling, Timestamp};
use std::cmp::Ordering;

mod cursor;
mod parse;
pub use cursor::Cursor;

/// A field by which lists may be filtered and perhaps sorted.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    /// SQL expression, the same on both databases.
    pub column: &'static str,
    /// SQL expression to sort by, never NULL; empty where lists cannot be sorted by this field.
    pub order: &'static str,
    pub kind: FieldType,
}

/// What values a field takes.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    Text,
    /// One of these words.
    Word(fn() -> Vec<&'static str>),
    Integer,
    Boolean,
    Time,
    /// Stored as `YYYY-MM-DD`.
    Date,
    /// The id of an object of one of these kinds.
    Link(&'static [Kind]),
    /// A list of links, named by the field of the object that holds it; equal to what it contains.
    Listed(&'static [Kind], &'static str),
    /// The business processes exposed, which only the dependency graph tells.
    Exposed,
    /// A figure that is less than any where it is absent.
    Score,
    Id,
}

impl FieldType {
    /// The operators documented for the type, plain equality first.
    pub const fn operators(self) -> &'static [Operator] {
        match self {
            FieldType::Integer | FieldType::Score | FieldType::Time | FieldType::Date => {
                &[Operator::Equal, Operator::NotEqual, Operator::Less, Operator::AtMost, Operator::Greater, Operator::AtLeast]
            }
            FieldType::Listed(..) | FieldType::Exposed => &[Operator::Equal],
            _ => &[Operator::Equal, Operator::NotEqual],
        }
    }
}

/// How a field is compared: `status=`, `status[ne]=`, `rto_seconds[lte]=` …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    pub const fn as_str(self) -> &'static str {
        match self {
            Operator::Equal => "eq",
            Operator::NotEqual => "ne",
            Operator::Less => "lt",
            Operator::AtMost => "lte",
            Operator::Greater => "gt",
            Operator::AtLeast => "gte",
        }
    }
    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Time(Timestamp),
    Id(Id),
    /// A reference not looked up yet.
    Spelled(Spelling),
    /// The day on which the list is looked at, not looked up yet.
    Today,
}

/// One filter.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Any of the values (equality), or none of them, or the one comparison.
    Compare { field: &'static Field, operator: Operator, values: Vec<Value> },
    /// Carries any of these tags.
    Tagged(Vec<String>),
    /// Has this id in a client's system.
    External { system: String, id: String },
    /// Every word occurs in key, name or description, in lower case.
    Words(Vec<String>),
    /// All of these hold.
    All(Vec<Condition>),
    /// Any of these holds.
    Any(Vec<Condition>),
    /// Is one of these objects.
    Among(Vec<Id>),
}

impl Condition {
    /// Whether answering it takes longer than an index look-up.
    pub fn is_heavy(&self) -> bool {
        match self {
            Condition::Words(_) => true,
            Condition::Compare { field, .. } => matches!(field.kind, FieldType::Exposed),
            _ => false,
        }
    }
}

/// A question to a list that is no field of its own but follows from some.
#[derive(Debug)]
pub struct Filter {
    pub name: &'static str,
    pub words: &'static [&'static str],
    pub description: &'static str,
    /// What one of the words asks for.
    pub meaning: fn(&str) -> Condition,
}

/// One field of the order.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    pub field: &'static Field,
    pub descending: bool,
}

/// A whole question to a list. The order always ends with the id, so that it is total.
#[derive(Debug, Clone)]
pub struct Query {
    pub conditions: Vec<Condition>,
    pub sort: Vec<Sort>,
    pub after: Option<Cursor>,
    pub limit: usize,
    pub count: bool,
    /// Names filters and order; a cursor holds only for the same fingerprint.
    pub fingerprint: String,
}

/// Page sizes.
pub const DEFAULT_LIMIT: usize = 50;
pub const MOST_VALUES: usize = 100;

impl Query {
    /// The first so many objects of a list.
    pub fn first(limit: usize) -> Query {
        Query { conditions: Vec::new(), sort: Vec::new(), after: None, limit, count: false, fingerprint: String::new() }
    }

    /// Reads the parameters of a list; those named in `elsewhere` are left to the caller.
    ///
    /// # Errors
    /// Every unknown parameter, operator and value, each with the parameter's name as pointer.
    pub fn parse(
        parameters: &[(String, String)],
        tables: &[&'static [Field]],
        filters: &'static [Filter],
        elsewhere: &[&str],
        most: usize,
    ) -> Result<Query, Faults> {
        parse::query(parameters, tables, filters, elsewhere, most)
    }

    /// The cursor behind an object, from its sort values.
    pub fn cursor(&self, values: Vec<Value>, id: Id) -> Cursor {
        Cursor { fingerprint: self.fingerprint.clone(), values, id }
    }
}

/// Filters, orders and cuts objects in memory: the same answer as the database's, for lists of the past.
pub fn evaluate<T>(items: Vec<T>, query: &Query, record: impl Fn(&T) -> &serde_json::Value) -> (Vec<T>, usize) {
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
        Condition::Among(ids) => id_of(record).is_some_and(|id| ids.contains(&id)),
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
        Condition::Tagged(tags) => list("tags").iter().any(|own| own.as_str().is_some_and(|own| tags.iter().any(|t| t == own))),
        Condition::External { system, id } => {
            list("external_refs").iter().any(|own| own["system"] == system.as_str() && own["id"] == id.as_str())
        }
        Condition::Words(words) => {
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

/// Reads one value of a field as it stands in a query parameter.
fn read_value(field: &Field, text: &str) -> Result<Value, String> {
    if text == "null" {
        return Ok(Value::Null);
    }
    match field.kind {
        FieldType::Text => Ok(Value::Text(text.to_owned())),
        FieldType::Word(words) if words().contains(&text) => Ok(Value::Text(text.to_owned())),
        FieldType::Word(words) => Err(format!("{text:?} is not one of {}", words().join(", "))),
        FieldType::Integer | FieldType::Score => {
            text.parse().map(Value::Integer).map_err(|_| format!("{text:?} is not an integer"))
        }
        FieldType::Boolean => text.parse().map(Value::Boolean).map_err(|_| format!("{text:?} is neither true nor false")),
        FieldType::Time => Timestamp::parse(text).map(Value::Time).ok_or_else(|| format!("{text:?} is not an RFC 3339 time")),
        FieldType::Date => {
            Date::parse(text).map(|d| Value::Text(d.to_string())).ok_or_else(|| format!("{text:?} is not a date like 2026-11-22"))
        }
        FieldType::Id => Id::parse(text).map(Value::Id).ok_or_else(|| format!("{text:?} is not a UUID")),
        FieldType::Link(_) | FieldType::Listed(..) | FieldType::Exposed => Spelling::parse(text)
            .map(Value::Spelled)
            .ok_or_else(|| format!("{text:?} is neither a UUID nor key:… nor ref:system:id")),
    }
}
