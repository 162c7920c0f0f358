//! A non-blocking TCP socket.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::sync::Arc;

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::linger;
use super::poller::{Poller, Readiness};
use super::transport::Transport;

/// One end of a TCP connection. All calls take `&self`, so that a stream object and the peer that runs on it can share it.
#[derive(Debug)]
pub struct TcpSocket {
    stream: TcpStream,
    readiness: Arc<Readiness>,
    remote: SocketAddr,
    /// The remote end is on this machine, so what is written here may be readable in this process at once.
    is_local: bool,
}

impl TcpSocket {
    /// Starts to connect. The connection is there when [`Self::connect_result`] says so.
    pub fn connect(remote: SocketAddr) -> io::Result<Self> {
        Self::connect_socket(new_socket(remote)?, remote, remote)
    }

    fn connect_socket(socket: Socket, target: SocketAddr, remote: SocketAddr) -> io::Result<Self> {
        match socket.connect(&target.into()) {
            Ok(()) => {}
            Err(error) if is_in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Self::new(TcpStream::from_std(socket.into()), remote))
    }

    /// A connection that a listener accepted.
    pub fn accepted(stream: TcpStream, remote: SocketAddr) -> Self {
        Self::watched(stream, remote, Poller::global(), 0)
    }

    /// [`Self::accepted`], with the poller of an object that knows the connection by `key`.
    pub fn watched(stream: TcpStream, remote: SocketAddr, poller: Option<&Arc<Poller>>, key: u64) -> Self {
        Self::with_poller(stream, canonical(remote), poller, key)
    }

    fn new(stream: TcpStream, remote: SocketAddr) -> Self {
        Self::with_poller(stream, remote, Poller::global(), 0)
    }

    fn with_poller(mut stream: TcpStream, remote: SocketAddr, poller: Option<&Arc<Poller>>, key: u64) -> Self {
        // Refused only on a socket that is dead already, which the next call reports.
        let _ignored = stream.set_nodelay(true);
        let readiness = Readiness::register_with(poller, &mut stream, key);
        let is_local =
            remote.ip().is_loopback() || stream.local_addr().is_ok_and(|local| canonical(local).ip() == remote.ip());
        Self { stream, readiness, remote, is_local }
    }

    /// `None` while connecting.
    pub fn connect_result(&self) -> Option<io::Result<()>> {
        let Err(unconnected) = self.stream.peer_addr() else {
            self.announce();
            return Some(Ok(()));
        };
        match self.stream.take_error() {
            Ok(Some(error)) | Err(error) => Some(Err(error)),
            Ok(None) if unconnected.kind() == ErrorKind::NotConnected || is_in_progress(&unconnected) => None,
            Ok(None) => Some(Err(unconnected)),
        }
    }

    /// Address of the remote end, IPv4 also where it came through an IPv6 socket.
    pub fn remote_address(&self) -> SocketAddr {
        self.remote
    }

    /// Address of this end.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok().map(canonical)
    }

    /// See [`Transport::read`].
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readiness.read(buffer.len(), || (&self.stream).read(buffer))
    }

    /// Reads without taking.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.readiness.peek(|| self.stream.peek(buffer))
    }

    /// See [`Transport::write`].
    pub fn write(&self, data: &[u8]) -> io::Result<usize> {
        let result = self.readiness.write(|| (&self.stream).write(data));
        self.announce();
        result
    }

    /// See [`Transport::write_vectored`]. `writev` would raise SIGPIPE in programs that do not ignore it.
    pub fn write_vectored(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let result = self.readiness.write(|| {
            #[cfg(unix)]
            {
                use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
                #[cfg(any(target_os = "macos", target_os = "ios"))]
                let flags = SendFlags::empty();
                #[cfg(not(any(target_os = "macos", target_os = "ios")))]
                let flags = SendFlags::NOSIGNAL;
                Ok(sendmsg(&self.stream, pieces, &mut SendAncillaryBuffer::default(), flags)?)
            }
            #[cfg(not(unix))]
            {
                (&self.stream).write_vectored(pieces)
            }
        });
        self.announce();
        result
    }

    /// See [`Transport::may_read`].
    pub fn may_read(&self) -> bool {
        self.readiness.may_read()
    }

    /// See [`Transport::may_write`].
    pub fn may_write(&self) -> bool {
        self.readiness.may_write()
    }

    /// See [`Transport::known_readiness`].
    pub fn known_readiness(&self) -> (bool, bool) {
        self.readiness.known()
    }

    /// See [`Transport::set_no_delay`].
    pub fn set_no_delay(&self, enabled: bool) -> io::Result<()> {
        self.stream.set_nodelay(enabled)
    }

    /// Ends one or both directions.
    pub fn shutdown(&self, how: Shutdown) {
        // Fails only where the connection is gone already.
        let _gone = self.stream.shutdown(how);
        self.announce();
    }

    /// Bytes that can be read at once.
    pub fn available(&self) -> io::Result<usize> {
        #[cfg(unix)]
        {
            Ok(usize::try_from(rustix::io::ioctl_fionread(&self.stream)?).unwrap_or(usize::MAX))
        }
        #[cfg(not(unix))]
        {
            let mut buffer = [0; 64 * 1024];
            match self.stream.peek(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                result => result,
            }
        }
    }

    /// Blocks until the socket can be read (or written), or is at its end.
    pub fn wait(&self, for_write: bool) -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, poll};
            let flags = if for_write { PollFlags::OUT } else { PollFlags::IN };
            poll(&mut [PollFd::new(&self.stream, flags)], None)?;
        }
        #[cfg(not(unix))]
        {
            let _ = for_write;
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Ok(())
    }

    /// Descriptor for foreign event loops.
    pub fn raw_fd(&self) -> i64 {
        raw_fd(&self.stream)
    }

    fn announce(&self) {
        if self.is_local
            && let Some(poller) = Poller::global()
        {
            poller.invalidate();
        }
    }
}

impl Drop for TcpSocket {
    fn drop(&mut self) {
        self.readiness.deregister(&mut self.stream);
        self.announce();
    }
}

impl Transport for Arc<TcpSocket> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpSocket::read(self, buffer)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        TcpSocket::write(self, data)
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
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
        Some(Arc::clone(&self.readiness))
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
        // What fails here fails again in the read or write that follows.
        let _later = TcpSocket::wait(self, for_write);
    }

    fn poll_directly(&self) {
        self.readiness.always_try();
    }

    fn raw_fd(&self) -> Option<i64> {
        Some(TcpSocket::raw_fd(self))
    }
}

/// A socket with a local address, from which one connection can be made.
#[derive(Debug)]
pub struct BoundSocket {
    socket: Socket,
    local: SocketAddr,
}

impl BoundSocket {
    /// Binds to a port (0: the system chooses) of one address, or with `None` of every interface.
    pub fn bind(ip: Option<IpAddr>, port: u16) -> io::Result<Self> {
        let address = SocketAddr::new(ip.unwrap_or(Ipv6Addr::UNSPECIFIED.into()), port);
        let socket = match new_socket(address) {
            Ok(socket) => {
                if ip.is_none() {
                    socket.set_only_v6(false)?;
                }
                socket.bind(&address.into())?;
                socket
            }
            Err(_) if ip.is_none() => {
                let socket = new_socket((Ipv4Addr::UNSPECIFIED, port).into())?;
                socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
                socket
            }
            Err(error) => return Err(error),
        };
        let local = socket.local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
        Ok(Self { socket, local })
    }

    /// The local address.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Starts to connect; see [`TcpSocket::connect`].
    pub fn connect(self, remote: SocketAddr) -> io::Result<TcpSocket> {
        // A dual-stack socket reaches IPv4 by mapped addresses.
        let target = match (self.local, remote.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(ip)) => (ip.to_ipv6_mapped(), remote.port()).into(),
            _ => remote,
        };
        TcpSocket::connect_socket(self.socket, target, remote)
    }
}

/// A TCP socket that does not block.
pub(super) fn new_socket(address: SocketAddr) -> io::Result<Socket> {
    let (domain, protocol) = (Domain::for_address(address), Some(Protocol::TCP));
    // Where the system can, without further calls.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    return Socket::new(domain, Type::STREAM.nonblocking(), protocol);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    {
        let socket = Socket::new(domain, Type::STREAM, protocol)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

#[cfg(unix)]
pub(super) fn raw_fd(socket: &impl std::os::fd::AsRawFd) -> i64 {
    i64::from(socket.as_raw_fd())
}

#[cfg(windows)]
pub(super) fn raw_fd(socket: &impl std::os::windows::io::AsRawSocket) -> i64 {
    socket.as_raw_socket() as i64
}

/// IPv4 peers of a dual-stack socket are shown as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    let in_progress = error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error());
    #[cfg(not(unix))]
    let in_progress = false;
    in_progress || error.kind() == ErrorKind::WouldBlock
}
