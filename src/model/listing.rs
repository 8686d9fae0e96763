//! What a list may be asked: filters, order and place, from one table of fields a resource.
use super::{Id, Kind, ObjectRef, Timestamp};
use std::cmp::Ordering;

mod cursor;
mod evaluate;
mod parse;
mod query;
pub use cursor::Cursor;
pub use evaluate::{evaluate, sort_value};
pub use query::ListQuery;

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
    pub(super) fn holds(self, order: Ordering) -> bool {
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
    Unresolved(ObjectRef),
    /// The day on which the list is looked at, not looked up yet.
    Today,
}

/// One filter.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Any of the values (equality), or none of them, or the one comparison.
    Compare { field: &'static Field, operator: Operator, values: Vec<Value> },
    /// Carries any of these tags.
    HasTag(Vec<String>),
    /// Has this id in a client's system.
    HasExternalRef { system: String, id: String },
    /// Every word occurs in key, name or description, in lower case.
    TextSearch(Vec<String>),
    /// All of these hold.
    All(Vec<Condition>),
    /// Any of these holds.
    Any(Vec<Condition>),
    /// Is one of these objects.
    IdIn(Vec<Id>),
}

impl Condition {
    /// Whether answering it takes longer than an index look-up.
    pub fn is_slow(&self) -> bool {
        match self {
            Condition::TextSearch(_) => true,
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
