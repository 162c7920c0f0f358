//! Decides which messages of a peer the program can read: those whose events were delivered.

use super::server_state::{Server, unknown_peer};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;

impl Server {
    /// Takes the oldest message of a peer whose event was delivered; it is lent until the next call. Works until the
    /// events that follow the end of the peer's connection are delivered.
    pub fn take_message(&mut self, id: i32) -> Result<&[u8]> {
        self.count_taken(id)?.take_packet()
    }

    /// [`Self::take_message`] into a buffer of the caller; a large message replaces the buffer by its own.
    pub fn take_message_into(&mut self, id: i32, buffer: &mut Vec<u8>) -> Result {
        self.count_taken(id)?.take_packet_into(buffer)
    }

    /// Counts a message as read and returns the peer that has it.
    fn count_taken(&mut self, id: i32) -> Result<&mut WebSocketPeer> {
        let peer = self.peers.get_mut(&id).ok_or_else(|| unknown_peer(id))?;
        if !peer.messages.take() {
            return Err(Error::new(ErrorCode::Unavailable, "no packet is waiting"));
        }
        // Now there is room for more messages.
        if peer.peer.needs_poll() {
            self.activate_now(id);
        }
        self.peers.get_mut(&id).map(|peer| &mut peer.peer).ok_or_else(|| unknown_peer(id))
    }

    /// Returns the number of messages of a peer that can be read, 0 for an unknown id.
    pub fn packet_count(&self, id: i32) -> usize {
        self.peers.get(&id).map_or(0, |peer| peer.messages.readable())
    }

    /// Returns whether the message of the peer that was read last was text.
    pub fn was_string_packet(&self, id: i32) -> bool {
        self.peers.get(&id).is_some_and(|peer| peer.peer.was_string_packet())
    }
}
