//! Decides which peers of a room a packet is sent to, and which errors count.

use super::peer_cell::PeerCell;
use super::room_state::{MultiplayerPeer, RoomStatus};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::listening::SHUTTING_DOWN;
use crate::peer::peer_ids::{SERVER_ID, is_addressed};

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
    /// [`ErrorCode::Unconfigured`] if the room is not connected, [`ErrorCode::Failed`] while it shuts down,
    /// [`ErrorCode::InvalidParameter`] for an unknown target.
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

    fn try_send(&mut self, target: i32, payload: &[u8]) -> Result {
        self.check_sending()?;
        if payload.is_empty() {
            return Ok(());
        }
        if target > 0 {
            self.has_unflushed |= self.known_peer(target)?.send(target, payload)?;
            return Ok(());
        }
        let receivers = self.peers.iter().filter(|(id, peer)| peer.is_reachable() && is_addressed(target, **id));
        let results = receivers.map(|(id, peer)| match peer.send(*id, payload) {
            Ok(waits) => {
                self.has_unflushed |= waits;
                Ok(())
            }
            // A peer that is about to depart does not make a broadcast fail.
            Err(error) if error.code() == ErrorCode::Failed => Ok(()),
            Err(error) => Err(error),
        });
        results.fold(Ok(()), Result::and)
    }

    /// Refuses to send unless the room is connected and does not shut down.
    pub(super) fn check_sending(&self) -> Result {
        if self.is_shutting_down() {
            return Err(Error::new(ErrorCode::Failed, SHUTTING_DOWN));
        }
        self.check_connected()
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
