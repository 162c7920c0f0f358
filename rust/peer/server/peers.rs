//! What a program does with one peer of a server, or with several.

use std::net::SocketAddr;

use super::{Entry, Server, ServerPeerState};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::{RoundTrip, godot3_packets};
use crate::proto::broadcast::BroadcastMessage;
use crate::proto::frame::MessageKind;
use crate::proto::handshake::{HttpAnswer, Request};
use crate::proto::utf8;

impl Server {
    /// Ids of the connected peers, in ascending order.
    pub fn peer_ids(&self) -> Vec<i32> {
        self.connected.iter().copied().collect()
    }

    /// Number of connected peers.
    pub fn peer_count(&self) -> usize {
        self.connected.len()
    }

    /// Number of connections whose handshake is under way.
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// Number of connections that the next poll looks at without news from the network.
    pub fn active_count(&self) -> usize {
        self.active.len()
    }

    /// Whether the id is a connected peer's, or one's whose end was told in the events taken last.
    pub fn has_peer(&self, id: i32) -> bool {
        self.connected.contains(&id)
    }

    /// Whether the peer's end was not told yet.
    pub fn is_peer_connected(&self, id: i32) -> bool {
        self.entries.get(&id).is_some_and(Entry::is_present)
    }

    fn entry(&self, id: i32) -> Result<&Entry> {
        self.entries.get(&id).filter(|entry| entry.is_present()).ok_or_else(|| unknown(id))
    }

    fn entry_mut(&mut self, id: i32) -> Result<&mut Entry> {
        self.entries.get_mut(&id).filter(|entry| entry.is_present()).ok_or_else(|| unknown(id))
    }

    /// Runs a query on a peer whose end was not told yet.
    pub fn ask<R>(&self, id: i32, call: impl FnOnce(&WebSocketPeer) -> R) -> Result<R> {
        self.entry(id).map(|entry| call(&entry.peer))
    }

    // Messages

    /// Sends a message to one peer. An unknown or stale id is [`ErrorCode::InvalidParameter`].
    pub fn send(&mut self, id: i32, kind: MessageKind, payload: &[u8]) -> Result {
        let result = self.entry_mut(id).and_then(|entry| entry.peer.send(kind, payload));
        self.watch(id);
        self.record_error(result)
    }

    /// Sends a message to one peer (its id), to all (0) or to all but one (its negative id). A message to several is encoded, and
    /// compressed, once. Where not everybody has room for it, the others get it and the first refusal is returned.
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
        let result = checked.and_then(|()| self.broadcast(target, None, kind, payload));
        self.record_error(result)
    }

    /// Sends to every open peer that the target addresses, except one.
    pub(super) fn broadcast(&mut self, target: i32, except: Option<i32>, kind: MessageKind, payload: &[u8]) -> Result {
        let mut message = BroadcastMessage::new(kind, payload, self.options.peer.send_options(true));
        let mut result = Ok(());
        let ids: Vec<i32> =
            self.connected.iter().copied().filter(|id| godot3_packets::addresses(target, *id)).collect();
        for id in ids.into_iter().filter(|id| Some(*id) != except) {
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.stage == ServerPeerState::Open) else {
                continue;
            };
            if let Err(error) = entry.peer.send_broadcast(&mut message)
                && result.is_ok()
            {
                result = Err(error);
            }
            self.watch(id);
        }
        result
    }

    /// Takes the oldest message of a peer that an event has told of, lent until the next call. Works until the events behind the
    /// peer's end are taken.
    pub fn take_message(&mut self, id: i32) -> Result<&[u8]> {
        self.sender(id)?.take_packet()
    }

    /// [`Self::take_message`], to a buffer of the caller's, which a large message replaces by its own.
    pub fn take_message_into(&mut self, id: i32, buffer: &mut Vec<u8>) -> Result {
        self.sender(id)?.take_packet_into(buffer)
    }

    /// The peer of which a message is about to be taken.
    fn sender(&mut self, id: i32) -> Result<&mut WebSocketPeer> {
        let entry = self.entries.get_mut(&id).ok_or_else(|| unknown(id))?;
        if entry.visible == 0 {
            return Err(Error::new(ErrorCode::Unavailable, "no packet is waiting"));
        }
        entry.visible -= 1;
        entry.announced -= 1;
        // There is room for more now.
        if entry.peer.needs_poll() {
            self.rouse(id);
        }
        self.entries.get_mut(&id).map(|entry| &mut entry.peer).ok_or_else(|| unknown(id))
    }

    /// Number of messages of a peer that can be read, 0 for an unknown id.
    pub fn packet_count(&self, id: i32) -> usize {
        self.entries.get(&id).map_or(0, |entry| entry.visible)
    }

    /// Whether the peer's message that was read last was text.
    pub fn was_string_packet(&self, id: i32) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.peer.was_string_packet())
    }

    /// Kind of the messages that a peer object of Godot 3 sends.
    pub fn write_mode(&self, id: i32) -> MessageKind {
        self.entries.get(&id).map_or(MessageKind::Binary, |entry| entry.write_mode)
    }

    /// Sets [`Self::write_mode`].
    pub fn set_write_mode(&mut self, id: i32, kind: MessageKind) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.write_mode = kind;
        }
    }

    /// Writes what was collected for a peer, or with 0 for all, to the network now.
    pub fn flush(&mut self, id: i32) {
        let ids = if id == 0 { self.active.clone() } else { vec![id] };
        for id in ids {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.peer.flush();
                self.watch(id);
            }
        }
    }

    /// Whether a flush has something to do.
    pub fn has_unflushed(&self) -> bool {
        self.active.iter().any(|id| self.entries.get(id).is_some_and(|entry| entry.peer.has_unflushed()))
    }

    /// Payload bytes for a peer that the network has not taken yet.
    pub fn outbound_buffered_amount(&mut self, id: i32) -> Result<usize> {
        let result = self.entry_mut(id).map(|entry| entry.peer.outbound_buffered_amount());
        self.watch(id);
        self.record_error(result)
    }

    /// Sends a ping to a peer.
    pub fn ping(&mut self, id: i32, payload: &[u8]) -> Result {
        let result = self.entry_mut(id).and_then(|entry| entry.peer.ping(payload));
        self.watch(id);
        self.record_error(result)
    }

    /// Round-trip times of a peer's pings; `None` before the first pong.
    pub fn round_trip(&self, id: i32) -> Option<RoundTrip> {
        self.entries.get(&id).and_then(|entry| entry.peer.round_trip())
    }

    // Closing

    /// Starts the closing handshake with a peer; its end is told by an event. What arrives behind this call is not reported. With
    /// a negative code the connection is dropped at once. Codes and reasons that no close frame may carry are refused.
    pub fn disconnect_peer(&mut self, id: i32, code: i32, reason: &str) -> Result {
        let result = self.entry_mut(id).and_then(|entry| {
            entry.peer.close(code, reason)?;
            if entry.stage == ServerPeerState::Open {
                entry.stage = ServerPeerState::Leaving;
            }
            Ok(())
        });
        if result.is_ok() {
            self.rouse(id);
        }
        self.record_error(result)
    }

    // Requests

    /// The request of a client, from the event that tells of it until the end.
    pub fn request(&self, id: i32) -> Result<Request> {
        let none = || Error::new(ErrorCode::Unavailable, format!("peer {id} has sent no request yet"));
        match self.entries.get(&id) {
            Some(entry) => entry.peer.request().ok_or_else(none),
            None => Err(unknown(id)),
        }
    }

    /// The URL that a client's request asked for; empty for an unknown id.
    pub fn requested_url(&self, id: i32) -> &str {
        self.entries.get(&id).map_or("", |entry| entry.peer.requested_url())
    }

    /// Lets a client in that a [`super::super::PeerEvent::Request`] told of; `extra_headers` stand in the answer.
    pub fn accept_request(&mut self, id: i32, extra_headers: &[String]) -> Result {
        let result = self.asked(id).and_then(|entry| {
            entry.peer.accept_request(extra_headers)?;
            entry.stage = ServerPeerState::Pending;
            Ok(())
        });
        self.rouse(id);
        self.record_error(result)
    }

    /// Answers a client with an HTTP status instead; nothing more is reported of it.
    pub fn reject_request(&mut self, id: i32, answer: HttpAnswer) -> Result {
        let result = self.asked(id).and_then(|entry| entry.peer.reject_request(answer));
        if result.is_ok()
            && let Some(entry) = self.entries.remove(&id)
        {
            self.pending.remove(&entry.arrival);
        }
        self.record_error(result)
    }

    fn asked(&mut self, id: i32) -> Result<&mut Entry> {
        self.entries.get_mut(&id).filter(|entry| entry.stage == ServerPeerState::Asked).ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, format!("no request of a peer {id} waits for a decision"))
        })
    }

    // Queries

    /// Address of a connected peer.
    pub fn peer_address(&self, id: i32) -> Result<SocketAddr> {
        let none = || Error::new(ErrorCode::Unavailable, "the connection is over");
        self.entry(id)?.peer.remote_address().ok_or_else(none)
    }

    /// Switches Nagle's algorithm off (`true`, the default) or on for a peer.
    pub fn set_no_delay(&mut self, id: i32, enabled: bool) -> Result {
        let result = self.entry_mut(id).and_then(|entry| entry.peer.set_no_delay(enabled));
        self.record_error(result)
    }
}

impl Entry {
    /// A peer that the program knows, or that waits for its decision, and whose end was not told.
    fn is_present(&self) -> bool {
        matches!(self.stage, ServerPeerState::Open | ServerPeerState::Leaving | ServerPeerState::Ended)
    }

    /// Puts the peer's id into the list of those that the next poll looks at; returns whether it was not there.
    pub(super) fn activate(&mut self, id: i32, active: &mut Vec<i32>) -> bool {
        let is_new = !std::mem::replace(&mut self.is_active, true);
        if is_new {
            active.push(id);
        }
        is_new
    }
}

fn unknown(id: i32) -> Error {
    Error::new(ErrorCode::InvalidParameter, format!("there is no peer {id}"))
}
