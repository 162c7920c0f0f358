//! The messages that a peer has received, for the program that reads them.

use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::peer::state::State;
use crate::proto::frame::MessageKind;

impl WebSocketPeer {
    /// Takes the oldest received message, lent until the next call that takes one, polls or connects. Works in every state: what
    /// arrived before the connection closed stays readable until the next connection. A program that finds none has answered all
    /// of them, so answers that were collected leave then.
    pub fn take_packet(&mut self) -> Result<&[u8]> {
        self.check_packet()?;
        self.queue.pop().ok_or_else(no_packet)
    }

    /// [`Self::take_packet`], to a buffer of the caller's, which a large message replaces by its own.
    pub fn take_packet_into(&mut self, buffer: &mut Vec<u8>) -> Result {
        self.check_packet()?;
        if self.queue.pop_to(buffer) { Ok(()) } else { Err(no_packet()) }
    }

    fn check_packet(&mut self) -> Result {
        if !self.queue.is_empty() {
            return Ok(());
        }
        self.flush();
        match self.state() {
            State::Open => Err(no_packet()),
            _ => Err(Error::new(ErrorCode::Failed, "no packet is waiting and the connection is not open")),
        }
    }

    /// Number of received messages that wait.
    pub fn packet_count(&self) -> usize {
        self.queue.len()
    }

    /// Payload bytes of those messages.
    pub fn unread_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Bytes of memory that the receive queue owns; 0 for an idle peer.
    pub fn queue_capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Whether the packet read last ended its message; always, unless messages are handed out in pieces.
    pub fn was_last_piece(&self) -> bool {
        self.queue.ended_message()
    }

    /// Whether the message read last was text; `false` before the first.
    pub fn was_string_packet(&self) -> bool {
        self.queue.last_kind() == Some(MessageKind::Text)
    }
}

fn no_packet() -> Error {
    Error::new(ErrorCode::Unavailable, "no packet is waiting")
}
