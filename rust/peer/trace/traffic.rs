//! Counts messages and bytes, and turns counts into rates.

use std::time::Instant;

/// Messages and their payload bytes, before compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Messages.
    pub messages: u64,
    /// Payload bytes of those messages.
    pub bytes: u64,
}

impl Traffic {
    /// Counts a message, or with `is_last == false` a piece that does not end one.
    pub(in crate::peer) fn count(&mut self, bytes: usize, is_last: bool) {
        self.messages += u64::from(is_last);
        self.bytes += bytes as u64;
    }

    fn add_difference(&mut self, now: Self, before: Self) {
        self.messages += now.messages.saturating_sub(before.messages);
        self.bytes += now.bytes.saturating_sub(before.bytes);
    }
}

/// Traffic in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrafficTotals {
    /// From the remote peer.
    pub received: Traffic,
    /// To the remote peer.
    pub sent: Traffic,
}

impl TrafficTotals {
    /// Adds what was counted between `before` and `now`.
    pub(super) fn add_difference(&mut self, now: Self, before: Self) {
        self.received.add_difference(now.received, before.received);
        self.sent.add_difference(now.sent, before.sent);
    }
}

/// Turns a growing count into a rate per second.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<(Instant, u64)>,
    rate: f64,
}

impl Meter {
    /// Returns the rate of the last measurement; 0 before the first. Measures at most once a second.
    pub fn rate(&mut self, count: u64, now: Instant) -> f64 {
        let (time, before) = *self.last.get_or_insert((now, count));
        let seconds = now.saturating_duration_since(time).as_secs_f64();
        if seconds >= 1.0 {
            self.rate = count.saturating_sub(before) as f64 / seconds;
            self.last = Some((now, count));
        }
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::net::clock;

    #[test]
    fn a_meter_measures_once_a_second() {
        let start = clock::now();
        let mut meter = Meter::default();
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(meter.rate(1000, start), 0.0);
        assert_eq!(meter.rate(2000, after(999)), 0.0);
        assert_eq!(meter.rate(3000, after(2000)), 1000.0);
        assert_eq!(meter.rate(9000, after(2500)), 1000.0);
        assert_eq!(meter.rate(3000, after(3000)), 0.0, "a count that was reset");
    }
}
