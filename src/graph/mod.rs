//! The dependency graph and what is computed on it. Pure.
pub mod circles;
pub mod impact;
pub mod landscape;
pub mod loss;
pub mod net;
pub mod objectives;
pub mod parts;
pub mod points;
pub mod recovery;
pub mod region;
pub mod restoration;
