//! From query parameters to a [`ListQuery`].
use super::{Condition, Cursor, Field, FieldType, Filter, ListQuery, Operator, Sort, Value};
use crate::model::{Date, Faults, Id, ObjectRef, Timestamp};
use sha2::{Digest, Sha256};

/// Page sizes.
const DEFAULT_LIMIT: usize = 50;
const MAX_VALUES: usize = 100;

impl ListQuery {
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
    ) -> Result<ListQuery, Faults> {
        let mut faults = Faults::default();
        let mut query = ListQuery::first(DEFAULT_LIMIT);
        let mut cursor = None;
        let mut named: Vec<String> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (name, text) in parameters {
            if !seen.insert(name) {
                faults.add(name, "duplicate", "the parameter stands there twice");
            }
            if text.contains('\0') {
                faults.add(name, "bad_format", "a NUL character is never part of a value");
                continue;
            }
            match name.as_str() {
                "limit" => match text.parse() {
                    Ok(limit) if (1..=most).contains(&limit) => query.limit = limit,
                    _ => faults.add(name, "out_of_range", format!("limit is an integer from 1 to {most}")),
                },
                "count" => match text.parse() {
                    Ok(count) => query.count = count,
                    Err(_) => faults.add(name, "wrong_type", "count is true or false"),
                },
                "cursor" => cursor = Some(text),
                "sort" => query.sort = sort(text, tables, &mut faults),
                other if elsewhere.contains(&other) => {}
                other if let Some(filter) = filters.iter().find(|filter| filter.name == other) => {
                    named.push(format!("{name}={text}"));
                    query.conditions.extend(filtered(filter, text, &mut faults));
                }
                _ => {
                    if let Some(condition) = condition(name, text, tables, &mut faults) {
                        named.push(format!("{name}={text}"));
                        query.conditions.push(condition);
                    }
                }
            }
        }
        named.sort();
        named.extend(query.sort.iter().map(|s| format!("{}{}", if s.descending { "-" } else { "+" }, s.field.name)));
        query.fingerprint = hex::encode(&Sha256::digest(named.join("\n"))[..8]);
        if let Some(text) = cursor {
            query.after = Cursor::decode(text, &query.sort).filter(|c| c.fingerprint == query.fingerprint);
            if query.after.is_none() {
                faults.add("cursor", "invalid_cursor", "not a cursor of this list with these filters and this order");
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }
}

/// What any of the words asks for.
fn filtered(filter: &Filter, text: &str, faults: &mut Faults) -> Option<Condition> {
    let parts: Vec<&str> = text.split(',').collect();
    for part in parts.iter().filter(|part| !filter.words.contains(part)) {
        faults.add(filter.name, "not_allowed", format!("{part:?} is not one of {}", filter.words.join(", ")));
    }
    let known = parts.into_iter().filter(|part| filter.words.contains(part));
    Some(Condition::Any(known.map(|word| (filter.meaning)(word)).collect()))
}

fn find(name: &str, tables: &[&'static [Field]]) -> Option<&'static Field> {
    tables.iter().flat_map(|table| table.iter()).find(|field| field.name == name)
}

fn sort(text: &str, tables: &[&'static [Field]], faults: &mut Faults) -> Vec<Sort> {
    let mut sort: Vec<Sort> = Vec::new();
    for part in text.split(',') {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        // Ids are UUIDv7: their order is the order of creation.
        let name = if name == "created_at" { "id" } else { name };
        match find(name, tables).filter(|field| !field.order.is_empty()) {
            Some(field) if sort.iter().any(|s| s.field.name == field.name) => {
                faults.add("sort", "duplicate", format!("{name:?} stands there twice"));
            }
            Some(field) if sort.len() < 3 => sort.push(Sort { field, descending }),
            Some(_) => faults.add("sort", "too_long", "at most three fields"),
            None => faults.add("sort", "not_allowed", format!("this list cannot be sorted by {name:?}")),
        }
    }
    sort
}

fn condition(name: &str, text: &str, tables: &[&'static [Field]], faults: &mut Faults) -> Option<Condition> {
    match name {
        "tag" => return Some(Condition::HasTag(text.split(',').map(str::to_owned).collect())),
        "q" => {
            let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
            if words.is_empty() || words.len() > 10 || text.len() > 200 {
                faults.add(name, "out_of_range", "q takes one to ten words, 200 bytes in all");
            }
            return Some(Condition::TextSearch(words));
        }
        "external_ref" => {
            let Some((system, id)) = text.split_once(':') else {
                faults.add(name, "bad_format", "written as system:id");
                return None;
            };
            return Some(Condition::HasExternalRef { system: system.to_owned(), id: id.to_owned() });
        }
        "updated_since" => {
            let Some(time) = Timestamp::parse(text) else {
                faults.add(name, "bad_format", "not an RFC 3339 time");
                return None;
            };
            let field = find("updated_at", tables)?;
            return Some(Condition::Compare { field, operator: Operator::AtLeast, values: vec![Value::Time(time)] });
        }
        _ => {}
    }
    let (base, operator) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
        Some((base, operator)) => (base, Some(operator)),
        None => (name, None),
    };
    let Some(field) = find(base, tables) else {
        faults.add(name, "unknown_parameter", "this list has no such parameter");
        return None;
    };
    let wanted = operator.unwrap_or("eq");
    let Some(operator) = field.kind.operators().iter().copied().find(|o| o.as_str() == wanted) else {
        faults.add(name, "unknown_parameter", format!("{base} has no operator {wanted:?}"));
        return None;
    };
    compare(name, text, field, operator, faults)
}

fn compare(name: &str, text: &str, field: &'static Field, operator: Operator, faults: &mut Faults) -> Option<Condition> {
    let several = matches!(operator, Operator::Equal | Operator::NotEqual);
    let parts: Vec<&str> = if several { text.split(',').collect() } else { vec![text] };
    if parts.len() > MAX_VALUES {
        faults.add(name, "too_long", format!("at most {MAX_VALUES} values"));
        return None;
    }
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        match read_value(field, part) {
            Ok(Value::Null) if !several => faults.add(name, "not_allowed", "null is neither less nor greater"),
            Ok(value) => values.push(value),
            Err(detail) => {
                faults.add(name, if matches!(field.kind, FieldType::Word(_)) { "not_allowed" } else { "bad_format" }, detail)
            }
        }
    }
    Some(Condition::Compare { field, operator, values })
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
        FieldType::Link(_) | FieldType::Listed(..) | FieldType::Exposed => ObjectRef::parse(text)
            .map(Value::Unresolved)
            .ok_or_else(|| format!("{text:?} is neither a UUID nor key:… nor ref:system:id")),
    }
}
