//! Decides how a server shuts down without losing messages: it stops accepting, sends close frames, and goes on until
//! all connections have ended or the time is over.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::listening::{LISTENER_KEY, ListenerState, Listening};
use super::server_peer::{ServerPeer, ServerPeerState};
use super::server_state::Server;
use crate::error::{Error, ErrorCode, Result};
use crate::net::clock;
use crate::peer::connection::closing::check_close;
use crate::peer::listening::{SHUTTING_DOWN, refuse_handshake, shutdown_timed_out};
use crate::peer::state::State;

impl Server {
    /// Stops accepting, and ends every connection by a close frame after what was sent before. Clients whose handshake
    /// is under way are refused with HTTP status 503. Polls go on and events are delivered, of messages that still
    /// arrive too, until all connections have ended; after `timeout` (`None` for no limit) the rest are dropped. The
    /// poll after that stops the server: see [`Self::is_shutting_down`].
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] if the server does not listen, [`ErrorCode::AlreadyInUse`] if it shuts down already,
    /// [`ErrorCode::InvalidParameter`] for a code or a reason that no close frame may carry. Nothing changes then.
    pub fn shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        let result = self.try_shutdown(code, reason, timeout);
        self.record_error(result)
    }

    fn try_shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        let Some(listening) = self.listening.as_mut() else {
            return Err(Error::new(ErrorCode::Unconfigured, "the server does not listen"));
        };
        if listening.socket().is_none() {
            return Err(Error::new(ErrorCode::AlreadyInUse, SHUTTING_DOWN));
        }
        check_close(code, reason)?;
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        listening.state = ListenerState::ShuttingDown { deadline };
        listening.may_accept = false;
        if let Some(deadline) = deadline {
            self.timers.push(Reverse((deadline, LISTENER_KEY)));
        }
        for id in self.handshaking.ids() {
            if let Some(peer) = self.peers.get_mut(&id) {
                refuse_handshake(&mut peer.peer);
            }
            self.fail(id, SHUTTING_DOWN.to_owned());
        }
        for id in self.peer_ids() {
            if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.state == ServerPeerState::Open) {
                peer.peer.close(code, reason)?;
                peer.state = ServerPeerState::ShuttingDown;
            }
            self.activate(id);
        }
        self.wake();
        Ok(())
    }

    /// Returns whether the server shuts down, from [`Self::shutdown`] to the poll after the last connection has ended.
    pub fn is_shutting_down(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.socket().is_none())
    }

    /// Refuses to send while the server shuts down.
    pub(super) fn check_sending(&self) -> Result {
        if self.is_shutting_down() { Err(Error::new(ErrorCode::Failed, SHUTTING_DOWN)) } else { Ok(()) }
    }

    /// Advances the shutdown. Returns whether it is over, and the server has stopped.
    pub(super) fn advance_shutdown(&mut self, now: Instant) -> bool {
        let Some(Listening { state: ListenerState::ShuttingDown { deadline }, .. }) = &self.listening else {
            return false;
        };
        let deadline = *deadline;
        if self.peers.values().all(ServerPeer::has_ended) {
            self.listening = None;
            self.timers.clear();
            self.active.clear();
            return true;
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            for id in self.peer_ids() {
                if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.peer.state() != State::Closed) {
                    peer.peer.fail(shutdown_timed_out());
                    self.queue_end(id);
                }
            }
        }
        // The last events are delivered while the server is still shutting down.
        false
    }
}
