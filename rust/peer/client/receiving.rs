//! Decides which of a client's messages the program can read: those whose events were delivered.

use super::client_state::Client;
use crate::error::{Error, ErrorCode, Result};

impl Client {
    /// Takes the oldest message whose event was delivered; it is lent until the next call. Works after the end of the
    /// connection too, until the next one begins.
    pub fn take_message(&mut self) -> Result<&[u8]> {
        self.count_taken()?;
        self.peer.take_packet()
    }

    /// [`Self::take_message`] into a buffer of the caller; a large message replaces the buffer by its own.
    pub fn take_message_into(&mut self, buffer: &mut Vec<u8>) -> Result {
        self.count_taken()?;
        self.peer.take_packet_into(buffer)
    }

    fn count_taken(&mut self) -> Result {
        if self.messages.take() {
            // Now there is room for more messages.
            if self.peer.needs_poll() {
                self.wake();
            }
            return Ok(());
        }
        Err(match self.is_connected_to_host() {
            true => Error::new(ErrorCode::Unavailable, "no packet is waiting"),
            false => Error::new(ErrorCode::Failed, "there is no connection"),
        })
    }

    /// Returns the number of messages that can be read.
    pub fn packet_count(&self) -> usize {
        self.messages.readable()
    }

    /// Returns whether the message read last was text.
    pub fn was_string_packet(&self) -> bool {
        self.peer.was_string_packet()
    }
}
