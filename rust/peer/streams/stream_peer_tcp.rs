//! A TCP connection as Godot's `StreamPeerTCP` describes it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::limits::CONNECT_TIMEOUT;
use crate::net::listener::BindAddress;
use crate::net::tcp::BoundSocket;
use crate::net::{TcpSocket, clock, dns, linger};

/// States of a stream, with the numbers of Godot's `StreamPeerTCP.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum StreamStatus {
    /// Not connected.
    None = 0,
    /// Connecting.
    Connecting = 1,
    /// Connected.
    Connected = 2,
    /// Connecting failed or the connection broke.
    Error = 3,
}

/// A TCP connection, or the place for one.
#[derive(Debug, Default)]
pub struct StreamPeerTcp {
    link: OpenConnection,
    bound: Option<BoundSocket>,
    connect_timeout: Option<Duration>,
}

#[derive(Debug, Default)]
enum OpenConnection {
    #[default]
    None,
    Connecting {
        socket: Arc<TcpSocket>,
        deadline: Instant,
    },
    Connected(Arc<TcpSocket>),
    Broken,
}

impl StreamPeerTcp {
    /// A stream without a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stream on an accepted connection.
    pub(in crate::peer) fn from_socket(socket: Arc<TcpSocket>) -> Self {
        Self { link: OpenConnection::Connected(socket), ..Self::default() }
    }

    /// The socket, for a peer that is to run on it; `None` where there is none.
    pub fn socket(&self) -> Option<Arc<TcpSocket>> {
        match &self.link {
            OpenConnection::Connecting { socket, .. } | OpenConnection::Connected(socket) => Some(Arc::clone(socket)),
            OpenConnection::None | OpenConnection::Broken => None,
        }
    }

    /// Time that connecting may take.
    pub fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = Some(timeout);
    }

    /// Chooses the local address of the next connection; once.
    pub fn bind(&mut self, port: i64, host: &str) -> Result {
        if self.bound.is_some() || !matches!(self.link, OpenConnection::None) {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the stream is bound already"));
        }
        let invalid = |message: String| Error::new(ErrorCode::InvalidParameter, message);
        let port = u16::try_from(port).map_err(|_| invalid(format!("port {port} is not between 0 and 65535")))?;
        let address =
            BindAddress::parse(host).ok_or_else(|| invalid(format!("'{host}' is neither an IP address nor '*'")))?;
        let ip = match address {
            BindAddress::Any => None,
            BindAddress::Ip(ip) => Some(ip),
        };
        let bound = BoundSocket::bind(ip, port).map_err(|error| {
            Error::new(ErrorCode::AlreadyInUse, format!("binding to {host} port {port} failed: {error}"))
        })?;
        self.bound = Some(bound);
        Ok(())
    }

    /// Starts to connect. Names are resolved before the call returns, as in the engine.
    pub fn connect_to_host(&mut self, host: &str, port: i64) -> Result {
        if !matches!(self.link, OpenConnection::None) {
            return Err(Error::new(ErrorCode::AlreadyInUse, "the stream is in use; call disconnect_from_host() first"));
        }
        let port = u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, format!("port {port} is not between 1 and 65535"))
        })?;
        let cannot_resolve =
            |why: &str| Error::new(ErrorCode::CantResolve, format!("looking up '{host}' failed: {why}"));
        if host.is_empty() {
            return Err(cannot_resolve("the name is empty"));
        }
        let addresses = dns::resolve_now(host).map_err(|error| cannot_resolve(&error.to_string()))?;
        // A blocking lookup leaves no place for trying addresses in turn; IPv4 first is what the engine's users know.
        let ip = addresses.iter().find(|ip| ip.is_ipv4()).or(addresses.first()).copied();
        let remote = SocketAddr::new(ip.ok_or_else(|| cannot_resolve("the name has no address"))?, port);
        let socket = match self.bound.take() {
            Some(bound) => bound.connect(remote),
            None => TcpSocket::connect(remote),
        };
        let socket =
            socket.map_err(|error| Error::new(ErrorCode::Failed, format!("connecting to {remote} failed: {error}")))?;
        let deadline = clock::now() + self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        self.link = OpenConnection::Connecting { socket: Arc::new(socket), deadline };
        Ok(())
    }

    /// Updates the status: notices that the connection was made, refused, or ended by the remote end.
    pub fn poll(&mut self) -> Result {
        let now = clock::now();
        linger::tick(now);
        match &self.link {
            OpenConnection::Connecting { socket, deadline } => match socket.connect_result() {
                Some(Ok(())) => self.link = OpenConnection::Connected(Arc::clone(socket)),
                Some(Err(error)) => return Err(self.broken(&format!("connecting failed: {error}"))),
                None if now >= *deadline => return Err(self.broken("connecting took too long")),
                None => {}
            },
            OpenConnection::Connected(socket) if socket.may_read() => match socket.peek(&mut [0]) {
                Ok(0) => self.link = OpenConnection::None,
                Ok(_) => {}
                Err(error) if is_temporary(&error) => {}
                Err(error) => return Err(self.broken(&format!("the connection broke: {error}"))),
            },
            OpenConnection::Connected(_) | OpenConnection::None | OpenConnection::Broken => {}
        }
        Ok(())
    }

    /// State of the stream, as of the last call.
    pub fn status(&self) -> StreamStatus {
        match self.link {
            OpenConnection::None => StreamStatus::None,
            OpenConnection::Connecting { .. } => StreamStatus::Connecting,
            OpenConnection::Connected(_) => StreamStatus::Connected,
            OpenConnection::Broken => StreamStatus::Error,
        }
    }

    /// Ends the connection; what was written is still delivered.
    pub fn disconnect_from_host(&mut self) {
        if let OpenConnection::Connected(socket) = std::mem::take(&mut self.link) {
            linger::close(socket, Vec::new());
        }
        self.bound = None;
    }

    /// Reads what is there, up to the buffer's length; 0 where nothing is.
    pub fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let socket = self.connected()?;
        if buffer.is_empty() {
            return Ok(0);
        }
        match socket.read(buffer) {
            Ok(0) => {
                self.link = OpenConnection::None;
                Err(Error::new(ErrorCode::FileEof, "the remote end has closed the connection"))
            }
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.broken(&format!("the connection broke: {error}"))),
        }
    }

    /// Reads until the buffer is full, waiting for data; returns how much was read before an error too.
    pub fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_partial(rest) {
                Ok(0) => {
                    if let Err(error) = self.wait(false) {
                        return (read, Err(error));
                    }
                }
                Ok(count) => read += count,
                Err(error) => return (read, Err(error)),
            }
        }
        (read, Ok(()))
    }

    /// Writes what the network takes now.
    pub fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        let socket = self.connected()?;
        let mut written = 0;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            match socket.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(self.broken(&format!("the connection broke: {error}"))),
            }
        }
        Ok(written)
    }

    /// Writes everything, waiting for the network.
    pub fn write_all(&mut self, data: &[u8]) -> Result {
        let mut written = self.write_partial(data)?;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            self.wait(true)?;
            written += self.write_partial(rest)?;
        }
        Ok(())
    }

    /// Bytes that can be read at once; `None` where there is no connection.
    pub fn available_bytes(&self) -> Option<usize> {
        match &self.link {
            OpenConnection::Connected(socket) => Some(socket.available().unwrap_or(0)),
            _ => None,
        }
    }

    /// Address of the remote end, while connecting too.
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.socket().map(|socket| socket.remote_address())
    }

    /// Port of this end, 0 where there is none.
    pub fn local_port(&self) -> u16 {
        let bound = || self.bound.as_ref().map(|bound| bound.local_address().port());
        self.socket()
            .and_then(|socket| socket.local_address())
            .map(|address| address.port())
            .or_else(bound)
            .unwrap_or(0)
    }

    /// Switches Nagle's algorithm off (`true`) or on.
    pub fn set_no_delay(&mut self, enabled: bool) -> Result {
        let socket = self.socket().ok_or_else(|| Error::new(ErrorCode::Unconfigured, "there is no connection"))?;
        socket.set_no_delay(enabled).map_err(|error| Error::new(ErrorCode::Failed, error.to_string()))
    }

    fn connected(&self) -> Result<Arc<TcpSocket>> {
        match &self.link {
            OpenConnection::Connected(socket) => Ok(Arc::clone(socket)),
            _ => Err(Error::new(ErrorCode::Failed, "the stream is not connected")),
        }
    }

    fn wait(&self, for_write: bool) -> Result {
        let socket = self.connected()?;
        match socket.wait(for_write) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(Error::new(ErrorCode::Failed, error.to_string())),
        }
    }

    fn broken(&mut self, message: &str) -> Error {
        self.link = OpenConnection::Broken;
        Error::new(ErrorCode::ConnectionError, message.to_owned())
    }
}

fn is_temporary(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
