//! How often each subject may ask: a token bucket each, so that a loop gone wrong is told to slow down before others feel it.
use crate::model::{Error, Result};
use governor::clock::Clock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// So many subjects are remembered; of more, those that asked least lately begin with a full bucket again.
const REMEMBERED: u64 = 100_000;
/// Whoever did not ask for so long has a full bucket anyhow.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// The token buckets of all subjects, on this instance. See "generic cell rate algorithm" (ITU-T I.371).
pub struct RateLimits {
    quota: Option<Quota>,
    /// By a hash of organisation and subject: two that share one by chance share a bucket, and a request allocates nothing.
    buckets: moka::sync::Cache<u64, Arc<DefaultDirectRateLimiter>, FxBuildHasher>,
}

impl RateLimits {
    /// So many requests a second for each subject, and so many at once after a pause. No limit when a number is 0.
    pub fn new(per_second: u32, burst: u32) -> RateLimits {
        let quota = NonZeroU32::new(per_second).zip(NonZeroU32::new(burst));
        let buckets = moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_idle(FORGOTTEN);
        RateLimits {
            quota: quota.map(|(rate, burst)| Quota::per_second(rate).allow_burst(burst)),
            buckets: buckets.build_with_hasher(FxBuildHasher),
        }
    }

    /// Takes one request out of the subject's bucket.
    ///
    /// # Errors
    /// `429 too_many_requests` when it is empty, with when to come back.
    pub fn take(&self, organization: &str, subject: &str) -> Result<()> {
        let Some(quota) = self.quota else { return Ok(()) };
        let holder = FxBuildHasher.hash_one((organization, subject));
        let bucket = self.buckets.get_with(holder, || Arc::new(RateLimiter::direct(quota)));
        bucket.check().map_err(|early| {
            let wait = early.wait_time_from(bucket.clock().now());
            let retry_after = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Error::TooMany { detail: "this subject asks too often: slow down".into(), retry_after }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(taken: Result<()>) -> Option<u32> {
        match taken {
            Err(Error::TooMany { retry_after, .. }) => Some(retry_after),
            _ => None,
        }
    }

    #[test]
    fn everybody_has_a_bucket_of_his_own() {
        let limits = RateLimits::new(1, 3);
        for _ in 0..3 {
            assert_eq!(told(limits.take("acme", "ann")), None);
        }
        assert_eq!(told(limits.take("acme", "ann")), Some(1));
        assert_eq!(told(limits.take("acme", "bob")), None);
        assert_eq!(told(limits.take("other", "ann")), None);
    }

    #[test]
    fn without_a_number_there_is_no_limit() {
        let limits = RateLimits::new(0, 3);
        assert!((0..10_000).all(|_| limits.take("acme", "ann").is_ok()));
    }
}
