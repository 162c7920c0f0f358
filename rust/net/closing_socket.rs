//! A connection that its owner has closed: writes what is unsent, ends the stream, and discards input until the remote
//! peer closes too or a deadline is over.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Token};

use super::tcp::TcpSocket;
use crate::limits::{LINGER_DISCARD_BYTES, LINGER_TICK, LINGER_TIME};

/// A connection that is being closed.
#[derive(Debug)]
pub(super) struct ClosingSocket {
    socket: Arc<TcpSocket>,
    unsent: Vec<u8>,
    written: usize,
    is_shut_down: bool,
    /// Whether the system reports when the socket is ready.
    is_watched: bool,
    /// Whether there was more input than is discarded at a time.
    has_input: bool,
    deadline: Instant,
}

/// The result of [`ClosingSocket::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClosingProgress {
    /// The connection goes on until [`ClosingSocket::next_look`].
    Unfinished,
    /// The connection has ended, or its deadline is over.
    Finished,
}

impl ClosingSocket {
    pub fn new(socket: Arc<TcpSocket>, unsent: Vec<u8>, now: Instant) -> Self {
        let deadline = now + LINGER_TIME;
        Self { socket, unsent, written: 0, is_shut_down: false, is_watched: false, has_input: false, deadline }
    }

    /// Returns the number of bytes that are not written yet.
    pub fn unsent_len(&self) -> usize {
        self.unsent.len().saturating_sub(self.written)
    }

    /// Takes the socket out of its owner's poller and lets `registry` report when it is ready.
    pub fn watch(&mut self, registry: &Registry, token: Token) {
        self.is_watched = self.socket.move_to(registry, token).is_ok();
    }

    /// Writes and discards as much as is possible now.
    pub fn advance(&mut self, now: Instant) -> ClosingProgress {
        self.has_input = false;
        while let Some(rest) = self.unsent.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(count) if count > 0 => {
                    self.written += count;
                    // The deadline counts from the last progress, so that a large response can be delivered to a slow
                    // peer.
                    self.deadline = now + LINGER_TIME;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.at_deadline(now),
                _ => return ClosingProgress::Finished,
            }
        }
        if !self.is_shut_down {
            self.unsent = Vec::new();
            self.written = 0;
            self.socket.shutdown(Shutdown::Write);
            self.is_shut_down = true;
        }
        let mut discarded = [0; 16 * 1024];
        for _ in 0..LINGER_DISCARD_BYTES / discarded.len() {
            match self.socket.read(&mut discarded) {
                Ok(0) => return ClosingProgress::Finished,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.at_deadline(now),
                Err(_) => return ClosingProgress::Finished,
            }
        }
        self.has_input = true;
        self.at_deadline(now)
    }

    fn at_deadline(&self, now: Instant) -> ClosingProgress {
        if now >= self.deadline { ClosingProgress::Finished } else { ClosingProgress::Unfinished }
    }

    /// Returns when the socket has to be looked at even if the system reports nothing.
    pub fn next_look(&self, now: Instant) -> Instant {
        if self.has_input || !self.is_watched { self.deadline.min(now + LINGER_TICK) } else { self.deadline }
    }
}
