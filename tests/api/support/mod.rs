//! What every test stands on: real databases, real server processes, and a client that holds
//! every answer against the published document.

pub mod answer;
pub mod client;
pub mod cluster;
pub mod document;
pub mod guard;
pub mod server;
pub mod sql;
pub mod token;
pub mod wire;

pub use answer::Answer;
pub use client::Api;
pub use server::{Backend, Server};

use std::sync::atomic::{AtomicU64, Ordering};

/// A number no other call in this process has had, to keep names and keys apart.
pub fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Declares a test once and runs it on both databases, as two tests with names of their own.
#[macro_export]
macro_rules! both {
    ($(fn $name:ident($server:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            fn behaviour($server: &std::sync::Arc<$crate::support::Server>) $body
            #[test]
            fn on_sqlite() {
                behaviour(&$crate::support::Server::shared($crate::support::Backend::Sqlite));
            }
            #[test]
            fn on_postgres() {
                behaviour(&$crate::support::Server::shared($crate::support::Backend::Postgres));
            }
        }
    )+};
}
