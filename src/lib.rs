//! Holdfast keeps what an organisation needs to stay in business: see `README.md` and `ARCHITECTURE.md`.
pub mod analysis;
pub mod auth;
pub mod cli;
pub mod collection;
pub mod config;
pub mod exchange;
pub mod graph;
pub mod http;
pub mod landscape;
pub mod model;
pub mod planning;
pub mod reports;
pub mod resources;
pub mod server;
pub mod store;

/// Batches make and drop millions of small values on one thread and drop them on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
