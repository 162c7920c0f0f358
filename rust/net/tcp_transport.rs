//! A TCP socket as a [`Transport`]: closing it flushes unsent data in the background.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use super::linger;
use super::poller::{Poller, Readiness};
use super::tcp::{RawDescriptor, TcpSocket};
use super::transport::Transport;

impl Transport for Arc<TcpSocket> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpSocket::read(self, buffer)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        TcpSocket::write(self, data)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        TcpSocket::write_vectored(self, pieces)
    }

    fn may_read(&mut self) -> bool {
        TcpSocket::may_read(self)
    }

    fn may_write(&mut self) -> bool {
        TcpSocket::may_write(self)
    }

    fn known_readiness(&self) -> (bool, bool) {
        TcpSocket::known_readiness(self)
    }

    fn readiness(&self) -> Option<Arc<Readiness>> {
        Some(Arc::clone(TcpSocket::readiness(self)))
    }

    fn is_watched(&self) -> bool {
        TcpSocket::readiness(self).is_watched()
    }

    fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        // Connections of objects with a poller of their own are not shared with a stream object.
        Arc::get_mut(self).is_some_and(|socket| socket.watch(poller))
    }

    fn close(&mut self, unsent: Vec<u8>) {
        linger::close(Arc::clone(self), unsent);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        Some(TcpSocket::remote_address(self))
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        TcpSocket::set_no_delay(self, enabled)
    }

    fn wait(&self, for_write: bool) {
        // An error here occurs again in the read or write that follows.
        let _repeated = TcpSocket::wait(self, for_write);
    }

    fn poll_directly(&self) {
        TcpSocket::readiness(self).always_try();
    }

    fn raw_fd(&self) -> Option<RawDescriptor> {
        Some(TcpSocket::raw_fd(self))
    }
}
