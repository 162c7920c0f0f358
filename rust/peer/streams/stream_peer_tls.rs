//! Decides how a TLS session over a stream begins, reads, writes and ends, as Godot's `StreamPeerTLS` describes it.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::ReentrantMutex;

use crate::error::{Error, ErrorCode, Result};
use crate::net::{ClientTls, FailureStage, NetError, RawDescriptor, ServerTls, TlsInfo, TlsStream, Transport};

/// State of a session, with the numbers of Godot's `StreamPeerTLS.Status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum TlsStatus {
    /// There is no session.
    Disconnected = 0,
    /// The handshake is under way.
    Handshaking = 1,
    /// Data can be sent and received.
    Connected = 2,
    /// The handshake failed or the session broke.
    Error = 3,
    /// The certificate of the remote peer is for another host name.
    ErrorHostnameMismatch = 4,
}

/// A TLS session, or the place for one. All work is done inside its calls.
#[derive(Debug, Default)]
pub struct StreamPeerTls {
    session: Session,
    failure: Option<NetError>,
}

#[derive(Default)]
enum Session {
    #[default]
    None,
    /// The operating system's trust store is being read.
    Preparing {
        transport: Box<dyn Transport>,
        tls: ClientTls,
        host: String,
    },
    Handshaking(SharedTls),
    Connected(SharedTls),
    Failed,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Preparing { .. } => "Preparing",
            Self::Handshaking(_) => "Handshaking",
            Self::Connected(_) => "Connected",
            Self::Failed => "Failed",
        })
    }
}

impl Session {
    fn stream(&self) -> Option<&SharedTls> {
        match self {
            Self::Handshaking(stream) | Self::Connected(stream) => Some(stream),
            Self::None | Self::Preparing { .. } | Self::Failed => None,
        }
    }
}

impl StreamPeerTls {
    /// Creates a stream without a session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a session as a client, after ending an earlier one.
    ///
    /// # Errors
    /// `InvalidParameter` for an invalid host name; nothing changes then. `Failed` if the handshake fails in this call.
    pub fn connect(&mut self, transport: Box<dyn Transport>, host: &str, tls: ClientTls) -> Result {
        tls.check_name(host)?;
        self.disconnect();
        tls.prepare();
        self.session = Session::Preparing { transport, tls, host: host.to_owned() };
        self.advance();
        self.check_begun()
    }

    /// Begins a session as a server, after ending an earlier one.
    ///
    /// # Errors
    /// Those of [`TlsStream::server`]; nothing changes then. `Failed` if the handshake fails in this call, because of
    /// data that has arrived already.
    pub fn accept(&mut self, transport: Box<dyn Transport>, tls: &ServerTls) -> Result {
        let stream = TlsStream::server(transport, tls)?;
        self.disconnect();
        self.session = Session::Handshaking(SharedTls::new(stream));
        self.advance();
        self.check_begun()
    }

    fn check_begun(&self) -> Result {
        match (&self.session, &self.failure) {
            (Session::Failed, Some(failure)) => Err(Error::new(ErrorCode::Failed, failure.message.clone())),
            _ => Ok(()),
        }
    }

    /// Continues the handshake, reads what has arrived, and detects the end of the session.
    pub fn poll(&mut self) {
        self.advance();
        if let Session::Connected(stream) = &self.session {
            let available = stream.with(Ok(Some(0)), TlsStream::available);
            match available {
                Ok(Some(_)) => {}
                Ok(None) => self.disconnect(),
                Err(error) => {
                    self.break_session(&error);
                }
            }
        }
    }

    fn advance(&mut self) {
        if let Session::Preparing { tls, .. } = &self.session
            && tls.is_prepared()
            && let Session::Preparing { transport, tls, host } = std::mem::take(&mut self.session)
        {
            match TlsStream::client(transport, &tls, &host) {
                Ok(stream) => {
                    self.session = Session::Handshaking(SharedTls::new(stream));
                }
                Err(error) => {
                    self.fail(NetError::new(FailureStage::Tls, error.message().to_owned()));
                }
            }
        }
        if let Session::Handshaking(stream) = &self.session {
            match stream.with(Ok(false), TlsStream::handshake) {
                Ok(true) => self.session = Session::Connected(stream.clone()),
                Ok(false) => {}
                Err(error) => {
                    self.fail(error);
                }
            }
        }
    }

    fn fail(&mut self, error: NetError) -> Error {
        let refused = Error::new(ErrorCode::ConnectionError, error.message.clone());
        self.failure = Some(error);
        self.session = Session::Failed;
        refused
    }

    fn break_session(&mut self, error: &io::Error) -> Error {
        self.fail(NetError::io(FailureStage::Tcp, "the encrypted connection", error))
    }

    /// Returns the state of the session, as of the last call.
    pub fn status(&self) -> TlsStatus {
        match &self.session {
            Session::None => TlsStatus::Disconnected,
            Session::Preparing { .. } | Session::Handshaking(_) => TlsStatus::Handshaking,
            Session::Connected(_) => TlsStatus::Connected,
            Session::Failed => {
                let tls = self.failure.as_ref().and_then(|failure| failure.tls.as_ref());
                if tls.is_some_and(|tls| tls.is_name_mismatch) {
                    TlsStatus::ErrorHostnameMismatch
                } else {
                    TlsStatus::Error
                }
            }
        }
    }

    /// Returns why the session failed; `None` if it did not.
    pub fn failure(&self) -> Option<&NetError> {
        self.failure.as_ref()
    }

    /// Returns what the handshake has negotiated; `None` before its end.
    pub fn tls_info(&self) -> Option<TlsInfo> {
        self.session.stream().and_then(|stream| stream.with(None, |stream| stream.info()))
    }

    /// Sends close_notify and forgets the session. The stream below stays open.
    pub fn disconnect(&mut self) {
        self.failure = None;
        if let Session::Handshaking(stream) | Session::Connected(stream) = std::mem::take(&mut self.session) {
            stream.with((), TlsStream::send_close_notify);
        }
    }

    /// Returns the session, for a peer that will use it; `None` without one. The handshake may still be under way.
    pub fn transport(&self) -> Option<Box<dyn Transport>> {
        self.session.stream().map(|stream| Box::new(stream.clone()) as Box<dyn Transport>)
    }

    /// Reads what is available, up to the buffer's length; 0 if nothing is.
    ///
    /// # Errors
    /// `Unconfigured` without a session, `FileEof` at its end, `ConnectionError` if it broke.
    pub fn read_partial(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let stream = self.connected()?;
        if buffer.is_empty() {
            return Ok(0);
        }
        let result = stream.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.read(buffer));
        match result {
            Ok(0) => {
                self.disconnect();
                Err(Error::new(ErrorCode::FileEof, "the remote peer has ended the TLS session"))
            }
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.break_session(&error)),
        }
    }

    /// Reads until the buffer is full and blocks for data; returns how much was read, also before an error.
    pub fn read_all(&mut self, buffer: &mut [u8]) -> (usize, Result) {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.read_partial(rest) {
                Ok(0) => self.wait(false),
                Ok(count) => read += count,
                Err(error) => return (read, Err(error)),
            }
        }
        (read, Ok(()))
    }

    /// Writes what the network accepts now; returns how much. The caller must offer the remaining bytes again.
    ///
    /// # Errors
    /// `Unconfigured` without a session, `ConnectionError` if it broke.
    pub fn write_partial(&mut self, data: &[u8]) -> Result<usize> {
        let stream = self.connected()?;
        if data.is_empty() {
            return Ok(0);
        }
        let result = stream.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write(data));
        match result {
            Ok(count) => Ok(count),
            Err(error) if is_temporary(&error) => Ok(0),
            Err(error) => Err(self.break_session(&error)),
        }
    }

    /// Writes everything and blocks for the network.
    ///
    /// # Errors
    /// As for [`Self::write_partial`].
    pub fn write_all(&mut self, data: &[u8]) -> Result {
        let mut written = self.write_partial(data)?;
        while let Some(rest) = data.get(written..).filter(|rest| !rest.is_empty()) {
            self.wait(true);
            written += self.write_partial(rest)?;
        }
        Ok(())
    }

    /// Returns the bytes that can be read at once; `None` without a session.
    pub fn available_bytes(&self) -> Option<usize> {
        let stream = self.connected().ok()?;
        // The next call that can report an end or an error does so.
        let available = stream.with(Ok(Some(0)), TlsStream::available);
        available.ok().flatten().or(Some(0))
    }

    fn connected(&self) -> Result<SharedTls> {
        match &self.session {
            Session::Connected(stream) => Ok(stream.clone()),
            _ => Err(Error::new(ErrorCode::Unconfigured, "there is no TLS session")),
        }
    }

    fn wait(&self, for_write: bool) {
        if let Some(stream) = self.session.stream() {
            stream.with((), |stream| stream.wait(for_write));
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A session that a peer uses and a stream object still refers to.
#[derive(Clone)]
struct SharedTls(Arc<ReentrantMutex<RefCell<TlsStream>>>);

impl SharedTls {
    fn new(stream: TlsStream) -> Self {
        Self(Arc::new(ReentrantMutex::new(RefCell::new(stream))))
    }

    /// Runs a call. Returns `busy` if it is made from inside another one, which only a stream written in a script can
    /// cause.
    fn with<R>(&self, busy: R, call: impl FnOnce(&mut TlsStream) -> R) -> R {
        let guard = self.0.lock();
        match guard.try_borrow_mut() {
            Ok(mut stream) => call(&mut stream),
            Err(_) => busy,
        }
    }
}

impl Transport for SharedTls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.read(buffer))
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write(data))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(Err(ErrorKind::WouldBlock.into()), |stream| stream.write_vectored(pieces))
    }

    fn may_read(&mut self) -> bool {
        self.with(true, TlsStream::may_read)
    }

    fn may_write(&mut self) -> bool {
        self.with(true, TlsStream::may_write)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        self.with((), |stream| stream.close(unsent));
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.with(None, |stream| stream.remote_address())
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        self.with(Ok(()), |stream| stream.set_no_delay(enabled))
    }

    fn is_secure(&self) -> bool {
        true
    }

    fn tls_info(&self) -> Option<TlsInfo> {
        self.with(None, |stream| stream.tls_info())
    }

    fn wait(&self, for_write: bool) {
        self.with((), |stream| stream.wait(for_write));
    }

    fn poll_directly(&self) {
        self.with((), |stream| stream.poll_directly());
    }

    fn raw_fd(&self) -> Option<RawDescriptor> {
        self.with(None, |stream| stream.raw_fd())
    }
}
