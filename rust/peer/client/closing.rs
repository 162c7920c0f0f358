//! Decides how a client's connection ends: by the program, by the server, or by a loss.

use std::time::Instant;

use super::client_state::{Client, ClientPhase};
use crate::error::Result;
use crate::peer::event::PeerEvent;
use crate::peer::peer_ids::SERVER_ID;
use crate::proto::close_code;

impl Client {
    /// Starts the close handshake; an event reports the end when the server has answered, or after `close_timeout`. A
    /// negative code drops the connection at once. While connecting, and while waiting to reconnect, gives up without
    /// an event.
    ///
    /// # Errors
    /// [`crate::error::ErrorCode::InvalidParameter`] for a code or a reason that no close frame may carry; nothing
    /// changes then.
    pub fn disconnect_from_host(&mut self, code: i32, reason: &str) -> Result {
        match self.phase {
            ClientPhase::Open | ClientPhase::Closing { .. } => self.begin_closing(code, reason, false),
            ClientPhase::Connecting | ClientPhase::WaitingToReconnect(_) => {
                self.reset();
                self.wake();
                Ok(())
            }
            ClientPhase::Idle => Ok(()),
        }
    }

    /// [`Self::disconnect_from_host`] as the peer's own method does it: a new connection can begin after the event of
    /// the end.
    pub fn close(&mut self, code: i32, reason: &str) -> Result {
        if self.phase == ClientPhase::Open { self.begin_closing(code, reason, true) } else { Ok(()) }
    }

    fn begin_closing(&mut self, code: i32, reason: &str, blocks_connecting: bool) -> Result {
        let result = self.peer.close(code, reason);
        self.wake();
        if result.is_ok() {
            self.phase = ClientPhase::Closing { blocks_connecting };
        }
        self.record_error(result)
    }

    /// Queues the events of a connection that has ended, and schedules the next attempt after a loss.
    pub(super) fn queue_end(&mut self, now: Instant) {
        let was_clean = self.peer.was_closed_cleanly();
        let by_program = self.phase != ClientPhase::Open;
        if was_clean && !by_program {
            let (code, reason) = self.peer.received_close();
            self.events.push_back(PeerEvent::CloseRequest { id: SERVER_ID, code, reason });
        }
        self.phase = ClientPhase::Idle;
        self.last_error.set(self.peer.error_message());
        if self.is_multiplayer {
            self.queue_godot3_end(by_program);
        } else {
            self.events.push_back(PeerEvent::Closed { id: SERVER_ID, was_clean });
        }
        if !by_program {
            self.schedule_reconnect(now);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.phase == ClientPhase::Open {
            // Refused only if the connection has ended.
            let _ended = self.peer.close(i32::from(close_code::NORMAL), "");
        }
    }
}
