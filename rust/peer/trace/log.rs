//! Stores the rows and events of the process, and decides what each subscriber gets.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits::{MAX_TRACE_PREVIEW, TRACE_EVENTS, TRACE_PREVIEW};
use crate::net::clock;
use crate::peer::state::State;
use crate::peer::trace::event::TraceEvent;
use crate::peer::trace::row::PeerRow;
use crate::peer::trace::traffic::{Traffic, TrafficTotals};

#[derive(Debug)]
struct Log {
    rows: BTreeMap<u64, PeerRow>,
    last_id: u64,
    events: VecDeque<TraceEvent>,
    /// Number of `events[0]`, counted from the first event of the process.
    first: u64,
    totals: TrafficTotals,
    /// Time of the first subscription.
    began: Option<Instant>,
}

static SUBSCRIBERS: AtomicU32 = AtomicU32::new(0);
static MESSAGE_SUBSCRIBERS: AtomicU32 = AtomicU32::new(0);
/// How many times the number of subscribers rose from 0 to 1.
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

/// Returns whether there is a subscriber.
#[inline]
pub(in crate::peer) fn is_enabled() -> bool {
    SUBSCRIBERS.load(Ordering::Relaxed) != 0
}

/// Returns whether there is a subscriber to messages.
#[inline]
pub(in crate::peer) fn wants_messages() -> bool {
    MESSAGE_SUBSCRIBERS.load(Ordering::Relaxed) != 0
}

/// Sets how many bytes of each message are kept, at most [`MAX_TRACE_PREVIEW`]; 0 keeps all contents out of the log,
/// heads of handshakes included. Applies to the whole process.
pub fn set_preview_size(bytes: usize) {
    PREVIEW_SIZE.store(bytes.min(MAX_TRACE_PREVIEW), Ordering::Relaxed);
}

/// Returns what [`set_preview_size`] has set.
pub fn preview_size() -> usize {
    PREVIEW_SIZE.load(Ordering::Relaxed)
}

/// A subscription to the trace. Peers appear in the rows with their next poll; events are kept from now on, the newest
/// [`TRACE_EVENTS`] of them.
#[derive(Debug)]
pub struct TraceSubscriber {
    /// Number of the next event.
    next: u64,
    missed: u64,
    wants_messages: bool,
}

impl TraceSubscriber {
    /// Subscribes to rows only.
    pub fn to_peers() -> Self {
        Self::new(false)
    }

    /// Subscribes to rows and events.
    pub fn to_messages() -> Self {
        Self::new(true)
    }

    fn new(wants_messages: bool) -> Self {
        let mut log = LOG.lock();
        if SUBSCRIBERS.fetch_add(1, Ordering::Relaxed) == 0 {
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }
        MESSAGE_SUBSCRIBERS.fetch_add(u32::from(wants_messages), Ordering::Relaxed);
        log.began.get_or_insert_with(clock::now);
        Self { next: log.first + log.events.len() as u64, missed: 0, wants_messages }
    }

    /// Returns the next event, in the order of each peer. [`Self::take_missed`] counts events that were dropped before.
    pub fn next_event(&mut self) -> Option<TraceEvent> {
        let log = LOG.lock();
        if self.next < log.first {
            self.missed += log.first - self.next;
            self.next = log.first;
        }
        let event = log.events.get(usize::try_from(self.next - log.first).ok()?).filter(|_| self.wants_messages)?;
        self.next += 1;
        Some(event.clone())
    }

    /// Returns the number of events that were dropped before this subscriber took them, since the last call.
    pub fn take_missed(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }
}

impl Drop for TraceSubscriber {
    fn drop(&mut self) {
        let mut log = LOG.lock();
        if self.wants_messages && MESSAGE_SUBSCRIBERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            log.first += log.events.len() as u64;
            log.events = VecDeque::new();
        }
        if SUBSCRIBERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            log.rows.clear();
        }
    }
}

/// Returns the live peers, oldest first; none without a subscriber.
pub fn peers() -> Vec<PeerRow> {
    LOG.lock().rows.values().cloned().collect()
}

/// Returns the live peer with the lowest number above `id`.
pub fn peer_after(id: u64) -> Option<PeerRow> {
    LOG.lock().rows.range(id.checked_add(1)?..).next().map(|(_, row)| row.clone())
}

/// Returns the number of connections that are open or closing.
pub fn connection_count() -> usize {
    LOG.lock().rows.values().filter(|row| matches!(row.state, State::Open | State::Closing)).count()
}

/// Returns the traffic of all peers since the first subscription, without the traffic of times without a subscriber.
pub fn totals() -> TrafficTotals {
    LOG.lock().totals
}

// For tracers

/// Returns the number of the current row of subscriptions without a gap.
pub(super) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Returns a new peer number.
pub(super) fn new_id() -> u64 {
    let mut log = LOG.lock();
    log.last_id += 1;
    log.last_id
}

/// Replaces a peer's row and counts its traffic since `before`.
pub(super) fn update_row(
    id: u64,
    traffic: TrafficTotals,
    before: TrafficTotals,
    fill: impl FnOnce(u64, Option<PeerRow>) -> PeerRow,
) {
    let mut log = LOG.lock();
    if !is_enabled() {
        return;
    }
    log.totals.add_difference(traffic, before);
    let row = fill(id, log.rows.remove(&id));
    log.rows.insert(id, row);
}

/// Removes a peer's row.
pub(super) fn remove_row(id: u64) {
    LOG.lock().rows.remove(&id);
}

/// Appends an event that happened at `now`.
pub(super) fn append(event: TraceEvent, now: Instant) {
    let mut log = LOG.lock();
    if !wants_messages() {
        return;
    }
    if log.events.len() >= TRACE_EVENTS {
        log.events.pop_front();
        log.first += 1;
    }
    let time = log.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
    log.events.push_back(TraceEvent { time, ..event });
}
