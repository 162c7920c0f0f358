//! What clients and servers ask the peers that they own.

use std::time::Instant;

use crate::peer::connection::websocket_peer::{NOT_CLEAN, Phase, WebSocketPeer};

impl WebSocketPeer {
    /// Whether a poll has something to do without news from the system; see [`Self::next_deadline`] for time.
    pub(in crate::peer) fn has_pending_work(&self) -> bool {
        match &self.phase {
            Phase::Closed => false,
            Phase::Opening(opening) => opening.plan().0,
            Phase::Open(link) => link.has_pending_work(&self.queue),
        }
    }

    /// When a poll has something to do for the sake of time.
    pub(in crate::peer) fn next_deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Closed => None,
            Phase::Opening(opening) => Some(opening.plan().1),
            Phase::Open(link) => link.next_deadline(&self.options),
        }
    }

    /// Whether the connection is over and both ends have said goodbye.
    pub(in crate::peer) fn was_closed_cleanly(&self) -> bool {
        matches!(self.phase, Phase::Closed) && self.failure.is_none() && self.close_code() != NOT_CLEAN
    }

    /// Code and reason of the remote end's close frame, without the NUL that Godot 3 appends to the reason.
    pub(in crate::peer) fn received_close(&self) -> (i32, String) {
        (self.close_code(), self.close_reason().trim_end_matches('\0').to_owned())
    }
}
