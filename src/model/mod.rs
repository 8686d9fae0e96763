//! Words every resource uses. Pure: no web framework, no database, no clock, no randomness.
mod error;
mod head;
mod id;
mod json;
mod kind;
pub mod lifecycle;
mod link;
mod listing;
mod money;
mod permission;
mod resource;
mod time;
mod word;

pub use error::{Error, Fault, Faults, Present, Result};
pub use head::{Attributes, ExternalRef, Head, HeadDraft, Objectives, Tag, limits};
pub use id::Id;
pub use json::{MAX_DEPTH, merge, nfc, parse as parse_json};
pub use kind::Kind;
pub use lifecycle::{Lifecycle, Move, Moved, NoTerms, Reason};
pub use link::{Link, Reference, Shared, Spelling};
pub use listing::{
    Condition, Cursor, Field, FieldType, Filter, Operator, Query, Sort, Value as FieldValue, evaluate, sort_value,
};
pub use money::Money;
pub use permission::{Action, Role};
pub use resource::{
    COMMON, EFFECTIVE, MOST_SECONDS, Made, Nothing, Resource, Sentence, Slot, StepKey, Subject, field, fields, is_past, overdue,
    words_of,
};
pub use time::{Date, Timestamp};
pub use word::Word;
