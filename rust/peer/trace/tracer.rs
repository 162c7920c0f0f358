//! Connects one peer to the trace: its number, its traffic, and what of its messages is kept.

use std::time::Duration;

use crate::limits::TRACE_HEAD;
use crate::net::clock;
use crate::peer::trace::event::{Direction, TraceEvent, TraceEventKind};
use crate::peer::trace::log;
use crate::peer::trace::row::{PeerClass, PeerRow};
use crate::peer::trace::traffic::{Traffic, TrafficTotals};
use crate::proto::Role;

/// A peer's place in the trace, and what is counted even without a subscriber.
#[derive(Debug, Default)]
pub(in crate::peer) struct Tracer {
    pub class: PeerClass,
    pub role: Option<Role>,
    pub sent: Traffic,
    /// 0 until it is needed.
    id: u64,
    /// The part of the traffic that is in the totals, and since which generation of subscribers.
    totalled: Option<(u32, TrafficTotals)>,
}

impl Tracer {
    /// Returns the number of the peer.
    pub fn id(&mut self) -> u64 {
        if self.id == 0 {
            self.id = log::new_id();
        }
        self.id
    }

    /// Starts to count for a new connection.
    pub fn reset(&mut self) {
        self.sent = Traffic::default();
        self.role = None;
        self.totalled = log::is_enabled().then(|| (log::generation(), TrafficTotals::default()));
    }

    /// Updates the row. `fill` gets the row that was shown before, if there was one.
    pub fn update_row(&mut self, traffic: TrafficTotals, fill: impl FnOnce(u64, Option<PeerRow>) -> PeerRow) {
        let id = self.id();
        let generation = log::generation();
        let before = self.totalled.filter(|(seen, _)| *seen == generation).map_or(traffic, |(_, before)| before);
        self.totalled = Some((generation, traffic));
        log::update_row(id, traffic, before, fill);
    }

    /// Logs an event of `size` bytes. Without a subscriber to messages this is one relaxed load.
    #[inline]
    pub fn log(&mut self, direction: Direction, kind: TraceEventKind, size: usize, content: &[u8]) {
        if log::wants_messages() {
            self.append(direction, kind, size, content);
        }
    }

    #[cold]
    fn append(&mut self, direction: Direction, kind: TraceEventKind, size: usize, content: &[u8]) {
        let limit = match (log::preview_size(), kind) {
            (0, _) => 0,
            (_, TraceEventKind::Handshake) => TRACE_HEAD,
            (limit, _) => limit,
        };
        let preview = content.get(..limit).unwrap_or(content).into();
        let peer = self.id();
        log::append(TraceEvent { time: Duration::ZERO, peer, direction, kind, size, preview }, clock::now());
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if self.id != 0 {
            log::remove_row(self.id);
        }
    }
}
