//! A transport during a handshake.

use std::io::ErrorKind;

use crate::limits::MAX_EARLY_BYTES;
use crate::net::{FailureStage, NetError, Transport, receive_buffers};

/// A transport and the handshake bytes it has not taken yet.
pub(in crate::peer) struct HandshakeStream {
    pub transport: Box<dyn Transport>,
    bytes: Vec<u8>,
    written: usize,
}

impl HandshakeStream {
    /// A transport that is to send `bytes`.
    pub fn new(transport: Box<dyn Transport>, bytes: Vec<u8>) -> Self {
        Self { transport, bytes, written: 0 }
    }

    /// Whether everything is written.
    pub fn is_flushed(&self) -> bool {
        self.written >= self.bytes.len()
    }

    /// Writes what is left; returns whether everything is written.
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

    /// Reads once and lets `take` look at it; `None` where nothing is there.
    pub fn read<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, NetError> {
        if !self.transport.may_read() {
            return Ok(None);
        }
        receive_buffers::with_input(|buffer| {
            // Handshakes are short, and who has not finished one has not earned much memory.
            let room = buffer.len().min(MAX_EARLY_BYTES);
            let buffer = buffer.get_mut(..room).unwrap_or_default();
            loop {
                match self.transport.read(buffer) {
                    Ok(0) => {
                        return Err(NetError::new(
                            FailureStage::Http,
                            "the remote end closed the connection during the handshake",
                        ));
                    }
                    Ok(count) => return Ok(Some(take(buffer.get(..count).unwrap_or_default()))),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                    Err(error) => return Err(NetError::io(FailureStage::Tcp, "reading the handshake", &error)),
                }
            }
        })
    }

    /// The transport, and all bytes of the handshake.
    pub fn into_parts(self) -> (Box<dyn Transport>, Vec<u8>) {
        (self.transport, self.bytes)
    }

    /// Ends the connection behind an answer.
    pub fn close(mut self, answer: Vec<u8>) {
        self.transport.close(answer);
    }

    /// Gives the connection up.
    pub fn abandon(self) {
        self.close(Vec::new());
    }
}
