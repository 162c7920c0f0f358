//! Decides which connections a server accepts, refuses at once, or drops for newer ones.

use std::cmp::Reverse;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::listening::LISTENER_KEY;
use super::server_peer::ServerPeer;
use super::server_state::Server;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_POLL};
use crate::net::TcpSocket;
use crate::net::listener::AcceptOutcome;
use crate::peer::event::PeerEvent;
use crate::peer::listening::{accepted_peer, refuse_connection};
use crate::peer::pending_handshakes::HandshakeRoom;
use crate::peer::trace::PeerClass;

impl Server {
    pub(super) fn accept(&mut self, now: Instant) {
        self.handshaking.all_polled();
        for _ in 0..ACCEPTS_PER_POLL {
            let peers = &self.peers;
            let id = *self.reserved_id.get_or_insert_with(|| self.ids.next(|id| peers.contains_key(&id)));
            let Some(listening) = self.listening.as_mut().filter(|listening| listening.may_accept) else { return };
            let Some(socket) = listening.socket() else { return };
            match socket.accept_with_key(u64::from(id.unsigned_abs())) {
                AcceptOutcome::Socket(socket) => {
                    self.reserved_id = None;
                    self.add_connection(id, Arc::new(socket));
                }
                AcceptOutcome::WouldBlock => {
                    listening.may_accept = false;
                    self.accept_failure.all_accepted(now);
                }
                AcceptOutcome::Exhausted(error) => self.make_descriptor(&error, now),
            }
        }
    }

    /// Reports that the system cannot accept a connection, and drops the oldest silent one for it. If there is none,
    /// the server tries again later.
    fn make_descriptor(&mut self, error: &io::Error, now: Instant) {
        if let Some(error) = self.accept_failure.failed(error, now) {
            self.events.push_back(PeerEvent::Failed { id: 0, reason: error.message().to_owned() });
            let _recorded = self.record_error::<()>(Err(error));
        }
        if let Some(oldest) = self.handshaking.oldest_silent() {
            return self.drop_silent(oldest, error.to_string());
        }
        if let Some(listening) = &mut self.listening {
            listening.may_accept = false;
            self.timers.push(Reverse((now + ACCEPT_RETRY, LISTENER_KEY)));
        }
    }

    fn add_connection(&mut self, id: i32, socket: Arc<TcpSocket>) {
        let has_tls = self.options.tls.is_some();
        if self.options.admission.refuse_new_connections || self.is_full() {
            return refuse_connection(socket, has_tls);
        }
        let remote = socket.remote_address().ip();
        match self.handshaking.room_for(remote) {
            HandshakeRoom::Free => {}
            HandshakeRoom::Replaces(oldest, reason) => self.drop_silent(oldest, reason),
            HandshakeRoom::None => return refuse_connection(socket, has_tls),
        }
        let protocols = self.listening.as_ref().map_or(&[][..], |listening| &listening.protocols);
        let options = self.options.for_peer(protocols);
        let peer = match accepted_peer(PeerClass::Server, socket, self.options.tls.as_ref(), options) {
            Ok(peer) => peer,
            Err(error) => {
                return self.events.push_back(PeerEvent::Failed { id, reason: error.message().to_owned() });
            }
        };
        let arrival = self.handshaking.add(id, remote);
        self.peers.insert(id, ServerPeer::new(peer, arrival));
        self.schedule(id);
    }

    fn drop_silent(&mut self, id: i32, reason: String) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.peer.drop_silent_connection();
        }
        self.fail(id, reason);
    }

    /// Whether the server has as many clients as `max_clients` allows.
    pub(super) fn is_full(&self) -> bool {
        let max_clients = self.options.admission.max_clients;
        max_clients > 0 && self.connected.len() >= max_clients
    }
}
