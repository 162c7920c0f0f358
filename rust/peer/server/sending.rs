//! Sends messages and pings to one peer of a server, or to several: each message is encoded once.

use super::server_peer::ServerPeerState;
use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::net::background_flush::{FlushProgress, FlushRequests};
use crate::peer::flushing::CollectsOutput;
use crate::peer::peer_ids::{BROADCAST, is_addressed};
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::frame::MessageKind;
use crate::proto::utf8;

impl Server {
    /// Sends a message to one peer.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] for an unknown or stale id, otherwise as the peer's own `send()`.
    pub fn send(&mut self, id: i32, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.connected_peer_mut(id).and_then(|peer| peer.peer.send(kind, payload));
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
        let result = check_text(kind, payload).and_then(|()| self.broadcast(target, None, kind, payload));
        self.record_error(result)
    }

    /// Sends a message to several peers; it is encoded, and compressed, once.
    ///
    /// # Errors
    /// As [`Self::send`] for the first of the peers that cannot be sent the message; the others get it.
    pub fn send_to_list(&mut self, ids: &[i32], kind: MessageKind, payload: &[u8]) -> Result {
        let result = check_text(kind, payload).and_then(|()| self.send_to_each(ids, kind, payload));
        self.record_error(result)
    }

    /// Sends a message to every open peer that the target addresses, except one. Text was checked by the caller.
    pub(super) fn broadcast(&mut self, target: i32, except: Option<i32>, kind: MessageKind, payload: &[u8]) -> Result {
        let is_open = |id: &i32| self.peers.get(id).is_some_and(|peer| peer.state == ServerPeerState::Open);
        let is_receiver = |id: &i32| is_addressed(target, *id) && Some(*id) != except && is_open(id);
        let ids: Vec<i32> = self.connected.iter().copied().filter(is_receiver).collect();
        self.send_to_each(&ids, kind, payload)
    }

    fn send_to_each(&mut self, ids: &[i32], kind: MessageKind, payload: &[u8]) -> Result {
        if let [id] = ids {
            // Compressed with the messages before it, which is shorter and takes as long.
            return self.send(*id, kind, payload);
        }
        let mut message = BroadcastMessage::new(kind, payload, self.options.peer.send_options(true));
        let mut result = Ok(());
        for id in ids {
            let sent = self.connected_peer_mut(*id).and_then(|peer| peer.peer.send_broadcast(&mut message));
            result = result.and(sent);
            self.schedule(*id);
        }
        result
    }

    /// Has the output that a call leaves at a peer written in the background, or writes it now if that is not possible.
    pub(super) fn request_flush(&mut self, id: i32) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.peer.has_rest()) else { return };
        if !self.flush_requests.request() {
            peer.peer.flush();
        } else if !std::mem::replace(&mut peer.has_rest, true) {
            self.unflushed.push(id);
        }
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
        let result = self.connected_peer_mut(id).and_then(|peer| peer.peer.ping(payload));
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

impl CollectsOutput for Server {
    fn set_flush_requests(&mut self, requests: FlushRequests) {
        self.flush_requests = requests;
    }

    fn flush_in_background(&mut self) -> FlushProgress {
        let mut is_waiting = false;
        for id in std::mem::take(&mut self.unflushed) {
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.has_rest = false;
                is_waiting |= peer.peer.flush_in_background() == FlushProgress::Waiting;
                // An error gives the peer work.
                self.schedule(id);
            }
        }
        if is_waiting { FlushProgress::Waiting } else { FlushProgress::Done }
    }
}

fn check_text(kind: MessageKind, payload: &[u8]) -> Result {
    match kind {
        MessageKind::Text => {
            utf8::check(payload).map_err(|error| Error::new(ErrorCode::InvalidData, error.to_string()))
        }
        MessageKind::Binary => Ok(()),
    }
}
