//! Decides which requests a server accepts, refuses, or lets the program decide about.

use std::time::Instant;

use super::server_peer::{ServerPeer, ServerPeerState};
use super::server_state::{Server, unknown_peer};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::event::PeerEvent;
use crate::peer::state::State;
use crate::proto::handshake::{HttpAnswer, Request};
use crate::proto::status;

/// What happens with a request.
enum Decision {
    Accept,
    Refuse(u16, &'static str),
    AskProgram,
}

impl Server {
    pub(super) fn poll_handshaking(&mut self, id: i32, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.peer.poll_at(now);
        if peer.state == ServerPeerState::Handshaking && peer.peer.is_request_pending() {
            self.handshaking.request_arrived(peer.arrival);
            self.answer_request(id);
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.peer.poll_at(now);
            }
        }
        let Some(peer) = self.peers.get(&id) else { return };
        match peer.peer.state() {
            State::Connecting => self.schedule(id),
            State::Open | State::Closing => self.opened(id),
            State::Closed => {
                let reason = peer.peer.error_message().to_owned();
                self.fail(id, reason);
            }
        }
    }

    fn answer_request(&mut self, id: i32) {
        let decision = self.decide();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        match decision {
            Decision::Refuse(status, reason) => {
                let answer = HttpAnswer::new(status).with_body(format!("{reason}\n"));
                if peer.peer.reject_request(answer).is_ok() {
                    self.fail(id, reason.to_owned());
                }
            }
            Decision::Accept => {
                // A request that cannot be accepted ends the connection, which the caller notices.
                let _refused = peer.peer.accept_request(&[]);
            }
            Decision::AskProgram => {
                peer.state = ServerPeerState::AwaitingDecision;
                self.events.push_back(PeerEvent::Request { id });
            }
        }
    }

    fn decide(&self) -> Decision {
        if self.is_full() {
            Decision::Refuse(status::SERVICE_UNAVAILABLE, "the server has reached its limit of clients")
        } else if self.options.peer.auto_accept {
            Decision::Accept
        } else {
            Decision::AskProgram
        }
    }

    fn opened(&mut self, id: i32) {
        let is_multiplayer = self.is_multiplayer();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.state = ServerPeerState::Open;
        peer.peer.options = self.options.for_open_peer();
        let protocol = peer.peer.selected_protocol().to_owned();
        self.handshaking.remove(peer.arrival);
        self.connected.insert(id);
        // Messages that arrived with the handshake are reported by the next poll.
        self.activate(id);
        if is_multiplayer {
            self.introduce(id);
            self.events.push_back(PeerEvent::PeerConnected { id });
        } else {
            self.events.push_back(PeerEvent::Opened { id, protocol });
        }
        self.schedule(id);
    }

    /// Drops a connection that did not become open.
    pub(super) fn fail(&mut self, id: i32, reason: String) {
        if let Some(peer) = self.peers.remove(&id) {
            self.handshaking.remove(peer.arrival);
            self.events.push_back(PeerEvent::Failed { id, reason });
        }
    }

    /// Returns the request of a client, from its event to the end of the connection.
    pub fn request(&self, id: i32) -> Result<Request> {
        let none = || Error::new(ErrorCode::Unavailable, format!("peer {id} has sent no request yet"));
        let peer = self.peers.get(&id).ok_or_else(|| unknown_peer(id))?;
        peer.peer.request().ok_or_else(none)
    }

    /// Returns the URL of a client's request; empty for an unknown id.
    pub fn requested_url(&self, id: i32) -> &str {
        self.peers.get(&id).map_or("", |peer| peer.peer.requested_url())
    }

    /// Selects a sub-protocol for the request that a [`PeerEvent::Request`] has reported, as
    /// [`crate::peer::WebSocketPeer::select_protocol`] does.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameter`] if no request of this id waits, and for a sub-protocol that the client does not
    /// offer; nothing changes then.
    pub fn select_protocol(&mut self, id: i32, protocol: &str) -> Result {
        let result = self.peer_awaiting_decision(id).and_then(|peer| peer.peer.select_protocol(protocol));
        self.record_error(result)
    }

    /// Accepts the request that a [`PeerEvent::Request`] has reported; `extra_headers` are added to the answer.
    pub fn accept_request(&mut self, id: i32, extra_headers: &[String]) -> Result {
        let result = self.peer_awaiting_decision(id).and_then(|peer| {
            peer.peer.accept_request(extra_headers)?;
            peer.state = ServerPeerState::Handshaking;
            Ok(())
        });
        self.activate_now(id);
        self.record_error(result)
    }

    /// Answers the request that a [`PeerEvent::Request`] has reported by an HTTP status. The connection has no further
    /// events.
    pub fn reject_request(&mut self, id: i32, answer: HttpAnswer) -> Result {
        let result = self.peer_awaiting_decision(id).and_then(|peer| peer.peer.reject_request(answer));
        if result.is_ok()
            && let Some(peer) = self.peers.remove(&id)
        {
            self.handshaking.remove(peer.arrival);
        }
        self.record_error(result)
    }

    fn peer_awaiting_decision(&mut self, id: i32) -> Result<&mut ServerPeer> {
        self.peers.get_mut(&id).filter(|peer| peer.state == ServerPeerState::AwaitingDecision).ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, format!("no request of peer {id} waits for a decision"))
        })
    }
}
