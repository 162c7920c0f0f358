//! The states of a room's connections: on the way into the room, and as its peers.

use std::time::Instant;

use super::peer_cell::PeerCell;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::options::ConnectionOptions;

/// A connection that is not a peer yet: on a server a client until its handshake is complete, on a client the server
/// until it has assigned the id.
#[derive(Debug)]
pub(super) struct ConnectingPeer<S> {
    pub id: i32,
    pub cell: S,
    /// When a client gives up waiting for its id. On a server, the connection's own deadline bounds the handshake.
    pub deadline: Option<Instant>,
    /// Whether the deadline may still be extended.
    pub may_extend: bool,
    /// Whether the program was asked about the request; it may have answered since.
    pub is_reported: bool,
}

/// A peer of the room.
#[derive(Debug)]
pub(super) struct RoomPeer<S> {
    pub cell: S,
    pub state: RoomPeerState,
}

/// How far a peer is. `is_reported`: the event of its arrival was delivered, so the program can send it packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoomPeerState {
    /// The connection is open.
    Open { is_reported: bool },
    /// The connection has ended with packets unread. They can be read for one poll before the event of the departure,
    /// because `SceneMultiplayer` reports packets of unknown peers as errors.
    Ended { is_reported: bool },
    /// The program has disconnected the peer; what it still sends is discarded.
    Closing,
    /// The event of its departure is queued, or was delivered last.
    Departed,
}

impl<S: PeerCell> ConnectingPeer<S> {
    pub fn new(id: i32, peer: WebSocketPeer, options: &ConnectionOptions, now: Instant) -> Self {
        let deadline = now.checked_add(options.handshake_time_limit());
        Self { id, cell: S::new(peer), deadline, may_extend: true, is_reported: false }
    }

    pub fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Extends the deadline once, for input that a late poll finds.
    pub fn extend(&mut self, now: Instant, options: &ConnectionOptions) {
        if std::mem::take(&mut self.may_extend) {
            self.deadline = now.checked_add(options.late_handshake_extension());
        }
    }
}

impl<S: PeerCell> RoomPeer<S> {
    pub fn new(cell: S) -> Self {
        Self { cell, state: RoomPeerState::Open { is_reported: false } }
    }

    /// Whether the program can send packets to the peer.
    pub fn is_reachable(&self) -> bool {
        matches!(self.state, RoomPeerState::Open { is_reported: true } | RoomPeerState::Ended { is_reported: true })
    }

    /// Whether the program knows the peer, from the event of its arrival on or, if it departed before, from that of its
    /// departure.
    pub fn is_known(&self) -> bool {
        self.is_reachable() || matches!(self.state, RoomPeerState::Closing | RoomPeerState::Departed)
    }

    /// Whether the peer counts for `max_clients`.
    pub fn is_open(&self) -> bool {
        matches!(self.state, RoomPeerState::Open { .. })
    }

    /// Notes that the event of the arrival was delivered.
    pub fn set_reported(&mut self) {
        if let RoomPeerState::Open { is_reported } | RoomPeerState::Ended { is_reported } = &mut self.state {
            *is_reported = true;
        }
    }

    /// Sends a packet by `send`. Returns whether it waits for a flush.
    pub fn send(&self, id: i32, send: impl FnOnce(&mut WebSocketPeer) -> Result) -> Result<bool> {
        let busy = || Err(Error::new(ErrorCode::Busy, "the connection is in the middle of another call"));
        let result = self.cell.with(busy(), |peer| send(peer).map(|()| peer.has_unflushed()));
        result.map_err(|error| Error::new(error.code(), format!("peer {id}: {}", error.message())))
    }
}
