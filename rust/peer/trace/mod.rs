//! What debuggers see of all peers of the process: rows about live peers, and a log of recent messages.
//!
//! Nothing is kept while nobody listens; a peer then pays one relaxed load for a poll and one for a sent message.

pub(in crate::peer) mod secrets;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits::{MAX_TRACE_PREVIEW, TRACE_EVENTS, TRACE_HEAD, TRACE_PREVIEW};
use crate::net::clock;
use crate::peer::state::State;
use crate::proto::Role;

/// What a peer belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum PeerClass {
    /// To the program itself.
    #[default]
    Peer = 0,
    /// To a client object.
    Client = 1,
    /// To a server object.
    Server = 2,
    /// To a multiplayer peer.
    Multiplayer = 3,
}

/// Messages and their payload bytes, before compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages.
    pub messages: u64,
    /// Payload bytes of those messages.
    pub bytes: u64,
}

impl Traffic {
    /// Counts a message, or a piece of one that is not its last.
    pub(in crate::peer) fn count(&mut self, bytes: usize, is_last: bool) {
        self.messages += u64::from(is_last);
        self.bytes += bytes as u64;
    }

    fn add(&mut self, now: Self, before: Self) {
        self.messages += now.messages.saturating_sub(before.messages);
        self.bytes += now.bytes.saturating_sub(before.bytes);
    }
}

/// Traffic in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficTotals {
    /// From the remote end.
    pub received: Traffic,
    /// To the remote end.
    pub sent: Traffic,
}

impl TrafficTotals {
    fn add(&mut self, now: Self, before: Self) {
        self.received.add(now.received, before.received);
        self.sent.add(now.sent, before.sent);
    }
}

/// A live peer, as it was at the end of its last poll.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerRow {
    /// Number of the peer, never 0 and never used again.
    pub id: u64,
    /// What the peer belongs to.
    pub class: PeerClass,
    /// Client or server; `None` before the first connection.
    pub role: Option<Role>,
    /// State of the connection.
    pub state: State,
    /// Requested URL, with secrets masked.
    pub url: String,
    /// Address of the remote end, also after the connection.
    pub remote: Option<SocketAddr>,
    /// Selected sub-protocol, or empty.
    pub protocol: String,
    /// Whether permessage-deflate was agreed on.
    pub is_compressed: bool,
    /// Share of the original bytes that compressed messages needed, of both directions; `None` where there were none.
    pub compression_ratio: Option<f64>,
    /// Traffic of this connection or the last one.
    pub traffic: TrafficTotals,
    /// Received messages that the program has not read.
    pub inbound_messages: usize,
    /// Payload bytes of those.
    pub inbound_bytes: usize,
    /// Messages that the network has not taken.
    pub outbound_messages: usize,
    /// Payload bytes of those.
    pub outbound_bytes: usize,
    /// Smoothed round-trip time; `None` before the first pong.
    pub round_trip: Option<Duration>,
    /// Why the connection was lost, or empty.
    pub failure: String,
}

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum TraceEventKind {
    /// An HTTP request or answer; the preview is its head with secrets masked.
    Handshake = 0,
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// A ping.
    Ping = 3,
    /// A pong.
    Pong = 4,
    /// A close frame; the preview is its code in decimal and its reason.
    Close = 5,
    /// The connection was lost; the preview says why.
    Failure = 6,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Direction {
    /// From the remote end.
    Received = 0,
    /// To the remote end.
    Sent = 1,
}

/// Something that a peer has sent, received or suffered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// Time since the first listener came.
    pub time: Duration,
    /// Number of the peer, see [`PeerRow::id`].
    pub peer: u64,
    /// Which way it went.
    pub direction: Direction,
    /// What it was.
    pub kind: TraceEventKind,
    /// Payload bytes before compression.
    pub size: usize,
    /// Its beginning, see [`set_preview_size`].
    pub preview: Box<[u8]>,
}

#[derive(Debug)]
struct Log {
    rows: BTreeMap<u64, PeerRow>,
    last_id: u64,
    events: VecDeque<TraceEvent>,
    /// Number of `events[0]`, counted from the first of the process.
    first: u64,
    totals: TrafficTotals,
    began: Option<Instant>,
}

static LISTENERS: AtomicU32 = AtomicU32::new(0);
static MESSAGE_LISTENERS: AtomicU32 = AtomicU32::new(0);
/// How many times the first listener came.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static PREVIEW_SIZE: AtomicUsize = AtomicUsize::new(TRACE_PREVIEW);
static LOG: Mutex<Log> = Mutex::new(Log {
    rows: BTreeMap::new(),
    last_id: 0,
    events: VecDeque::new(),
    first: 0,
    totals: TrafficTotals { received: Traffic { messages: 0, bytes: 0 }, sent: Traffic { messages: 0, bytes: 0 } },
    began: None,
});

/// Whether anybody listens.
#[inline]
pub(in crate::peer) fn is_enabled() -> bool {
    LISTENERS.load(Ordering::Relaxed) != 0
}

/// Whether anybody listens to messages.
#[inline]
pub(in crate::peer) fn wants_messages() -> bool {
    MESSAGE_LISTENERS.load(Ordering::Relaxed) != 0
}

/// Sets how many bytes of each message are kept, at most [`MAX_TRACE_PREVIEW`]; 0 keeps all contents out of the log, those of
/// handshakes included. For the whole process.
pub fn set_preview_size(bytes: usize) {
    PREVIEW_SIZE.store(bytes.min(MAX_TRACE_PREVIEW), Ordering::Relaxed);
}

/// See [`set_preview_size`].
pub fn preview_size() -> usize {
    PREVIEW_SIZE.load(Ordering::Relaxed)
}

/// Somebody who wants to know. Peers appear in the rows with their next poll; messages are kept from now on, the newest
/// [`TRACE_EVENTS`] of them.
#[derive(Debug)]
pub struct TraceSubscriber {
    next: u64,
    missed: u64,
    hears_messages: bool,
}

impl TraceSubscriber {
    /// Listens to rows alone.
    pub fn to_peers() -> Self {
        Self::new(false)
    }

    /// Listens to rows and messages.
    pub fn to_messages() -> Self {
        Self::new(true)
    }

    fn new(hears_messages: bool) -> Self {
        let mut log = LOG.lock();
        if LISTENERS.fetch_add(1, Ordering::Relaxed) == 0 {
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }
        MESSAGE_LISTENERS.fetch_add(u32::from(hears_messages), Ordering::Relaxed);
        log.began.get_or_insert_with(clock::now);
        Self { next: log.first + log.events.len() as u64, missed: 0, hears_messages }
    }

    /// The next event, in the order they happened on each peer. One that was never asked for in time is counted by
    /// [`Self::take_missed`].
    pub fn next_event(&mut self) -> Option<TraceEvent> {
        let log = LOG.lock();
        if self.next < log.first {
            self.missed += log.first - self.next;
            self.next = log.first;
        }
        let event = log.events.get(usize::try_from(self.next - log.first).ok()?).filter(|_| self.hears_messages)?;
        self.next += 1;
        Some(event.clone())
    }

    /// Number of events that were dropped before this listener asked for them, since the last question.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }
}

impl Drop for TraceSubscriber {
    fn drop(&mut self) {
        let mut log = LOG.lock();
        if self.hears_messages && MESSAGE_LISTENERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            log.first += log.events.len() as u64;
            log.events = VecDeque::new();
        }
        if LISTENERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            log.rows.clear();
        }
    }
}

/// The live peers, oldest first; none while nobody listens.
pub fn peers() -> Vec<PeerRow> {
    LOG.lock().rows.values().cloned().collect()
}

/// The live peer with the lowest number above `id`.
pub fn peer_after(id: u64) -> Option<PeerRow> {
    LOG.lock().rows.range(id.checked_add(1)?..).next().map(|(_, row)| row.clone())
}

/// Number of connections that are open or closing.
pub fn connection_count() -> usize {
    LOG.lock().rows.values().filter(|row| matches!(row.state, State::Open | State::Closing)).count()
}

/// Traffic of all peers since the first listener came, less that of times without one.
pub fn totals() -> TrafficTotals {
    LOG.lock().totals
}

/// Turns a count that grows into a rate per second.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<(Instant, u64)>,
    rate: f64,
}

impl Meter {
    /// The rate since it was last measured, which happens at most once a second; 0 before.
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

/// A peer's place in the trace, and what it counts while nobody listens too.
#[derive(Debug, Default)]
pub(in crate::peer) struct Tracer {
    pub class: PeerClass,
    pub role: Option<Role>,
    pub sent: Traffic,
    id: u64,
    /// What of the traffic is in the totals, and of which generation.
    totalled: Option<(u32, TrafficTotals)>,
}

impl Tracer {
    /// The number of the peer, given out when it is first needed.
    pub fn id(&mut self) -> u64 {
        if self.id == 0 {
            let mut log = LOG.lock();
            log.last_id += 1;
            self.id = log.last_id;
        }
        self.id
    }

    /// A new connection begins.
    pub fn reset(&mut self) {
        self.sent = Traffic::default();
        self.role = None;
        self.totalled = is_enabled().then(|| (GENERATION.load(Ordering::Relaxed), TrafficTotals::default()));
    }

    /// Shows a row. `fill` gets what was shown before, if anything was.
    pub fn show(&mut self, traffic: TrafficTotals, fill: impl FnOnce(u64, Option<PeerRow>) -> PeerRow) {
        let id = self.id();
        let generation = GENERATION.load(Ordering::Relaxed);
        let before = self.totalled.filter(|(seen, _)| *seen == generation).map_or(traffic, |(_, before)| before);
        self.totalled = Some((generation, traffic));
        let mut log = LOG.lock();
        if !is_enabled() {
            return;
        }
        log.totals.add(traffic, before);
        let row = fill(id, log.rows.remove(&id));
        log.rows.insert(id, row);
    }

    /// Logs an event of `size` bytes; where nobody listens to messages, costs a look.
    pub fn log(&mut self, direction: Direction, kind: TraceEventKind, size: usize, content: &[u8]) {
        if wants_messages() {
            self.record(direction, kind, size, content);
        }
    }

    #[cold]
    fn record(&mut self, direction: Direction, kind: TraceEventKind, size: usize, content: &[u8]) {
        let limit = match (preview_size(), kind) {
            (0, _) => 0,
            (_, TraceEventKind::Handshake) => TRACE_HEAD,
            (limit, _) => limit,
        };
        let preview = content.get(..limit).unwrap_or(content).into();
        let peer = self.id();
        let now = clock::now();
        let mut log = LOG.lock();
        if !wants_messages() {
            return;
        }
        if log.events.len() >= TRACE_EVENTS {
            log.events.pop_front();
            log.first += 1;
        }
        let time = log.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        log.events.push_back(TraceEvent { time, peer, direction, kind, size, preview });
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if self.id != 0 {
            LOG.lock().rows.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_measures_once_a_second() {
        let start = clock::now();
        let mut meter = Meter::default();
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(meter.rate(1000, start), 0.0);
        assert_eq!(meter.rate(2000, after(999)), 0.0);
        assert_eq!(meter.rate(3000, after(2000)), 1000.0);
        assert_eq!(meter.rate(9000, after(2500)), 1000.0);
        assert_eq!(meter.rate(3000, after(3000)), 0.0, "a count that began anew");
    }
}
