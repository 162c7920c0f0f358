//! Sends messages and pings to the server while the connection is open.

use super::client_state::{Client, ClientPhase};
use crate::error::{Error, ErrorCode, Result};
use crate::net::background_flush::{FlushProgress, FlushRequests};
use crate::peer::flushing::CollectsOutput;
use crate::proto::frame::MessageKind;

impl Client {
    /// Sends a message.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = match self.phase {
            ClientPhase::Open => self.peer.send(kind, payload),
            _ => Err(Error::new(ErrorCode::Failed, "the connection is not open")),
        };
        self.wake_for_work();
        self.record_error(result)
    }

    /// Returns the kind of message that Godot 3's `put_packet` sends. A new connection begins with binary.
    pub fn write_mode(&self) -> MessageKind {
        self.write_mode
    }

    /// Sets [`Self::write_mode`].
    pub fn set_write_mode(&mut self, kind: MessageKind) {
        self.write_mode = kind;
    }

    /// Writes collected messages to the network now.
    pub fn flush(&mut self) {
        self.peer.flush();
        self.wake_for_work();
    }

    /// Returns whether [`Self::flush`] has something to write.
    pub fn has_unflushed(&self) -> bool {
        self.peer.has_unflushed()
    }

    /// Returns the payload bytes that the network has not accepted yet.
    pub fn outbound_buffered_amount(&mut self) -> usize {
        self.peer.outbound_buffered_amount()
    }

    /// Sends a ping.
    pub fn ping(&mut self, payload: &[u8]) -> Result {
        let result = self.peer.ping(payload);
        self.wake_for_work();
        self.record_error(result)
    }
}

impl CollectsOutput for Client {
    fn set_flush_requests(&mut self, requests: FlushRequests) {
        self.peer.set_flush_requests(requests.clone());
        self.flush_requests = requests;
    }

    fn flush_in_background(&mut self) -> FlushProgress {
        self.peer.flush_in_background()
    }
}
