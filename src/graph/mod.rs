//! The dependency graph and what is computed on it. Pure.
pub mod builder;
pub mod impact;
pub mod landscape;
pub mod loss;
pub mod net;
pub mod objectives;
pub mod points;
pub mod recovery;
pub mod region;
pub mod restoration;
pub mod scc;
