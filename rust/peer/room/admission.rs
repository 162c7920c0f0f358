//! Decides which clients a server admits: accepting, the decision about each request, and the id that the client is
//! assigned.

use std::sync::Arc;
use std::time::Instant;

use super::closing::{close_without_answer, drop_connection};
use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::room_peer::{ConnectingPeer, RoomPeer};
use super::room_state::{MultiplayerPeer, RoomRole};
use crate::limits::PENDING_CONNECTIONS;
use crate::net::random;
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::listening::accepted_peer;
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
    /// Accepts connections. Their requests wait until the room has seen them.
    pub(super) fn accept_connections(&mut self, now: Instant) {
        while self.connecting.len() < PENDING_CONNECTIONS {
            let RoomRole::Server { socket: listener, tls } = &self.role else { return };
            let Some(socket) = listener.accept() else { return };
            let class = PeerClass::Multiplayer;
            let accepted = accepted_peer(class, Arc::new(socket), tls.as_ref(), self.options.clone());
            // Refused only if the options fail every handshake, which the program has to know.
            let Ok(peer) = self.record_error(accepted) else { return };
            let connecting = ConnectingPeer::new(self.unused_id(), peer, &self.options, now);
            self.connecting.push(connecting);
        }
    }

    /// Chooses a random id from 2 to 2147483647 that no peer and no unread packet has.
    fn unused_id(&self) -> i32 {
        loop {
            let id = random::peer_id();
            if !self.peers.contains_key(&id)
                && !self.packets.has_unread(id)
                && self.connecting.iter().all(|peer| peer.id != id)
            {
                return id;
            }
        }
    }

    /// Advances the handshakes of a server's clients.
    pub(super) fn poll_handshaking(&mut self, now: Instant) {
        let auto_accept = self.options.auto_accept;
        // Checked for the first request, and again after each admission: most connections may have no request yet.
        let mut admission = None;
        for mut client in std::mem::take(&mut self.connecting) {
            let (state, is_request_pending) = client.cell.with((State::Connecting, false), |peer| {
                peer.poll_at(now);
                if peer.is_request_pending() {
                    answer_request(peer, *admission.get_or_insert_with(|| self.check_admission()), auto_accept);
                    peer.poll_at(now);
                }
                (peer.state(), peer.is_request_pending())
            });
            if is_request_pending && !std::mem::replace(&mut client.is_reported, true) {
                self.events.push_back(RoomEvent::Requested(client.id));
            }
            match state {
                State::Open => {
                    self.admit(client);
                    admission = None;
                }
                // The connection itself ends a handshake that takes too long.
                State::Connecting => self.connecting.push(client),
                State::Closing | State::Closed => {
                    if client.is_reported {
                        self.events.retain(|event| *event != RoomEvent::Requested(client.id));
                    }
                    client.cell.with((), drop_connection);
                }
            }
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
