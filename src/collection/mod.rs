//! What every collection can do, whatever its kind: `api.md`, "Every collection", written once.
pub mod doc;
pub mod draft;
pub mod http;
pub mod once;
mod order;
mod point;
pub mod read;
pub mod remove;
pub mod schema;
pub mod view;
pub mod write;

pub use draft::Draft;
