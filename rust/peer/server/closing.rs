//! Decides how a peer's connection ends: by the program, by the peer, or by a loss.

use super::server_peer::ServerPeerState;
use super::server_state::Server;
use crate::error::Result;
use crate::peer::event::PeerEvent;
use crate::peer::state::State;

impl Server {
    /// Starts the close handshake with a peer; an event reports the end. What arrives after this call is not reported.
    /// A negative code drops the connection at once.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::InvalidParameter`] for an unknown id, and for a code or a reason that no close frame
    /// may carry; nothing changes then.
    pub fn disconnect_peer(&mut self, id: i32, code: i32, reason: &str) -> Result {
        let result = self.connected_peer_mut(id).and_then(|peer| {
            peer.peer.close(code, reason)?;
            if peer.state == ServerPeerState::Open {
                peer.state = ServerPeerState::Closing;
            }
            Ok(())
        });
        if result.is_ok() {
            self.activate_now(id);
        }
        self.record_error(result)
    }

    /// Queues the events of a connection that has ended.
    pub(super) fn queue_end(&mut self, id: i32) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.peer.state() != State::Closed {
            return;
        }
        let was_clean = peer.peer.was_closed_cleanly();
        if was_clean && peer.state == ServerPeerState::Open {
            let (code, reason) = peer.peer.received_close();
            self.events.push_back(PeerEvent::CloseRequest { id, code, reason });
        }
        peer.state = ServerPeerState::EndQueued;
        if self.is_multiplayer() {
            self.announce_departure(id);
            self.events.push_back(PeerEvent::PeerDisconnected { id });
        } else {
            self.events.push_back(PeerEvent::Closed { id, was_clean });
        }
    }
}
