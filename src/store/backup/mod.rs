//! Backups: everything a database holds in one file that either database can be made of again, taken while the service goes
//! on.
mod archive;
mod catalog;
mod copy;
mod restore;

pub use archive::{Contents, Header, Manifest};
pub use copy::backup;
pub use restore::{inspect, restore};
