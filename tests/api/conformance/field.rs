//! What a field takes: from this follow good values, bad values and what the service must say.

use super::World;
use crate::support::{Api, fresh};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub enum Is {
    Key,
    Name,
    /// Free text of at most so many characters.
    Text(usize),
    /// The same, but not empty.
    Line(usize),
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
    /// An integer within these bounds.
    Whole(i64, i64),
    /// A level of a risk matrix of five levels.
    Level,
    /// A figure that need not be whole, up to so many.
    Rate(i64),
    /// A place on a risk matrix of five by five.
    Rating,
    Money,
    /// How bad it is after so long, several times.
    ImpactRatings,
    /// An angle between minus and plus so many degrees.
    Degrees(i64),
    Bool,
    Date,
    /// A day of this year, one that goes well with the other fields.
    DayOf(i64),
    /// A moment; the day is one that goes well with the other fields.
    Time(&'static str),
    /// A moment that is to come.
    Ahead,
    /// An object of one of these collections.
    Reference(&'static [&'static str]),
    /// A list of at most so many objects of this collection.
    References(&'static str, usize),
    /// Several of these words.
    Words(&'static [&'static str]),
    /// At most so many objects with these members.
    Parts(&'static [Field], usize),
    /// What names a part within its list.
    Slug,
    /// A rule by which something recurs.
    Rule,
    /// The name of a time zone.
    Zone,
    /// Always this.
    Same(&'static str),
}

impl Is {
    /// The collections of the objects it may point to.
    pub fn targets(&self) -> &[&'static str] {
        match self {
            Is::Reference(collections) => collections,
            Is::References(collection, _) => std::slice::from_ref(collection),
            _ => &[],
        }
    }
}

/// What a new object has in a field nobody gave.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// This, as JSON text.
    Json(&'static str),
    /// The day of its creation.
    Today,
    /// The moment of its creation.
    Created,
    /// What the service finds out: the member by this name, whatever it is.
    Told(&'static str),
}

impl Start {
    pub fn of(self, object: &Value) -> Value {
        let created = &object["created_at"];
        match self {
            Start::Json(text) => serde_json::from_str(text).expect("a default is JSON"),
            Start::Today => created.as_str().and_then(|time| time.get(..10)).map_or(Value::Null, |day| json!(day)),
            Start::Created => created.clone(),
            Start::Told(name) => object[name].clone(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub is: Is,
    pub required: bool,
    /// What an object has when the field was never given.
    pub start: Start,
    /// The parameter by which lists are filtered by it.
    pub filter: Option<&'static str>,
    pub sorts: bool,
    /// Whether `null` takes the value away.
    pub clears: bool,
    /// Whether PUT leaves what is there when it does not say anything.
    pub kept: bool,
    /// Whether a patch may change it.
    pub patched: bool,
    /// Fields that must be there for this one to be.
    pub with: &'static [&'static str],
    /// Whether it stays as it is from the creation on.
    pub fixed: bool,
    /// Whether it leaves no room for others, so that a full draft is without it.
    pub alone: bool,
    /// How an object is made to which it may point, where not any will do.
    pub made: Option<fn(&Api) -> Value>,
}

impl Field {
    pub const fn new(name: &'static str, is: Is) -> Field {
        let (required, sorts, clears, kept, patched) = (false, false, true, false, true);
        let start = Start::Json("null");
        let (fixed, alone, made) = (false, false, None);
        Field { name, is, required, start, filter: None, sorts, clears, kept, patched, with: &[], fixed, alone, made }
    }

    pub const fn required(mut self) -> Field {
        self.required = true;
        self.clears = false;
        self
    }

    pub const fn defaults_to(self, default: &'static str) -> Field {
        self.starts(Start::Json(default))
    }

    pub const fn starts(mut self, start: Start) -> Field {
        self.start = start;
        self.clears = false;
        self
    }

    pub const fn filters(self) -> Field {
        self.filters_as(self.name)
    }

    pub const fn filters_as(mut self, parameter: &'static str) -> Field {
        self.filter = Some(parameter);
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

    pub const fn kept(mut self) -> Field {
        self.kept = true;
        self
    }

    pub const fn unpatched(mut self) -> Field {
        self.patched = false;
        self
    }

    pub const fn with(mut self, others: &'static [&'static str]) -> Field {
        self.with = others;
        self
    }

    pub const fn fixed(mut self) -> Field {
        self.fixed = true;
        self
    }

    pub const fn alone(mut self) -> Field {
        self.alone = true;
        self
    }

    pub const fn made(mut self, make: fn(&Api) -> Value) -> Field {
        self.made = Some(make);
        self
    }

    /// A new object of a collection to which the field may point.
    #[track_caller]
    pub fn target(&self, world: &World, collection: &str) -> Value {
        self.made.map_or_else(|| world.make(collection), |make| make(&world.api))
    }

    /// A good value; another `turn` gives a different one.
    pub fn value(&self, world: &World, turn: usize) -> Value {
        let number = fresh();
        match self.is {
            Is::Key => json!(format!("K.{number}_{turn}-x")),
            Is::Name => json!(format!("Name {number} größer {turn}")),
            Is::Text(_) | Is::Line(_) | Is::AnyText => json!(format!("{} {number}", self.name)),
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
            Is::Whole(least, most) => json!([least, most][turn % 2]),
            Is::Level => json!(3 + turn % 2),
            Is::Rate(_) => json!([0.05, 12.0][turn % 2]),
            Is::Rating => json!({"likelihood": 2 + turn % 2, "impact": 4 + turn % 2}),
            Is::Money => {
                json!({"amount": format!("{number}.50"), "currency": if turn.is_multiple_of(2) { "EUR" } else { "CHF" }})
            }
            Is::ImpactRatings => json!([
                {"category": "workforce", "after_seconds": 0, "level": turn % 2},
                {"category": "workforce", "after_seconds": 86_400, "level": 3, "rationale": format!("Wages are late {number}")},
                {"category": "financial", "after_seconds": 86_400, "level": 2, "amount": "40000.00", "currency": "EUR"},
            ]),
            Is::Degrees(_) => json!(11.5 + if turn.is_multiple_of(2) { 0.0 } else { 30.25 }),
            Is::Bool => json!(turn.is_multiple_of(2)),
            Is::Date => json!(["2027-03-31", "2026-02-28", "2028-02-29"][turn % 3]),
            Is::DayOf(year) => json!(format!("{year}-{:02}-28", 1 + turn % 12)),
            Is::Time(day) => json!(format!("{day}T09:{:02}:00.000000Z", turn % 60)),
            Is::Ahead => json!(in_days(30 + i64::try_from(turn).unwrap_or(0))),
            Is::Reference(collections) => self.target(world, collections[turn % collections.len()])["id"].clone(),
            Is::References(collection, _) => (0..=turn % 2).map(|_| world.make(collection)["id"].clone()).collect(),
            Is::Words(words) => json!(words[turn % 2..turn % 2 + 2]),
            Is::Parts(members, _) => (0..=turn % 2).map(|more| part(world, members, turn + more)).collect(),
            Is::Slug => json!(format!("k{number}_{turn}-x")),
            Is::Rule => json!(["FREQ=YEARLY", "FREQ=MONTHLY;INTERVAL=6"][turn % 2]),
            Is::Zone => json!(["Europe/Berlin", "UTC"][turn % 2]),
            Is::Same(text) => json!(text),
        }
    }

    /// Values of another JSON type than the field's.
    pub fn mistyped(&self) -> Vec<Value> {
        match self.is {
            Is::Key
            | Is::Name
            | Is::Text(_)
            | Is::Line(_)
            | Is::AnyText
            | Is::Country
            | Is::Email
            | Is::Slug
            | Is::Rule
            | Is::Zone
            | Is::Same(_) => {
                vec![json!(7), json!(true), json!([]), json!({"a": 1})]
            }
            Is::Choice(_) | Is::Date | Is::DayOf(_) | Is::Time(_) | Is::Ahead => vec![json!(7), json!(false), json!([])],
            Is::Phones | Is::Tags | Is::ExternalRefs | Is::ImpactRatings | Is::References(..) | Is::Words(_) | Is::Parts(..) => {
                vec![json!("x"), json!(7), json!({"a": 1})]
            }
            Is::Attributes | Is::Rating | Is::Money => vec![json!("x"), json!([]), json!(7)],
            Is::Seconds(_) | Is::Count | Is::Whole(..) | Is::Level => vec![json!("60"), json!(1.5), json!(true), json!([])],
            Is::Degrees(_) | Is::Rate(_) => vec![json!("60"), json!(true), json!([])],
            Is::Bool => vec![json!("true"), json!(1), json!([])],
            Is::Reference(_) => vec![json!(7), json!(true), json!([])],
        }
    }

    /// Values of the right type that are wrong all the same, with the code that says why.
    pub fn wrong(&self) -> Vec<(Value, &'static str)> {
        let nobody = "018f6c2e-0000-7000-8000-000000000000";
        match self.is {
            Is::Key => ["", "-a", "a b", "ä", "a/b", ".a"].map(|key| (json!(key), "bad_format")).to_vec(),
            Is::Slug => vec![
                (json!(""), "too_short"),
                (json!("A"), "bad_format"),
                (json!("-a"), "bad_format"),
                (json!("a b"), "bad_format"),
            ],
            Is::Rule => vec![(json!("YEARLY"), "bad_format"), (json!("FREQ=SELDOM"), "bad_format"), (json!(""), "too_short")],
            Is::Zone => vec![(json!("Berlin"), "not_allowed"), (json!("+01:00"), "not_allowed"), (json!(""), "too_short")],
            Is::Country => {
                let codes =
                    [("de", "bad_format"), ("D1", "bad_format"), ("D", "too_short"), ("", "too_short"), ("DEU", "too_long")];
                codes.map(|(text, code)| (json!(text), code)).to_vec()
            }
            Is::Email => ["ana", "ana@", "@example.org", "a b@example.org"].map(|text| (json!(text), "bad_format")).to_vec(),
            Is::Choice(_) => ["", "nonsense", "NORMAL"].map(|text| (json!(text), "not_allowed")).to_vec(),
            Is::Seconds(_) => vec![(json!(-1), "out_of_range")],
            Is::Line(_) => vec![(json!(""), "too_short")],
            Is::Count => vec![(json!(0), "out_of_range"), (json!(-1), "out_of_range")],
            Is::Whole(least, most) => [least - 1, most + 1].map(|figure| (json!(figure), "out_of_range")).to_vec(),
            Is::Level => [0, 6, 7, 8].map(|level| (json!(level), "out_of_range")).to_vec(),
            Is::Rate(most) => [-0.1, most as f64 + 0.5].map(|rate| (json!(rate), "out_of_range")).to_vec(),
            Is::Time(_) | Is::Ahead => ["2027-02-29T00:00:00Z", "2027-01-01T00:00:00", "2027-01-01", "31.12.2027", "", "now"]
                .map(|text| (json!(text), "bad_format"))
                .to_vec(),
            Is::Date | Is::DayOf(_) => ["2027-02-29", "31.12.2027", "2027-1-1", "", "2027-01-01T00:00:00Z"]
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

/// The moment so many days from now, to the second.
pub fn in_days(days: i64) -> String {
    let at = jiff::Timestamp::from_second(crate::support::token::now() + days * 86_400).expect("a moment");
    at.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// One part of a list, with all its members.
pub fn part(world: &World, members: &[Field], turn: usize) -> Value {
    let members = members.iter().map(|member| (member.name.to_owned(), member.value(world, turn)));
    Value::Object(members.collect())
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
