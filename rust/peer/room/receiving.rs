//! Decides which packets a room reads from its peers, and which ones the program gets.

use super::peer_cell::PeerCell;
use super::room_packet_queue::RoomPacketQueue;
use super::room_state::MultiplayerPeer;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Takes the oldest packet, with the id of its sender; it is lent until the next call. Packets can be read in every
    /// status, until the room is closed or opened again.
    pub fn take_packet(&mut self) -> Result<(i32, &[u8])> {
        if self.packets.len() == 0 {
            self.flush();
            self.check_connected()?;
        }
        self.packets.pop().ok_or_else(|| Error::new(ErrorCode::Unavailable, "no packet is waiting"))
    }

    /// Returns the number of packets that can be taken.
    pub fn packet_count(&self) -> usize {
        self.packets.len()
    }

    /// Returns the sender of the packet that [`Self::take_packet`] returns next.
    pub fn packet_peer(&self) -> Option<i32> {
        self.packets.next_source()
    }
}

/// Moves a peer's packets to the room's queue while it has room for them, and with `has_ended` all of them, because no
/// later poll could.
pub(super) fn receive_packets(id: i32, peer: &mut WebSocketPeer, packets: &mut RoomPacketQueue, has_ended: bool) {
    while peer.packet_count() > 0 && (has_ended || packets.has_room(id, &peer.options)) {
        if let Ok(packet) = peer.take_packet()
            && !packet.is_empty()
        {
            packets.push(id, packet);
        }
    }
}

/// Drops a peer's packets, so that its close frame is reached.
pub(super) fn discard_packets(peer: &mut WebSocketPeer) {
    while peer.packet_count() > 0 {
        let _discarded = peer.take_packet();
    }
}
