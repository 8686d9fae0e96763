//! Backups: everything a database holds in one file that either database can be made of again, taken while the service goes
//! on; or one organisation alone.
mod archive;
mod catalog;
mod copy;
mod loading;
mod one_organization;
mod organization;
mod restore;

pub use archive::{Contents, Header, Manifest};
pub use copy::{Wanted, backup};
pub use loading::Known;
pub use restore::{inspect, restore};
