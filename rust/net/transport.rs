//! The interface between the protocol and the streams that carry its bytes: TCP, TLS, and the engine's own streams.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use super::poller::{Poller, Readiness};
use super::tcp::RawDescriptor;
use super::tls::TlsInfo;
use crate::limits::WAIT_STEP;

/// A non-blocking stream of bytes.
pub trait Transport: Send {
    /// Reads available bytes. `Ok(0)` is the end of the stream; `WouldBlock` means that no bytes are available.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as many bytes as the stream accepts now; `WouldBlock` if it accepts none. After `WouldBlock` the next
    /// write, or [`Self::close`], must pass the same bytes again.
    fn write(&mut self, data: &[u8]) -> io::Result<usize>;

    /// Writes several pieces in order, by one system call if the stream supports it.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = pieces.iter().find(|piece| !piece.is_empty());
        first.map_or(Ok(0), |piece| self.write(piece))
    }

    /// Returns whether a read may succeed: `false` only if it would certainly block. Costs no system call of its own.
    fn may_read(&mut self) -> bool {
        true
    }

    /// Returns whether a thread of the library may write, which the program does not know of. `false` for streams that
    /// are the program's own.
    fn may_flush_in_background(&self) -> bool {
        true
    }

    /// Returns whether a write may succeed, in the same sense as [`Self::may_read`].
    fn may_write(&mut self) -> bool {
        true
    }

    /// Returns whether a read, and a write, may succeed as of the last snapshot, without a system call. Objects that
    /// poll only their ready streams use this.
    fn known_readiness(&self) -> (bool, bool) {
        (true, true)
    }

    /// Returns the readiness of the stream if it is a socket that is registered with a poller.
    fn readiness(&self) -> Option<Arc<Readiness>> {
        None
    }

    /// Returns whether a poller reports when the stream is ready. Otherwise [`Self::known_readiness`] never changes.
    fn is_watched(&self) -> bool {
        false
    }

    /// Makes this poller report when the stream is ready. Returns whether it does.
    fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        let _ = poller;
        false
    }

    /// Closes the stream. Bytes in `unsent` and bytes already written are still delivered if the stream can do that in
    /// the background.
    fn close(&mut self, unsent: Vec<u8>);

    /// Returns the address of the remote peer.
    fn remote_address(&self) -> Option<SocketAddr>;

    /// Switches Nagle's algorithm off (`true`) or on.
    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()>;

    /// Returns the number of bytes that were received in handshakes of the stream itself, which no read has returned.
    fn handshake_bytes(&self) -> u64 {
        0
    }

    /// Returns whether the stream is encrypted.
    fn is_secure(&self) -> bool {
        false
    }

    /// Returns what the TLS handshake negotiated, if this library performed it.
    fn tls_info(&self) -> Option<TlsInfo> {
        None
    }

    /// Blocks until a read (or write) may succeed, or for [`WAIT_STEP`] if the stream does not know.
    fn wait(&self, for_write: bool) {
        let _ = for_write;
        std::thread::sleep(WAIT_STEP);
    }

    /// Makes every further poll ask the system instead of the last snapshot. Needed by programs that wait on the
    /// descriptor themselves, because a snapshot may be older than the event they waited for.
    fn poll_directly(&self) {}

    /// Returns the descriptor for foreign event loops.
    fn raw_fd(&self) -> Option<RawDescriptor> {
        None
    }
}

/// The transport of a stream without connection: its end is reached from the beginning.
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
