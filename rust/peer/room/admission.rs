//! Decides which clients a server admits: accepting, the decision about each request, and the id that the client is
//! assigned.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use super::closing::{close_without_answer, drop_connection};
use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::room_peer::{ConnectingPeer, RoomPeer};
use super::room_state::{MultiplayerPeer, RoomRole};
use crate::error::Result;
use crate::limits::ACCEPTS_PER_POLL;
use crate::net::listener::AcceptOutcome;
use crate::net::{TcpSocket, random};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::listening::{accepted_peer, refuse_connection};
use crate::peer::pending_handshakes::HandshakeRoom;
use crate::peer::state::State;
use crate::peer::trace::PeerClass;
use crate::proto::frame::MessageKind;
use crate::proto::handshake::HttpAnswer;
use crate::proto::{close_code, status};

/// Whether another client may become a peer now.
#[derive(Clone, Copy)]
enum Admission {
    Possible,
    /// With the reason that the client is sent.
    Refused(&'static str),
}

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Accepts connections. Their requests wait until the room has seen them. Returns the arrival of the first one.
    pub(super) fn accept_connections(&mut self, now: Instant) -> u64 {
        let first_new = self.handshakes.all_polled();
        if self.accept_failure.is_paused(now) {
            return first_new;
        }
        for _ in 0..ACCEPTS_PER_POLL {
            let RoomRole::Server { socket: listener, .. } = &self.role else { break };
            match listener.accept() {
                AcceptOutcome::Socket(socket) => {
                    if self.begin_handshake(Arc::new(socket), now).is_err() {
                        break;
                    }
                }
                AcceptOutcome::WouldBlock => {
                    self.accept_failure.all_accepted(now);
                    break;
                }
                AcceptOutcome::Exhausted(error) => {
                    if let Some(error) = self.accept_failure.failed(&error, now) {
                        self.last_error.set(error.message());
                    }
                    let Some(oldest) = self.handshakes.oldest_silent() else { break };
                    self.drop_silent(oldest);
                }
            }
        }
        first_new
    }

    /// Adds a connection. An error means that the options fail every handshake, which the program has to know.
    fn begin_handshake(&mut self, socket: Arc<TcpSocket>, now: Instant) -> Result {
        let RoomRole::Server { tls, .. } = &self.role else { return Ok(()) };
        let remote = socket.remote_address().ip();
        let room = self.handshakes.room_for(remote);
        if room == HandshakeRoom::None {
            refuse_connection(socket, tls.is_some());
            return Ok(());
        }
        let accepted = accepted_peer(PeerClass::Multiplayer, socket, tls.as_ref(), self.options.clone());
        let peer = self.record_error(accepted)?;
        if let HandshakeRoom::Replaces(oldest, _) = room {
            self.drop_silent(oldest);
        }
        let id = self.unused_id();
        let arrival = self.handshakes.add(id, remote);
        self.connecting.insert(arrival, ConnectingPeer::new(id, peer, &self.options, now));
        Ok(())
    }

    fn drop_silent(&mut self, id: i32) {
        let client = self.handshakes.arrival_of(id).and_then(|arrival| self.remove_connecting(arrival));
        if let Some(client) = client {
            client.cell.with((), WebSocketPeer::drop_silent_connection);
        }
    }

    pub(super) fn remove_connecting(&mut self, arrival: u64) -> Option<ConnectingPeer<S>> {
        self.handshakes.remove(arrival);
        self.connecting.remove(&arrival)
    }

    /// Chooses a random id from 2 to 2147483647 that no peer and no unread packet has.
    fn unused_id(&self) -> i32 {
        loop {
            let id = random::peer_id();
            if !self.peers.contains_key(&id) && !self.packets.has_unread(id) && self.handshakes.arrival_of(id).is_none()
            {
                return id;
            }
        }
    }

    /// Advances the handshakes of a server's clients, from one arrival on.
    pub(super) fn poll_handshaking(&mut self, first: u64, now: Instant) {
        let auto_accept = self.options.auto_accept;
        // Checked for the first request, and again after each admission: most connections may have no request yet.
        let mut admission = None;
        let mut withdrawn = HashSet::new();
        for arrival in self.connecting.range(first..).map(|(arrival, _)| *arrival).collect::<Vec<_>>() {
            let Some(client) = self.connecting.get(&arrival) else { continue };
            let (state, has_request, is_waiting) = client.cell.with((State::Connecting, false, false), |peer| {
                peer.poll_at(now);
                let has_request = peer.is_request_pending();
                if has_request {
                    answer_request(peer, *admission.get_or_insert_with(|| self.check_admission()), auto_accept);
                    peer.poll_at(now);
                }
                (peer.state(), has_request, peer.is_request_pending())
            });
            let Some(client) = self.connecting.get_mut(&arrival) else { continue };
            if has_request {
                self.handshakes.request_arrived(arrival);
            }
            if is_waiting && !std::mem::replace(&mut client.is_reported, true) {
                self.events.push_back(RoomEvent::Requested(client.id));
            }
            // The connection itself ends a handshake that takes too long.
            if state == State::Connecting {
                continue;
            }
            let Some(client) = self.remove_connecting(arrival) else { continue };
            if state == State::Open {
                self.admit(client);
                admission = None;
                continue;
            }
            if client.is_reported {
                withdrawn.insert(client.id);
            }
            client.cell.with((), drop_connection);
        }
        if !withdrawn.is_empty() {
            self.events.retain(|event| !matches!(event, RoomEvent::Requested(id) if withdrawn.contains(id)));
        }
    }

    /// Makes a client a peer. Its first message assigns the id.
    fn admit(&mut self, client: ConnectingPeer<S>) {
        let ConnectingPeer { id, cell, .. } = client;
        if let Admission::Refused(reason) = self.check_admission() {
            return cell.with((), |peer| close_without_answer(peer, close_code::TRY_AGAIN_LATER, reason));
        }
        if cell.with(false, |peer| peer.send(MessageKind::Binary, &id.to_le_bytes()).is_ok()) {
            self.peers.insert(id, RoomPeer::new(cell));
            self.events.push_back(RoomEvent::Connected(id));
        }
    }

    fn check_admission(&self) -> Admission {
        let open = self.peers.values().filter(|peer| peer.is_open()).count();
        let max_clients = self.admission.max_clients;
        if self.admission.refuse_new_connections {
            Admission::Refused("the server takes no new clients")
        } else if max_clients > 0 && open >= max_clients {
            Admission::Refused("the server is full")
        } else {
            Admission::Possible
        }
    }
}

/// Answers a request, unless the program does.
fn answer_request(peer: &mut WebSocketPeer, admission: Admission, auto_accept: bool) {
    // A request that cannot be accepted is answered with the status that says so, and ends the connection.
    let _answered = match admission {
        Admission::Refused(reason) => {
            let answer = HttpAnswer::new(status::SERVICE_UNAVAILABLE).with_reason(reason);
            peer.reject_request(answer.with_body(reason))
        }
        Admission::Possible if auto_accept => peer.accept_request(&[]),
        Admission::Possible => Ok(()),
    };
}
