//! Words every resource uses. Pure: no web framework, no database, no clock, no randomness.
mod erasure;
mod error;
mod id;
mod json;
mod kind;
pub mod lifecycle;
mod link;
mod listing;
mod money;
mod object_meta;
mod permission;
mod person;
mod resource;
mod string_enum;
mod time;
mod visibility;

pub use erasure::{ERASABLE, ERASED_NAME, ERASED_PREFIX, erased_key};
pub use error::{CurrentState, Error, Fault, FaultBudget, Faults, Result};
pub use id::Id;
pub use json::{MAX_DEPTH, merge, nfc, parse as parse_json, parse_list as parse_json_list};
pub use kind::Kind;
pub(crate) use kind::kinds;
pub use lifecycle::{Lifecycle, NoTerms, Reason, Transition, TransitionContext};
pub use link::{Link, ObjectRef, Reference, RenderedReference};
pub use listing::{
    Condition, Cursor, Field, FieldType, Filter, ListQuery, Operator, Sort, Value as FieldValue, evaluate, sort_value,
};
pub use money::Money;
pub use object_meta::{Attributes, ExternalRef, ObjectMeta, ObjectMetaDraft, Objectives, Tag, limits};
pub use permission::{Action, Rights, Role, permission, roles};
pub use person::{same_person, tidy_subject};
pub use resource::{
    COMMON_FIELDS, EFFECTIVE_FIELDS, MAX_SECONDS, NoDerived, Resource, Sentence, Slot, StepKey, Subject, VersionInput,
    enum_values, field, fields, is_past, overdue,
};
pub use string_enum::StringEnum;
pub use time::{Date, Timestamp};
pub use visibility::{KindSet, Visibility, WITHHELD};
