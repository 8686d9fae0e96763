//! What every collection can do, whatever its kind: written once, and compiled once. A kind is reached through
//! [`AnyKind`](crate::store::AnyKind).
pub mod action;
pub mod as_of;
pub mod change_set;
pub mod command;
mod deletion;
pub mod doc;
pub mod draft;
mod filters;
pub mod history;
pub mod http;
pub mod idempotency;
pub mod nested;
pub mod nested_resource;
pub mod params;
pub mod read;
mod references;
pub mod schema;
pub mod singleton;
pub mod transitions;
pub mod view;
mod withheld;

pub use draft::Draft;
