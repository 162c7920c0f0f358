//! Pings that find out whether the remote end is still there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::limits::{AWAITED_PINGS, TRACE_EVENTS};
use crate::peer::trace::{self, Direction, TraceEventKind};

/// Pings and pongs of one connection: whether the remote end is alive, and how far away it is.
#[derive(Debug)]
pub struct Heartbeat {
    /// `None` until the heartbeat is on.
    last_ping: Option<Instant>,
    outstanding: Option<Instant>,
    awaited: VecDeque<(Vec<u8>, Instant)>,
    round_trip: Option<RoundTrip>,
    /// Pings and pongs that the trace has not heard of yet.
    log: Vec<Beaten>,
}

type Beaten = (Direction, TraceEventKind, Vec<u8>);

/// Round-trip times between pings and their pongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// Of the last pong.
    pub last: Duration,
    /// Smoothed as TCP does (RFC 6298 section 2): an eighth of each new value.
    pub smoothed: Duration,
}

/// What the connection is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing.
    Wait,
    /// Send a ping.
    Ping,
    /// Give the remote end up: it has answered nothing for this long.
    Dead(Duration),
}

impl Heartbeat {
    /// Payload of automatic pings; empty, as the engine's.
    pub const PAYLOAD: &[u8] = &[];

    /// A connection that opened now.
    pub fn new(now: Instant) -> Self {
        Self { last_ping: Some(now), outstanding: None, awaited: VecDeque::new(), round_trip: None, log: Vec::new() }
    }

    /// A ping with this payload leaves.
    pub fn sent(&mut self, payload: &[u8], now: Instant) {
        if self.awaited.len() >= AWAITED_PINGS {
            self.awaited.pop_front();
        }
        self.awaited.push_back((payload.to_vec(), now));
        self.note(Direction::Sent, TraceEventKind::Ping, payload);
    }

    /// A pong arrived. One that answers no ping is only a sign of life (RFC 6455 section 5.5.3).
    pub fn pong(&mut self, payload: &[u8], now: Instant) {
        self.heard();
        self.note(Direction::Received, TraceEventKind::Pong, payload);
        let Some(index) = self.awaited.iter().position(|(awaited, _)| awaited == payload) else { return };
        if let Some((_, sent)) = self.awaited.drain(..=index).next_back() {
            let last = now.saturating_duration_since(sent);
            let smoothed = self.round_trip.map_or(last, |before| (before.smoothed * 7 + last) / 8);
            self.round_trip = Some(RoundTrip { last, smoothed });
        }
    }

    /// A ping arrived.
    pub fn ping(&mut self, payload: &[u8]) {
        self.heard();
        self.note(Direction::Received, TraceEventKind::Ping, payload);
    }

    fn note(&mut self, direction: Direction, kind: TraceEventKind, payload: &[u8]) {
        if trace::wants_messages() && self.log.len() < TRACE_EVENTS {
            self.log.push((direction, kind, payload.to_vec()));
        }
    }

    /// Takes out what [`Self::log`] holds.
    pub(in crate::peer) fn take_log(&mut self) -> Vec<Beaten> {
        std::mem::take(&mut self.log)
    }

    /// Round-trip times; `None` before the first answered ping.
    pub fn round_trip(&self) -> Option<RoundTrip> {
        self.round_trip
    }

    /// Something arrived, which proves life as well as a pong does.
    pub fn heard(&mut self) {
        self.outstanding = None;
    }

    /// When [`Self::check`] has something to do; `None` for never, and until the first check after the heartbeat was switched on.
    pub fn next_check(&self, interval: Duration, timeout: Duration) -> Option<Instant> {
        if interval.is_zero() {
            return None;
        }
        let timeout = if timeout.is_zero() { interval } else { timeout };
        let ping = self.last_ping? + interval;
        match self.outstanding {
            // Only more than the time-out is too long.
            Some(sent) if timeout <= interval => Some(sent + timeout + Duration::from_millis(1)),
            Some(sent) => Some(ping.min(sent + timeout + Duration::from_millis(1))),
            None => Some(ping),
        }
    }

    /// Judges. To be called after everything that has arrived was read, so that a program that polls late does not take
    /// its own delay for the remote end's.
    pub fn check(&mut self, now: Instant, interval: Duration, timeout: Duration) -> Beat {
        if interval.is_zero() {
            self.last_ping = None;
            self.outstanding = None;
            return Beat::Wait;
        }
        let timeout = if timeout.is_zero() { interval } else { timeout };
        if let Some(sent) = self.outstanding {
            let silent = now.saturating_duration_since(sent);
            if silent > timeout {
                return Beat::Dead(silent);
            }
            if timeout <= interval {
                return Beat::Wait;
            }
        }
        if now.saturating_duration_since(*self.last_ping.get_or_insert(now)) < interval {
            return Beat::Wait;
        }
        self.last_ping = Some(now);
        self.outstanding.get_or_insert(now);
        Beat::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pings_every_interval_and_gives_up_after_one_without_an_answer() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start, SECOND, Duration::ZERO), Beat::Wait);
        assert_eq!(heartbeat.check(start + SECOND, SECOND, Duration::ZERO), Beat::Ping);
        assert_eq!(heartbeat.check(start + 2 * SECOND, SECOND, Duration::ZERO), Beat::Wait);
        heartbeat.heard();
        assert_eq!(heartbeat.check(start + 2 * SECOND, SECOND, Duration::ZERO), Beat::Ping);
        assert_eq!(heartbeat.check(start + 4 * SECOND, SECOND, Duration::ZERO), Beat::Dead(2 * SECOND));
    }

    #[test]
    fn a_late_poll_that_reads_the_pong_first_keeps_the_link() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start + SECOND, SECOND, Duration::ZERO), Beat::Ping);
        heartbeat.heard();
        assert_eq!(heartbeat.check(start + 100 * SECOND, SECOND, Duration::ZERO), Beat::Ping);
    }

    #[test]
    fn switched_on_late_it_waits_one_interval() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.check(start + 50 * SECOND, Duration::ZERO, Duration::ZERO), Beat::Wait);
        assert_eq!(heartbeat.check(start + 50 * SECOND, SECOND, Duration::ZERO), Beat::Wait);
        assert_eq!(heartbeat.check(start + 51 * SECOND, SECOND, Duration::ZERO), Beat::Ping);
    }

    #[test]
    fn a_longer_timeout_lets_several_pings_go_unanswered() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        for second in 1..=4 {
            assert_eq!(heartbeat.check(start + second * SECOND, SECOND, 3 * SECOND), Beat::Ping);
        }
        assert_eq!(heartbeat.check(start + 5 * SECOND, SECOND, 3 * SECOND), Beat::Dead(4 * SECOND));
    }

    #[test]
    fn round_trips_are_measured_by_payload_and_smoothed() {
        let start = clock::now();
        let mut heartbeat = Heartbeat::new(start);
        heartbeat.pong(b"unsolicited", start);
        assert_eq!(heartbeat.round_trip(), None);
        for payload in [b"a", b"b", b"c"] {
            heartbeat.sent(payload, start);
        }
        heartbeat.pong(b"b", start + 8 * SECOND);
        assert_eq!(heartbeat.round_trip(), Some(RoundTrip { last: 8 * SECOND, smoothed: 8 * SECOND }));
        heartbeat.pong(b"a", start + 9 * SECOND);
        assert_eq!(heartbeat.round_trip().unwrap().last, 8 * SECOND, "a ping before an answered one is forgotten");
        heartbeat.pong(b"c", start + 16 * SECOND);
        assert_eq!(heartbeat.round_trip(), Some(RoundTrip { last: 16 * SECOND, smoothed: 9 * SECOND }));
        for _ in 0..100 {
            heartbeat.sent(b"x", start);
        }
        assert_eq!(heartbeat.awaited.len(), AWAITED_PINGS);
    }
}
