//! Decides how the program ends a peer's connection, or the room.

use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::room_peer::RoomPeerState;
use super::room_state::MultiplayerPeer;
use crate::error::Result;
use crate::peer::connection::websocket_peer::{UNCLEAN_CLOSE_CODE, WebSocketPeer};
use crate::proto::handshake::HttpAnswer;
use crate::proto::{close_code, status};

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Starts the close handshake with a peer; the event follows when the peer has answered. With `force` the peer
    /// leaves the room now, without an event. Its unread packets are dropped. A client whose request the program is
    /// asked about is refused with HTTP status 403.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::InvalidParameter`] for an unknown id.
    pub fn disconnect_peer(&mut self, id: i32, force: bool) -> Result {
        if self.is_server()
            && let Some(arrival) = self.handshakes.arrival_of(id)
            && self.connecting.get(&arrival).is_some_and(|peer| peer.is_reported)
        {
            if let Some(client) = self.remove_connecting(arrival) {
                client.cell.with((), refuse_request);
            }
            self.events.retain(|event| *event != RoomEvent::Requested(id));
            return Ok(());
        }
        let result = self.known_peer(id).map(|peer| {
            // The close frame is delivered even if the peer is dropped now.
            let _closed = peer.cell.with(Ok(()), |peer| peer.close(i32::from(close_code::NORMAL), ""));
        });
        self.record_error(result)?;
        self.packets.discard(id);
        if force {
            self.peers.remove(&id);
            self.events.retain(|event| *event != RoomEvent::Disconnected(id));
            if self.is_client() {
                self.reset();
            }
        } else if let Some(peer) = self.peers.get_mut(&id)
            && peer.state != RoomPeerState::Departed
        {
            peer.state = RoomPeerState::Closing;
        }
        Ok(())
    }

    /// Closes all connections (code 1001 by a server, 1000 by a client) and stops being a client or server. Packets and
    /// events are dropped. What was sent before, and the close frame, are written in the background; a server's
    /// [`Self::shutdown`] waits until they have arrived. Clients whose handshake is under way are refused with HTTP
    /// status 503.
    pub fn close(&mut self) {
        self.close_all(if self.is_server() { close_code::GOING_AWAY } else { close_code::NORMAL });
    }

    fn close_all(&mut self, code: u16) {
        for peer in self.peers.values() {
            peer.cell.with((), |peer| close_without_answer(peer, code, ""));
        }
        if self.is_server() {
            self.refuse_handshakes();
        }
        for peer in self.connecting.values() {
            peer.cell.with((), drop_connection);
        }
        self.reset();
    }
}

impl<S: PeerCell> Drop for MultiplayerPeer<S> {
    fn drop(&mut self) {
        self.close_all(close_code::GOING_AWAY);
    }
}

/// Sends a close frame and does not wait for the answer.
pub(super) fn close_without_answer(peer: &mut WebSocketPeer, code: u16, reason: &str) {
    // Refused only if the connection is not open.
    let _refused = peer.close(i32::from(code), reason);
    drop_connection(peer);
}

/// Drops the connection without a close frame.
pub(super) fn drop_connection(peer: &mut WebSocketPeer) {
    let _dropped = peer.close(UNCLEAN_CLOSE_CODE, "");
}

/// Refuses a client whose request waits.
fn refuse_request(peer: &mut WebSocketPeer) {
    // The client may have disconnected meanwhile.
    let _answered = peer.reject_request(HttpAnswer::new(status::FORBIDDEN));
    drop_connection(peer);
}
