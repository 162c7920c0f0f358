//! The one seam between the protocol and whatever carries its bytes.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use super::poller::Readiness;
use super::tls::TlsInfo;
use crate::limits::WAIT_STEP;

/// A non-blocking stream of bytes.
pub trait Transport: Send {
    /// Reads what is there. `Ok(0)` is the end of the stream, `WouldBlock` means nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what the stream takes now; `WouldBlock` where it takes nothing. After `WouldBlock` the next write, or
    /// [`Self::close`], offers the same bytes again.
    fn write(&mut self, data: &[u8]) -> io::Result<usize>;

    /// Writes pieces one behind the other, by one system call where the stream can.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = pieces.iter().find(|piece| !piece.is_empty());
        first.map_or(Ok(0), |piece| self.write(piece))
    }

    /// Whether reading may find something. `false` only where it certainly would not; costs no system call of its own.
    fn may_read(&mut self) -> bool {
        true
    }

    /// Whether writing may succeed, in the same sense.
    fn may_write(&mut self) -> bool {
        true
    }

    /// Whether a read, and a write, may succeed as far as is known without asking the system. Who polls only streams that have
    /// news goes by this.
    fn known_readiness(&self) -> (bool, bool) {
        (true, true)
    }

    /// What the poller of this process knows of the stream, where it is a socket that the poller watches.
    fn readiness(&self) -> Option<Arc<Readiness>> {
        None
    }

    /// Ends the stream. Bytes in `unsent` and bytes already written are still delivered where the stream can do that
    /// without the caller's help.
    fn close(&mut self, unsent: Vec<u8>);

    /// Address of the remote end.
    fn remote_address(&self) -> Option<SocketAddr>;

    /// Switches Nagle's algorithm off (`true`) or on.
    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()>;

    /// Whether the stream is encrypted.
    fn is_secure(&self) -> bool {
        false
    }

    /// What was agreed on in the TLS handshake, where this library did it.
    fn tls_info(&self) -> Option<TlsInfo> {
        None
    }

    /// Blocks until reading (or writing) may get on, or for a moment where the stream cannot tell.
    fn wait(&self, for_write: bool) {
        let _ = for_write;
        std::thread::sleep(WAIT_STEP);
    }

    /// From now on every poll asks the system itself: the program waits on the descriptor and polls when it is ready, which
    /// an older snapshot of this process's own poller would not know.
    fn poll_directly(&self) {}

    /// Descriptor for foreign event loops.
    fn raw_fd(&self) -> Option<i64> {
        None
    }
}

/// The transport of a stream that has no connection: at its end from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Disconnected;

impl Transport for Disconnected {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn write(&mut self, _data: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::NotConnected.into())
    }

    fn close(&mut self, _unsent: Vec<u8>) {}

    fn remote_address(&self) -> Option<SocketAddr> {
        None
    }

    fn set_no_delay(&mut self, _enabled: bool) -> io::Result<()> {
        Err(io::ErrorKind::NotConnected.into())
    }
}
