//! Reads the graph from the tables of the kinds, keeps it in memory and brings it up to date. Lower rooms reach it
//! through [`crate::store::Landscapes`].
mod landscape_cache;
mod objectives;
mod past_objectives;
pub mod region;
mod rows;

pub use landscape_cache::LandscapeCache;
