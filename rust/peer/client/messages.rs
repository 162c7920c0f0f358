//! What a program does with the server's end of a client.

use std::net::SocketAddr;

use super::{Client, ClientPhase, ClientStatus};
use crate::error::{Error, ErrorCode, Result};
use crate::peer::connection::websocket_peer::WebSocketPeer;
use crate::proto::frame::MessageKind;

impl Client {
    /// Runs a query on the connection.
    pub fn ask<R>(&self, call: impl FnOnce(&WebSocketPeer) -> R) -> R {
        call(&self.peer)
    }

    /// Connections that the program has begun with this object so far.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the connection is open, or its end was not told yet.
    pub fn is_connected_to_host(&self) -> bool {
        self.status == ClientStatus::Connected || (self.is_multiplayer && self.stage == ClientPhase::Open)
    }

    /// Sends a message.
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result {
        let result = match self.stage {
            ClientPhase::Open => self.peer.send(kind, payload),
            _ => Err(Error::new(ErrorCode::Failed, "the connection is not open")),
        };
        self.record_error(result)
    }

    /// Takes the oldest message that an event has told of, lent until the next call. Works after the end too, until the next
    /// connection.
    pub fn take_message(&mut self) -> Result<&[u8]> {
        self.use_up_message()?;
        self.peer.take_packet()
    }

    /// [`Self::take_message`], to a buffer of the caller's, which a large message replaces by its own.
    pub fn take_message_into(&mut self, buffer: &mut Vec<u8>) -> Result {
        self.use_up_message()?;
        self.peer.take_packet_into(buffer)
    }

    fn use_up_message(&mut self) -> Result {
        if self.visible == 0 {
            return Err(match self.is_connected_to_host() {
                true => Error::new(ErrorCode::Unavailable, "no packet is waiting"),
                false => Error::new(ErrorCode::Failed, "there is no connection"),
            });
        }
        self.visible -= 1;
        self.announced -= 1;
        Ok(())
    }

    /// Number of messages that can be read.
    pub fn packet_count(&self) -> usize {
        self.visible
    }

    /// Whether the message that was read last was text.
    pub fn was_string_packet(&self) -> bool {
        self.peer.was_string_packet()
    }

    /// Kind of the messages that a peer object of Godot 3 sends.
    pub fn write_mode(&self) -> MessageKind {
        self.write_mode
    }

    /// Sets [`Self::write_mode`]; the next connection of the program's begins with binary.
    pub fn set_write_mode(&mut self, kind: MessageKind) {
        self.write_mode = kind;
    }

    /// Writes collected messages now.
    pub fn flush(&mut self) {
        self.peer.flush();
    }

    /// Whether a flush has something to do.
    pub fn has_unflushed(&self) -> bool {
        self.peer.has_unflushed()
    }

    /// Payload bytes that the network has not taken yet.
    pub fn outbound_buffered_amount(&mut self) -> usize {
        self.peer.outbound_buffered_amount()
    }

    /// Sends a ping.
    pub fn ping(&mut self, payload: &[u8]) -> Result {
        let result = self.peer.ping(payload);
        self.record_error(result)
    }

    /// Address of the server while connected.
    pub fn server_address(&self) -> Option<SocketAddr> {
        if self.is_connected_to_host() { self.peer.remote_address() } else { None }
    }

    /// Switches Nagle's algorithm off (`true`, the default) or on.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let result = self.peer.set_no_delay(enabled);
        self.record_error(result)
    }

    /// Why the last call was refused, or the last connection lost or not made.
    pub fn error_message(&self) -> &str {
        if self.message.is_empty() { self.peer.error_message() } else { &self.message }
    }

    /// Remembers why a call was refused, for [`Self::error_message`].
    pub fn record_error<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            error.message().clone_into(&mut self.message);
        }
        result
    }
}
