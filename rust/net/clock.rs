//! The only place that reads a clock, so that every rule about time can be driven by a test.

use std::time::Instant;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Instant {
    Instant::now()
}
