//! Defines the events of a room, and decides what their delivery changes.

use super::peer_cell::PeerCell;
use super::room_peer::RoomPeerState;
use super::room_state::{MultiplayerPeer, RoomRole};
use crate::peer::connection::websocket_peer::{UNCLEAN_CLOSE_CODE, WebSocketPeer};

/// An event of a room. The number is the id of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// The request of a client, which will have this id, waits for the program's decision (only if `auto_accept` is
    /// off).
    Requested(i32),
    /// The peer can be sent packets from now on.
    Connected(i32),
    /// The peer is disconnected. Its connection still reports the reason until the next event or poll.
    Disconnected(i32),
}

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Delivers the next event, in the order in which they happened; `None` if there is none. The event takes effect
    /// now.
    pub fn next_event(&mut self) -> Option<RoomEvent> {
        self.drop_departed();
        let event = self.events.pop_front()?;
        match event {
            RoomEvent::Requested(_) => {}
            RoomEvent::Connected(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.set_reported();
                }
            }
            RoomEvent::Disconnected(id) => {
                let reason = self.with_peer(id, |peer| departure_reason(id, peer)).unwrap_or_default();
                self.last_error.set(&reason);
                self.last_departed = Some(id);
            }
        }
        Some(event)
    }

    /// Returns whether events are queued.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// Drops the peer whose event of departure was delivered last.
    pub(super) fn drop_departed(&mut self) {
        let Some(id) = self.last_departed.take() else { return };
        if !self.peers.get(&id).is_some_and(|peer| peer.state == RoomPeerState::Departed) {
            return;
        }
        let departed = self.peers.remove(&id);
        if self.is_client() {
            self.role = RoomRole::Unused;
            self.former_server = departed.map(|peer| peer.cell);
        }
    }
}

fn departure_reason(id: i32, peer: &WebSocketPeer) -> String {
    if let Some(failure) = peer.failure() {
        return format!("peer {id}: {}", failure.message);
    }
    match (peer.close_code(), peer.error_message(), peer.close_reason()) {
        (UNCLEAN_CLOSE_CODE, "", _) => format!("peer {id}: the connection was dropped by this program"),
        (UNCLEAN_CLOSE_CODE, error, _) => format!("peer {id}: {error}"),
        (code, _, "") => format!("peer {id}: closed with code {code}"),
        (code, _, reason) => format!("peer {id}: closed with code {code}, {reason}"),
    }
}
