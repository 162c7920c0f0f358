//! Sends messages and pings to one peer of a server, or to several: each message is encoded once.

use super::server_peer::ServerPeerState;
use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::peer::peer_ids::{BROADCAST, is_addressed};
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::frame::MessageKind;
use crate::proto::utf8;

impl Server {
    /// Sends a message to one peer.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] for an unknown or stale id, [`ErrorCode::Failed`] while the server shuts down,
    /// otherwise as the peer's own `send()`.
    pub fn send(&mut self, id: i32, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self
            .check_sending()
            .and_then(|()| self.connected_peer_mut(id))
            .and_then(|peer| peer.peer.send(kind, payload));
        self.schedule(id);
        self.record_error(result)
    }

    /// Sends a message to one peer (its id), to all peers (0) or to all but one (its negative id). A message to several
    /// peers is encoded, and compressed, once.
    ///
    /// # Errors
    /// As [`Self::send`]. If some of several peers have no room for the message, the others get it, and the first error
    /// is returned.
    pub fn send_to(&mut self, target: i32, kind: MessageKind, payload: &[u8]) -> Result {
        if target > 0 {
            return self.send(target, kind, payload);
        }
        let checked = match kind {
            MessageKind::Text => {
                utf8::check(payload).map_err(|error| Error::new(ErrorCode::InvalidData, error.to_string()))
            }
            MessageKind::Binary => Ok(()),
        };
        let result =
            checked.and_then(|()| self.check_sending()).and_then(|()| self.broadcast(target, None, kind, payload));
        self.record_error(result)
    }

    /// Sends a message to every open peer that the target addresses, except one. Text was checked by the caller.
    pub(super) fn broadcast(&mut self, target: i32, except: Option<i32>, kind: MessageKind, payload: &[u8]) -> Result {
        let mut message = BroadcastMessage::new(kind, payload, self.options.peer.send_options(true));
        let mut result = Ok(());
        let ids: Vec<i32> = self.connected.iter().copied().filter(|id| is_addressed(target, *id)).collect();
        for id in ids.into_iter().filter(|id| Some(*id) != except) {
            let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.state == ServerPeerState::Open) else {
                continue;
            };
            if let Err(error) = peer.peer.send_broadcast(&mut message)
                && result.is_ok()
            {
                result = Err(error);
            }
            self.schedule(id);
        }
        result
    }

    /// Writes the messages collected for a peer, or with 0 for all peers, to the network now.
    pub fn flush(&mut self, id: i32) {
        let ids = if id == BROADCAST { self.active.clone() } else { vec![id] };
        for id in ids {
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.peer.flush();
                self.schedule(id);
            }
        }
    }

    /// Returns whether [`Self::flush`] has something to write.
    pub fn has_unflushed(&self) -> bool {
        self.active.iter().any(|id| self.peers.get(id).is_some_and(|peer| peer.peer.has_unflushed()))
    }

    /// Returns the payload bytes for a peer that the network has not accepted yet.
    pub fn outbound_buffered_amount(&mut self, id: i32) -> Result<usize> {
        let result = self.connected_peer_mut(id).map(|peer| peer.peer.outbound_buffered_amount());
        self.schedule(id);
        self.record_error(result)
    }

    /// Sends a ping to a peer.
    pub fn ping(&mut self, id: i32, payload: &[u8]) -> Result {
        let result =
            self.check_sending().and_then(|()| self.connected_peer_mut(id)).and_then(|peer| peer.peer.ping(payload));
        self.schedule(id);
        self.record_error(result)
    }

    /// Returns the kind of message that Godot 3's `put_packet` sends to a peer.
    pub fn write_mode(&self, id: i32) -> MessageKind {
        self.peers.get(&id).map_or(MessageKind::Binary, |peer| peer.write_mode)
    }

    /// Sets [`Self::write_mode`].
    pub fn set_write_mode(&mut self, id: i32, kind: MessageKind) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.write_mode = kind;
        }
    }
}
