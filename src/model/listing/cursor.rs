use super::{FieldType, Sort, Value};
use crate::model::{Id, Timestamp};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A place in a list: behind the object with these sort values and this id.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    pub fingerprint: String,
    pub values: Vec<Value>,
    pub id: Id,
}

impl Cursor {
    /// Opaque text for clients; it holds nothing that the list did not show.
    pub fn encode(&self) -> String {
        let values: Vec<serde_json::Value> = self.values.iter().map(written).collect();
        let json = serde_json::json!([self.fingerprint, values, self.id]);
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    /// Reads a cursor for an order; `None` when it is not one of ours for this order.
    pub fn decode(text: &str, sort: &[Sort]) -> Option<Cursor> {
        if text.len() > 4096 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (fingerprint, written, id): (String, Vec<serde_json::Value>, Id) = serde_json::from_slice(&bytes).ok()?;
        if written.len() != sort.len() {
            return None;
        }
        let values = written.iter().map(read).collect::<Option<Vec<_>>>()?;
        let fits = sort.iter().zip(&values).all(|(sort, value)| {
            matches!(
                (sort.field.kind, value),
                (FieldType::Text | FieldType::Word(_) | FieldType::Date, Value::Text(_))
                    | (FieldType::Integer | FieldType::Score, Value::Integer(_))
                    | (FieldType::Boolean, Value::Boolean(_))
                    | (FieldType::Time, Value::Time(_))
                    | (FieldType::Id | FieldType::Link(_), Value::Id(_))
            )
        });
        fits.then_some(Cursor { fingerprint, values, id })
    }
}

fn written(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => serde_json::json!({"s": text}),
        Value::Integer(number) => serde_json::json!({"i": number}),
        Value::Boolean(truth) => serde_json::json!({"b": truth}),
        Value::Time(time) => serde_json::json!({"t": time.micros()}),
        Value::Id(id) => serde_json::json!({"u": id}),
        Value::Null | Value::Unresolved(_) | Value::Today => serde_json::Value::Null,
    }
}

fn read(value: &serde_json::Value) -> Option<Value> {
    let (tag, value) = value.as_object()?.iter().next()?;
    Some(match tag.as_str() {
        "s" => Value::Text(value.as_str().filter(|t| !t.contains('\0'))?.to_owned()),
        "i" => Value::Integer(value.as_i64()?),
        "b" => Value::Boolean(value.as_bool()?),
        "t" => Value::Time(Timestamp::from_micros(value.as_i64()?)?),
        "u" => Value::Id(Id::parse(value.as_str()?)?),
        _ => return None,
    })
}
