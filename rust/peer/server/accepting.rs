//! Decides which connections a server accepts, refuses at once, or drops for newer ones.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use super::listening::LISTENER_KEY;
use super::server_peer::ServerPeer;
use super::server_state::Server;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_POLL, PENDING_HANDSHAKES};
use crate::net::listener::AcceptOutcome;
use crate::net::{TcpSocket, linger};
use crate::peer::event::PeerEvent;
use crate::peer::listening::accepted_peer;
use crate::peer::trace::PeerClass;
use crate::proto::handshake::{HttpAnswer, Rejection};
use crate::proto::status;

impl Server {
    pub(super) fn accept(&mut self, now: Instant) {
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
                AcceptOutcome::WouldBlock => listening.may_accept = false,
                AcceptOutcome::Exhausted => {
                    listening.may_accept = false;
                    self.timers.push(Reverse((now + ACCEPT_RETRY, LISTENER_KEY)));
                }
            }
        }
    }

    fn add_connection(&mut self, id: i32, socket: Arc<TcpSocket>) {
        if self.options.admission.refuse_new_connections || self.is_full() {
            return self.refuse_connection(socket);
        }
        if self.handshaking.len() >= PENDING_HANDSHAKES
            && let Some((_, oldest)) = self.handshaking.pop_first()
        {
            self.fail(oldest, format!("more than {PENDING_HANDSHAKES} handshakes are under way"));
        }
        let protocols = self.listening.as_ref().map_or(&[][..], |listening| &listening.protocols);
        let options = self.options.for_peer(protocols);
        let peer = match accepted_peer(PeerClass::Server, socket, self.options.tls.as_ref(), options) {
            Ok(peer) => peer,
            Err(error) => {
                return self.events.push_back(PeerEvent::Failed { id, reason: error.message().to_owned() });
            }
        };
        self.arrivals += 1;
        self.handshaking.insert(self.arrivals, id);
        self.peers.insert(id, ServerPeer::new(peer, self.arrivals));
        self.schedule(id);
    }

    /// Closes a connection; without TLS, with an answer that does not wait for the request.
    fn refuse_connection(&self, socket: Arc<TcpSocket>) {
        let answer = HttpAnswer::new(status::SERVICE_UNAVAILABLE).with_body("the server takes no more clients\n");
        let answer = match (&self.options.tls, Rejection::custom(answer)) {
            (None, Ok(rejection)) => rejection.response(false),
            _ => Vec::new(),
        };
        linger::close(socket, answer);
    }

    /// Whether the server has as many clients as `max_clients` allows.
    pub(super) fn is_full(&self) -> bool {
        let max_clients = self.options.admission.max_clients;
        max_clients > 0 && self.connected.len() >= max_clients
    }
}
