//! Decides how a room's server shuts down without losing packets: it stops accepting, sends close frames, and goes on
//! until all peers have departed or the time is over.

use std::time::{Duration, Instant};

use super::closing::drop_connection;
use super::events::RoomEvent;
use super::peer_cell::PeerCell;
use super::room_peer::RoomPeerState;
use super::room_state::{MultiplayerPeer, RoomRole};
use crate::error::{Error, ErrorCode, Result};
use crate::net::clock;
use crate::peer::connection::closing::check_close;
use crate::peer::listening::{SHUTTING_DOWN, refuse_handshake, shutdown_timed_out};
use crate::peer::state::State;

impl<S: PeerCell> MultiplayerPeer<S> {
    /// Stops accepting, and ends every connection of a server by a close frame after the packets that were sent before.
    /// Clients whose handshake is under way are refused with HTTP status 503. Polls go on, packets that still arrive
    /// can be read, and the departures are reported; after `timeout` (`None` for no limit) the remaining connections
    /// are dropped. The poll after the last departure ends being a server: see [`Self::is_shutting_down`].
    ///
    /// # Errors
    /// [`ErrorCode::Unconfigured`] if the room is not a server, [`ErrorCode::AlreadyInUse`] if it shuts down already,
    /// [`ErrorCode::InvalidParameter`] for a code or a reason that no close frame may carry. Nothing changes then.
    pub fn shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        let result = self.try_shutdown(code, reason, timeout);
        self.record_error(result)
    }

    fn try_shutdown(&mut self, code: i32, reason: &str, timeout: Option<Duration>) -> Result {
        match self.role {
            RoomRole::Server { .. } => {}
            RoomRole::ShuttingDown { .. } => return Err(Error::new(ErrorCode::AlreadyInUse, SHUTTING_DOWN)),
            RoomRole::Unused | RoomRole::Client { .. } => {
                return Err(Error::new(ErrorCode::Unconfigured, "the room is not a server"));
            }
        }
        check_close(code, reason)?;
        self.refuse_handshakes();
        for peer in self.peers.values().filter(|peer| peer.is_open()) {
            peer.cell.with(Ok(()), |peer| peer.close(code, reason))?;
        }
        let deadline = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        self.role = RoomRole::ShuttingDown { deadline };
        Ok(())
    }

    /// Returns whether the room shuts down, from [`Self::shutdown`] to the poll after the last departure.
    pub fn is_shutting_down(&self) -> bool {
        matches!(self.role, RoomRole::ShuttingDown { .. })
    }

    /// Refuses the clients of a server whose handshakes are under way.
    pub(super) fn refuse_handshakes(&mut self) {
        for arrival in self.connecting.keys().copied().collect::<Vec<_>>() {
            let Some(client) = self.remove_connecting(arrival) else { continue };
            client.cell.with((), |peer| {
                refuse_handshake(peer);
                drop_connection(peer);
            });
        }
        self.events.retain(|event| !matches!(event, RoomEvent::Requested(_)));
    }

    /// Advances the shutdown, and ends it when every peer has departed.
    pub(super) fn advance_shutdown(&mut self, deadline: Option<Instant>, now: Instant) {
        if self.peers.values().all(|peer| peer.state == RoomPeerState::Departed) {
            self.role = RoomRole::Unused;
        } else if deadline.is_some_and(|deadline| now >= deadline) {
            for peer in self.peers.values() {
                peer.cell.with((), |peer| {
                    if peer.state() != State::Closed {
                        peer.fail(shutdown_timed_out());
                    }
                });
            }
        }
    }
}
