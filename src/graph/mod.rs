//! The dependency graph and what is computed on it. All but `load` is pure.
pub mod build;
pub mod impact;
pub mod landscape;
pub mod load;
pub mod objectives;
pub mod region;
