//! Holdfast keeps what an organisation needs to stay in business: see `README.md` and `ARCHITECTURE.md`.
pub mod auth;
pub mod cli;
pub mod config;
pub mod graph;
pub mod model;
pub mod resources;
pub mod store;
