//! The pure part of planning: what comes before what, when, who does it, and how it is drawn and printed.
pub mod badge;
pub mod calendar;
pub mod document;
pub mod gantt;
pub mod map;
pub mod mermaid;
pub mod recurrence;
pub mod schedule;
pub mod text;
