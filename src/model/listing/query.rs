use super::{Condition, Cursor, Sort, Value};
use crate::model::Id;

/// A whole question to a list. The order always ends with the id, so that it is total.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub conditions: Vec<Condition>,
    pub sort: Vec<Sort>,
    pub after: Option<Cursor>,
    pub limit: usize,
    pub count: bool,
    /// Names filters and order; a cursor holds only for the same fingerprint.
    pub fingerprint: String,
}

impl ListQuery {
    /// The first so many objects of a list.
    pub fn first(limit: usize) -> ListQuery {
        ListQuery { conditions: Vec::new(), sort: Vec::new(), after: None, limit, count: false, fingerprint: String::new() }
    }

    /// The cursor behind an object, from its sort values.
    pub fn cursor(&self, values: Vec<Value>, id: Id) -> Cursor {
        Cursor { fingerprint: self.fingerprint.clone(), values, id }
    }
}
