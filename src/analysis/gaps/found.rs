//! A gap as its rule finds it.
use crate::model::{Date, Id, Reference};
use crate::string_enum;

/// So many objects explain a gap at most.
pub const MAX_DETAILS: usize = 50;

string_enum! {
    /// How much a gap matters: whether the continuity of something the business cannot do without is in doubt, whether a
    /// duty of the continuity process is neglected, or whether something should be known.
    pub enum GapSeverity {
        Critical = "critical",
        Major = "major",
        Minor = "minor",
    }
}

/// What explains a gap further.
#[derive(Debug, Clone)]
pub enum Details {
    These(Vec<Id>),
    /// The vital business functions that the loss of a node takes down.
    TakenDownBy(usize),
    /// What the subject of a measurement depends on otherwise than it did then.
    ChangedSince {
        measurement: Id,
        subject: Id,
    },
}

/// A gap as its rule finds it.
#[derive(Debug, Clone)]
pub struct GapMatch {
    pub severity: GapSeverity,
    /// What lacks something.
    pub item: Reference,
    pub explanation: String,
    pub due: Option<Date>,
    pub details: Details,
}

impl GapMatch {
    pub fn new(severity: GapSeverity, item: Reference, explanation: impl Into<String>) -> GapMatch {
        GapMatch { severity, item, explanation: explanation.into(), due: None, details: Details::These(Vec::new()) }
    }
    pub fn due(self, due: Option<Date>) -> GapMatch {
        GapMatch { due, ..self }
    }
    pub fn details(self, mut details: Details) -> GapMatch {
        if let Details::These(ids) = &mut details {
            ids.truncate(MAX_DETAILS);
        }
        GapMatch { details, ..self }
    }
}

/// A number of seconds as people say it: `2 h 5 min`.
pub fn spoken(seconds: i64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if told.is_empty() { "0 s".into() } else { told.join(" ") }
}
