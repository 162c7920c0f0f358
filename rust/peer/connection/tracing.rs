//! Where a peer tells the trace about itself.

use crate::net::NetError;
use crate::peer::connection::open_connection::OpenConnection;
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::connection::websocket_peer::{Phase, WebSocketPeer};
use crate::peer::state::State;
use crate::peer::trace::secrets;
use crate::peer::trace::{self, Direction, PeerClass, PeerRow, TraceEventKind, Tracer, TrafficTotals};
use crate::proto::close::CloseFrame;
use crate::proto::frame::MessageKind;

impl From<MessageKind> for TraceEventKind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Text => Self::Text,
            MessageKind::Binary => Self::Binary,
        }
    }
}

impl Tracer {
    /// A message was sent.
    #[inline]
    pub fn sent(&mut self, kind: MessageKind, payload: &[u8]) {
        self.sent.count(payload.len(), true);
        self.log(Direction::Sent, kind.into(), payload.len(), payload);
    }

    /// Messages were received: those of the queue behind the first `known`, and control frames.
    #[inline]
    pub fn received(&mut self, queue: &PacketQueue, known: usize, link: &mut OpenConnection) {
        if trace::wants_messages() {
            for (kind, payload) in queue.iter().skip(known) {
                self.log(Direction::Received, kind.into(), payload.len(), payload);
            }
            self.control_frames(link);
        }
    }

    fn control_frames(&mut self, link: &mut OpenConnection) {
        for (direction, kind, payload) in link.heartbeat.take_log() {
            self.log(direction, kind, payload.len(), &payload);
        }
    }

    /// A close frame went one way or the other.
    pub fn closed(&mut self, direction: Direction, code: Option<u16>, reason: &str) {
        if trace::wants_messages() {
            let text = code.map_or_else(String::new, |code| format!("{code} {reason}"));
            let size = if code.is_some() { 2 + reason.len() } else { 0 };
            self.log(direction, TraceEventKind::Close, size, text.trim_end().as_bytes());
        }
    }

    /// This end sends a close frame.
    pub fn closing(&mut self, close: &CloseFrame) {
        self.closed(Direction::Sent, close.code, &close.reason);
    }

    /// The connection was lost.
    pub fn failed(&mut self, error: &NetError) {
        let text = format!("{}: {}", error.stage.name(), error.message);
        self.log(Direction::Received, TraceEventKind::Failure, 0, text.as_bytes());
    }

    /// Half of the handshake.
    pub fn handshake(&mut self, direction: Direction, head: &[u8]) {
        if trace::wants_messages() && !head.is_empty() {
            self.log(direction, TraceEventKind::Handshake, head.len(), secrets::mask_head(head).as_bytes());
        }
    }
}

impl WebSocketPeer {
    /// A peer that belongs to an object of this class.
    pub(in crate::peer) fn with_trace_class(class: PeerClass) -> Self {
        let mut peer = Self::new();
        peer.set_trace_class(class);
        peer
    }

    /// Says in the trace what the peer belongs to.
    pub fn set_trace_class(&mut self, class: PeerClass) {
        self.trace.class = class;
    }

    /// Number of this peer in the trace; the same for the peer's whole life.
    pub fn trace_id(&mut self) -> u64 {
        self.trace.id()
    }

    /// Shows this peer's row, if anybody listens.
    pub(in crate::peer) fn observe(&mut self) {
        if !trace::is_enabled() {
            return;
        }
        if let Phase::Open(link) = &mut self.phase {
            self.trace.control_frames(link);
        }
        let traffic = TrafficTotals { received: self.queue.received(), sent: self.trace.sent };
        let state = self.state();
        let (class, role) = (self.trace.class, self.trace.role);
        let compression = self.compression_statistics();
        let round_trip = self.round_trip().map(|times| times.smoothed);
        let link = match &self.phase {
            Phase::Open(link) => Some(link),
            _ => None,
        };
        self.trace.show(traffic, |id, before| {
            let known = before.filter(|row| row.state == state && state != State::Connecting);
            // What is written in words changes with the state only.
            let (url, failure) = known.map_or_else(
                || {
                    let failure = self.failure.as_ref().map(|error| error.message.clone());
                    (secrets::mask_url(&self.requested_url), failure.unwrap_or_default())
                },
                |row| (row.url, row.failure),
            );
            PeerRow {
                id,
                class,
                role,
                state,
                url,
                remote: self.remote,
                protocol: self.protocol.clone(),
                is_compressed: link.is_some_and(|link| link.connection.deflate().is_some()),
                compression_ratio: compression.ratio(),
                traffic,
                inbound_messages: self.queue.len(),
                inbound_bytes: self.queue.bytes(),
                outbound_messages: link.map_or(0, |link| link.output.queued_messages()),
                outbound_bytes: link.map_or(0, |link| link.output.queued_payload()),
                round_trip,
                failure,
            }
        });
    }
}
