//! Writes this side's HTTP head to a transport and reads the remote peer's, as far as the network allows.

use std::io::ErrorKind;

use crate::limits::MAX_EARLY_BYTES;
use crate::net::{FailureStage, NetError, Transport, receive_buffers};

/// A transport, and the handshake bytes to write to it.
pub(in crate::peer) struct HandshakeStream {
    pub transport: Box<dyn Transport>,
    bytes: Vec<u8>,
    written: usize,
    received: u64,
}

/// The result of [`HandshakeStream::read`].
pub(in crate::peer) enum HandshakeInput<T> {
    /// There is nothing to read now.
    Nothing,
    /// What was made of the bytes.
    Bytes(T),
    /// The remote peer sends no more. It may still read.
    Ended(NetError),
}

/// What [`HandshakeStream::receive`] has come to.
pub(in crate::peer) enum Received<T, E> {
    /// Nothing more can be read now, and the HTTP head is not complete.
    Pending,
    /// The HTTP head is complete.
    Complete(T),
    /// The remote peer's bytes are invalid, or refuse the handshake.
    Rejected(E),
    /// The transport ended or failed.
    Lost(NetError),
}

impl HandshakeStream {
    /// Creates a stream that will write `bytes`.
    pub fn new(transport: Box<dyn Transport>, bytes: Vec<u8>) -> Self {
        Self { transport, bytes, written: 0, received: 0 }
    }

    /// Returns a number that grows with everything that is received.
    pub fn received(&self) -> u64 {
        self.received + self.transport.handshake_bytes()
    }

    /// Returns whether all bytes are written.
    pub fn is_flushed(&self) -> bool {
        self.written >= self.bytes.len()
    }

    /// Writes the remaining bytes; returns whether all are written.
    pub fn flush(&mut self) -> Result<bool, NetError> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.transport.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(NetError::io(FailureStage::Tcp, "writing the handshake", &error)),
            }
        }
        Ok(true)
    }

    /// Passes what can be read to `parse` until that has a result. `parse` returns `None` while it needs more bytes.
    pub fn receive<T, E>(&mut self, mut parse: impl FnMut(&[u8]) -> Result<Option<T>, E>) -> Received<T, E> {
        // A head may arrive in many pieces; the parser's limit on its length ends the loop.
        loop {
            let parsed = match self.read(&mut parse) {
                Ok(HandshakeInput::Bytes(parsed)) => parsed,
                Ok(HandshakeInput::Nothing) => return Received::Pending,
                Ok(HandshakeInput::Ended(error)) | Err(error) => return Received::Lost(error),
            };
            match parsed {
                Ok(None) => {}
                Ok(Some(complete)) => return Received::Complete(complete),
                Err(error) => return Received::Rejected(error),
            }
        }
    }

    /// Reads once and passes the bytes to `take`.
    pub fn read<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<HandshakeInput<T>, NetError> {
        if !self.transport.may_read() {
            return Ok(HandshakeInput::Nothing);
        }
        receive_buffers::with_input(|buffer| {
            // Heads are short, and an unauthenticated peer must not be able to claim much memory.
            let room = buffer.len().min(MAX_EARLY_BYTES);
            let buffer = buffer.get_mut(..room).unwrap_or_default();
            loop {
                match self.transport.read(buffer) {
                    Ok(0) => {
                        let message = "the remote peer closed the connection during the handshake";
                        return Ok(HandshakeInput::Ended(NetError::new(FailureStage::Http, message)));
                    }
                    Ok(count) => {
                        self.received += count as u64;
                        return Ok(HandshakeInput::Bytes(take(buffer.get(..count).unwrap_or_default())));
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(HandshakeInput::Nothing),
                    Err(error) => {
                        let failure = NetError::io(FailureStage::Tcp, "reading the handshake", &error);
                        // A TLS stream that ends without close_notify.
                        let is_end = error.kind() == ErrorKind::UnexpectedEof;
                        return if is_end { Ok(HandshakeInput::Ended(failure)) } else { Err(failure) };
                    }
                }
            }
        })
    }

    /// Returns the transport and all bytes that were to be written.
    pub fn into_parts(self) -> (Box<dyn Transport>, Vec<u8>) {
        (self.transport, self.bytes)
    }

    /// Closes the connection after `last_bytes`.
    pub fn close(mut self, last_bytes: Vec<u8>) {
        self.transport.close(last_bytes);
    }

    /// Closes the connection without further bytes.
    pub fn abandon(self) {
        self.close(Vec::new());
    }
}
