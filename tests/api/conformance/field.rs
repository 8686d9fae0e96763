//! What a field takes: from this follow good values, bad values and what the service must say.

use super::World;
use crate::support::fresh;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub enum Is {
    Key,
    Name,
    /// Free text of at most so many characters.
    Text(usize),
    /// Free text whose limit only the document tells.
    AnyText,
    Country,
    Email,
    Phones,
    Tags,
    ExternalRefs,
    Attributes,
    Choice(&'static [&'static str]),
    /// A duration; the figure is one that goes well with the other fields.
    Seconds(i64),
    Count,
    /// An angle between minus and plus so many degrees.
    Degrees(i64),
    Bool,
    Date,
    /// An object of one of these collections.
    Reference(&'static [&'static str]),
    /// A list of at most so many objects of this collection.
    References(&'static str, usize),
}

#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub is: Is,
    pub required: bool,
    /// What an object has when the field was never given, as JSON text.
    pub default: &'static str,
    pub filters: bool,
    pub sorts: bool,
    /// Whether `null` takes the value away.
    pub clears: bool,
    /// Fields that must be there for this one to be.
    pub with: &'static [&'static str],
}

impl Field {
    pub const fn new(name: &'static str, is: Is) -> Field {
        let (required, filters, sorts, clears) = (false, false, false, true);
        Field { name, is, required, default: "null", filters, sorts, clears, with: &[] }
    }

    pub const fn required(mut self) -> Field {
        self.required = true;
        self.clears = false;
        self
    }

    pub const fn defaults_to(mut self, default: &'static str) -> Field {
        self.default = default;
        self.clears = false;
        self
    }

    pub const fn filters(mut self) -> Field {
        self.filters = true;
        self
    }

    pub const fn sorts(mut self) -> Field {
        self.sorts = true;
        self
    }

    pub const fn stays(mut self) -> Field {
        self.clears = false;
        self
    }

    pub const fn with(mut self, others: &'static [&'static str]) -> Field {
        self.with = others;
        self
    }

    pub fn default(&self) -> Value {
        serde_json::from_str(self.default).expect("a default is JSON")
    }

    /// A good value; another `turn` gives a different one.
    pub fn value(&self, world: &World, turn: usize) -> Value {
        let number = fresh();
        match self.is {
            Is::Key => json!(format!("K.{number}_{turn}-x")),
            Is::Name => json!(format!("Name {number} größer {turn}")),
            Is::Text(_) | Is::AnyText => json!(format!("{} {number}", self.name)),
            Is::Country => json!(["DE", "AT", "CH"][turn % 3]),
            Is::Email => json!(format!("ana.{number}@example.org")),
            Is::Phones => json!([format!("+49 30 {number}"), format!("+43 1 {turn}")]),
            Is::Tags => json!(["pci", format!("tag-{number}")]),
            Is::ExternalRefs => json!([
                {"system": "netbox", "id": format!("dcim.device/{number}"), "url": "https://netbox.example.org/x?y=z"},
                {"system": "servicenow", "id": format!("sys:{number}"), "url": null},
            ]),
            Is::Attributes => json!({"cost_centre": format!("{number}"), "rank": turn, "old": false}),
            Is::Choice(options) => json!(options[turn % options.len()]),
            Is::Seconds(first) => json!(first + i64::try_from(turn).unwrap_or(0) * 60),
            Is::Count => json!(turn + 1),
            Is::Degrees(_) => json!(11.5 + if turn.is_multiple_of(2) { 0.0 } else { 30.25 }),
            Is::Bool => json!(turn.is_multiple_of(2)),
            Is::Date => json!(["2027-03-31", "2026-02-28", "2028-02-29"][turn % 3]),
            Is::Reference(collections) => world.make(collections[turn % collections.len()])["id"].clone(),
            Is::References(collection, _) => (0..=turn % 2).map(|_| world.make(collection)["id"].clone()).collect(),
        }
    }

    /// Values of another JSON type than the field's.
    pub fn mistyped(&self) -> Vec<Value> {
        match self.is {
            Is::Key | Is::Name | Is::Text(_) | Is::AnyText | Is::Country | Is::Email => {
                vec![json!(7), json!(true), json!([]), json!({"a": 1})]
            }
            Is::Choice(_) | Is::Date => vec![json!(7), json!(false), json!([])],
            Is::Phones | Is::Tags | Is::ExternalRefs | Is::References(..) => vec![json!("x"), json!(7), json!({"a": 1})],
            Is::Attributes => vec![json!("x"), json!([]), json!(7)],
            Is::Seconds(_) | Is::Count => vec![json!("60"), json!(1.5), json!(true), json!([])],
            Is::Degrees(_) => vec![json!("60"), json!(true), json!([])],
            Is::Bool => vec![json!("true"), json!(1), json!([])],
            Is::Reference(_) => vec![json!(7), json!(true), json!([])],
        }
    }

    /// Values of the right type that are wrong all the same, with the code that says why.
    pub fn wrong(&self) -> Vec<(Value, &'static str)> {
        let nobody = "018f6c2e-0000-7000-8000-000000000000";
        match self.is {
            Is::Key => ["", "-a", "a b", "ä", "a/b", ".a"].map(|key| (json!(key), "bad_format")).to_vec(),
            Is::Country => {
                let codes =
                    [("de", "bad_format"), ("D1", "bad_format"), ("D", "too_short"), ("", "too_short"), ("DEU", "too_long")];
                codes.map(|(text, code)| (json!(text), code)).to_vec()
            }
            Is::Email => ["ana", "ana@", "@example.org", "a b@example.org"].map(|text| (json!(text), "bad_format")).to_vec(),
            Is::Choice(_) => ["", "nonsense", "NORMAL"].map(|text| (json!(text), "not_allowed")).to_vec(),
            Is::Seconds(_) => vec![(json!(-1), "out_of_range")],
            Is::Count => vec![(json!(0), "out_of_range"), (json!(-1), "out_of_range")],
            Is::Date => ["2027-02-29", "31.12.2027", "2027-1-1", "", "2027-01-01T00:00:00Z"]
                .map(|text| (json!(text), "bad_format"))
                .to_vec(),
            Is::Reference(_) => vec![
                (json!(nobody), "unknown_reference"),
                (json!("key:NOBODY"), "unknown_reference"),
                (json!("ref:nowhere:1"), "unknown_reference"),
                (json!({"id": nobody}), "unknown_reference"),
            ],
            _ => Vec::new(),
        }
    }

    pub fn pointer(&self) -> String {
        format!("/{}", self.name)
    }
}

/// Whether an answer says what was sent: references are compared by what they point to, and an
/// answer may add members.
pub fn says(got: &Value, sent: &Value) -> bool {
    match (got, sent) {
        (Value::Object(got), Value::Object(sent)) => {
            sent.iter().all(|(name, value)| says(got.get(name).unwrap_or(&Value::Null), value))
        }
        (Value::Object(got), Value::String(_)) => got.get("id").is_some_and(|id| id == sent),
        (Value::Array(got), Value::Array(sent)) => {
            got.len() == sent.len() && got.iter().zip(sent).all(|(got, sent)| says(got, sent))
        }
        (Value::Number(got), Value::Number(sent)) => got.as_f64() == sent.as_f64(),
        _ => got == sent,
    }
}
