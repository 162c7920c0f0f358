//! A TLS session over a transport: when it reads and writes ciphertext, and which end of the stream is orderly.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{ClientConnection, Connection, HandshakeKind, ProtocolVersion, ServerConnection};

use super::certificates;
use super::failure::{TlsFailure, Truncated};
use super::info::TlsInfo;
use super::options::{ClientTls, MadeTls, ServerTls};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::TLS_WRITE_BYTES;
use crate::net::poller::Poller;
use crate::net::receive_buffers;
use crate::net::{FailureStage, NetError, RawDescriptor, Transport};

/// A TLS connection as a transport. Every read and write advances the handshake, and [`Self::handshake`] does nothing
/// else.
pub struct TlsStream {
    inner: Box<dyn Transport>,
    session: Box<Connection>,
    /// Ciphertext that was read while the session had no room for it.
    waiting: Vec<u8>,
    /// Bytes of `waiting` that the session has taken since.
    waiting_used: usize,
    /// Bytes at the beginning of the next write that are encrypted already. A write reports bytes only after their
    /// ciphertext was written, so that the caller's queue shows all unsent data.
    accepted: usize,
    /// Bytes received in the handshake.
    handshake_bytes: u64,
    /// The session may hold plaintext.
    may_hold_plaintext: bool,
    /// The end of the transport was read.
    is_at_end: bool,
    /// The error that ended the session; every later read returns it again.
    failure: Option<rustls::Error>,
    /// Lets later connections with the same settings share the configuration, and resume the session.
    _settings: MadeTls,
}

impl std::fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream").field("session", &self.session).finish_non_exhaustive()
    }
}

impl TlsStream {
    /// Returns a client's session; `host` is the name or address of the server.
    pub fn client(inner: Box<dyn Transport>, settings: &ClientTls, host: &str) -> Result<Self> {
        let name = settings.server_name(host)?;
        let session = ClientConnection::new(Arc::clone(settings.config()), name)
            .map_err(|error| Error::new(ErrorCode::Failed, TlsFailure::from(&error).text))?;
        Ok(Self::new(inner, session.into(), MadeTls::Client { _tls: settings.clone() }))
    }

    /// Returns a server's session.
    pub fn server(inner: Box<dyn Transport>, settings: &ServerTls) -> Result<Self> {
        let session = ServerConnection::new(Arc::clone(settings.config()))
            .map_err(|error| Error::new(ErrorCode::Failed, TlsFailure::from(&error).text))?;
        Ok(Self::new(inner, session.into(), MadeTls::Server { _tls: settings.clone() }))
    }

    fn new(inner: Box<dyn Transport>, mut session: Connection, settings: MadeTls) -> Self {
        // Bounded by `write`, which encrypts more only after the ciphertext was written.
        session.set_buffer_limit(None);
        Self {
            inner,
            session: Box::new(session),
            waiting: Vec::new(),
            waiting_used: 0,
            accepted: 0,
            handshake_bytes: 0,
            may_hold_plaintext: false,
            is_at_end: false,
            failure: None,
            _settings: settings,
        }
    }

    /// Advances the handshake. Returns whether it is complete.
    pub fn handshake(&mut self) -> Result<bool, NetError> {
        match self.advance_handshake() {
            Ok(is_over) => Ok(is_over),
            Err(error) if is_temporary(&error) => Ok(false),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(NetError::new(FailureStage::Tls, "the remote peer closed the connection during the TLS handshake"))
            }
            Err(error) => Err(NetError::io(FailureStage::Tls, "the TLS handshake", &error)),
        }
    }

    fn advance_handshake(&mut self) -> io::Result<bool> {
        while self.session.is_handshaking() {
            self.flush_ciphertext()?;
            if self.session.is_handshaking() && !self.receive(usize::MAX)? {
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        // The last message of the handshake may be this endpoint's.
        self.flush_ciphertext()
    }

    /// Returns whether ciphertext waits for the network.
    pub fn wants_write(&self) -> bool {
        self.session.wants_write()
    }

    /// Sends close_notify. The transport stays open.
    pub fn send_close_notify(&mut self) {
        self.session.send_close_notify();
        // If the network accepts no bytes, the remote peer sees the connection end without the alert.
        let _unsent = self.flush_ciphertext();
    }

    /// Reads available ciphertext, and returns the number of bytes that can be read; `None` after close_notify.
    pub fn available(&mut self) -> io::Result<Option<usize>> {
        loop {
            let state =
                self.session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if state.plaintext_bytes_to_read() > 0 {
                return Ok(Some(state.plaintext_bytes_to_read()));
            }
            if state.peer_has_closed() {
                return Ok(None);
            }
            match self.receive(0) {
                Ok(true) => {}
                Ok(false) => return Ok(Some(0)),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns what was negotiated; `None` before the end of the handshake.
    pub fn info(&self) -> Option<TlsInfo> {
        if self.session.is_handshaking() {
            return None;
        }
        let version = match self.session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
            other => other.map(|version| format!("{version:?}")).unwrap_or_default(),
        };
        let suite = self.session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let alpn = self.session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        let certificate = self.session.peer_certificates().and_then(|chain| chain.first());
        Some(TlsInfo {
            version,
            cipher_suite: suite.unwrap_or_default(),
            alpn: alpn.unwrap_or_default(),
            peer_subject: certificate.map(certificates::subject).unwrap_or_default(),
            resumed: self.session.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }

    /// Moves queued ciphertext to a buffer.
    fn take_ciphertext(&mut self, ciphertext: &mut Vec<u8>) {
        while self.session.wants_write() {
            if self.session.write_tls(ciphertext).is_err() {
                break;
            }
        }
    }

    /// Writes queued ciphertext. Returns whether all of it was written.
    fn flush_ciphertext(&mut self) -> io::Result<bool> {
        while self.session.wants_write() {
            if !self.inner.may_write() {
                return Ok(false);
            }
            match self.session.write_tls(&mut Adapter(self.inner.as_mut())) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads ciphertext once, about as much as `wanted` bytes of plaintext need, and decrypts it. Returns whether there
    /// was any.
    fn receive(&mut self, wanted: usize) -> io::Result<bool> {
        if let Some(error) = &self.failure {
            return Err(io::Error::new(ErrorKind::InvalidData, error.clone()));
        }
        if self.session.wants_write() {
            self.flush_ciphertext()?;
        }
        if !self.waiting.is_empty() {
            // Kept until all of it is used, so that the rest is not moved each time.
            let waiting = std::mem::take(&mut self.waiting);
            let used = self.decrypt(waiting.get(self.waiting_used..).unwrap_or_default())?;
            self.waiting_used += used;
            if self.waiting_used < waiting.len() {
                self.waiting = waiting;
            } else {
                self.waiting_used = 0;
            }
            return Ok(used > 0);
        }
        if self.is_at_end {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if !self.inner.may_read() {
            return Ok(false);
        }
        receive_buffers::with_ciphertext(|buffer| {
            let asked = wanted.max(TLS_WRITE_BYTES).min(buffer.len());
            let input = buffer.get_mut(..asked).unwrap_or_default();
            let count = loop {
                match self.inner.read(input) {
                    Ok(count) => break count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            };
            if count == 0 {
                self.is_at_end = true;
                // Reports the end to the session, which then knows whether close_notify came before it.
                let _end = self.session.read_tls(&mut io::empty());
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if self.session.is_handshaking() {
                self.handshake_bytes += count as u64;
            }
            let input = input.get(..count).unwrap_or_default();
            let used = self.decrypt(input)?;
            self.waiting = input.get(used..).unwrap_or_default().to_vec();
            Ok(true)
        })
    }

    /// Passes ciphertext to the session while it has room for the plaintext. Returns how many bytes were used.
    fn decrypt(&mut self, ciphertext: &[u8]) -> io::Result<usize> {
        let mut used = 0;
        while let Some(mut rest) = ciphertext.get(used..).filter(|rest| !rest.is_empty()) {
            match self.session.read_tls(&mut rest) {
                // The session has ended and ignores what follows.
                Ok(0) => return Ok(ciphertext.len()),
                Ok(count) => used += count,
                // The session has no room until the plaintext is read.
                Err(_) => return Ok(used),
            }
            match self.session.process_new_packets() {
                Ok(state) => self.may_hold_plaintext |= state.plaintext_bytes_to_read() > 0 || state.peer_has_closed(),
                Err(error) => {
                    // Sends the alert with the reason.
                    let _unsent = self.flush_ciphertext();
                    self.failure = Some(error.clone());
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
            }
        }
        if self.session.wants_write() {
            self.flush_ciphertext()?;
        }
        Ok(used)
    }

    /// Encrypts and writes as many bytes as the transport accepts now; see the field `accepted`.
    fn offer(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.advance_handshake()?;
        }
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut done = 0;
        loop {
            if !self.flush_ciphertext()? {
                return if done > 0 { Ok(done) } else { Err(ErrorKind::WouldBlock.into()) };
            }
            done += std::mem::take(&mut self.accepted).min(total - done);
            if done == total {
                return Ok(done);
            }
            self.accepted = self.encrypt(pieces, done)?;
        }
    }

    /// Encrypts some of the bytes after the first `skip`. Returns how many.
    fn encrypt(&mut self, pieces: &[IoSlice<'_>], mut skip: usize) -> io::Result<usize> {
        let mut encrypted = 0;
        for piece in pieces {
            let rest = piece.get(skip.min(piece.len())..).unwrap_or_default();
            skip -= skip.min(piece.len());
            let part = rest.get(..rest.len().min(TLS_WRITE_BYTES - encrypted)).unwrap_or_default();
            encrypted += self.session.writer().write(part)?;
        }
        Ok(encrypted)
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Transport for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.session.is_handshaking() {
            self.advance_handshake()?;
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let wanted = rest.len();
            match self.session.reader().read(rest) {
                // The remote peer sent close_notify.
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.may_hold_plaintext = false;
                    match self.receive(wanted) {
                        Ok(true) => {}
                        // The bytes before are returned first; an error occurs again.
                        Ok(false) | Err(_) if filled > 0 => break,
                        Ok(false) => return Err(ErrorKind::WouldBlock.into()),
                        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(truncated()),
                        Err(error) => return Err(error),
                    }
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    if filled > 0 {
                        break;
                    }
                    return Err(truncated());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.offer(&[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.offer(pieces)
    }

    fn may_read(&mut self) -> bool {
        self.may_hold_plaintext
            || !self.waiting.is_empty()
            || self.is_at_end
            || self.failure.is_some()
            || self.inner.may_read()
            // In a handshake, reading also writes the messages for which the remote peer waits.
            || (self.session.wants_write() && self.inner.may_write())
    }

    fn may_write(&mut self) -> bool {
        self.inner.may_write()
    }

    fn may_flush_in_background(&self) -> bool {
        self.inner.may_flush_in_background()
    }

    fn known_readiness(&self) -> (bool, bool) {
        let (read, write) = self.inner.known_readiness();
        let holds = self.may_hold_plaintext || !self.waiting.is_empty() || self.is_at_end || self.failure.is_some();
        (read || holds || (self.session.wants_write() && write), write)
    }

    fn is_watched(&self) -> bool {
        self.inner.is_watched()
    }

    fn watch(&mut self, poller: &Arc<Poller>) -> bool {
        self.inner.watch(poller)
    }

    fn close(&mut self, unsent: Vec<u8>) {
        let accepted = std::mem::take(&mut self.accepted);
        let plaintext = unsent.get(accepted..).unwrap_or_default();
        let mut ciphertext = Vec::new();
        if !self.session.is_handshaking() {
            ciphertext.reserve_exact(plaintext.len() + plaintext.len() / 64 + TLS_WRITE_BYTES);
            // In pieces, so that the session never holds another copy of everything.
            for piece in plaintext.chunks(TLS_WRITE_BYTES) {
                // Cannot fail: the session's buffer has no limit.
                let _encrypted = self.session.writer().write(piece);
                self.take_ciphertext(&mut ciphertext);
            }
        }
        drop(unsent);
        self.session.send_close_notify();
        self.take_ciphertext(&mut ciphertext);
        self.inner.close(ciphertext);
    }

    fn remote_address(&self) -> Option<SocketAddr> {
        self.inner.remote_address()
    }

    fn set_no_delay(&mut self, enabled: bool) -> io::Result<()> {
        self.inner.set_no_delay(enabled)
    }

    fn handshake_bytes(&self) -> u64 {
        self.handshake_bytes
    }

    fn is_secure(&self) -> bool {
        true
    }

    fn tls_info(&self) -> Option<TlsInfo> {
        self.info()
    }

    fn wait(&self, for_write: bool) {
        self.inner.wait(for_write);
    }

    fn poll_directly(&self) {
        self.inner.poll_directly();
    }

    fn raw_fd(&self) -> Option<RawDescriptor> {
        self.inner.raw_fd()
    }
}

fn truncated() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, Truncated)
}

/// The transport as rustls writes to it: several records in one vectored write.
struct Adapter<'a>(&'a mut dyn Transport);

impl Write for Adapter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
