//! Decides what a peer reports to the trace: a row at the end of each poll, and an event for each message, frame and
//! failure.

use crate::net::NetError;
use crate::peer::connection::heartbeat::Heartbeat;
use crate::peer::connection::packet_queue::PacketQueue;
use crate::peer::connection::websocket_peer::{ConnectionPhase, WebSocketPeer};
use crate::peer::state::State;
use crate::peer::trace::event::{Direction, TraceEventKind};
use crate::peer::trace::row::{PeerClass, PeerRow};
use crate::peer::trace::tracer::Tracer;
use crate::peer::trace::traffic::TrafficTotals;
use crate::peer::trace::{self, secrets};
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
    /// Reports a sent message.
    #[inline]
    pub(super) fn message_sent(&mut self, kind: MessageKind, payload: &[u8]) {
        self.sent.count(payload.len(), true);
        self.log(Direction::Sent, kind.into(), payload.len(), payload);
    }

    /// Reports received messages, the ones in the queue after the first `known`, and control frames.
    #[inline]
    pub(super) fn received(&mut self, queue: &PacketQueue, known: usize, heartbeat: &mut Heartbeat) {
        if trace::wants_messages() {
            for (kind, payload) in queue.iter().skip(known) {
                self.log(Direction::Received, kind.into(), payload.len(), payload);
            }
            self.control_frames(heartbeat);
        }
    }

    fn control_frames(&mut self, heartbeat: &mut Heartbeat) {
        for frame in heartbeat.take_untraced() {
            self.log(frame.direction, frame.kind, frame.payload.len(), &frame.payload);
        }
    }

    /// Reports a close frame.
    pub(super) fn close_frame(&mut self, direction: Direction, code: Option<u16>, reason: &str) {
        if trace::wants_messages() {
            let text = code.map_or_else(String::new, |code| format!("{code} {reason}"));
            let size = if code.is_some() { 2 + reason.len() } else { 0 };
            self.log(direction, TraceEventKind::Close, size, text.trim_end().as_bytes());
        }
    }

    /// Reports a close frame that this side sends.
    pub(super) fn close_sent(&mut self, frame: &CloseFrame) {
        self.close_frame(Direction::Sent, frame.code, &frame.reason);
    }

    /// Reports that the connection was lost.
    pub(super) fn failed(&mut self, error: &NetError) {
        let text = format!("{}: {}", error.stage.name(), error.message);
        self.log(Direction::Received, TraceEventKind::Failure, 0, text.as_bytes());
    }

    /// Reports the head of one HTTP message of the handshake.
    pub(super) fn handshake(&mut self, direction: Direction, head: &[u8]) {
        if trace::wants_messages() && !head.is_empty() {
            self.log(direction, TraceEventKind::Handshake, head.len(), secrets::mask_head(head).as_bytes());
        }
    }
}

impl WebSocketPeer {
    /// Creates a peer that belongs to an object of this class.
    pub(in crate::peer) fn with_trace_class(class: PeerClass) -> Self {
        let mut peer = Self::new();
        peer.set_trace_class(class);
        peer
    }

    /// Sets what the peer belongs to, for the trace.
    pub fn set_trace_class(&mut self, class: PeerClass) {
        self.trace.class = class;
    }

    /// Returns the number of this peer in the trace; the same for the life of the peer.
    pub fn trace_id(&mut self) -> u64 {
        self.trace.id()
    }

    /// Updates this peer's row, if anything subscribes to the trace.
    pub(super) fn update_trace_row(&mut self) {
        if !trace::is_enabled() {
            return;
        }
        if let ConnectionPhase::Open(open) = &mut self.phase {
            self.trace.control_frames(&mut open.heartbeat);
        }
        let traffic = TrafficTotals { received: self.queue.received(), sent: self.trace.sent };
        let state = self.state();
        let (class, role) = (self.trace.class, self.trace.role);
        let compression = self.compression_statistics();
        let round_trip = self.round_trip().map(|times| times.smoothed);
        let open = match &self.phase {
            ConnectionPhase::Open(open) => Some(open),
            _ => None,
        };
        self.trace.update_row(traffic, |id, before| {
            let known = before.filter(|row| row.state == state && state != State::Connecting);
            // The texts change only with the state.
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
                is_compressed: open.is_some_and(|open| open.protocol.deflate().is_some()),
                compression_ratio: compression.ratio(),
                traffic,
                inbound_messages: self.queue.len(),
                inbound_bytes: self.queue.bytes(),
                outbound_messages: open.map_or(0, |open| open.output.queued_messages()),
                outbound_bytes: open.map_or(0, |open| open.output.queued_payload()),
                round_trip,
                failure,
            }
        });
    }
}
