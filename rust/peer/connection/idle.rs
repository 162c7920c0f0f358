//! What is known of a peer with which nothing happens.

use std::sync::Arc;

use crate::net::poller::Readiness;
use crate::net::{clock, linger};
use crate::peer::connection::websocket_peer::{Phase, WebSocketPeer};
use crate::peer::trace;

/// A poll has found that there is nothing to do. Until something else is done with the peer, the next ones need not look at it, as
/// long as this lasts.
#[derive(Debug)]
pub struct IdleWatch(Arc<Readiness>);

impl IdleWatch {
    /// Whether a poll would still find nothing to do.
    pub fn still_holds(&self) -> bool {
        !self.0.may_read() && linger::is_quiet() && !trace::is_enabled()
    }
}

impl WebSocketPeer {
    /// [`Self::poll`], for callers that poll many idle peers and know what else is done with them.
    pub fn poll_unless_idle(&mut self) -> Option<IdleWatch> {
        if !self.is_quiet() || trace::is_enabled() {
            self.poll_at(clock::now());
            return None;
        }
        match &self.phase {
            Phase::Open(link) => link.transport.readiness().map(IdleWatch),
            _ => None,
        }
    }
}
