//! A TCP stream that several objects share, and whose readiness another poller can be made to report.

use std::io;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
#[cfg(windows)]
use parking_lot::RwLock;

use super::poller::Readiness;

/// The stream. On Unix a registration belongs to the descriptor. On Windows it is a part of mio's stream, which must
/// see each call that would block to report the next event, so a lock guards it.
#[derive(Debug)]
pub(super) struct MovableStream {
    #[cfg(unix)]
    stream: TcpStream,
    #[cfg(windows)]
    stream: RwLock<TcpStream>,
}

impl MovableStream {
    pub fn new(stream: TcpStream) -> Self {
        #[cfg(windows)]
        let stream = RwLock::new(stream);
        Self { stream }
    }

    /// Runs a call on the stream.
    pub fn with<R>(&self, call: impl FnOnce(&TcpStream) -> R) -> R {
        #[cfg(unix)]
        return call(&self.stream);
        #[cfg(windows)]
        return call(&self.stream.read());
    }

    /// Returns the stream, to register it.
    pub fn source(&mut self) -> &mut TcpStream {
        #[cfg(unix)]
        return &mut self.stream;
        #[cfg(windows)]
        return self.stream.get_mut();
    }

    /// Takes the stream out of the poller of `readiness`, and lets `set` report it as `token`. On Windows this fails
    /// while another thread is inside a call on the stream.
    pub fn move_to(&self, readiness: &Readiness, set: &Registry, token: Token) -> io::Result<()> {
        #[cfg(unix)]
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&self.stream);
        #[cfg(unix)]
        let source = &mut mio::unix::SourceFd(&descriptor);
        #[cfg(windows)]
        let source = &mut *self.stream.try_write().ok_or(io::ErrorKind::WouldBlock)?;
        readiness.deregister(source);
        set.register(source, token, Interest::READABLE | Interest::WRITABLE)
    }
}
