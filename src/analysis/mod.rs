//! Questions asked of the graph, and their endpoints.
pub mod dependencies;
mod drawing;
