//! What a [`super::Client`] or a [`super::Server`] has to tell, in the order in which it happened.

use std::time::Duration;

/// An event. `id` is the peer: on a client 1, the server; on a server 2 to 2147483647.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// The handshake is over, with the selected sub-protocol (empty for none).
    Opened {
        /// The peer.
        id: i32,
        /// The sub-protocol.
        protocol: String,
    },
    /// A client asks to be let in and waits for `accept_request` or `reject_request` (only where `auto_accept` is off).
    Request {
        /// The peer to be.
        id: i32,
    },
    /// A connection could not be made; nothing else is ever reported of it.
    Failed {
        /// The peer it would have been.
        id: i32,
        /// Why, in words.
        reason: String,
    },
    /// One message can be read.
    Message {
        /// The peer that sent it.
        id: i32,
    },
    /// The remote end's close frame was read; [`PeerEvent::Closed`] follows.
    CloseRequest {
        /// The peer.
        id: i32,
        /// Its code, 0 where it had none.
        code: i32,
        /// Its reason.
        reason: String,
    },
    /// The connection is over.
    Closed {
        /// The peer.
        id: i32,
        /// Both ends have said goodbye.
        was_clean: bool,
    },
    /// Multiplayer mode: a peer can be reached.
    PeerConnected {
        /// The peer.
        id: i32,
    },
    /// Multiplayer mode: a peer is gone.
    PeerDisconnected {
        /// The peer.
        id: i32,
    },
    /// Multiplayer mode: one packet can be read.
    Packet {
        /// The peer that sent it.
        id: i32,
    },
    /// Multiplayer mode, client: the server has introduced itself.
    ConnectionSucceeded,
    /// Multiplayer mode, client: the connection could not be made, or an established one is over.
    ConnectionFailed {
        /// Why, in words.
        reason: String,
    },
    /// Multiplayer mode, client: an established connection is over; [`PeerEvent::ConnectionFailed`] follows.
    ServerDisconnected,
    /// Client: the next attempt begins after `delay`.
    Reconnecting {
        /// 1 for the first attempt after a loss.
        attempt: u32,
        /// Time until it begins.
        delay: Duration,
    },
    /// Client: an attempt after a loss has succeeded; follows [`PeerEvent::Opened`].
    Reconnected,
}
