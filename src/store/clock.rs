//! The clock and the source of ids. Everybody else is given moments and ids.
use crate::model::{Id, Timestamp};

/// UTC now.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or_default();
    Timestamp::from_micros(micros).unwrap_or(Timestamp::EPOCH)
}

/// A new id; ids of one process ascend.
#[allow(clippy::disallowed_methods, reason = "the one place that makes ids")]
pub fn new_id() -> Id {
    Id(uuid::Uuid::now_v7())
}
