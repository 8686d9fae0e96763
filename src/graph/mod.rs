//! The dependency graph and what is computed on it. All but `load` and `around` is pure.
pub mod around;
pub mod impact;
pub mod load;
pub mod objectives;
pub mod region;
