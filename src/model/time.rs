use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The first moment of the year 1.
const FIRST: i64 = -62_135_596_800_000_000;

/// A moment in UTC with microseconds, written as RFC 3339.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z; `None` outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Timestamp> {
        (micros >= FIRST).then(|| jiff::Timestamp::from_microsecond(micros).ok()).flatten().map(|_| Timestamp(micros))
    }
    pub const EPOCH: Timestamp = Timestamp(0);

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub fn from_seconds(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_micros(seconds.checked_mul(1_000_000)?)
    }
    pub const fn micros(self) -> i64 {
        self.0
    }
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
    /// The day in UTC, as dates are stored.
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }
    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Timestamp::from_micros(time.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => f.write_str("0001-01-01T00:00:00.000000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

/// A calendar day, written `2026-11-22`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

impl TryFrom<String> for Date {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Date, Self::Error> {
        Date::parse(&text).ok_or("not a date like 2026-11-22")
    }
}
impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

impl Date {
    /// Reads `YYYY-MM-DD`, nothing else.
    pub fn parse(text: &str) -> Option<Date> {
        if text.len() != 10 {
            return None;
        }
        text.parse::<jiff::civil::Date>().ok().filter(|date| date.year() > 0).map(Date)
    }
    /// The day so many days later.
    pub fn after_days(self, days: i64) -> Option<Date> {
        let span = jiff::Span::new().try_days(days).ok()?;
        self.0.checked_add(span).ok().map(Date)
    }
    /// The day so many months later, or the last of its month where that is shorter.
    pub fn after_months(self, months: i64) -> Option<Date> {
        let span = jiff::Span::new().try_months(months).ok()?;
        self.0.checked_add(span).ok().map(Date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
