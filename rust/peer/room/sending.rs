//! Decides which peers of a room a packet is sent to, and which errors count.

use super::peer_cell::PeerCell;
use super::room_peer::RoomPeer;
use super::room_state::{MultiplayerPeer, RoomStatus};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::peer_ids::{SERVER_ID, is_addressed};
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::frame::MessageKind;

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Sets the target of [`Self::put_packet`]: a peer's id, 0 for all peers, or a negative id for all peers but that
    /// one.
    pub fn set_target_peer(&mut self, id: i32) {
        self.target_peer = id;
    }

    /// Sends a packet to the target, at once or at the latest in the next [`Self::flush`] or [`Self::poll`]. A client
    /// has one receiver, its server, whatever the target. An empty packet is not sent.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] if the room is not connected, [`ErrorCode::InvalidParameter`] for an unknown target.
    /// If some of several peers cannot be sent the packet, the others are, and the first error is returned.
    pub fn put_packet(&mut self, payload: &[u8]) -> Result {
        let target = if self.is_client() { SERVER_ID } else { self.target_peer };
        self.send_to(target, payload)
    }

    /// [`Self::put_packet`] to a given target.
    pub fn send_to(&mut self, target: i32, payload: &[u8]) -> Result {
        let result = self.try_send(target, payload);
        self.record_error(result)
    }

    /// Sends a packet to several peers; it is encoded, and compressed, once. A peer whose connection is ending does not
    /// make the call fail.
    ///
    /// # Errors
    /// As for [`Self::put_packet`]; the peers for which there is no error are sent the packet.
    pub fn send_to_list(&mut self, ids: &[i32], payload: &[u8]) -> Result {
        let result = self.check_connected().and_then(|()| self.send_to_each(ids, payload));
        self.record_error(result)
    }

    fn try_send(&mut self, target: i32, payload: &[u8]) -> Result {
        self.check_connected()?;
        if payload.is_empty() {
            return Ok(());
        }
        if target > 0 {
            return self.send_packet(target, payload);
        }
        let is_receiver = |id: &i32, peer: &RoomPeer<S>| peer.is_reachable() && is_addressed(target, *id);
        let receivers = self.peers.iter().filter(|(id, peer)| is_receiver(id, peer));
        let ids: Vec<i32> = receivers.map(|(id, _)| *id).collect();
        self.send_to_each(&ids, payload)
    }

    fn send_packet(&mut self, id: i32, payload: &[u8]) -> Result {
        self.has_unflushed |= self.known_peer(id)?.send(id, |peer| peer.send(MessageKind::Binary, payload))?;
        Ok(())
    }

    fn send_to_each(&mut self, ids: &[i32], payload: &[u8]) -> Result {
        if payload.is_empty() {
            return Ok(());
        }
        // The only receiver's is compressed with the messages before it, which is shorter and takes as long.
        let is_shared = ids.len() > 1;
        let mut message = BroadcastMessage::new(MessageKind::Binary, payload, self.options.send_options(true));
        let mut result = Ok(());
        for id in ids {
            let send = |peer: &mut WebSocketPeer| match is_shared {
                true => peer.send_broadcast(&mut message),
                false => peer.send(MessageKind::Binary, payload),
            };
            let sent = self.known_peer(*id).and_then(|peer| peer.send(*id, send));
            match sent {
                Ok(waits) => self.has_unflushed |= waits,
                Err(error) if error.code() == ErrorCode::Failed => {}
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    pub(super) fn check_connected(&self) -> Result {
        match self.status() {
            RoomStatus::Connected => Ok(()),
            _ => Err(Error::new(ErrorCode::Unconfigured, "the room is not connected")),
        }
    }

    /// Writes collected packets to the network now.
    pub fn flush(&mut self) {
        if std::mem::take(&mut self.has_unflushed) {
            for peer in self.peers.values() {
                peer.cell.with((), WebSocketPeer::flush);
            }
        }
    }

    /// Returns whether [`Self::flush`] has something to write.
    pub fn has_unflushed(&self) -> bool {
        self.has_unflushed
    }
}
