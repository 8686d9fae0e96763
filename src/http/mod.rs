//! The edge: what every request passes on its way in and every answer on its way out. Knows no kind by name.
pub mod body;
pub mod codes;
pub mod context;
pub mod docs;
pub mod edge;
pub mod headers;
pub mod metrics;
pub mod operations;
pub mod preconditions;
pub mod problem;
pub mod problems;
mod process;
pub mod rates;
pub mod response_cache;
pub mod routes;
pub mod shares;
pub mod state;
pub mod withhold;
