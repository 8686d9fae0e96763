//! What every collection can do, whatever its kind: `api.md`, "Every collection", written once.
pub mod act;
pub mod asked;
pub mod doc;
pub mod draft;
pub mod http;
pub mod item;
pub mod moves;
pub mod nested;
pub mod once;
pub mod order;
mod point;
pub mod read;
pub mod remove;
pub mod schema;
pub mod single;
pub mod view;
pub mod write;

pub use draft::Draft;
