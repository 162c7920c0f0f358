//! The states of one connection of a server, and its place in the list of those that the next poll looks at.

use std::time::Instant;

use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::event::MessageEvents;
use crate::peer::queue_usage::QueueUsage;
use crate::proto::frame::MessageKind;

/// A connection.
#[derive(Debug)]
pub(super) struct ServerPeer {
    pub peer: WebSocketPeer,
    pub state: ServerPeerState,
    /// Position in the order of arrival.
    pub arrival: u64,
    pub write_mode: MessageKind,
    pub messages: MessageEvents,
    /// Multiplayer mode: this peer's packets in the server's queue.
    pub usage: QueueUsage,
    /// The earliest moment for which the peer is in the server's heap of deadlines.
    pub timer: Option<Instant>,
    /// Whether the peer is in the server's list of active peers.
    pub is_active: bool,
    /// Whether the peer is in the server's list of peers with output for the background flush.
    pub has_rest: bool,
}

/// How far a connection is, as the program sees it by the events that were delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerPeerState {
    /// TLS or the HTTP upgrade is under way.
    Handshaking,
    /// The program decides about the request.
    AwaitingDecision,
    /// Messages are exchanged.
    Open,
    /// The program has begun the close handshake; what the peer still sends is not reported.
    Closing,
    /// The connection has ended; the event is queued.
    EndQueued,
    /// The event of the end was delivered; the next poll drops the peer.
    EndDelivered,
}

impl ServerPeer {
    pub fn new(peer: WebSocketPeer, arrival: u64) -> Self {
        Self {
            peer,
            state: ServerPeerState::Handshaking,
            arrival,
            write_mode: MessageKind::Binary,
            messages: MessageEvents::default(),
            usage: QueueUsage::default(),
            timer: None,
            is_active: false,
            has_rest: false,
        }
    }

    /// Whether the handshake is still under way.
    pub fn is_handshaking(&self) -> bool {
        matches!(self.state, ServerPeerState::Handshaking | ServerPeerState::AwaitingDecision)
    }

    /// Whether the program knows the peer as connected: from the end of the handshake to the delivery of the event of
    /// the end.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, ServerPeerState::Open | ServerPeerState::Closing | ServerPeerState::EndQueued)
    }

    /// Puts the peer's id into the list of those that the next poll looks at. Returns whether it was not there.
    pub fn activate(&mut self, id: i32, active: &mut Vec<i32>) -> bool {
        let is_new = !std::mem::replace(&mut self.is_active, true);
        if is_new {
            active.push(id);
        }
        is_new
    }
}
