//! From the database to the graph and back: the one place of this room that knows a database.
pub mod graphs;
pub mod losses;
pub mod objectives;
pub mod region;
mod rows;
