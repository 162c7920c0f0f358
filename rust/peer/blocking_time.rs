//! Decides how long `wait()` of a client or server object may block.

use std::time::{Duration, Instant};

use crate::limits::LINGER_TICK;
use crate::net::linger;

/// The time until the earliest of `moments`; `None` for no limit. While only polls finish closed connections, it
/// is [`LINGER_TICK`] at most.
pub(in crate::peer) fn blocking_time(
    now: Instant,
    moments: impl IntoIterator<Item = Option<Instant>>,
) -> Option<Duration> {
    let earliest = moments.into_iter().flatten().min();
    let time = earliest.map(|moment| moment.saturating_duration_since(now));
    let lingering = linger::needs_polls().then_some(LINGER_TICK);
    time.into_iter().chain(lingering).min()
}
