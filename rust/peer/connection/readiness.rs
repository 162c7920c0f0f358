//! Decides when a poll has something to do: for callers that poll many idle peers, and for event loops.

use std::sync::Arc;
use std::time::Instant;

use crate::net::poller::{Poller, Readiness};
use crate::net::{RawDescriptor, clock};
use crate::peer::connection::websocket_peer::{ConnectionPhase, WebSocketPeer};
use crate::peer::trace;

/// The result of a poll that found nothing to do. The caller may skip further polls while [`Self::still_holds`] returns
/// `true` and the peer is not used otherwise.
#[derive(Debug)]
pub struct IdleWatch(Arc<Readiness>);

impl IdleWatch {
    /// Returns whether a poll would still find nothing to do.
    pub fn still_holds(&self) -> bool {
        !self.0.may_read() && !trace::is_enabled()
    }
}

impl WebSocketPeer {
    /// Polls, as [`Self::poll`] does. Returns a watch if there was nothing to do and the socket is watched by this
    /// process's poller.
    pub fn poll_unless_idle(&mut self) -> Option<IdleWatch> {
        if !self.is_idle() || trace::is_enabled() {
            self.poll_at(clock::now());
            return None;
        }
        match &self.phase {
            ConnectionPhase::Open(open) => open.transport.readiness().map(IdleWatch),
            _ => None,
        }
    }

    /// Returns whether a poll would find nothing to do; the most frequent question of a game with many idle
    /// connections.
    fn is_idle(&mut self) -> bool {
        match &mut self.phase {
            ConnectionPhase::Closed => true,
            ConnectionPhase::Opening(_) => false,
            ConnectionPhase::Open(open) => {
                self.options.heartbeat_interval.is_zero()
                    && self.queue.capacity() == 0
                    && !self.drained
                    && open.is_idle()
            }
        }
    }

    /// Returns whether another [`Self::poll`] has something to do without news from the network: input for which the
    /// packet queue had no room, or output. For event loops that poll only when a descriptor is ready.
    pub fn needs_poll(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Open(open) if open.has_held_input() || open.has_unflushed())
    }

    /// Returns whether a poll has something to do, as far as is known without a system call; see
    /// [`Self::next_deadline`] for time.
    pub(in crate::peer) fn has_pending_work(&self) -> bool {
        match &self.phase {
            ConnectionPhase::Closed => false,
            ConnectionPhase::Opening(opening) => opening.has_pending_work(),
            ConnectionPhase::Open(open) => open.has_pending_work(&self.queue),
        }
    }

    /// Returns whether the last poll of a connection that is being opened has received something.
    pub(in crate::peer) fn has_opening_advanced(&self) -> bool {
        matches!(&self.phase, ConnectionPhase::Opening(opening) if opening.has_advanced())
    }

    /// Returns when a poll has something to do because of a time limit.
    pub(in crate::peer) fn next_deadline(&self) -> Option<Instant> {
        match &self.phase {
            ConnectionPhase::Closed => None,
            ConnectionPhase::Opening(opening) => Some(opening.next_deadline()),
            ConnectionPhase::Open(open) => open.next_deadline(&self.options),
        }
    }

    /// Makes this poller report when the socket has news. Returns whether it does; `true` without a socket.
    pub(in crate::peer) fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        match &mut self.phase {
            ConnectionPhase::Closed => true,
            ConnectionPhase::Opening(opening) => opening.watch(poller),
            ConnectionPhase::Open(open) => open.transport.watch(poller),
        }
    }

    /// Returns whether a poller reports when the socket has news.
    pub(in crate::peer) fn is_watched(&self) -> bool {
        match &self.phase {
            ConnectionPhase::Closed => false,
            ConnectionPhase::Opening(opening) => opening.is_watched(),
            ConnectionPhase::Open(open) => open.transport.is_watched(),
        }
    }

    /// Returns the socket's descriptor for foreign event loops, and whether output waits until it is writable. From
    /// this call on, each poll asks the system itself.
    pub fn raw_fd(&self) -> Option<(RawDescriptor, bool)> {
        match &self.phase {
            ConnectionPhase::Open(open) => {
                open.transport.poll_directly();
                Some((open.transport.raw_fd()?, open.has_unflushed()))
            }
            ConnectionPhase::Opening(opening) => {
                opening.poll_directly();
                Some((opening.raw_fd()?, opening.wants_write()))
            }
            ConnectionPhase::Closed => None,
        }
    }
}
