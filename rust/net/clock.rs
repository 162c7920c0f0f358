//! The only place that reads a clock, so that a test can drive every rule about time.

use std::time::Instant;

/// Returns the current time.
#[expect(clippy::disallowed_methods, reason = "all other code gets the time from here")]
pub fn now() -> Instant {
    Instant::now()
}
